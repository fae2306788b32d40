"""The connection ends."""

from collections.abc import Iterable, Iterator
from typing import Literal, TypeAlias, get_args

from emulator.core.vocabulary import Event, Fault, Hangup, Step
from emulator.faults.events import from_there
from emulator.faults.where import Where

Way: TypeAlias = Literal["close", "reset", "truncate"]
WAYS: tuple[Way, ...] = get_args(Way)


def hangup(where: Where, how: Way) -> Fault:
    """End the connection at a place, at the time at which the answer would have gone on."""
    return from_there(where, instead(Hangup(how)))


def instead(event: Event) -> Fault:
    """One event in place of all steps, when the first of them would be due, so that a stall before it is kept."""

    def replaced(steps: Iterable[Step]) -> Iterator[Step]:
        first = next(iter(steps), None)
        yield Step(first.delay if first else 0.0, event)

    return replaced
