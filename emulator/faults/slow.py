"""The answer becomes slower."""

from collections.abc import Iterable, Iterator

from emulator.core.plan import Fault
from emulator.core.vocabulary import Step
from emulator.faults.advance import Advance
from emulator.faults.events import from_there
from emulator.faults.fault_type import FaultSetting, FaultSettings, FaultType
from emulator.faults.where import Where


def slow(where: Where, tokens_per_second: float) -> Fault:
    """Limit the rate after a place to `tokens_per_second`. Steps that are slower are not changed."""

    def slower(steps: Iterable[Step]) -> Iterator[Step]:
        advance = Advance()
        for step in steps:
            yield Step(max(step.delay, advance.by(step.event) / tokens_per_second), step.event)

    return from_there(where, slower)


FAULT = FaultType(
    level="event",
    value=FaultSettings(
        "a speed", {"tokens_per_second": FaultSetting("rate", "1", "the maximum number of tokens per second")}
    ),
    placing="optional",
    meaning="The rest of the answer has at most this many tokens per second.",
    build=lambda speed, where, random: slow(where, **speed),
    order=4,
)
