"""The key `error`: an error kind, or the fields of an error."""

from typing import Any

from emulator.core.errors import ERRORS as KINDS
from emulator.core.errors import ErrorKind
from emulator.scenario.language.templates import TEMPLATED_TEXT
from emulator.scenario.reading.readers import TEXT, Cursor, Reader, Section, SectionKey, by_kind, enum, whole
from emulator.scenario.types import ErrorSpec


def _error(cursor: Cursor, values: dict[str, Any]) -> ErrorSpec:
    shape = values.pop("shape", None)
    kind = values.pop("kind", None) or _kind(values.get("status", 500))
    return ErrorSpec(kind, flat=None if shape is None else shape == "flat", **values)


def _kind(status: int) -> ErrorKind:
    """The first kind of this status, or the most general one of its class."""
    return next(
        (kind for kind, row in KINDS.items() if row.status == status), "bad_request" if status < 500 else "internal"
    )


_KIND = enum(*KINDS)
ERROR: Section[ErrorSpec] = Section(
    "error",
    "an error",
    "{status: 418, message: ...}",
    lambda: (
        SectionKey("kind", _KIND, "the kind of the error; default: derived from the status"),
        SectionKey("status", whole(400, at_most=599), "the HTTP status"),
        SectionKey("type", TEXT, "the error's type, as sent to the client"),
        SectionKey("code", TEXT, "the error's code"),
        SectionKey("message", TEMPLATED_TEXT, "the message; may be a template"),
        SectionKey("param", TEXT, "the field of the request that is at fault"),
        SectionKey("shape", enum("openai", "flat"), "on /v1: OpenAI's body, or AkashML's flat one"),
    ),
    _error,
)
_BY_KIND: Reader[ErrorSpec] = Reader("an error kind", lambda cursor: ErrorSpec(_KIND.read(cursor)), _KIND.schema)
ERRORS: Reader[ErrorSpec] = by_kind(
    "an error kind such as overloaded, or a mapping such as {status: 418, message: ...}",
    scalar=_BY_KIND,
    mapping=ERROR.reader,
)
