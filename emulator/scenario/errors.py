"""The errors that scenarios answer: what each kind says unless its scenario says something else."""

from emulator.core.errors import ERRORS, ApiError, ErrorKind
from emulator.core.vocabulary import InferenceRequest
from emulator.scenario.types import ErrorSpec


def default_message(kind: ErrorKind, request: InferenceRequest | None = None) -> str:
    """The message of an error without one of its own."""
    if kind == "model_not_found" and request:
        return f"The model '{request.model}' does not exist."
    return ERRORS[kind].message


def api_error(spec: ErrorSpec, message: str, retry_after: float | None = None) -> ApiError:
    """The error that the client receives. `retry_after` is in seconds."""
    return ApiError(spec.kind, message, spec.param, spec.code, retry_after, spec.status, spec.type, spec.flat)
