"""What a choice is to say, cut to what its request allows, and told as timed steps.

A `Draft` comes from the generator or from a scenario. `obey` cuts it (stop strings, token limits); `steps` turns the
drafts of all choices into the plan's steps.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat, zip_longest

import msgspec

from emulator.tokens import EMPTY, Tokens
from emulator.vocabulary import (
    End,
    Event,
    Finish,
    FinishReason,
    Reasoning,
    Start,
    Step,
    Text,
    TokenLogprob,
    ToolArguments,
    ToolCall,
    Usage,
)


class DraftCall(msgspec.Struct, frozen=True):
    """A tool call to make. Without an `id` the dialect derives one."""

    name: str
    arguments: Tokens
    id: str | None = None


class Draft(msgspec.Struct, frozen=True):
    """What one choice says: first its reasoning, then its text, then its tool calls.

    `logprobs`, where given, has one entry per token of `text`. `echo` is the prompt that is repeated before the text;
    it is sent, but it is no part of what was said.
    """

    reasoning: Tokens = EMPTY
    text: Tokens = EMPTY
    tool_calls: tuple[DraftCall, ...] = ()
    finish: FinishReason = "stop"
    stop_sequence: str | None = None
    logprobs: tuple[TokenLogprob, ...] | None = None
    echo: Tokens = EMPTY
    echo_logprobs: tuple[TokenLogprob, ...] | None = None

    def __len__(self) -> int:
        """Tokens of the choice as it is sent."""
        return len(self.reasoning) + len(self.text) + sum(len(call.arguments) for call in self.tool_calls)


def obey(draft: Draft, stop: Sequence[str], limit: int | None) -> Draft:
    """The draft, cut where a stop string begins or after `limit` tokens, whichever comes first.

    A stop string is looked for in the text only, as the field's servers do; the cut-off part is not sent, and the
    string that ended the text is named in `stop_sequence`.
    """
    if stop and draft.text.text:
        draft = _stopped(draft, stop)
    if limit is not None and len(draft) > limit:
        draft = _shortened(draft, limit)
    return draft


def _stopped(draft: Draft, stop: Sequence[str]) -> Draft:
    text = draft.text.text
    found = [(at, sequence) for sequence in stop if sequence and (at := text.find(sequence)) >= 0]
    if not found:
        return draft
    at, sequence = min(found, key=lambda hit: (hit[0], -len(hit[1])))
    kept: list[str] = []
    length = 0
    for piece in draft.text.pieces:
        if length + len(piece) > at:
            break
        kept.append(piece)
        length += len(piece)
    if length < at:
        kept.append(text[length:at])
    return msgspec.structs.replace(
        draft,
        text=Tokens(text[:at], tuple(kept)),
        tool_calls=(),
        finish="stop",
        stop_sequence=sequence,
        logprobs=draft.logprobs[: len(kept)] if draft.logprobs is not None else None,
    )


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
        logprobs=draft.logprobs[: len(text)] if draft.logprobs is not None else None,
    )


def _first(tokens: Tokens, limit: int) -> Tokens:
    if len(tokens) <= limit:
        return tokens
    pieces = tokens.pieces[: max(limit, 0)]
    return Tokens("".join(pieces), pieces)


def steps(start: Start, told: Iterable[Step], usage: Usage) -> list[Step]:
    """The steps of an answer, from what is told of it in between."""
    return [Step(0.0, start), *told, Step(0.0, End(usage))]


def tell(drafts: Sequence[Draft], *, whole: bool, hide_reasoning: bool) -> list[Step]:
    """The steps that tell these drafts, none of them delayed: a token a step, or with `whole` a text a step.

    The choices of a stream advance side by side, token by token, as a batch on a real server does.
    `hide_reasoning` keeps the reasoning's tokens and drops its text.
    """
    tellings = [_tell(choice, draft, whole, hide_reasoning) for choice, draft in enumerate(drafts)]
    told = tellings[0] if len(tellings) == 1 else _side_by_side(tellings)
    return [Step(0.0, event) for event in told]


def _side_by_side(tellings: list[list[Event]]) -> Iterator[Event]:
    return (event for turn in zip_longest(*tellings) for event in turn if event is not None)


def _tell(choice: int, draft: Draft, whole: bool, hide_reasoning: bool) -> list[Event]:
    told: list[Event] = []
    if draft.echo.text:
        told.append(Text(choice, draft.echo.text, 0, draft.echo_logprobs))
    if draft.reasoning.pieces:
        told += [
            Reasoning(choice, "" if hide_reasoning else text, size) for text, size in _parts(draft.reasoning, whole)
        ]
    if draft.text.pieces:
        told += _texts(choice, draft, whole)
    for call in draft.tool_calls:
        told.append(ToolCall(choice, call.id, call.name))
        told += [ToolArguments(choice, text, size) for text, size in _parts(call.arguments, whole)]
    told.append(Finish(choice, draft.finish, draft.stop_sequence))
    return told


def _texts(choice: int, draft: Draft, whole: bool) -> list[Text]:
    if draft.logprobs is None:
        return [Text(choice, text, size) for text, size in _parts(draft.text, whole)]
    texts, begin = [], 0
    for text, size in _parts(draft.text, whole):
        texts.append(Text(choice, text, size, draft.logprobs[begin : begin + size]))
        begin += size
    return texts


def _parts(tokens: Tokens, whole: bool) -> Iterable[tuple[str, int]]:
    """(text, how many tokens): all in one, or one a token. A token that adds no text goes with the next."""
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
