"""From an exchange to replies of the scenario language that may play it: the most readable first, the exact one last.

Nothing here is certain: whoever takes a reply plays it first, and compares (`playing.py`).
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import groupby, pairwise
from typing import Any, TypeAlias

import msgspec

from emulator.core.fields import NOT_JSON
from emulator.core.tokens import count
from emulator.core.vocabulary import STATUS, ErrorKind, FinishReason
from emulator.dialects.anthropic import surface as anthropic
from emulator.dialects.openai import surface as openai
from emulator.faults.comments import COMMENT
from emulator.recording import pacing
from emulator.recording.answers import Called, Heard, Spoken, Unreadable, read
from emulator.recording.seen import Exchange
from emulator.scenario.errors import default_message
from emulator.scenario.reply import arguments
from emulator.scenario.template import is_template
from emulator.scenario.writing import duration, literal, wait

ReplyMapping: TypeAlias = dict[str, Any]
"""A reply as YAML has it."""

TOLD_HEADERS = re.compile(r"retry-after-ms|www-authenticate|x-should-retry|(?:x|anthropic)-ratelimit-[a-z0-9-]+")
"""Response headers that clients act on. No other is written: who knows what is in them."""
_SEVERAL = 2
_SILENCE = 0.5


def candidates(exchange: Exchange) -> Iterator[ReplyMapping]:
    """The replies, none of which is certain to play the exchange."""
    if not exchange.status:
        stall = pacing.before_response(exchange.begun)
        yield {"faults": [*stall, {"hangup": exchange.ended, "before": "response"}]}
        return
    with suppress(Unreadable):
        yield from _readable(exchange)
    yield from _verbatim(exchange)


def _readable(exchange: Exchange) -> Iterator[ReplyMapping]:
    if exchange.status >= 400:
        yield _with_headers(exchange, _error(exchange))
    elif exchange.is_stream:
        yield from _stream(exchange, read(exchange))
    elif exchange.ended == "in order":
        heard = read(exchange)
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


# ---------------------------------------------------------------------------------------------- errors


def _error(exchange: Exchange) -> ReplyMapping:
    try:
        body = msgspec.json.decode(exchange.body)
        told = body["error"]
        flat = isinstance(told, str)
        error = _error_of(exchange, body if flat else told, exchange.status)
    except (*NOT_JSON, KeyError, TypeError, AttributeError):
        raise Unreadable("no error of a known shape") from None
    if exchange.request.endpoint != "messages" and flat != (exchange.status == 401):
        spelled = error if isinstance(error, dict) else {"kind": error}
        error = spelled | {"shape": "flat" if flat else "openai"}
    stall = pacing.before_response(exchange.begun)
    return {"error": error} | ({"faults": stall} if stall else {})


def _error_of(exchange: Exchange, told: Mapping[str, Any], status: int | None) -> str | dict[str, Any]:
    """The error in words of the language: its kind alone, if that says it all. Without a status, one in a stream."""
    kind = _kind(exchange, told, status)
    error: dict[str, Any] = {"kind": kind}
    if status and STATUS[kind] != status:
        error["status"] = status
    if told["message"] != default_message(kind, exchange.request):
        error["message"] = literal(told["message"])
    usual = _usual(exchange, kind)
    error |= {name: told[name] for name in ("type", "code") if told.get(name) and told[name] != usual.get(name)}
    if told.get("param"):
        error["param"] = told["param"]
    return kind if len(error) == 1 else error


def _kind(exchange: Exchange, told: Mapping[str, Any], status: int | None) -> ErrorKind:
    """The kind that says most of it by itself: of the status first, and then of the type and the code."""

    def likeness(kind: ErrorKind) -> tuple[bool, int, bool]:
        usual = _usual(exchange, kind)
        same = sum(told.get(name) == value for name, value in usual.items())
        return STATUS[kind] == status, same, told.get("message") == default_message(kind, exchange.request)

    return max(STATUS, key=likeness)


def _usual(exchange: Exchange, kind: ErrorKind) -> dict[str, str | None]:
    if exchange.request.endpoint == "messages":
        return {"type": anthropic.ERRORS[kind]}
    type, code = openai.ERRORS[kind]
    return {"type": type, "code": code}


# ---------------------------------------------------------------------------------------------- answers


def _told(exchange: Exchange, heard: Heard) -> Iterator[ReplyMapping]:
    """What was said, as it is cut by the request's limits, and if they would cut it elsewhere, without obeying them."""
    choices = [_choice(spoken) for _, spoken in sorted(heard.choices.items())]
    reply: ReplyMapping = choices[0] if len(choices) == 1 else {"choices": choices}
    if heard.usage and any(spoken.finish for spoken in heard.choices.values()):
        reply = reply | {"usage": heard.usage}
    if heard.model and heard.model != exchange.request.model:
        reply = reply | {"model": heard.model}
    yield reply
    yield reply | {"obey": False}


def _choice(spoken: Spoken) -> ReplyMapping:
    said: ReplyMapping = {}
    if spoken.reasoning:
        said["reasoning"] = literal(spoken.reasoning)
    text = spoken.text + (spoken.stop_sequence or "")  # the request's own stop sequence cuts it again, and is named
    if text or not spoken.calls:
        said["text"] = literal(text)
    if spoken.calls:
        said["tool_calls"] = [_call(call) for call in spoken.calls]
    usual: FinishReason = "tool_calls" if spoken.calls else "stop"
    return said | ({"finish": spoken.finish} if spoken.finish not in (None, usual) else {})


def _call(call: Called) -> ReplyMapping:
    return {"name": call.name, "arguments": _arguments(call.arguments)} | ({"id": call.id} if call.id else {})


def _arguments(text: str) -> Any:
    """The arguments as a mapping, if the emulator would write it back as the same text."""
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
    """What ended the stream before its time."""
    said = sum(count(str(spoken)) for spoken in heard.choices.values())
    where: ReplyMapping = {"after": {"tokens": said}} if said else {"after": {"events": 1}}
    if heard.error is not None:
        return [{"error": _in_stream_error(exchange, heard.error), **where}]
    if exchange.ended != "in order":
        return [{"hangup": exchange.ended, **where}]
    if not exchange.has_ended and not any(spoken.finish for spoken in heard.choices.values()):
        return [{"hangup": "close", **where}]
    return []


def _in_stream_error(exchange: Exchange, told: Any) -> Any:
    try:
        return _error_of(exchange, told, None)
    except (KeyError, TypeError, AttributeError):
        raise Unreadable("no error of a known shape") from None


def _missing(exchange: Exchange, heard: Heard) -> list[ReplyMapping]:
    """The parts that belong to every stream that has come to its end, and that this one lacks."""
    if heard.error is not None or exchange.ended != "in order":
        return []
    finished = any(spoken.finish for spoken in heard.choices.values())
    asked = (exchange.request.body.get("stream_options") or {}).get("include_usage")
    missing = {
        "finish": exchange.has_ended and not finished,
        "usage": finished and not heard.usage and (asked or exchange.request.endpoint == "messages"),
        "done": finished and not exchange.has_ended,
        "event_names": exchange.request.endpoint == "messages" and not exchange.body.startswith(b"event:"),
    }
    return [{"drop": part} for part, is_so in missing.items() if is_so]


def _comments(exchange: Exchange, heard: Heard) -> list[ReplyMapping]:
    """Comments that came many at once. Those that fill a silence come again by themselves."""
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
    """The longer silences between frames."""
    frames = exchange.frames()
    stalls = pacing.before_response(frames[0].at if frames else exchange.begun)
    for at, (before, after) in enumerate(pairwise(frames), 1):
        if after.at - before.at >= _SILENCE:
            stalls.append({"stall": duration(after.at - before.at), "after": {"events": at}})
    return stalls
