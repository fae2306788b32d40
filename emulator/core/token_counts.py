"""Counts the tokens of a text by its words, since most words come again.

The tokenizer's chunks (see `tokens`) never have a space behind a visible character: there a new chunk begins. So a text
can be cut before each such space, and has as many tokens as its parts together.
"""

import re
from collections.abc import Iterator

from emulator.core.chunks import CUT
from emulator.core.tokens import measure

_NUMBER = re.compile(r"(?<![\s0-9])([0-9]+)")
"""Digits, which have chunks of their own, of up to three digits. White space before them can be one chunk less."""
_COUNTED = 1 << 22
_PASSAGE = 1 << 13
_LONGEST = 32
_REMEMBERED = 1 << 14


def count(text: str) -> int:
    """Count the tokens of a text: the length of its `split`.

    Of a text of more than 4 Mi characters, which no model takes, only the beginning is counted, and the rest in
    proportion.
    """
    if len(text) <= _PASSAGE:
        return _count(text)
    if len(text) > _COUNTED:
        return count(text[:_COUNTED]) * len(text) // _COUNTED
    return sum(map(_count, _passages(text)))


def _passages(text: str) -> Iterator[str]:
    """Cut a long text into passages, so that it is never held as a list of all its words."""
    start = 0
    while (cut := CUT.search(text, start + _PASSAGE)) is not None:
        yield text[start : cut.start()]
        start = cut.start()
    yield text[start:]


def _count(text: str) -> int:
    words = text.split()
    if " ".join(words) != text:  # it has white space other than one space between two words
        words = CUT.split(text)
    return _FIRST[words[0]] + sum(map(_FOLLOWING.__getitem__, words[1:])) if words else 0


class _Sizes(dict[str, int]):
    """The tokens of words with the text `lead` before them. Those of short words are remembered."""

    def __init__(self, lead: str) -> None:
        super().__init__()
        self._lead = lead

    def __missing__(self, word: str) -> int:
        if len(word) > _LONGEST:
            return measure(self._lead + word)
        first, *rest = _NUMBER.split(word)
        if rest:  # numbers are new in many prompts, what stands around them is not
            numbers = sum([(len(number) + 2) // 3 for number in rest[::2]])
            return (self[first] if first else len(self._lead)) + numbers + sum(map(_FIRST.__getitem__, rest[1::2]))
        if len(self) >= _REMEMBERED:
            self.clear()
        size = self[word] = measure(self._lead + word)
        return size


_FIRST, _FOLLOWING = _Sizes(""), _Sizes(" ")
