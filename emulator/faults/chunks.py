"""The size of chunks: joins tokens that are sent together."""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Literal, TypeAlias

from msgspec.structs import replace

from emulator.core.plan import Fault
from emulator.core.vocabulary import Event, Progress, Step, Text
from emulator.faults.events import no_fault
from emulator.faults.text_events import TextEvent, apart, text_of

Chunk: TypeAlias = Literal["token", "word", "whole"] | int
"""A chunk is a token, a word with the white space before it, all consecutive text of a choice, or tokens of at least so
many characters (1 or more). Scripts without white space have long words."""


_OFTEN = 64
"""Steps between two signs of progress, while nothing else is sent."""


def token_by_token(event: Event) -> Iterable[Event]:
    """The same event, or its parts, so that each has at most one token."""
    return apart(event) if event.tokens > 1 and isinstance(event, TextEvent) else (event,)


def grouped(chunk: Chunk) -> Fault:
    """The fault that joins tokens to chunks. Each step has one token; text, reasoning and arguments are never joined.

    A chunk is sent when its last token would have been sent, or, with several choices, at most one token later.
    """

    def joined(steps: Iterable[Step]) -> Iterator[Step]:
        held: dict[int, _Held] = {}
        waited = 0.0
        for number, step in enumerate(steps, 1):
            for event in _ready(held, step, chunk):
                yield Step(waited, event)
                waited = 0.0
            waited += step.delay
            if isinstance(step.event, TextEvent):
                held.setdefault(step.event.choice, _Held()).add(step.event)
            elif not isinstance(step.event, Progress):
                yield Step(waited, step.event)
                waited = 0.0
            if number % _OFTEN == 0:
                yield Step(0.0, Progress())
        for chunks in held.values():
            yield Step(waited, chunks.joined())
            waited = 0.0

    return no_fault if chunk == "token" else joined


class _Held:
    """The events of a chunk, with their number of characters, and whether any of them is more than white space."""

    __slots__ = ("characters", "events", "visible")

    def __init__(self) -> None:
        self.events: list[TextEvent] = []
        self.characters = 0
        self.visible = False

    def add(self, event: TextEvent) -> None:
        self.events.append(event)
        self.characters += len(event.text)
        self.visible = self.visible or bool(event.text.strip())

    def joined(self) -> TextEvent:
        events, first = self.events, self.events[0]
        text, tokens = "".join(event.text for event in events), sum(event.tokens for event in events)
        whole = replace(first, text=text, tokens=tokens)
        if _has_logprobs(first):
            logprobs = chain.from_iterable(event.logprobs or () for event in events if isinstance(event, Text))
            return replace(whole, logprobs=tuple(logprobs))
        return whole


def _ready(held: dict[int, _Held], step: Step, chunk: Chunk) -> Iterator[TextEvent]:
    """Remove and yield the chunks that are complete before this step: of its choice, or of all if it has none."""
    if isinstance(step.event, Progress):
        return
    choice = getattr(step.event, "choice", None)
    for at in list(held) if choice is None else (choice,):
        if at in held and (choice is None or not _continues(held[at], step.event, chunk)):
            yield held.pop(at).joined()


def _continues(held: _Held, event: Event, chunk: Chunk) -> bool:
    """Whether an event belongs to the same chunk as those that are held."""
    first = held.events[0]
    if type(event) is not type(first) or _has_logprobs(event) != _has_logprobs(first):
        return False
    if chunk == "whole":
        return True
    if isinstance(chunk, int):
        return held.characters < chunk
    return not (text_of(event)[:1].isspace() and held.visible)


def _has_logprobs(event: Event) -> bool:
    return isinstance(event, Text) and event.logprobs is not None
