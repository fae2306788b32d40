"""Decisions read from bytes, so that random bytes, Hypothesis and a coverage-guided fuzzer drive the same makers."""

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Choices:
    """A sequence of decisions, read from `data`; once it is used up, each decision is the first option."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def below(self, end: int) -> int:
        """A number from 0 to `end` - 1."""
        size = (max(end - 1, 1).bit_length() + 7) // 8
        taken = self._data[self._at : self._at + size]
        self._at += size
        return int.from_bytes(taken) % end

    def one(self, options: Sequence[T]) -> T:
        """One of the options."""
        return options[self.below(len(options))]

    def chance(self, of: int) -> bool:
        """True in one of `of` cases; False once the data is used up."""
        return self.below(of) == of - 1

    def bytes(self, most: int) -> bytes:
        """Up to `most` bytes as they stand in the data."""
        size = self.below(most + 1)
        taken = self._data[self._at : self._at + size]
        self._at += size
        return taken
