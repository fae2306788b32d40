"""Builds a whole (non-streamed) answer from the events that a stream would have sent."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

import msgspec

from emulator.core.errors import ApiError
from emulator.core.vocabulary import (
    End,
    Event,
    Failure,
    Finish,
    FinishReason,
    Reasoning,
    Start,
    Text,
    TokenLogprob,
    ToolArguments,
    ToolCall,
    Usage,
)


class TextBlock(msgspec.Struct, frozen=True):
    """A run of text in a folded choice."""

    text: str
    logprobs: tuple[TokenLogprob, ...] | None = None


class ReasoningBlock(msgspec.Struct, frozen=True):
    """A run of reasoning in a folded choice."""

    text: str


class ToolCallBlock(msgspec.Struct, frozen=True):
    """A complete tool call in a folded choice; `ordinal` counts the tool calls of its choice, from 0."""

    id: str | None
    name: str
    arguments: str
    ordinal: int


Block: TypeAlias = TextBlock | ReasoningBlock | ToolCallBlock


class Choice(msgspec.Struct, frozen=True):
    """One completed choice: its blocks in the order of their events, and why it ended."""

    index: int
    blocks: tuple[Block, ...]
    finish_reason: FinishReason | None
    stop_sequence: str | None = None

    @property
    def text(self) -> str:
        """All text of the choice."""
        return "".join(block.text for block in self.blocks if type(block) is TextBlock)

    @property
    def reasoning(self) -> str:
        """All reasoning of the choice."""
        return "".join(block.text for block in self.blocks if type(block) is ReasoningBlock)

    @property
    def tool_calls(self) -> tuple[ToolCallBlock, ...]:
        """The tool calls of the choice."""
        return tuple(block for block in self.blocks if type(block) is ToolCallBlock)

    @property
    def logprobs(self) -> tuple[TokenLogprob, ...] | None:
        """The log probabilities of all text, or None if there are none."""
        given = [block.logprobs for block in self.blocks if type(block) is TextBlock and block.logprobs is not None]
        return tuple(entry for logprobs in given for entry in logprobs) if given else None


class Completion(msgspec.Struct, frozen=True):
    """A whole answer: the result for a client that reassembles the stream."""

    id: str
    model: str
    created: int
    choices: tuple[Choice, ...]
    usage: Usage | None


class Fold:
    """Collects the events of one answer. `completion()` returns the answer so far."""

    def __init__(self) -> None:
        self.start: Start | None = None
        self.usage: Usage | None = None
        self._blocks: dict[int, list[_Open]] = {}
        self._calls: dict[int, _Open] = {}
        self._finishes: dict[int, Finish] = {}

    def add(self, event: Event) -> None:
        """Add one event. `Failure`, `Hangup`, `Raw` and `Verbatim` add nothing; the caller has to handle them.

        >>> answer = Fold()
        >>> for event in (Start("1", "m", 0, 3), Text(0, "Hel"), Text(0, "lo"), Finish(0, "stop")): answer.add(event)
        >>> answer.completion().choices[0].text
        'Hello'
        """
        taker = _TAKERS.get(type(event))
        if taker is not None:
            taker(self, event)

    def _start(self, event: Start) -> None:
        self.start = event

    def _text(self, event: Text) -> None:
        if not event.text and event.logprobs is None:
            self._blocks.setdefault(event.choice, [])  # it tells that there is such a choice, and ends no block
            return
        block = self._into(event.choice, TextBlock)
        block.texts.append(event.text)
        if event.logprobs is not None:
            if block.logprobs is None:
                block.logprobs = []
            block.logprobs.extend(event.logprobs)

    def _reasoning(self, event: Reasoning) -> None:
        if event.text:
            self._into(event.choice, ReasoningBlock).texts.append(event.text)

    def _tool_call(self, event: ToolCall) -> None:
        latest = self._calls.get(event.choice)
        call = _Open(ToolCallBlock, event.id, event.name, 0 if latest is None else latest.ordinal + 1)
        self._calls[event.choice] = call
        self._blocks.setdefault(event.choice, []).append(call)

    def _tool_arguments(self, event: ToolArguments) -> None:
        call = self._calls.get(event.choice)
        if call is not None:
            call.texts.append(event.text)

    def _finish(self, event: Finish) -> None:
        self._blocks.setdefault(event.choice, [])
        self._finishes[event.choice] = event

    def _end(self, event: End) -> None:
        self.usage = event.usage

    def _into(self, choice: int, kind: type[Block]) -> "_Open":
        """The open block of this kind. If the open block is of another kind, it is closed and a new one begins."""
        blocks = self._blocks.setdefault(choice, [])
        if not blocks or blocks[-1].kind is not kind:
            blocks.append(_Open(kind))
        return blocks[-1]

    def completion(self) -> Completion:
        """Return the answer so far. Raises ValueError if there was no `Start` yet."""
        if self.start is None:
            raise ValueError("a completion starts with a Start event")
        return Completion(self.start.id, self.start.model, self.start.created, self.choices(), self.usage)

    def choices(self) -> tuple[Choice, ...]:
        """Return the choices so far."""
        choices = []
        for index, blocks in sorted(self._blocks.items()):
            finish = self._finishes.get(index)
            reason, stop = (finish.reason, finish.stop_sequence) if finish else (None, None)
            choices.append(Choice(index, tuple(block.closed() for block in blocks), reason, stop))
        return tuple(choices)


_TAKERS: Mapping[type[Event], Callable[[Fold, Any], None]] = {
    Text: Fold._text,
    Reasoning: Fold._reasoning,
    ToolCall: Fold._tool_call,
    ToolArguments: Fold._tool_arguments,
    Finish: Fold._finish,
    Start: Fold._start,
    End: Fold._end,
}


class _Open:
    """A block that is not complete yet."""

    __slots__ = ("id", "kind", "logprobs", "name", "ordinal", "texts")

    def __init__(self, kind: type[Block], id: str | None = None, name: str = "", ordinal: int = 0) -> None:
        self.kind = kind
        self.texts: list[str] = []
        self.logprobs: list[TokenLogprob] | None = None
        self.id = id
        self.name = name
        self.ordinal = ordinal

    def closed(self) -> Block:
        text = "".join(self.texts)
        if self.kind is ToolCallBlock:
            return ToolCallBlock(self.id, self.name, text, self.ordinal)
        if self.kind is ReasoningBlock:
            return ReasoningBlock(text)
        return TextBlock(text, None if self.logprobs is None else tuple(self.logprobs))


def fold(events: Iterable[Event]) -> Completion | ApiError:
    """Return the whole answer of these events, or the error if there is a `Failure` among them.

    Raises ValueError for events without a `Start`.
    """
    answer = Fold()
    for event in events:
        if isinstance(event, Failure):
            return event.error
        answer.add(event)
    return answer.completion()
