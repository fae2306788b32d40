"""The errors that scenarios answer: what each kind says unless its scenario says something else."""

from collections.abc import Mapping

from emulator.core.errors import ApiError, ErrorKind
from emulator.core.vocabulary import InferenceRequest
from emulator.scenario.types import ErrorSpec

# AkashML documents the messages of 402, 429, 504 and 529; the others are ours.
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
    """The message of an error without one of its own."""
    if kind == "model_not_found":
        return f"The model '{request.model}' does not exist." if request else "The model does not exist."
    return _MESSAGES[kind]


def api_error(spec: ErrorSpec, message: str, retry_after: float | None = None) -> ApiError:
    """The error that the client receives. `retry_after` is in seconds."""
    return ApiError(spec.kind, message, spec.param, spec.code, retry_after, spec.status, spec.type, spec.flat)
