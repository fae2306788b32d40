"""Errors of the API: their kinds, and the details that are sent to a client."""

from collections.abc import Mapping
from typing import Literal, TypeAlias

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
    "internal",
    "unavailable",
    "no_backend",
    "no_healthy_backend",
    "overloaded",
]

STATUS: Mapping[ErrorKind, int] = {
    "bad_request": 400,
    "context_length_exceeded": 400,
    "unauthorized": 401,
    "insufficient_credits": 402,
    "forbidden": 403,
    "not_found": 404,
    "model_not_found": 404,
    "method_not_allowed": 405,
    "too_large": 413,
    "rate_limited": 429,
    "internal": 500,
    "unavailable": 503,
    "no_backend": 504,
    "no_healthy_backend": 529,
    "overloaded": 529,
}
"""The HTTP status of every kind of error (AkashML's pages document 402, 429, 504 and 529; docs/contract.md, errors)."""


class ApiError(msgspec.Struct, frozen=True):
    """An error that is sent to a client. `retry_after` is in seconds; `param` names the field at fault.

    `status` overrides the kind's HTTP status, `type` and `code` override the dialect's table, and `flat` asks
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
        return self.status or STATUS[self.kind]


class Rejected(Exception):
    """Raised when a request is refused; carries the `ApiError` to send to the client, and additional headers."""

    def __init__(self, error: ApiError, headers: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(error.message)
        self.error = error
        self.headers = headers
