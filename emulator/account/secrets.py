"""Masks secrets: keys, cookies and tokens in headers, texts and JSON.

The record of inferences shows the beginning of each secret, so that keys can be told apart. A recording has asterisks
instead, which keeps the length.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, TypeAlias

from emulator.account.keys import MASK, masked
from emulator.core.regexes import late

Mask: TypeAlias = Callable[[str], str]

_SHORTEST = 6
_SCHEMES = frozenset({"bearer", "basic", "digest"})
_CARRIER = late(
    r"(?!.*ratelimit)"
    r"(?:.*(?:cookie|key|token|secret|passw|passphrase|pwd|jwt|session|signature|credential|[cx]srf).*"
    r"|.*auth(?!or(?!i[sz])|enticate$).*)",
    re.IGNORECASE,
)
_WRITTEN_ALIKE = late(r"[ !#-\[\]-~]+")
"""What JSON writes as it is."""
_WORD = late(r"""[^\s;,="']+""")
_ESCAPED = r"(?:\b|(?<=\\[bfnrt])|(?<=\\u[0-9a-fA-F]{4}))"
"""Where a word begins, in a text or in the JSON of one."""
_BETWEEN = r"(?:\s|\\[nrt]|%20|\+)+"
_LOOKS_SECRET = late(
    rf"{_ESCAPED}(?i:bearer){_BETWEEN}(?P<token>[\w.~+/=-]{{8,}})"
    rf"|(?P<key>(?:akml-|ac\.sk\.|{_ESCAPED}sk-)[\w.-]{{8,}}"
    rf"|{_ESCAPED}(?:eyJ[\w-]{{8,}}\.[\w-]{{8,}}\.[\w-]*|AIza[\w-]{{30,}}|(?:ghp|gsk|hf)_\w{{30,}}))",
    re.ASCII,
)
_MARKS = ("bearer", "akml-", "ac.sk.", "sk-", "eyj", "aiza", "ghp_", "gsk_", "hf_")
_BEGINNING = late(r"b(?i:earer)|B(?i:earer)|akml-|ac\.sk\.|sk-|eyJ|AIza|ghp_|gsk_|hf_")
"""What each match of the above begins with, which is found twenty times as fast."""


@lru_cache(maxsize=256)
def carries_secret(header: str) -> bool:
    """Whether a header of this name carries a secret.

    >>> [carries_secret(name) for name in ("Authorization", "x-auth", "x-ratelimit-limit-tokens", "www-authenticate")]
    [True, True, False, False]
    """
    return _CARRIER.fullmatch(header) is not None


def secrets_of(headers: Iterable[tuple[str, str]]) -> list[str]:
    """The secrets in these headers, longest first, each as it is written in a text and in JSON.

    >>> secrets_of([("authorization", "Bearer akml-123456"), ("cookie", "id=3f9a; a=hunter22"), ("accept", "*/*")])
    ['akml-123456', 'hunter22']
    """
    found = {
        form
        for name, value in headers
        if carries_secret(name)
        for secret in _secrets_in(name.lower(), value)
        if len(secret) >= _SHORTEST and secret.lower() not in _SCHEMES
        for form in _forms(secret)
    }
    return sorted(found, key=lambda secret: (-len(secret), secret))


def _secrets_in(name: str, value: str) -> Iterator[str]:
    """The values of cookies, without names and attributes; for any other header, its whole value and each word."""
    if "cookie" in name:
        pairs = value.split(";")[: 1 if name == "set-cookie" else None]
        parts = [(pair.partition("=")[2] or pair).strip() for pair in pairs]
    else:
        credentials = value.strip().partition(" ")[2] if name.endswith("authorization") else ""
        parts = [credentials.strip() or value.strip()]
    for part in parts:
        yield part
        yield from _WORD.findall(part)


def _forms(secret: str) -> set[str]:
    if _WRITTEN_ALIKE.fullmatch(secret):
        return {secret}
    return {secret, *(json.dumps(secret, ensure_ascii=ascii)[1:-1] for ascii in (True, False))}


def without(text: str, secrets: Iterable[str] = (), mask: Mask = masked) -> str:
    """Mask these secrets in a text, and anything else that looks like an API key or a bearer token.

    >>> without("key=hunter22, Authorization: Bearer abcdefghijklmnopqrstuvwxyz", ["hunter22"])
    'key=hu…, Authorization: Bearer abcdefghi…'
    """
    for secret in secrets:
        if secret in text:
            text = text.replace(secret, mask(secret))
    lowered = text.lower()
    for mark in _MARKS:
        if mark in lowered:
            return _masked(text, mask)
    return text


def _masked(text: str, mask: Mask) -> str:
    """Mask what looks like an API key or a bearer token."""
    parts: list[str] = []
    end, at = 0, _BEGINNING.search(text)
    while at is not None:
        found = _LOOKS_SECRET.match(text, at.start())
        if found is not None:
            secret = found["token"] or found["key"]
            parts += text[end : found.end() - len(secret)], mask(secret)
            end = found.end()
        at = _BEGINNING.search(text, found.end() if found is not None else at.start() + 1)
    return "".join([*parts, text[end:]])


def header_without(name: str, value: str, secrets: Iterable[str]) -> str:
    """Mask the value of a header in the same way; of a header that carries a secret, only the beginning is shown."""
    return _WORD.sub(_shortened, value) if carries_secret(name) else without(value, secrets)


def _shortened(word: re.Match[str]) -> str:
    return word[0] if word[0].lower() in _SCHEMES or MASK in word[0] else masked(word[0])


# ---------------------------------------------------------------------------------------------- as long as before


def starred(data: bytes, secrets: Iterable[str] = ()) -> bytes:
    """Replace each secret by asterisks, and keep the number of bytes.

    >>> starred(b"Incorrect API key: akml-12345", ["akml-12345"])
    b'Incorrect API key: **********'
    """
    return _starred(data.decode("utf-8", "surrogateescape"), secrets).encode("utf-8", "surrogateescape")


def starred_in(value: Any, secrets: Iterable[str] = ()) -> Any:
    """Replace each secret in the texts of a JSON value by asterisks."""
    if isinstance(value, Mapping):
        return {name: starred_in(inner, secrets) for name, inner in value.items()}
    if isinstance(value, list):
        return [starred_in(item, secrets) for item in value]
    return _starred(value, secrets) if isinstance(value, str) else value


def _starred(text: str, secrets: Iterable[str]) -> str:
    return without(text, secrets, lambda secret: "*" * len(secret.encode("utf-8", "surrogateescape")))
