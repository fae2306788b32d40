"""The connection ends."""

from collections.abc import Iterable, Iterator
from typing import Literal, TypeAlias, get_args

from emulator.core.plan import Fault
from emulator.core.vocabulary import Event, Hangup, Progress, Step
from emulator.faults.events import from_there
from emulator.faults.fault_type import FaultType
from emulator.faults.where import Where

Way: TypeAlias = Literal["end", "reset", "truncate"]
WAYS: tuple[Way, ...] = get_args(Way)


def hangup(where: Where, how: Way) -> Fault:
    """End the connection at a place, at the time of the next step."""
    return from_there(where, instead(Hangup(how)))


def instead(event: Event) -> Fault:
    """Replace all steps by one event, at the time of the first event, so that an earlier stall still applies."""

    def replaced(steps: Iterable[Step]) -> Iterator[Step]:
        delay = 0.0
        for step in steps:
            delay += step.delay
            if not isinstance(step.event, Progress):
                break
        yield Step(delay, event)

    return replaced


FAULT = FaultType(
    level="event",
    value=WAYS,
    placing="required",
    meaning="What the client sees: end (the body ends as if it were whole; before a response, no answer at all), "
    "reset (a TCP RST), or truncate (the connection closes in the middle of the body).",
    build=lambda how, where, random: hangup(where, how),
    order=3,
)
