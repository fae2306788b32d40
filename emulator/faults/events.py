"""The place of an event fault: steps are divided into those before it and those after it."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from emulator.core.plan import Fault
from emulator.core.vocabulary import (
    End,
    Event,
    Failure,
    Finish,
    Hangup,
    Progress,
    Reasoning,
    Step,
    Text,
    ToolArguments,
    ToolCall,
)
from emulator.faults.text_events import TextEvent, cut, size, text_of, tokens_to
from emulator.faults.where import Divided, Where, after, before, change_rest

_BEFORE: Mapping[str, Any] = {
    "response": Event,
    "first_token": Text | Reasoning | ToolCall,
    "tool_arguments": ToolArguments,
    "finish": Finish,
    "usage": End,
    "done": End,
}
"""The event that each place is right before."""


def no_fault(steps: Iterable[Step]) -> Iterator[Step]:
    """The fault that changes nothing."""
    yield from steps


def from_there(where: Where, change: Fault) -> Fault:
    """The fault that changes all steps after a place, and none before it.

    >>> empty = from_there(Where("after", "events", 1), lambda steps: iter(()))
    >>> [step.event.text for step in empty([Step(0.0, Text(0, "one")), Step(0.0, Text(0, " two"))])]
    ['one']
    """
    return lambda steps: change_rest(divided(where, steps), change)


def divided(where: Where, steps: Iterable[Step]) -> Divided[Step]:
    """Yield the steps before a place, and return the others. A step that contains the place is cut in two."""
    match where.name:
        case "tokens":
            return after(steps, where.count, lambda step: step.event.tokens, _cut_tokens)
        case "bytes":
            return after(steps, where.count, lambda step: size(text_of(step.event)), _cut_bytes)
        case "events":
            return after(steps, where.count, _counted, lambda step, left: ((step,), ()))
        case name:
            return before(steps, lambda step: isinstance(step.event, _BEFORE[name]))


def _counted(step: Step) -> int:
    """1 for an event that is sent and that another can follow, else 0: there is no place after a failure."""
    return 0 if isinstance(step.event, Failure | Hangup | Progress) else 1


def _cut_bytes(step: Step, left: int) -> tuple[Iterable[Step], Iterable[Step]]:
    event = step.event
    return _cut_tokens(step, tokens_to(event, left)) if isinstance(event, TextEvent) else ((step,), ())


def _cut_tokens(step: Step, left: int) -> tuple[Iterable[Step], Iterable[Step]]:
    event = step.event
    if not isinstance(event, TextEvent) or left >= event.tokens:
        return (step,), ()
    head, tail = cut(event, left)
    return (Step(step.delay, head),), (Step(0.0, tail),)
