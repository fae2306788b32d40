"""The key `error`: an error kind, or the fields of an error."""

import re
from typing import Any

from emulator.core.errors import ERRORS as KINDS
from emulator.core.errors import ErrorKind
from emulator.scenario.language.foreign import hints_at_keys, hints_at_words
from emulator.scenario.language.templates import TEMPLATED_TEXT
from emulator.scenario.reading.readers import TEXT, Cursor, Reader, Section, SectionKey, by_kind, enum, whole
from emulator.scenario.types import ErrorSpec

_FIRST_STATUS, _LAST_STATUS = 400, 599


def _error(cursor: Cursor, values: dict[str, Any]) -> ErrorSpec:
    shape = values.pop("shape", None)
    kind = values.pop("kind", None) or _kind(values.get("status", 500))
    return ErrorSpec(kind, flat=None if shape is None else shape == "flat", **values)


def _kind(status: int) -> ErrorKind:
    """The first kind of this status, or the most general one of its class."""
    return next(
        (kind for kind, row in KINDS.items() if row.status == status), "bad_request" if status < 500 else "internal"
    )


_hint = hints_at_words("error")
_KIND = enum(*KINDS, hints=_hint)
ERROR: Section[ErrorSpec] = Section(
    "error",
    "an error",
    "{status: 418, message: ...}",
    lambda: (
        SectionKey("kind", _KIND, "the kind of the error; default: derived from the status"),
        SectionKey("status", whole(_FIRST_STATUS, at_most=_LAST_STATUS), "the HTTP status"),
        SectionKey("type", TEXT, "the error's type, as sent to the client"),
        SectionKey("code", TEXT, "the error's code"),
        SectionKey("message", TEMPLATED_TEXT, "the message; may be a template"),
        SectionKey("param", TEXT, "the field of the request that is at fault"),
        SectionKey("shape", enum("openai", "flat"), "on /v1: OpenAI's body, or AkashML's flat one"),
    ),
    _error,
    hints=hints_at_keys("error"),
)


def _short(cursor: Cursor) -> ErrorSpec:
    """`error: rate_limited`, or `error: 429`: the kind with this status."""
    if not re.fullmatch("[0-9]+", cursor.node.text):
        return ErrorSpec(_KIND.read(cursor))
    status = int(cursor.node.text[:9])
    if not _FIRST_STATUS <= status <= _LAST_STATUS:
        raise cursor.expected(f"an error kind, or an error's status from {_FIRST_STATUS} to {_LAST_STATUS}")
    return error_of(status)


def error_of(status: int) -> ErrorSpec:
    """The error that a status stands for: the kind that has it, or else the most similar kind with this status."""
    kind = _kind(status)
    return ErrorSpec(kind, status=None if KINDS[kind].status == status else status)


_STATUS_SCHEMA = {"type": "integer", "minimum": _FIRST_STATUS, "maximum": _LAST_STATUS}
_BY_KIND: Reader[ErrorSpec] = Reader("an error kind or status", _short, {"anyOf": [_KIND.schema, _STATUS_SCHEMA]})
ERRORS: Reader[ErrorSpec] = by_kind(
    "an error kind such as overloaded, a status such as 429, or a mapping such as {status: 418, message: ...}",
    scalar=_BY_KIND,
    mapping=ERROR.reader,
)
