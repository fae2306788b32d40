"""The choices of an answer, and the steps that they make.

A `Draft` is a choice of which everything is known, from a scenario; `obey` cuts it (token limits, stop tokens, stop
strings). The generator's choices are made while their events are read (see `emulator.generator`).
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import accumulate, repeat
from typing import Protocol, TypeAlias

import msgspec

from emulator.core.tokens import EMPTY, Tokens, ids_of
from emulator.core.vocabulary import (
    Event,
    Finish,
    FinishReason,
    Reasoning,
    Step,
    Text,
    TokenLogprob,
    ToolArguments,
    ToolCall,
)

Piece: TypeAlias = tuple[str, TokenLogprob | None]
"""A token of a text, with its log probabilities if they are requested."""
Pieces: TypeAlias = tuple[Sequence[str], Sequence[TokenLogprob] | None]
"""Successive tokens of a text, with their log probabilities if they are requested."""
TOGETHER = 64
"""Tokens that one event of a whole body has."""
_SIDE_BY_SIDE = 128
"""Choices that advance at the same time."""


class PlannedChoice(Protocol):
    """One choice of an answer."""

    @property
    def is_quick(self) -> bool:
        """Whether many of its events can be made at once, since each takes a few microseconds at most."""
        ...

    def events(self, choice: int, *, whole: bool, hide_reasoning: bool) -> Iterator[Event]:
        """Make the events of the choice, which has the number `choice`. They are the same every time.

        There is one event for each token, or with `whole` one for many. `hide_reasoning` keeps the reasoning's tokens
        and drops its text.
        """
        ...


class DraftCall(msgspec.Struct, frozen=True):
    """A tool call to make. Without an `id` the dialect derives one."""

    name: str
    arguments: Tokens
    id: str | None = None


class Draft(msgspec.Struct, frozen=True):
    """The content of one choice: first its reasoning, then its text, then its tool calls.

    `logprobs`, if given, makes the entries of the tokens of `text`, one after the other. A text that `obey` cut begins
    with the same tokens; the last of them may be cut, too. `own_finish` says that a scenario set the finish reason.
    """

    reasoning: Tokens = EMPTY
    text: Tokens = EMPTY
    tool_calls: tuple[DraftCall, ...] = ()
    finish: FinishReason = "stop"
    stop_sequence: str | None = None
    logprobs: Callable[[], Iterator[TokenLogprob]] | None = None
    own_finish: bool = False

    def __len__(self) -> int:
        """The number of tokens of the choice as sent."""
        size = len(self.reasoning.pieces) + len(self.text.pieces)
        for call in self.tool_calls:
            size += len(call.arguments.pieces)
        return size

    @property
    def is_quick(self) -> bool:
        """Whether many of its events can be made at once (see `PlannedChoice`)."""
        return self.logprobs is None

    def events(self, choice: int, *, whole: bool, hide_reasoning: bool) -> Iterator[Event]:
        """Make the events of the choice (see `PlannedChoice`)."""
        if self.reasoning.pieces:
            for text, size in _parts(self.reasoning, whole):
                yield Reasoning(choice, "" if hide_reasoning else text, size)
        if self.logprobs is not None:
            yield from text_events(choice, one_by_one(self._described(self.logprobs())), whole=whole)
        elif self.text.pieces:
            for text, size in _parts(self.text, whole):
                yield Text(choice, text, size)
        for call in self.tool_calls:
            yield ToolCall(choice, call.id, call.name)
            for text, size in _parts(call.arguments, whole):
                yield ToolArguments(choice, text, size)
        yield Finish(choice, self.finish, self.stop_sequence)

    def _described(self, logprobs: Iterator[TokenLogprob]) -> Iterator[Piece]:
        for piece, entry in zip(self.text.pieces, logprobs, strict=False):  # those that were cut are never made
            yield piece, entry if entry.token == piece else cut_entry(entry, piece)


def obey(
    draft: Draft, stop: Sequence[str], limit: int | None, *, stop_ids: Collection[int] = (), least: int = 0
) -> Draft:
    """Cut a draft after `limit` tokens, before a stop token, or at the start of a stop string, whichever comes first.

    Stops are searched for in the text only. A stop that ends within the first `least` tokens, reasoning included,
    is ignored (like vLLM's `min_tokens`). The rest is not sent; `stop_sequence` names the string that ended the text.
    """
    if limit is not None and len(draft) > limit:
        draft = _shortened(draft, limit)
    kept = max(least - len(draft.reasoning), 0)
    if stop_ids and draft.text.pieces:
        draft = _before_token(draft, stop_ids, kept)
    if stop and draft.text.text:
        draft = _before_string(draft, stop, kept)
    return draft


def _before_token(draft: Draft, stop_ids: Collection[int], kept: int) -> Draft:
    at = next((at for at, id in enumerate(ids_of(draft.text)) if at >= kept and id in stop_ids), None)
    if at is None:
        return draft
    return msgspec.structs.replace(draft, text=_first(draft.text, at), tool_calls=(), finish="stop")


def _before_string(draft: Draft, stop: Sequence[str], kept: int) -> Draft:
    text, pieces = draft.text.text, draft.text.pieces
    begin = sum(map(len, pieces[:kept])) + 1
    found = [
        (at, sequence)
        for sequence in stop
        if sequence and (at := text.find(sequence, max(begin - len(sequence), 0))) >= 0
    ]
    if not found:
        return draft
    at, sequence = min(found, key=lambda hit: (hit[0], -len(hit[1])))
    ends = list(accumulate(map(len, pieces)))
    whole = sum(end <= at for end in ends)
    while whole and not pieces[whole - 1]:  # the beginning of a character that is cut off
        whole -= 1
    rest = text[ends[whole - 1] if whole else 0 : at]
    return msgspec.structs.replace(
        draft,
        text=Tokens(text[:at], (*pieces[:whole], rest) if rest else pieces[:whole]),
        tool_calls=(),
        finish="stop",
        stop_sequence=sequence,
    )


def cut_entry(entry: TokenLogprob, text: str) -> TokenLogprob:
    """The entry of a token that was cut to its beginning."""
    raw = text.encode("utf-8", "surrogatepass")
    chosen = (entry.token, entry.logprob, entry.bytes)
    top = [
        msgspec.structs.replace(other, token=text, bytes=raw)
        if (other.token, other.logprob, other.bytes) == chosen
        else other
        for other in entry.top
    ]
    return msgspec.structs.replace(entry, token=text, bytes=raw, top=tuple(top))


def _shortened(draft: Draft, limit: int) -> Draft:
    reasoning = _first(draft.reasoning, limit)
    limit -= len(reasoning)
    text = _first(draft.text, limit)
    limit -= len(text)
    calls: list[DraftCall] = []
    for call in draft.tool_calls:
        if limit <= 0:
            break
        calls.append(msgspec.structs.replace(call, arguments=_first(call.arguments, limit)))
        limit -= len(call.arguments)
    return msgspec.structs.replace(
        draft,
        reasoning=reasoning,
        text=text,
        tool_calls=tuple(calls),
        finish="length",
        stop_sequence=None,
    )


def _first(tokens: Tokens, limit: int) -> Tokens:
    if len(tokens) <= limit:
        return tokens
    pieces = tokens.pieces[: max(limit, 0)]
    return Tokens("".join(pieces), pieces)


def content_steps(choices: Sequence[PlannedChoice], *, whole: bool, hide_reasoning: bool) -> Iterator[Step]:
    """Make the steps of these choices, without delays, while they are read.

    The choices of a stream are interleaved token by token, as in a batch on a real server.
    """
    if len(choices) == 1:
        events = choices[0].events(0, whole=whole, hide_reasoning=hide_reasoning)
    else:
        events = _side_by_side(choices, whole, hide_reasoning)
    return map(Step, repeat(0.0), events)


def _side_by_side(choices: Sequence[PlannedChoice], whole: bool, hide_reasoning: bool) -> Iterator[Event]:
    for first in range(0, len(choices), _SIDE_BY_SIDE):
        batch = enumerate(choices[first : first + _SIDE_BY_SIDE], first)
        yield from _in_turn([each.events(at, whole=whole, hide_reasoning=hide_reasoning) for at, each in batch])


def _in_turn(choices: list[Iterator[Event]]) -> Iterator[Event]:
    while choices:
        unfinished = []
        for events in choices:
            event = next(events, None)
            if event is not None:
                unfinished.append(events)
                yield event
        choices = unfinished


def text_events(choice: int, tokens: Iterable[Pieces], *, whole: bool) -> Iterator[Text]:
    """The events of a text. A token without text is joined to the next."""
    most = TOGETHER if whole else 1
    texts: list[str] = []
    entries: list[TokenLogprob] = []
    for pieces, described in tokens:
        if most == 1 and not texts and described is None and "" not in pieces:
            for text in pieces:
                yield Text(choice, text)
            continue
        texts += pieces
        if described is not None:
            entries += described
        while len(texts) >= most and (size := _visible_size(texts, most)):
            yield _joined(choice, texts[:size], entries[:size])
            del texts[:size], entries[:size]
    if texts:
        yield _joined(choice, texts, entries)


def one_by_one(pieces: Iterable[Piece]) -> Iterator[Pieces]:
    """The same tokens, each alone."""
    for text, entry in pieces:
        yield (text,), None if entry is None else (entry,)


def _visible_size(texts: Sequence[str], least: int) -> int:
    """The number of tokens, at least `least`, up to one with text; 0 if there is none."""
    return next((size for size in range(least, len(texts) + 1) if texts[size - 1]), 0)


def _joined(choice: int, texts: Sequence[str], entries: Sequence[TokenLogprob]) -> Text:
    return Text(choice, "".join(texts), len(texts), tuple(entries) if entries else None)


def reasoning_events(choice: int, tokens: Iterable[Pieces], *, whole: bool, hide: bool) -> Iterator[Reasoning]:
    """The events of a reasoning text, of which `hide` drops the text."""
    for event in text_events(choice, tokens, whole=whole):
        yield Reasoning(choice, "" if hide else event.text, event.tokens)


def _parts(tokens: Tokens, whole: bool) -> Iterable[tuple[str, int]]:
    """Yield (text, number of tokens), once for all or once per token. A token without text is joined to the next."""
    if whole:
        return ((tokens.text, len(tokens)),)
    if "" not in tokens.pieces:
        return zip(tokens.pieces, repeat(1))
    return _visible(tokens.pieces)


def _visible(pieces: Sequence[str]) -> Iterator[tuple[str, int]]:
    size = 0
    for at, piece in enumerate(pieces):
        size += 1
        if piece or at == len(pieces) - 1:
            yield piece, size
            size = 0
