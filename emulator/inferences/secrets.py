"""Masking: what nobody may read who reads a record of inferences."""

import re
from collections.abc import Iterable, Mapping

from emulator.account.keys import masked

_SHORTEST = 6
_SECRET_HEADER = re.compile(r"(?:proxy-)?authorization|cookie|.*(?:key|token|secret|password).*", re.IGNORECASE)
_LOOKS_SECRET = re.compile(r"(?i:\bbearer\s+)(?P<token>[\w.~+/=-]{8,})|\b(?P<key>(?:akml-|ac\.sk\.|sk-)[\w.-]{8,})")
_MARKS = ("bearer", "akml-", "ac.sk.", "sk-")


def secrets_of(headers: Mapping[str, str]) -> list[str]:
    """What the headers of a request have that identifies its sender, longest first; names are in lower case."""
    found = {
        word
        for name, value in headers.items()
        if _SECRET_HEADER.fullmatch(name)
        for word in re.split(r"[\s;=,]+", value)
        if len(word) >= _SHORTEST and word.lower() not in ("bearer", "basic", "digest")
    }
    return sorted(found, key=len, reverse=True)


def without(text: str, secrets: Iterable[str]) -> str:
    """A text in which these secrets are masked, and whatever else looks like an API key or a bearer token.

    >>> without("key=hunter22, Authorization: Bearer abcdefghijklmnopqrstuvwxyz", ["hunter22"])
    'key=hu…, Authorization: Bearer abcdefghi…'
    """
    for secret in secrets:
        text = text.replace(secret, masked(secret))
    lowered = text.lower()
    if any(mark in lowered for mark in _MARKS):  # looking for these first is ten times as fast, and most have none
        return _LOOKS_SECRET.sub(_hidden, text)
    return text


def _hidden(found: re.Match[str]) -> str:
    secret = found["token"] or found["key"]
    return found[0].removesuffix(secret) + masked(secret)


def without_in(headers: Mapping[str, str], secrets: list[str]) -> dict[str, str]:
    """The headers, masked alike; of those that are there for secrets nothing is left but a beginning."""
    return {
        name: " ".join(map(_word, value.split())) if _SECRET_HEADER.fullmatch(name) else without(value, secrets)
        for name, value in headers.items()
    }


def _word(word: str) -> str:
    return word if word.lower() in ("bearer", "basic", "digest") or word.endswith("…") else masked(word)
