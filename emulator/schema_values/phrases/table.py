"""What the tables of phrases have in common."""

import re
from functools import lru_cache
from typing import TypeAlias, TypeVar

M = TypeVar("M")

LONGEST = 600
"""Characters of a description that are read."""
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
    "a few": 3,
}


@lru_cache(maxsize=4096)
def plain(note: str) -> str:
    """The part of a description that is read, with single spaces."""
    return " ".join(note[:LONGEST].split())


@lru_cache(maxsize=4096)
def lowered(note: str) -> str:
    """The part of a description that is read, in lower case."""
    return plain(note).lower()


Rows: TypeAlias = tuple[tuple[tuple[str, ...], re.Pattern[str], M], ...]


def table(*rows: tuple[str, str, M]) -> Rows[M]:
    """A table of what phrases mean: words of which one stands in each phrase, an expression, and the meaning.

    Expressions are for texts in lower case. The words are looked for first, which is sooner done.
    """
    return tuple((tuple(words.split()), re.compile(pattern), meaning) for words, pattern, meaning in rows)


def meaning(rows: Rows[M], text: str) -> M | None:
    """What the first phrase of a table that stands in a text in lower case means."""
    for words, pattern, meant in rows:
        for word in words:
            if word in text:
                if pattern.search(text):
                    return meant
                break
    return None
