"""What the templates of an answer may do: the budget of steps that they pay from, and the size of values in steps."""

from collections.abc import Mapping, Set, ValuesView
from typing import Any

MAX_CHARACTERS = 1 << 20
"""The length of the longest text that a template makes."""
MAX_STEPS = 50_000
"""The steps that the templates of an answer may take together; `prices` tells what takes how many."""


_CONTAINERS = (list, tuple, dict, range, Mapping, Set, ValuesView)


class LimitExceeded(Exception):
    """A template did more, or made more, than a template may."""


def exhausted() -> LimitExceeded:
    """The exception for templates that need too many steps."""
    return LimitExceeded(
        f"more than {MAX_STEPS:,} steps: its loops are too long, or the texts and lists in it too large"
    )


class Budget:
    """The steps that are left for the templates of one answer."""

    left = MAX_STEPS

    def spend(self, steps: int) -> None:
        """Take steps. Raises LimitExceeded if there are not so many left."""
        self.left -= steps
        if self.left < 0:
            raise exhausted()


def check_length(length: int) -> None:
    """Raise LimitExceeded for a text that is too long."""
    if length > MAX_CHARACTERS:
        raise LimitExceeded(f"more than {MAX_CHARACTERS:,} characters")


def steps(left: int, characters: int, *values: Any) -> int:
    """The steps for values and all that they contain: one for each value, and one for so many characters.

    What a value contains twice counts twice: it is compared and written twice. Raises LimitExceeded if there are more
    steps than are left.
    """
    count, length, stack = 0, 0, list(values)
    while stack:
        value = stack.pop()
        if isinstance(value, str):
            length += len(value)
        elif isinstance(value, _CONTAINERS):
            count += len(value)
            if count + length // characters > left:
                break
            if not isinstance(value, range):
                stack += value
                if isinstance(value, Mapping):
                    stack += value.values()
        elif type(value) is int:
            length += value.bit_length()
    if count + length // characters > left:
        raise exhausted()
    return count + length // characters
