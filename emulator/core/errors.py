"""Errors of the API: their kinds, and the details that are sent to a client."""

from collections.abc import Mapping
from typing import Literal, NamedTuple, TypeAlias

import msgspec

ErrorKind: TypeAlias = Literal[
    "bad_request",
    "context_length_exceeded",
    "unauthorized",
    "insufficient_credits",
    "forbidden",
    "not_found",
    "model_not_found",
    "method_not_allowed",
    "too_large",
    "rate_limited",
    "queue_timeout",
    "internal",
    "unavailable",
    "no_backend",
    "no_healthy_backend",
    "overloaded",
]


class ErrorRow(NamedTuple):
    """What is fixed for a kind of error, in the order of the table in docs/contract.md."""

    status: int
    v1_type: str
    v1_code: str | None
    anthropic_type: str
    message: str
    """The message of an error that a scenario answers, if the scenario has none."""
    retryable: bool = False
    """Whether the same request may succeed later."""
    title: str | None = None
    """The reason phrase, if Python has none for the status or changes it from version to version."""
    param: str | None = None
    """The field at fault on /v1, if the error names no other."""


_INVALID = "invalid_request_error"
ERRORS: Mapping[ErrorKind, ErrorRow] = {
    "bad_request": ErrorRow(400, _INVALID, None, _INVALID, "The request is invalid."),
    "context_length_exceeded": ErrorRow(
        400,
        "BadRequestError",
        "400",
        _INVALID,
        "This model's maximum context length is exceeded. Please send fewer messages.",
        param="input_tokens",
    ),
    "unauthorized": ErrorRow(401, _INVALID, "invalid_api_key", "authentication_error", "Invalid API key."),
    "insufficient_credits": ErrorRow(
        402, "insufficient_quota", "insufficient_credits", "billing_error", "Insufficient credits"
    ),
    "forbidden": ErrorRow(
        403, "permission_error", "permission_denied", "permission_error", "This API key is not allowed to do this."
    ),
    "not_found": ErrorRow(404, _INVALID, "not_found", "not_found_error", "The requested resource was not found."),
    "model_not_found": ErrorRow(404, _INVALID, "model_not_found", "not_found_error", "The model does not exist."),
    "method_not_allowed": ErrorRow(405, _INVALID, "method_not_allowed", _INVALID, "This method is not allowed here."),
    "too_large": ErrorRow(
        413,
        _INVALID,
        "request_too_large",
        "request_too_large",
        "The request is too large.",
        title="Payload Too Large",
    ),
    "rate_limited": ErrorRow(
        429, "rate_limit_error", "rate_limit_exceeded", "rate_limit_error", "Rate limited", retryable=True
    ),
    "queue_timeout": ErrorRow(
        429,
        "rate_limit_error",
        "queue_timeout",
        "rate_limit_error",
        "All backends of the requested model are busy; the request waited too long.",
        retryable=True,
    ),
    "internal": ErrorRow(500, "server_error", None, "api_error", "Internal server error.", retryable=True),
    "unavailable": ErrorRow(
        503,
        "server_error",
        "service_unavailable",
        "overloaded_error",
        "The service is temporarily unavailable.",
        retryable=True,
    ),
    "no_backend": ErrorRow(
        504, "server_error", "no_backend_available", "api_error", "No backend available", retryable=True
    ),
    "no_healthy_backend": ErrorRow(
        529,
        "overloaded_error",
        "no_healthy_backends",
        "overloaded_error",
        "No healthy backends are available for the requested model",
        retryable=True,
        title="Overloaded",
    ),
    "overloaded": ErrorRow(
        529,
        "overloaded_error",
        "overloaded",
        "overloaded_error",
        "The service is overloaded. Please retry later.",
        retryable=True,
        title="Overloaded",
    ),
}
"""The kinds of errors (AkashML documents the statuses and messages of 402, 429, 504 and 529)."""


class ApiError(msgspec.Struct, frozen=True):
    """An error that is sent to a client. `retry_after` is in seconds; `param` names the field at fault.

    `status` overrides the kind's HTTP status, `type` and `code` override those of the table, and `flat` asks
    for the body `{"error": "...", "message": "..."}` where the surface has one. `overflow` is (prompt tokens, tokens
    requested, context length) of a request that does not fit: clients match on each surface's message for it.
    `cause` names the limit that was exceeded; it is not sent.
    """

    kind: ErrorKind
    message: str
    param: str | None = None
    code: str | None = None
    retry_after: float | None = None
    status: int | None = None
    type: str | None = None
    flat: bool | None = None
    overflow: tuple[int, int, int] | None = None
    cause: str | None = None

    @property
    def http_status(self) -> int:
        """The HTTP status of the error, for when nothing has been sent yet."""
        return self.status or ERRORS[self.kind].status


class Rejected(Exception):
    """Raised when a request is refused; carries the `ApiError` to send to the client, and additional headers."""

    def __init__(self, error: ApiError, headers: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(error.message)
        self.error = error
        self.headers = headers
