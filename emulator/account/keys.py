"""Reads the API key of a request, or refuses it with a 401.

AkashML takes `Authorization: Bearer` on both surfaces, and `x-api-key` under /anthropic (docs/contract.md, auth).
"""

from collections.abc import Mapping

from emulator.core.errors import ApiError, Rejected
from emulator.core.settings import KEY_PREFIX

PREFIX = KEY_PREFIX
ANONYMOUS = "anonymous"
"""The namespace of requests that need no key and bring none."""
INVALID = ApiError("unauthorized", "Invalid API key.")
"""The 401 for a key that strict auth does not know."""


def key_of(headers: Mapping[str, str], auth: str, *, x_api_key: bool) -> str:
    """The key of a request, which is also its namespace; empty if there is none and `auth` is open.

    Raises `Rejected` with a 401 if it is missing, or if `auth` is format and it does not look like AkashML's.
    """
    key = presented(headers, x_api_key=x_api_key)
    if auth == "open":
        return key
    if not key:
        raise _unauthorized("Missing or invalid Authorization header")
    if auth == "format" and not key.startswith(PREFIX):
        raise _unauthorized(f"Invalid token format. API keys should start with '{PREFIX}'.")
    return key


def presented(headers: Mapping[str, str], *, x_api_key: bool) -> str:
    """The key that a request presents, which may be invalid; empty if there is none."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    return headers.get("x-api-key", "").strip() if x_api_key else ""


def _unauthorized(message: str) -> Rejected:
    return Rejected(ApiError("unauthorized", message))


def masked(key: str) -> str:
    """The masked form of a key: enough of it to tell keys apart, too little to use it.

    >>> masked("akml-0123456789abcdef"), masked("short")
    ('akml-0123…', 's…')
    """
    shown = min(len(PREFIX) + 4, len(key) // 3) if len(key) < 15 else len(PREFIX) + 4
    return f"{key[:shown]}…"
