"""The places in an answer where a fault can happen, and the division of a sequence at a place.

A sequence is divided lazily: a generator yields what comes before the place and returns the rest, or None if the
sequence ends before the place. Then the fault does not happen.
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
"""The names of each kind of place. Those of `after` have a count."""


class Where(msgspec.Struct, frozen=True):
    """A place in an answer. `name` is one of `PLACES[kind]`.

    - before: the `response`, when no header has been sent; the `first_token` of text or reasoning, or the first tool
      call
    - after `count` (at least 1): completion `tokens`; `events`, of which the start of the answer is the first (for a
      frame fault, frames); `bytes` of text in UTF-8, up to the end of the token that contains the last of them
    - at, which is right before: the first `tool_arguments`; the first `finish` reason; the `usage`; the end, `done`

    One event has both the usage and the end, so that these are the same place for an event fault.
    """

    kind: Literal["before", "after", "at"]
    name: Literal["response", "first_token", "tokens", "events", "bytes", "tool_arguments", "finish", "usage", "done"]
    count: int = 0


RESPONSE = Where("before", "response")
FIRST_TOKEN = Where("before", "first_token")


def change_rest(divided: Divided[T], change: Callable[[Iterator[T]], Iterator[T]]) -> Iterator[T]:
    """Yield what comes before the place, and what `change` makes of the rest."""
    rest = yield from divided
    if rest is not None:
        yield from change(rest)


def before(items: Iterable[T], found: Callable[[T], bool]) -> Divided[T]:
    """Divide before the first item for which `found` is true."""
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
    """Divide where the sum of the items' measures reaches `count`.

    `cut(item, left)` cuts the item that reaches it into what is before the place and what is after it.
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
