"""Answers below the API: headers, any HTTP answer, and verbatim frames."""

import re
from itertools import pairwise
from typing import Any

import msgspec

from emulator.scenario.reading.readers import TEXT, VALUE, Key, Place, Reader, Section, by_kind, listed, mapped, whole
from emulator.scenario.template import WRITTEN
from emulator.scenario.types import RawSpec

HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_BLANK_LINE = re.compile(r"(?<=\n)\r?\n")
_encode = msgspec.json.Encoder().encode


def _header_value(place: Place) -> Any:
    value = WRITTEN.read(place)
    if isinstance(value, str) and not is_header_value(value):
        raise place.tell("a header is one line of Latin letters and signs")
    return value


def is_header_value(text: str) -> bool:
    """Whether HTTP can send it (RFC 9110, section 5.5): no control characters, and nothing beyond Latin-1."""
    return all((" " <= character <= "\xff" and character != "\x7f") or character == "\t" for character in text)


_VALUE = Reader("text, may be a template", _header_value, TEXT.schema)
_HEADERS = mapped(
    _VALUE,
    "a mapping of header names to texts",
    HEADER_NAME,
    "the name of a header",
)
HEADERS: Reader[tuple[tuple[str, Any], ...]] = Reader(
    _HEADERS.what,
    lambda place: tuple((name.lower(), value) for name, value in _HEADERS.read(place).items()),
    _HEADERS.schema,
)


def _body(place: Place) -> bytes:
    if place.node.kind == "scalar":
        return TEXT.read(place).encode()
    return _encode(VALUE.read(place))


_BODY: Reader[bytes] = Reader("a text, or a value that is sent as JSON", _body, {})
RAW: Section[RawSpec] = Section(
    "raw",
    "an HTTP answer",
    "{status: 502, body: Bad Gateway}",
    lambda: (
        Key("status", whole(200, at_most=599), "the HTTP status (200 unless it is given)"),
        Key("headers", HEADERS, "its headers"),
        Key("body", _BODY, "its body, verbatim; a mapping or list is sent as JSON"),
    ),
    lambda place, values: RawSpec(**{"status": 200, "headers": (), "body": b"", **values}),
)


def _frames(text: str) -> tuple[bytes, ...]:
    """The frames of a recorded stream, each with the blank line that ends it; a stream without any is an empty one."""
    ends = [found.end() for found in _BLANK_LINE.finditer(text)]
    cuts = [0, *ends, len(text)]
    return tuple(text[start:end].encode() for start, end in pairwise(cuts) if start < end) or (b"",)


def _frame(place: Place) -> bytes:
    """One frame; the blank line that ends it is added where it is not written."""
    text = TEXT.read(place)
    return text.encode() if text.endswith("\n\n") else f"{text.rstrip()}\n\n".encode()


FRAMES: Reader[tuple[bytes, ...]] = by_kind(
    "a stream's text, or a list of frames",
    scalar=Reader("a stream's text", lambda place: _frames(TEXT.read(place)), TEXT.schema),
    sequence=listed(Reader("a frame", _frame, TEXT.schema), "a list of frames", at_least=1),
)
