"""Counts the tokens of a text by its words, since most words come again.

The tokenizer's chunks (see `tokens`) never have a space behind a visible character: there a new chunk begins. So a text
can be cut before each such space, and has as many tokens as its parts together.
"""

import re
from collections.abc import Iterator

from emulator.core.tokens import measure

_CUT = re.compile(r"(?<=\S) ")
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
    while (cut := _CUT.search(text, start + _PASSAGE)) is not None:
        yield text[start : cut.start()]
        start = cut.start()
    yield text[start:]


def _count(text: str) -> int:
    words = text.split()
    if " ".join(words) != text:  # it has white space other than one space between two words
        words = _CUT.split(text)
    return _FIRST[words[0]] + sum(map(_FOLLOWING.__getitem__, words[1:])) if words else 0


class _Sizes(dict[str, int]):
    """The tokens of words with the text `lead` before them. Those of short words are remembered."""

    def __init__(self, lead: str) -> None:
        super().__init__()
        self._lead = lead

    def __missing__(self, word: str) -> int:
        if word.isascii() and word.isdigit():  # each token has three digits
            return len(self._lead) + (len(word) + 2) // 3
        size = measure(self._lead + word)
        if len(word) <= _LONGEST:
            if len(self) >= _REMEMBERED:
                self.clear()
            self[word] = size
        return size


_FIRST, _FOLLOWING = _Sizes(""), _Sizes(" ")
