"""The table of all faults, and the faults of one answer."""

from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import msgspec

from emulator.core.plan import Fault, FrameFault
from emulator.core.seeds import Random
from emulator.faults.fault_type import FaultType, Header, Level
from emulator.faults.where import Where


def _found() -> Iterator[tuple[str, FaultType]]:
    """The rows of all modules of this package that have one, each with the name of its module."""
    for module in iter_modules([str(Path(__file__).parent)]):
        row = getattr(import_module(f"{__package__}.{module.name}"), "FAULT", None)
        if isinstance(row, FaultType):
            yield module.name, row


FAULTS: Mapping[str, FaultType] = dict(sorted(_found(), key=lambda found: (found[1].order, found[0])))
"""All faults, by their names in the scenario language."""


class Faults(msgspec.Struct, frozen=True):
    """The faults of one answer. `events` are applied to its steps, `frames` to its frames, in their order."""

    events: tuple[Fault, ...] = ()
    frames: tuple[FrameFault, ...] = ()
    headers: tuple[Header, ...] = ()


NO_FAULTS = Faults()


def assemble(written: Iterable[tuple[str, Any, Where | None]], random: Random) -> Faults:
    """The faults of one answer, from the name, value and place of each.

    They keep their order, except for those that are always applied last. Raises KeyError for an unknown name.
    """
    made: dict[Level, list[Any]] = {"event": [], "frame": [], "header": []}
    for what, value, where in sorted(written, key=lambda fault: FAULTS[fault[0]].last):
        fault = FAULTS[what]
        made[fault.level].append(fault.build(value, where or fault.default, random))
    return Faults(tuple(made["event"]), tuple(made["frame"]), tuple(made["header"]))
