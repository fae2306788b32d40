"""The AkashML inference API on 127.0.0.1: offline, free, deterministic and scriptable.

The names in `__all__` are the public ones; docs/api.md describes them.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emulator.core.catalog import CatalogError as CatalogError
    from emulator.core.clock import VirtualClock as VirtualClock
    from emulator.core.explanation import FaultApplied as FaultApplied
    from emulator.core.explanation import RuleCheck as RuleCheck
    from emulator.core.explanation import TurnTaken as TurnTaken
    from emulator.core.settings import SettingsError as SettingsError
    from emulator.core.version import __version__ as __version__
    from emulator.core.vocabulary import Usage as Usage
    from emulator.inferences.inference import Inference as Inference
    from emulator.inferences.inference import Moment as Moment
    from emulator.inferences.verdict import Finding as Finding
    from emulator.inferences.verdict import Verdict as Verdict
    from emulator.scenario.reading.mistakes import Mistake as Mistake
    from emulator.scenario.reading.mistakes import ScenarioError as ScenarioError
    from emulator.testing import AkashMLMixin as AkashMLMixin
    from emulator.testing import Emulator as Emulator
    from emulator.testing import EmulatorInterface as EmulatorInterface
    from emulator.testing import InProcess as InProcess
    from emulator.testing import ServerClock as ServerClock
    from emulator.testing import Session as Session
    from emulator.testing import emulated as emulated

_PUBLIC = {
    "Emulator": "emulator.testing",
    "Session": "emulator.testing",
    "InProcess": "emulator.testing",
    "EmulatorInterface": "emulator.testing",
    "emulated": "emulator.testing",
    "AkashMLMixin": "emulator.testing",
    "ServerClock": "emulator.testing",
    "VirtualClock": "emulator.core.clock",
    "Inference": "emulator.inferences.inference",
    "Moment": "emulator.inferences.inference",
    "RuleCheck": "emulator.core.explanation",
    "FaultApplied": "emulator.core.explanation",
    "TurnTaken": "emulator.core.explanation",
    "Usage": "emulator.core.vocabulary",
    "Verdict": "emulator.inferences.verdict",
    "Finding": "emulator.inferences.verdict",
    "ScenarioError": "emulator.scenario.reading.mistakes",
    "Mistake": "emulator.scenario.reading.mistakes",
    "SettingsError": "emulator.core.settings",
    "CatalogError": "emulator.core.catalog",
    "__version__": "emulator.core.version",
}
"""The public names, and the modules that have them. Each is imported when it is first used: the package is cheap."""
__all__ = list(_PUBLIC)


if not TYPE_CHECKING:  # to a type checker it would mean that every name is there

    def __getattr__(name: str) -> Any:
        if name not in _PUBLIC:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return __all__
