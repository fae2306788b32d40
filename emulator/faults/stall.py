"""The answer pauses."""

from collections.abc import Iterable, Iterator

from emulator.core.plan import Fault
from emulator.core.vocabulary import Step
from emulator.faults.events import from_there
from emulator.faults.fault_type import FaultType
from emulator.faults.where import Where


def stall(where: Where, seconds: float) -> Fault:
    """Pause for `seconds` at a place, which delays everything after it."""

    def later(steps: Iterable[Step]) -> Iterator[Step]:
        rest = iter(steps)
        for step in rest:
            yield Step(step.delay + seconds, step.event)
            yield from rest

    return from_there(where, later)


FAULT = FaultType(
    level="event",
    value="duration",
    placing="required",
    meaning="The answer pauses for this time.",
    build=lambda seconds, where, random: stall(where, seconds),
    order=2,
)
