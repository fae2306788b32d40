"""The answer stops for a while, and then goes on."""

from collections.abc import Iterable, Iterator

from emulator.core.vocabulary import Fault, Step
from emulator.faults.events import from_there
from emulator.faults.where import Where


def stall(where: Where, seconds: float) -> Fault:
    """Nothing comes for so long at a place; all that follows is as much later."""

    def later(steps: Iterable[Step]) -> Iterator[Step]:
        rest = iter(steps)
        for step in rest:
            yield Step(step.delay + seconds, step.event)
            yield from rest

    return from_there(where, later)
