"""Errors that a scenario answers: by kind, or field by field."""

from collections.abc import Mapping
from typing import Any

from emulator.core.vocabulary import STATUS, ApiError, ErrorKind, InferenceRequest
from emulator.scenario.reading.readers import TEXT, Key, Place, Reader, Section, by_kind, choice, whole
from emulator.scenario.template import WRITTEN
from emulator.scenario.types import ErrorSpec

# Of 402, 429, 504 and 529 AkashML documents the words; the others are ours.
_MESSAGES: Mapping[ErrorKind, str] = {
    "bad_request": "The request is invalid.",
    "context_length_exceeded": "This model's maximum context length is exceeded. Please send fewer messages.",
    "unauthorized": "Invalid API key.",
    "insufficient_credits": "Insufficient credits",
    "forbidden": "This API key is not allowed to do this.",
    "not_found": "The requested resource was not found.",
    "method_not_allowed": "This method is not allowed here.",
    "too_large": "The request is too large.",
    "rate_limited": "Rate limited",
    "internal": "Internal server error.",
    "unavailable": "The service is temporarily unavailable.",
    "no_backend": "No backend available",
    "no_healthy_backend": "No healthy backends are available for the requested model",
    "overloaded": "The service is overloaded. Please retry later.",
}


def default_message(kind: ErrorKind, request: InferenceRequest | None = None) -> str:
    """What an error says unless its scenario says something else."""
    if kind == "model_not_found":
        return f"The model '{request.model}' does not exist." if request else "The model does not exist."
    return _MESSAGES[kind]


def api_error(spec: ErrorSpec, message: str, retry_after: float | None = None) -> ApiError:
    """The error that a client is told."""
    return ApiError(spec.kind, message, spec.param, spec.code, retry_after, spec.status, spec.type, spec.flat)


def _error(place: Place, values: dict[str, Any]) -> ErrorSpec:
    shape = values.pop("shape", None)
    kind = values.pop("kind", None) or _kind(values.get("status", 500))
    return ErrorSpec(kind, flat=None if shape is None else shape == "flat", **values)


def _kind(status: int) -> ErrorKind:
    """The kind of a status; the first that has it, or what is nearest in nature."""
    return next((kind for kind, of in STATUS.items() if of == status), "bad_request" if status < 500 else "internal")


_KIND = choice(*STATUS)
ERROR: Section[ErrorSpec] = Section(
    "error",
    "an error",
    "{status: 418, message: ...}",
    lambda: (
        Key("kind", _KIND, "the kind that it is like; without one, what its status says"),
        Key("status", whole(400, at_most=599), "the HTTP status"),
        Key("type", TEXT, "the error's type, as the client reads it"),
        Key("code", TEXT, "the error's code"),
        Key("message", WRITTEN, "what it says; may be a template"),
        Key("param", TEXT, "the field of the request that is at fault"),
        Key("shape", choice("openai", "flat"), "on /v1: OpenAI's body, or AkashML's flat one"),
    ),
    _error,
)
_BY_KIND: Reader[ErrorSpec] = Reader("an error kind", lambda place: ErrorSpec(_KIND.read(place)), _KIND.schema)
ERRORS: Reader[ErrorSpec] = by_kind(
    "an error kind such as overloaded, or a mapping such as {status: 418, message: ...}",
    scalar=_BY_KIND,
    mapping=ERROR.reader,
)
