"""Who is asking: the API key of a request, or the 401 that it gets instead.

AkashML takes `Authorization: Bearer` on both surfaces, and `x-api-key` under /anthropic (docs/contract.md, auth).
"""

from collections.abc import Callable, Mapping

from emulator.core.settings import Settings
from emulator.core.vocabulary import ApiError, Rejected

PREFIX = "akml-"
ANONYMOUS = "anonymous"
"""The namespace of those who need no key."""


def authenticate(
    headers: Mapping[str, str], settings: Settings, managed: Callable[[str], bool], *, x_api_key: bool
) -> str:
    """The key of a request, which is its namespace. Raises `Rejected` with a 401 for a missing or unknown one.

    `managed` tells whether a key was made here; what has become of it is for the registry to say.
    """
    key = presented(headers, x_api_key=x_api_key)
    if settings.auth == "open":
        return key or ANONYMOUS
    if not key:
        raise _unauthorized("Missing or invalid Authorization header")
    if settings.auth == "strict":
        if key not in settings.keys and not managed(key):
            raise _unauthorized("Invalid API key.")
    elif not key.startswith(PREFIX):
        raise _unauthorized(f"Invalid token format. API keys should start with '{PREFIX}'.")
    return key


def presented(headers: Mapping[str, str], *, x_api_key: bool) -> str:
    """The key that a request brings, whatever it is worth; empty without one."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    return headers.get("x-api-key", "").strip() if x_api_key else ""


def _unauthorized(message: str) -> Rejected:
    return Rejected(ApiError("unauthorized", message))


def masked(key: str) -> str:
    """A key as it may be shown: enough to tell keys apart, too little to use one.

    >>> masked("akml-0123456789abcdef"), masked("short")
    ('akml-0123…', 's…')
    """
    shown = min(len(PREFIX) + 4, len(key) // 3) if len(key) < 15 else len(PREFIX) + 4
    return f"{key[:shown]}…"
