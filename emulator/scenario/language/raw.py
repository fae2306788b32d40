"""The keys `headers`, `raw` and `frames` of a reply: what is sent as it is written."""

from typing import Any

import msgspec

from emulator.core.regexes import late
from emulator.dialects.sse import split_frames
from emulator.scenario.language.foreign import hints_at_keys
from emulator.scenario.language.templates import TEMPLATED_TEXT
from emulator.scenario.reading.readers import (
    TEXT,
    VALUE,
    Cursor,
    Reader,
    Section,
    SectionKey,
    by_kind,
    listed,
    mapped,
    whole,
)
from emulator.scenario.reply import is_header_value
from emulator.scenario.types import RawSpec, TextOrTemplate

_OF_THE_CONNECTION = frozenset(
    ["connection", "content-length", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"]
)
_WITHOUT_BODY = {204: "No Content", 205: "Reset Content", 304: "Not Modified"}
"""The statuses whose answers have no body (RFC 9110, sections 15.3.5, 15.3.6 and 15.4.5)."""
HEADER_NAME = late(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_encode = msgspec.json.Encoder().encode


def _checked(cursor: Cursor, value: TextOrTemplate) -> Any:
    if isinstance(value, str) and not is_header_value(value):
        raise cursor.report("a header is one line of Latin letters and signs")
    return value


_VALUE = Reader("text, may be a template", lambda cursor: _checked(cursor, TEMPLATED_TEXT.read(cursor)), TEXT.schema)
HEADER_TEXT: Reader[str] = Reader("text", lambda cursor: _checked(cursor, TEXT.read(cursor)), TEXT.schema)
"""The value of a header, without templates."""
_HEADERS = mapped(
    _VALUE,
    "a mapping of header names to texts",
    HEADER_NAME,
    "the name of a header",
)


def _headers(cursor: Cursor) -> tuple[tuple[str, Any], ...]:
    headers: dict[str, Any] = {}
    for name, value in _HEADERS.read(cursor).items():
        lower = name.lower()
        if lower in _OF_THE_CONNECTION:
            raise cursor.report(
                f"{lower} belongs to the connection: the server writes it as HTTP needs it; leave it out",
                cursor.key_spans()[name],
            )
        if lower in headers:
            raise cursor.report(f"{lower} is given twice", cursor.key_spans()[name])
        headers[lower] = value
    return tuple(headers.items())


HEADERS: Reader[tuple[tuple[str, Any], ...]] = Reader(_HEADERS.what, _headers, _HEADERS.schema)


def _body(cursor: Cursor) -> bytes:
    if cursor.node.kind == "scalar":
        return TEXT.read(cursor).encode()
    return _encode(VALUE.read(cursor))


_BODY: Reader[bytes] = Reader("a text, or a value that is sent as JSON", _body, {})


def _raw(cursor: Cursor, values: dict[str, Any]) -> RawSpec:
    raw = RawSpec(**{"status": 200, "headers": (), "body": b"", **values})
    if raw.body and raw.status in _WITHOUT_BODY:
        body = dict(cursor.pairs(""))["body"]
        raise body.report(f"HTTP has no body after {raw.status} {_WITHOUT_BODY[raw.status]}; leave it out")
    return raw


RAW: Section[RawSpec] = Section(
    "raw",
    "an HTTP answer",
    "{status: 502, body: Bad Gateway}",
    lambda: (
        SectionKey("status", whole(200, at_most=599), "the HTTP status (200)"),
        SectionKey("headers", HEADERS, "the headers"),
        SectionKey("body", _BODY, "the body, unchanged; a mapping or list is sent as JSON"),
    ),
    _raw,
    hints=hints_at_keys("raw"),
)


def _frames(text: str) -> tuple[bytes, ...]:
    """The frames of a recorded stream, each with the blank line that ends it; a stream without any is an empty one."""
    return tuple(split_frames(text.encode())) or (b"",)


def _frame(cursor: Cursor) -> bytes:
    """A frame. The blank line that ends it is added if it is missing."""
    text = TEXT.read(cursor)
    return text.encode() if text.endswith("\n\n") else f"{text.rstrip()}\n\n".encode()


FRAMES: Reader[tuple[bytes, ...]] = by_kind(
    "a stream's text, or a list of frames",
    scalar=Reader("a stream's text", lambda cursor: _frames(TEXT.read(cursor)), TEXT.schema),
    sequence=listed(Reader("a frame", _frame, TEXT.schema), "a list of frames", at_least=1),
)
