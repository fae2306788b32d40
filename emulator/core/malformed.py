"""Why a request's body is no JSON, for its message: what is wrong, and where.

All of this is looked for only when a body could not be decoded, in a bounded number of steps.
"""

import codecs
import re

from emulator.core.regexes import late

_HEX2 = rb"[0-9a-fA-F]{2}"
_HALF = late(
    rb"(?:[^\\]++|\\u[dD][89abAB]" + _HEX2 + rb"\\u[dD][c-fC-F]" + _HEX2 + rb"|\\u(?![dD][89a-fA-F])|\\[^u]){0,100000}+"
    rb"(\\u[dD][89a-fA-F]" + _HEX2 + rb")",
    re.DOTALL,
)
"""What comes before the first escape that is half of a surrogate pair, and that escape. Each run of text is a step."""
_TOKEN = late(rb'"(?:[^"\\]++|\\.)*+"?|[{}\[\],:]', re.DOTALL)
_BYTE = late(r"\(byte (\d+)\)")
_OTHERS = {
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
_MAX_SCANNED = 256 * 1024
"""Bytes before a mistake in which its path is looked for."""
_CUT = "the text was cut within a character"


def why(body: bytes, error: Exception) -> str:
    """Why a body cannot be decoded; `error` is what msgspec says, which counts the bytes of one text only."""
    for mark, name in _OTHERS.items():
        if body.startswith(mark):
            return f"it is {name}, by the byte order mark {mark.hex(' ')} at line 1, column 1: send it as UTF-8."
    if b"\0" in body[:2]:
        return "it is UTF-16 or UTF-32, by the zero byte at line 1, column 1 or 2: send it as UTF-8."
    try:
        body.decode()
    except UnicodeDecodeError as invalid:
        at = invalid.start
        if b"\xed\xa0" <= body[at : at + 2] <= b"\xed\xbf":
            return f"half of a surrogate pair as bytes, {body[at : at + 3].hex(' ')}, {_place(body, at)}: {_CUT}."
        return f"byte {at} is 0x{body[at]:02x}, which is not UTF-8 there."
    told = _BYTE.search(str(error))
    last = int(told[1]) if told else len(body)
    for at in (last - 1, last):
        if body[at : at + 3] == codecs.BOM_UTF8:
            return f"there is a byte order mark at {_line(body, at)}: send UTF-8 without it."
    if (half := _HALF.match(body)) and half.start(1) <= last:
        return f"half of a surrogate pair, {half[1].decode()}, {_place(body, half.start(1))}: {_CUT}."
    return f"{error}."


def _place(body: bytes, at: int) -> str:
    path = _path(body[:at]) if at <= _MAX_SCANNED else ""
    return f"at {_line(body, at)}{path and f', in {path}'}"


def _line(body: bytes, at: int) -> str:
    lines, start = body.count(b"\n", 0, at), body.rfind(b"\n", 0, at) + 1
    return f"line {lines + 1}, column {len(body[start:at].decode(errors='replace')) + 1}"


def _path(before: bytes) -> str:
    """The path of the string that these bytes end in; empty if there is none.

    >>> _path(b'{"messages": [{}, {"content": "cut'), _path(b'{"a": {"b": 1, "cut')
    ('messages[1].content', 'a key of a')
    """
    path, text = list[str | int | None](), b""
    for found in _TOKEN.finditer(before):
        match found[0][:1]:
            case b"{":
                path.append(None)
            case b"[":
                path.append(0)
            case b"}" | b"]" if path:
                path.pop()
            case b"," if path:
                path[-1] = path[-1] + 1 if isinstance(path[-1], int) else None
            case b":" if path:
                path[-1] = text[1:-1].decode(errors="replace")
            case b'"':
                text = found[0]
    known = [part for part in path if part is not None]
    written = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in known).removeprefix(".")
    if len(known) == len(path):
        return written
    return f"a key of {written}" if written else "a key"
