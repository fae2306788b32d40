"""The budget of a schema: the steps that all work on it may take together.

Steps are counted, not timed, so the same schema is answered or refused on every machine. A step is about what testing
a value against one schema without keywords costs, a microsecond; larger pieces of work count as several.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from emulator.schema_values.errors import TooComplex
from emulator.schema_values.search import Searches

STEPS = 120_000
"""The steps for one schema: many times what the largest schemas in use need, and a fraction of a second."""

_COMPILING = 50


class Budget:
    """Counts the steps taken for a schema, whether it is checked, merged, answered or tested."""

    __slots__ = ("_read", "left", "searches")

    def __init__(self, steps: int = STEPS) -> None:
        self.left = steps
        self.searches = Searches()
        self._read: set[str] = set()

    def spend(self, steps: int = 1) -> None:
        """Count steps that are about to be taken. Raises TooComplex if there are not as many left."""
        self.left -= steps
        if self.left < 0:
            raise TooComplex

    def read(self, pattern: str) -> None:
        """Count the steps of compiling a pattern, which is done once."""
        if pattern not in self._read:
            self.spend(_COMPILING + len(pattern))
            self._read.add(pattern)

    @contextmanager
    def most(self) -> Iterator["Budget"]:
        """A budget for one attempt: two thirds of what is left. What it leaves returns to this one."""
        share = Budget(self.left * 2 // 3)
        share.searches, share._read = self.searches, self._read
        self.left -= share.left
        try:
            yield share
        finally:
            self.left += max(share.left, 0)
