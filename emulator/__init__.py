"""The AkashML inference API on 127.0.0.1: offline, free, deterministic and scriptable."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emulator.core.clock import VirtualClock as VirtualClock
    from emulator.core.version import __version__ as __version__
    from emulator.testing import Emulator as Emulator

_PUBLIC = {
    "Emulator": "emulator.testing",
    "VirtualClock": "emulator.core.clock",
    "__version__": "emulator.core.version",
}
"""The public names, and the modules that have them. Each is imported when it is first used: the package is cheap."""
__all__ = list(_PUBLIC)


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return __all__
