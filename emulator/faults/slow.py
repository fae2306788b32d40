"""The answer becomes slow."""

from collections.abc import Iterable, Iterator

from emulator.core.vocabulary import Fault, Step
from emulator.faults.advance import advances
from emulator.faults.events import from_there
from emulator.faults.where import Where


def slow(where: Where, tokens_per_second: float) -> Fault:
    """At most so many tokens a second from a place on. What is slower already stays so."""

    def slower(steps: Iterable[Step]) -> Iterator[Step]:
        for step, tokens in advances(steps):
            yield Step(max(step.delay, tokens / tokens_per_second), step.event)

    return from_there(where, slower)
