"""Where in an answer a fault happens: the places, and how a sequence is divided at one.

A sequence is divided lazily: a generator yields what comes before the place and returns the rest, or None when the
sequence ended without reaching the place. A fault whose place is never reached does not happen.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from itertools import chain
from typing import Literal, TypeAlias, TypeVar

import msgspec

T = TypeVar("T")
Divided: TypeAlias = Generator[T, None, Iterator[T] | None]

PLACES: Mapping[str, tuple[str, ...]] = {
    "before": ("response", "first_token"),
    "after": ("tokens", "events", "bytes"),
    "at": ("tool_arguments", "finish", "usage", "done"),
}
"""The names that each kind of place has; only those of `after` come with a count."""


class Where(msgspec.Struct, frozen=True):
    """A place in an answer. `name` is one of `PLACES[kind]`.

    - before: the `response` (no header is sent yet); the `first_token` (of text or reasoning, or the first tool call)
    - after a `count` of at least 1: so many completion `tokens`; `events`, the answer's start being the first (frames,
      to a frame fault); `bytes` of text in UTF-8, and the rest of the token that has the last of them
    - at, which means right before: the first `tool_arguments`; the first `finish` reason; the `usage`; the end, `done`

    One event tells both usage and end: to an event fault the two are the same place.
    """

    kind: Literal["before", "after", "at"]
    name: Literal["response", "first_token", "tokens", "events", "bytes", "tool_arguments", "finish", "usage", "done"]
    count: int = 0


RESPONSE = Where("before", "response")
FIRST_TOKEN = Where("before", "first_token")


def before(items: Iterable[T], found: Callable[[T], bool]) -> Divided[T]:
    """Divide before the first item that is found."""
    rest = iter(items)
    for item in rest:
        if found(item):
            return chain((item,), rest)
        yield item
    return None


def after(
    items: Iterable[T],
    count: int,
    measure: Callable[[T], int],
    cut: Callable[[T, int], tuple[Iterable[T], Iterable[T]]],
) -> Divided[T]:
    """Divide where the items' measures have come to `count`.

    `cut(item, left)` divides the item that reaches it: what belongs before the place, and what belongs behind it.
    """
    rest = iter(items)
    for item in rest:
        measured = measure(item)
        if measured >= count:
            head, tail = cut(item, count)
            yield from head
            return chain(tail, rest)
        count -= measured
        yield item
    return None
