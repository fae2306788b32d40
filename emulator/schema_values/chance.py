"""What the generator asks of a source of chance."""

from collections.abc import MutableSequence, Sequence
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class Chance(Protocol):
    """The part of `random.Random` that is used here; `Seed.random()` gives one."""

    def random(self) -> float:
        """A number in [0, 1)."""
        ...

    def randint(self, a: int, b: int) -> int:
        """A whole number from a to b, both included."""
        ...

    def choice(self, seq: Sequence[T]) -> T:
        """One of these."""
        ...

    def choices(self, population: Sequence[T], *, k: int) -> list[T]:
        """`k` of these, each drawn from all of them."""
        ...

    def shuffle(self, x: MutableSequence[Any]) -> None:
        """Put these in another order."""
        ...
