"""What the tables of phrases have in common."""

import re
from functools import lru_cache
from typing import Generic, TypeVar

M = TypeVar("M")

LONGEST = 600
"""Characters of a description that are read."""
_TOKENS = re.compile(r"[a-z0-9]+|[#@%°]")
QUOTE = r"[\"'`“”‘’]"
COUNTS = {
    "zero": 0,
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "eleven": 11,
    "twelve": 12,
    "a single": 1,
    "a couple of": 2,
    "a pair of": 2,
    "a few": 3,
}


def one_of(words: str) -> frozenset[str]:
    """The words of a text, as a set to look them up in."""
    return frozenset(words.split())


@lru_cache(maxsize=512)
def plain(note: str) -> str:
    """The part of a description that is read, with single spaces."""
    return " ".join(note[:LONGEST].split())


@lru_cache(maxsize=512)
def lowered(note: str) -> str:
    """The part of a description that is read, in lower case."""
    return plain(note).lower()


@lru_cache(maxsize=512)
def tokens(note: str) -> frozenset[str]:
    """The words of the part of a description that is read, in lower case, and some signs."""
    return frozenset(_TOKENS.findall(lowered(note)))


class Table(Generic[M]):
    """What phrases mean. Each row has words of which one stands in the phrase, an expression, and the meaning.

    Expressions are for texts in lower case. The words are looked for first, which is sooner done.
    """

    def __init__(self, *rows: tuple[str, str, M]) -> None:
        self._rows = [(frozenset(words.split()), re.compile(pattern), meaning) for words, pattern, meaning in rows]
        self._words = frozenset(word for words, _, _ in self._rows for word in words)

    def meaning(self, note: str) -> M | None:
        """What the first phrase of the table that stands in a description means."""
        if not (known := self._words & tokens(note)):
            return None
        text = lowered(note)
        rows = (row for row in self._rows if not row[0].isdisjoint(known))
        return next((meaning for _, pattern, meaning in rows if pattern.search(text)), None)
