"""Lookups as data: whether they hold, and by what an index can tell that of many at once."""

from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias

import msgspec

from emulator.scenario.subject import FoldedText

Texts: TypeAlias = tuple[FoldedText, ...]
Groups: TypeAlias = Callable[[Any], Mapping[str, str]]


class WordComparison(msgspec.Struct, frozen=True):
    """Whether a text equals or contains one of some words. They are case-folded, unless `case` counts."""

    how: Literal["equals", "contains"]
    words: tuple[str, ...]
    case: bool


class ValueComparison(msgspec.Struct, frozen=True):
    """Whether the `value_key` of a JSON value is one of some keys."""

    keys: tuple[Any, ...]
    case: bool


class Lookup(msgspec.Struct, frozen=True):
    """A comparison: whether it holds for a value, and what it expects, in words.

    `groups` returns the named groups of its regular expression, `names` lists them. `needed` is a text without which it
    does not hold. `words` are the texts of `equals` or `one_of`, or the glob. `alone` is the only comparison
    of a lookup that consists of one.
    """

    holds: Callable[[Any], bool]
    expected: str
    cost: int = 0
    names: tuple[str, ...] = ()
    groups: Groups | None = None
    words: tuple[str, ...] = ()
    alone: WordComparison | ValueComparison | None = None
    needed: str = ""


def value_key(value: Any, *, case: bool) -> Any:
    """What equal JSON values have in common. Lists and mappings have no key of their own."""
    if isinstance(value, str):
        return value if case else value.casefold()
    if isinstance(value, list | Mapping):
        return list
    return (value,) if isinstance(value, bool) else value
