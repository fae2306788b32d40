"""Answers that are known before they are asked for: the same events for every request that gets them.

What does not depend on a request is computed once, when it is first needed, and kept with the events: the choices that
they fold to, and the bytes that an encoder makes of them.
"""

from collections.abc import Hashable, Iterator, Sequence

from emulator.core.fold import Choice, Completion, Fold
from emulator.core.lazy import lazy
from emulator.core.vocabulary import End, Start, Step, ToolCall, Usage


class ReadyEvents:
    """The steps of an answer between its `Start` and its `End`. None of them waits, and none fails.

    `segments` is where encoders keep what they have made of them, each under a key of its own.
    """

    def __init__(self, steps: Sequence[Step]) -> None:
        self.steps = steps
        self.segments: dict[Hashable, Sequence[bytes]] = {}

    @lazy
    def derives_ids(self) -> bool:
        """Whether a dialect derives ids of tool calls from the id of the answer."""
        return any(type(step.event) is ToolCall and step.event.id is None for step in self.steps)

    @lazy
    def choices(self) -> tuple[Choice, ...]:
        """The choices of the whole answer."""
        answer = Fold()
        for step in self.steps:
            answer.add(step.event)
        return answer.choices()


class ReadySteps:
    """The steps of a ready answer to one request."""

    __slots__ = ("events", "start", "usage")

    def __init__(self, start: Start, events: ReadyEvents, usage: Usage) -> None:
        self.start = start
        self.events = events
        self.usage = usage

    def __iter__(self) -> Iterator[Step]:
        """Return the steps in order."""
        yield Step(0.0, self.start)
        yield from self.events.steps
        yield Step(0.0, End(self.usage))

    def completion(self) -> Completion:
        """Return the whole answer."""
        start = self.start
        return Completion(start.id, start.model, start.created, self.events.choices, self.usage)
