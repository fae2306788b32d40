"""The AkashML inference API on 127.0.0.1: offline, free, deterministic and scriptable."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emulator.core.clock import VirtualClock
    from emulator.testing import Emulator

__all__ = ["Emulator", "VirtualClock", "__version__"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that importing the package stays cheap."""
    match name:
        case "Emulator":
            from emulator.testing import Emulator

            return Emulator
        case "VirtualClock":
            from emulator.core.clock import VirtualClock

            return VirtualClock
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
