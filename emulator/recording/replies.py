"""Converts an exchange into candidate replies of the scenario language: the most readable first, the exact one last.

A candidate may be wrong: the caller plays it and compares the result (`playing.py`).
"""

import re
from collections.abc import Iterator
from itertools import groupby, pairwise
from typing import Any, TypeAlias

import msgspec

from emulator.core.errors import ERRORS, ApiError, ErrorKind
from emulator.core.fields import NOT_JSON
from emulator.core.fold import Choice, ToolCallBlock
from emulator.core.token_counts import count
from emulator.core.vocabulary import End, FinishReason, Start, ToolChoice, Usage
from emulator.dialects import Dialect
from emulator.dialects.decoding import decode
from emulator.faults.comments import COMMENT
from emulator.recording import pacing
from emulator.recording.answers import Heard, read, written
from emulator.recording.playing import DIALECTS
from emulator.recording.seen import Exchange
from emulator.scenario.errors import default_message
from emulator.scenario.reply import arguments
from emulator.scenario.template import is_template
from emulator.scenario.writing import duration, literal, wait

ReplyMapping: TypeAlias = dict[str, Any]
"""A reply in the form of YAML."""

TOLD_HEADERS = re.compile(r"retry-after-ms|www-authenticate|x-should-retry|(?:x|anthropic)-ratelimit-[a-z0-9-]+")
"""Response headers that clients act on. No others are recorded, because they may contain secrets."""
_SEVERAL = 2
_SILENCE = 0.5


def candidates(exchange: Exchange) -> Iterator[ReplyMapping]:
    """The candidate replies, none of which is guaranteed to reproduce the exchange."""
    if not exchange.status:
        stall = pacing.before_response(exchange.begun)
        yield {"faults": [*stall, {"hangup": exchange.ended, "before": "response"}]}
        return
    heard = read(exchange)
    if not heard.problems:
        yield from _readable(exchange, heard)
    yield from _verbatim(exchange)


def _readable(exchange: Exchange, heard: Heard) -> Iterator[ReplyMapping]:
    if exchange.status >= 400:
        if heard.error is not None:
            yield _with_headers(exchange, _error(exchange, heard.error))
    elif exchange.is_stream:
        yield from _stream(exchange, heard)
    elif exchange.ended == "in order":
        for reply in _told(exchange, heard):
            missing = [] if heard.usage else [{"drop": "usage"}]
            yield _with_headers(exchange, reply | pacing.whole(exchange.begun), missing)


def _with_headers(exchange: Exchange, reply: ReplyMapping, faults: list[Any] | None = None) -> ReplyMapping:
    told = {name: literal(value) for name, value in exchange.headers if TOLD_HEADERS.fullmatch(name)}
    if (header := dict(exchange.headers).get("retry-after")) is not None:
        if (after := wait(header)) is not None:
            reply = reply | {"retry_after": after}
        else:
            told["retry-after"] = literal(header)
    return reply | ({"headers": told} if told else {}) | ({"faults": faults} if faults else {})


def _dialect(exchange: Exchange) -> Dialect:
    return DIALECTS.by_name[exchange.request.endpoint]


# ---------------------------------------------------------------------------------------------- errors


def _error(exchange: Exchange, told: ApiError) -> ReplyMapping:
    error, flat = _error_of(exchange, told, exchange.status), bool(told.flat)
    if _dialect(exchange).surface.flat_errors and flat != (exchange.status == 401):
        spelled = error if isinstance(error, dict) else {"kind": error}
        error = spelled | {"shape": "flat" if flat else "openai"}
    stall = pacing.before_response(exchange.begun)
    return {"error": error} | ({"faults": stall} if stall else {})


def _error_of(exchange: Exchange, told: ApiError, status: int | None) -> str | dict[str, Any]:
    """The error in the scenario language: only its kind if that suffices. Without a status, one in a stream."""
    kind = _kind(exchange, told, status)
    error: dict[str, Any] = {"kind": kind}
    if status and ERRORS[kind].status != status:
        error["status"] = status
    if told.message != default_message(kind, exchange.request):
        error["message"] = literal(told.message)
    usual = _usual(exchange, kind)
    names = {"type": told.type, "code": told.code}
    error |= {name: value for name, value in names.items() if value and value != usual.get(name)}
    if told.param:
        error["param"] = told.param
    return kind if len(error) == 1 else error


def _kind(exchange: Exchange, told: ApiError, status: int | None) -> ErrorKind:
    """The kind that fits best: by the status first, then as it was read, then by the type and the code."""
    names = {"type": told.type, "code": told.code}

    def likeness(kind: ErrorKind) -> tuple[bool, bool, int, bool]:
        usual = _usual(exchange, kind)
        same = sum(names[name] == value for name, value in usual.items())
        return (
            ERRORS[kind].status == status,
            kind == told.kind,
            same,
            told.message == default_message(kind, exchange.request),
        )

    return max(ERRORS, key=likeness)


def _usual(exchange: Exchange, kind: ErrorKind) -> dict[str, str | None]:
    return _dialect(exchange).surface.error_names(kind)


# ---------------------------------------------------------------------------------------------- answers


def _told(exchange: Exchange, heard: Heard) -> Iterator[ReplyMapping]:
    """The content, cut by the request's limits, and a variant that ignores them if they would cut elsewhere."""
    choices = [_choice(choice, exchange.request.tool_choice) for choice in heard.choices]
    reply: ReplyMapping = choices[0] if len(choices) == 1 else {"choices": choices}
    if heard.usage and heard.finished:
        reply = reply | {"usage": _usage(heard.usage)}
    if heard.model and heard.model != exchange.request.model:
        reply = reply | {"model": heard.model}
    yield reply
    yield reply | {"obey": False}


def _choice(choice: Choice, chosen: ToolChoice) -> ReplyMapping:
    said: ReplyMapping = {}
    if choice.reasoning:
        said["reasoning"] = literal(choice.reasoning)
    text = choice.text + (choice.stop_sequence or "")  # the request's stop sequence cuts it again when played
    if text or not choice.tool_calls:
        said["text"] = literal(text)
    if choice.tool_calls:
        said["tool_calls"] = [_call(call) for call in choice.tool_calls]
    usual: FinishReason | None = "tool_calls" if choice.tool_calls else "stop"
    if choice.tool_calls and chosen.mode == "named":  # servers differ, and so do the settings of the one that plays it
        usual = None
    return said | ({"finish": choice.finish_reason} if choice.finish_reason not in (None, usual) else {})


def _call(call: ToolCallBlock) -> ReplyMapping:
    return {"name": call.name, "arguments": _arguments(call.arguments)} | ({"id": call.id} if call.id else {})


def _usage(usage: Usage) -> dict[str, int]:
    details = {"reasoning_tokens": usage.reasoning_tokens, "cached_tokens": usage.cached_tokens}
    told = {"prompt_tokens": usage.prompt_tokens, "completion_tokens": usage.completion_tokens}
    return told | {name: tokens for name, tokens in details.items() if tokens}


def _arguments(text: str) -> Any:
    """The arguments as a mapping, if the emulator would write them as the same text."""
    try:
        value = msgspec.json.decode(text)
    except NOT_JSON:
        return literal(text)
    plain = isinstance(value, dict) and arguments(value) == text and not is_template(text)
    return value if plain else literal(text)


# ---------------------------------------------------------------------------------------------- streams


def _stream(exchange: Exchange, heard: Heard) -> Iterator[ReplyMapping]:
    pace, silences = pacing.paced(heard, exchange.begun)
    faults = [*silences, *_ending(exchange, heard), *_missing(exchange, heard), *_comments(exchange, heard)]
    chunks: tuple[dict[str, Any], ...] = ({}, {"chunk": "word"}, {"chunk": "whole"})
    for reply in _told(exchange, heard):
        for chunk in chunks:
            stream = pace | chunk
            yield _with_headers(exchange, reply | ({"stream": stream} if stream else {}), faults)


def _ending(exchange: Exchange, heard: Heard) -> list[ReplyMapping]:
    """The fault that ended the stream early."""
    said = sum(count(written(choice)) for choice in heard.choices)
    where: ReplyMapping = {"after": {"tokens": said}} if said else {"after": {"events": 1}}
    if heard.error is not None:
        return [{"error": _error_of(exchange, heard.error, None), **where}]
    if exchange.ended != "in order":
        return [{"hangup": exchange.ended, **where}]
    return [] if heard.ended or heard.finished else [{"hangup": "end", **where}]


def _missing(exchange: Exchange, heard: Heard) -> list[ReplyMapping]:
    """The parts that every complete stream has, and that this one lacks."""
    if heard.error is not None or exchange.ended != "in order":
        return []
    usual, decoder = _empty_stream(exchange), _dialect(exchange).decoder()
    decode(decoder, usual)
    missing = {
        "finish": heard.ended and not heard.finished,
        "usage": heard.finished and not heard.usage and decoder.usage is not None,
        "done": heard.finished and not heard.ended,
        "event_names": usual.startswith(b"event:") and not exchange.body.startswith(b"event:"),
    }
    return [{"drop": part} for part, is_so in missing.items() if is_so]


def _empty_stream(exchange: Exchange) -> bytes:
    """A complete stream without content, as the emulator answers the request."""
    encoder = _dialect(exchange).encoder(exchange.request, "")
    return b"".join(frame for event in (Start("", "", 0, 0), End(Usage(0, 0))) for frame in encoder.frames(event))


def _comments(exchange: Exchange, heard: Heard) -> list[ReplyMapping]:
    """Comments that arrived in bursts. The emulator sends those that fill a pause by itself."""
    faults = []
    for is_comment, run in groupby(enumerate(exchange.frames()), lambda numbered: numbered[1].data == COMMENT):
        (number, first), *others = run
        if is_comment and len(others) >= _SEVERAL and others[-1][1].at - first.at < _SILENCE:
            said = heard.tokens(max((moment.length for moment in heard.moments if moment.frame < number), default=0))
            where: ReplyMapping = {"after": {"tokens": said}} if said else {"before": "first_token"}
            faults.append({"comments": 1 + len(others), **where})
    return faults


# ---------------------------------------------------------------------------------------------- verbatim


def _verbatim(exchange: Exchange) -> Iterator[ReplyMapping]:
    try:
        body = exchange.body.decode()
    except UnicodeDecodeError:
        return
    if exchange.is_stream and exchange.status == 200:
        frames = [frame.data.decode().rstrip("\n") for frame in exchange.frames()]
        faults = [*_silences(exchange), *_cut(exchange)]
        yield _with_headers(exchange, {"frames": frames}, faults)
        yield _with_headers(exchange, {"frames": body}, faults)
    elif exchange.ended == "in order":
        headers = {name: literal(value) for name, value in exchange.headers if name == "content-type"}
        raw: ReplyMapping = {"status": exchange.status} | ({"headers": headers} if headers else {})
        stall = pacing.before_response(exchange.begun)
        try:
            value = msgspec.json.decode(body)
            if isinstance(value, dict | list) and value:
                yield _with_headers(exchange, {"raw": raw | {"body": value}}, stall)
        except NOT_JSON:
            pass
        yield _with_headers(exchange, {"raw": raw | ({"body": body} if body else {})}, stall)


def _cut(exchange: Exchange) -> list[ReplyMapping]:
    frames = len(exchange.frames())
    return [] if exchange.ended == "in order" else [{"hangup": exchange.ended, "after": {"events": frames}}]


def _silences(exchange: Exchange) -> list[ReplyMapping]:
    """The longer pauses between frames."""
    frames = exchange.frames()
    stalls = pacing.before_response(frames[0].at if frames else exchange.begun)
    for at, (before, after) in enumerate(pairwise(frames), 1):
        if after.at - before.at >= _SILENCE:
            stalls.append({"stall": duration(after.at - before.at), "after": {"events": at}})
    return stalls
