"""Drafts of choices: cutting them to the limits of the request, and turning them into timed steps.

A `Draft` comes from the generator or from a scenario. `obey` cuts it (token limits, stop tokens, stop strings); `steps`
turns the drafts of all choices into the plan's steps.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import accumulate, repeat, zip_longest

import msgspec

from emulator.core.tokens import EMPTY, Tokens, ids_of
from emulator.core.vocabulary import (
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
    """The content of one choice: first its reasoning, then its text, then its tool calls.

    `logprobs`, if given, has one entry per token of `text`. `echo` is the prompt that is repeated before the text;
    it is sent, but is not part of the answer.
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
        """The number of tokens of the choice as sent."""
        return len(self.reasoning) + len(self.text) + sum(len(call.arguments) for call in self.tool_calls)


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


def likeliest(drafts: Sequence[Draft], n: int) -> list[Draft]:
    """Return the `n` drafts with the highest mean log probability, highest first, as for `best_of`.

    Every draft must have `logprobs`; a draft without text tokens counts as certain.
    """
    return sorted(drafts, key=_mean_logprob, reverse=True)[:n]


def _mean_logprob(draft: Draft) -> float:
    logprobs = [entry.logprob or 0.0 for entry in draft.logprobs or ()]
    return sum(logprobs) / len(logprobs) if logprobs else 0.0


def _before_token(draft: Draft, stop_ids: Collection[int], kept: int) -> Draft:
    ids = ids_of(draft.text)
    at = next((at for at in range(kept, len(ids)) if ids[at] in stop_ids), None)
    if at is None:
        return draft
    logprobs = draft.logprobs[:at] if draft.logprobs is not None else None
    text = _first(draft.text, at)
    return msgspec.structs.replace(draft, text=text, tool_calls=(), finish="stop", logprobs=logprobs)


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
        logprobs=None if draft.logprobs is None else _cut(draft.logprobs, whole, rest),
    )


def _cut(logprobs: Sequence[TokenLogprob], whole: int, rest: str) -> tuple[TokenLogprob, ...]:
    """Keep the entries of the first `whole` tokens, and an entry for `rest`, the beginning of the next token."""
    if not rest:
        return tuple(logprobs[:whole])
    entry, raw = logprobs[whole], rest.encode("utf-8", "surrogatepass")
    chosen = (entry.token, entry.logprob, entry.bytes)
    top = [
        msgspec.structs.replace(other, token=rest, bytes=raw)
        if (other.token, other.logprob, other.bytes) == chosen
        else other
        for other in entry.top
    ]
    return (*logprobs[:whole], msgspec.structs.replace(entry, token=rest, bytes=raw, top=tuple(top)))


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


def steps(start: Start, content: Iterable[Step], usage: Usage) -> list[Step]:
    """Return the steps of a whole answer, given the steps between its `Start` and its `End`."""
    return [Step(0.0, start), *content, Step(0.0, End(usage))]


def content_steps(drafts: Sequence[Draft], *, whole: bool, hide_reasoning: bool) -> list[Step]:
    """Return the steps of these drafts, without delays: one step per token, or with `whole` one step per text.

    The choices of a stream are interleaved token by token, as in a batch on a real server.
    `hide_reasoning` keeps the reasoning's tokens and drops its text.
    """
    choices = [_events(choice, draft, whole, hide_reasoning) for choice, draft in enumerate(drafts)]
    events = choices[0] if len(choices) == 1 else _side_by_side(choices)
    return [Step(0.0, event) for event in events]


def _side_by_side(choices: list[list[Event]]) -> Iterator[Event]:
    return (event for turn in zip_longest(*choices) for event in turn if event is not None)


def _events(choice: int, draft: Draft, whole: bool, hide_reasoning: bool) -> list[Event]:
    events: list[Event] = []
    if draft.echo.text:
        events.append(Text(choice, draft.echo.text, 0, draft.echo_logprobs))
    if draft.reasoning.pieces:
        events += [
            Reasoning(choice, "" if hide_reasoning else text, size) for text, size in _parts(draft.reasoning, whole)
        ]
    if draft.text.pieces:
        events += _texts(choice, draft, whole)
    for call in draft.tool_calls:
        events.append(ToolCall(choice, call.id, call.name))
        events += [ToolArguments(choice, text, size) for text, size in _parts(call.arguments, whole)]
    events.append(Finish(choice, draft.finish, draft.stop_sequence))
    return events


def _texts(choice: int, draft: Draft, whole: bool) -> list[Text]:
    if draft.logprobs is None:
        return [Text(choice, text, size) for text, size in _parts(draft.text, whole)]
    texts, begin = [], 0
    for text, size in _parts(draft.text, whole):
        texts.append(Text(choice, text, size, draft.logprobs[begin : begin + size]))
        begin += size
    return texts


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
