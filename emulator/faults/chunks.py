"""The size of chunks: joins tokens that are sent together."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Literal, TypeAlias

from msgspec.structs import replace

from emulator.core.plan import Fault
from emulator.core.vocabulary import Event, Step, Text
from emulator.faults.events import no_fault
from emulator.faults.text_events import TextEvent, apart, text_of

Chunk: TypeAlias = Literal["token", "word", "whole"] | int
"""A chunk is a token, a word with the white space before it, all consecutive text of a choice, or tokens of at least so
many characters (1 or more). Scripts without white space have long words."""


def token_by_token(steps: Iterable[Step]) -> Iterator[Step]:
    """The same steps, with at most one token each. The delay of a step is that of its first token."""
    for step in steps:
        delay = step.delay
        for event in apart(step.event) if isinstance(step.event, TextEvent) else (step.event,):
            yield Step(delay, event)
            delay = 0.0


def grouped(chunk: Chunk) -> Fault:
    """The fault that joins tokens to chunks. Each step has one token; text, reasoning and arguments are never joined.

    A chunk is sent when its last token would have been sent, or, with several choices, at most one token later.
    """

    def joined(steps: Iterable[Step]) -> Iterator[Step]:
        held: dict[int, list[TextEvent]] = {}
        waited = 0.0
        for step in steps:
            for event in _ready(held, step, chunk):
                yield Step(waited, event)
                waited = 0.0
            waited += step.delay
            if isinstance(step.event, TextEvent):
                held.setdefault(step.event.choice, []).append(step.event)
            else:
                yield Step(waited, step.event)
                waited = 0.0
        for events in held.values():
            yield Step(waited, _joined(events))
            waited = 0.0

    return no_fault if chunk == "token" else joined


def _ready(held: dict[int, list[TextEvent]], step: Step, chunk: Chunk) -> Iterator[TextEvent]:
    """Remove and yield the chunks that are complete before this step: of its choice, or of all if it has none."""
    choice = getattr(step.event, "choice", None)
    for at in list(held):
        if choice is None or (at == choice and not _continues(held[at], step.event, chunk)):
            yield _joined(held.pop(at))


def _continues(events: Sequence[TextEvent], event: Event, chunk: Chunk) -> bool:
    """Whether an event belongs to the same chunk as these events."""
    if type(event) is not type(events[0]) or _has_logprobs(event) != _has_logprobs(events[0]):
        return False
    if chunk == "whole":
        return True
    if isinstance(chunk, int):
        return sum(len(event.text) for event in events) < chunk
    return not (text_of(event)[:1].isspace() and any(event.text.strip() for event in events))


def _joined(events: Sequence[TextEvent]) -> TextEvent:
    first = events[0]
    whole = replace(first, text="".join(event.text for event in events), tokens=sum(event.tokens for event in events))
    if _has_logprobs(first):
        logprobs = chain.from_iterable(event.logprobs or () for event in events if isinstance(event, Text))
        return replace(whole, logprobs=tuple(logprobs))
    return whole


def _has_logprobs(event: Event) -> bool:
    return isinstance(event, Text) and event.logprobs is not None
