"""What faults draw: the chance they are given, and the distributions of a delay. All times are in seconds."""

from collections.abc import Callable
from typing import Protocol, TypeAlias

import msgspec


class Chance(Protocol):
    """A source of chance, such as `Seed.random()` gives."""

    def random(self) -> float:
        """A number from 0 to below 1."""
        ...

    def uniform(self, a: float, b: float, /) -> float:
        """A number between two."""
        ...

    def normalvariate(self, mu: float, sigma: float, /) -> float:
        """A number of a normal distribution."""
        ...

    def lognormvariate(self, mu: float, sigma: float, /) -> float:
        """A number whose logarithm is of a normal distribution."""
        ...

    def expovariate(self, lambd: float, /) -> float:
        """A number of an exponential distribution, 1 / lambd on average."""
        ...

    def randbytes(self, n: int, /) -> bytes:
        """So many bytes."""
        ...


Distribution: TypeAlias = Callable[[Chance], float]
"""How long something takes, drawn anew each time."""


class Constant(msgspec.Struct, frozen=True):
    """Always the same.

    >>> from emulator.core.seeds import Seed
    >>> Constant(0.5)(Seed.of("any").random())
    0.5
    """

    seconds: float

    def __call__(self, chance: Chance) -> float:
        """Draws one."""
        return self.seconds


class Uniform(msgspec.Struct, frozen=True):
    """Anything from `low` to `high`, all equally likely."""

    low: float
    high: float

    def __call__(self, chance: Chance) -> float:
        """Draws one."""
        return chance.uniform(self.low, self.high)


class Normal(msgspec.Struct, frozen=True):
    """Around `mean` with a standard deviation of `sd`; what would be negative is 0."""

    mean: float
    sd: float

    def __call__(self, chance: Chance) -> float:
        """Draws one."""
        return max(chance.normalvariate(self.mean, self.sd), 0.0)


class Lognormal(msgspec.Struct, frozen=True):
    """Half of them below `median`, with a long tail above it; `sigma` is of the logarithm. Latencies look like this."""

    median: float
    sigma: float

    def __call__(self, chance: Chance) -> float:
        """Draws one."""
        return self.median * chance.lognormvariate(0.0, self.sigma)


class Exponential(msgspec.Struct, frozen=True):
    """`mean` on average, as between independent arrivals."""

    mean: float

    def __call__(self, chance: Chance) -> float:
        """Draws one."""
        return self.mean * chance.expovariate(1.0)
