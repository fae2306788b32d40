"""What the tables of phrases have in common."""

import re
from functools import lru_cache

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


def table(*rows: tuple[str, str]) -> tuple[tuple[re.Pattern[str], str], ...]:
    """A table of what phrases mean. Letters match in both cases."""
    return tuple((re.compile(pattern, re.IGNORECASE), meaning) for pattern, meaning in rows)


def meaning(rows: tuple[tuple[re.Pattern[str], str], ...], text: str) -> str:
    """What the first phrase of a table that stands in a text means; empty if none does."""
    return next((meaning for pattern, meaning in rows if pattern.search(text)), "")
