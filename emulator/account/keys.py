"""Reads the API key of a request, or refuses it with a 401.

AkashML takes `Authorization: Bearer` on both surfaces, and `x-api-key` under /anthropic (docs/contract.md, auth).
"""

import hashlib
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Protocol

from emulator.core.errors import ApiError, Rejected
from emulator.core.regexes import late

PREFIX = "akml-"
"""What AkashML's API keys begin with."""
ANONYMOUS = "anonymous"
"""The namespace of requests that need no key and bring none."""
INVALID = ApiError("unauthorized", "Invalid API key.")
"""The 401 for a key that strict auth does not know."""
LOCAL, TEST = "local", "test"
"""The names in the keys that the banner of a server and the fixtures of tests use."""
MASK = "…"
"""What stands for the part of a secret that is not shown."""
_SUFFIX = re.compile(r"[\w.:@/+=~-]{0,100}", re.ASCII)
_DIGITS = 4
_LONG = 20
_RANDOM = re.compile(f"[A-Za-z0-9_]{{{_LONG},}}")
_MIXED = late("[a-z][A-Z]{2,}[a-z].*[a-z][A-Z]|[a-z][A-Z].*[a-z][A-Z]{2,}[a-z]")
"""Letters of both cases in an order that no CamelCase name has."""
_VARIETY = 10
"""Fewer different characters are no random text."""


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
    if scheme.lower() == "bearer" and (token := token.strip()):
        return token
    return headers.get("x-api-key", "").strip() if x_api_key else ""


def _unauthorized(message: str) -> Rejected:
    return Rejected(ApiError("unauthorized", message))


def fingerprint(key: str) -> str:
    """The digest that is stored instead of a key: it identifies the key without revealing it."""
    return hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def masked(key: str) -> str:
    """The masked form of a secret: its beginning, which is too little to use it.

    >>> masked("akml-0123456789abcdef"), masked("short")
    ('akml-0123…', 's…')
    """
    shown = min(len(PREFIX) + 4, len(key) // 3) if len(key) < 15 else len(PREFIX) + 4
    return f"{key[:shown]}{MASK}"


def label(key: str) -> str:
    """The label of a secret key: masked, with the beginning of its fingerprint, since many keys begin alike.

    A key of which a store knows only the label and the whole fingerprint has that label.

    >>> label("akml-alice"), label("akml-alfred")
    ('akm…3fbb', 'akm…d747')
    """
    return key.partition("#")[0] if MASK in key else masked(key) + fingerprint(key)[:_DIGITS]


class Names(Protocol):
    """Names of scenarios, of which it can be asked whether one is among them."""

    def __contains__(self, name: str, /) -> bool:
        """Whether there is a scenario of this name."""
        ...


def shown(key: str, known: Names) -> str:
    """A key as it is shown in the log and in records: whole if it is no secret, else its label.

    It is none if it says akml-<name> or akml-<name>--<anything>, and the name is that of a scenario, which `known` has,
    or one of the emulator's own. A real key of AkashML begins with akml- too, but names nothing. No key stays empty.

    >>> shown("akml-hello--test-3", {"hello"}), shown("akml-0123456789abcdef", {"hello"})
    ('akml-hello--test-3', 'akml-0123…ae5c')
    """
    if not key:
        return ""
    name, _, suffix = key.removeprefix(PREFIX).partition("--")
    named = key.startswith(PREFIX) and (name in (LOCAL, TEST) or name in known)
    return key if named and (not suffix or _SUFFIX.fullmatch(suffix)) else label(key)


@lru_cache(maxsize=256)
def looks_real(key: str) -> bool:
    """Whether a key is long and random, as those that services give out.

    >>> looks_real("akml-7Hq2ZkP0vTn4LwXc9RbE"), looks_real("akml-checkout-of-two-tenants-in-parallel")
    (True, False)
    """
    return len(key) >= _LONG and any(
        len(set(run)) >= _VARIETY and (re.search("[0-9].*[A-Za-z]|[A-Za-z].*[0-9]", run) or _MIXED.search(run))
        for run in _RANDOM.findall(key)
    )
