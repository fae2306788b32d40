"""The headers of an answer, in the form that ASGI requires."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TypeAlias

from emulator.core.clock import http_date

Headers: TypeAlias = list[tuple[bytes, bytes]]

JSON = (b"content-type", b"application/json")


def answer_headers(usual: Headers, ids: Headers, now: float, own: Sequence[tuple[str, str]] = ()) -> Headers:
    """The default headers, the date and the ids. `own` headers replace those of the same name."""
    headers = [*usual, (b"date", http_date(int(now))), *ids]
    if not own:
        return headers
    given = encoded(own)
    replaced = dict(given)
    if replaced.keys().isdisjoint(dict(headers)):
        return headers + given
    return [header for header in headers if header[0] not in replaced] + given


def encoded(headers: Iterable[tuple[str, str]]) -> Headers:
    """Headers as bytes, names in lower case."""
    return [(_name(name), value.encode("latin-1")) for name, value in headers]


@lru_cache(maxsize=64)
def _name(name: str) -> bytes:
    return name.lower().encode("latin-1")
