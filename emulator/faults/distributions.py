"""Distributions of a delay, in seconds."""

from collections.abc import Callable
from typing import TypeAlias

import msgspec

from emulator.core.seeds import Random

Distribution: TypeAlias = Callable[[Random], float]
"""Draws a delay from a source of random numbers."""


class Constant(msgspec.Struct, frozen=True):
    """Always the same delay.

    >>> from emulator.core.seeds import Seed
    >>> Constant(0.5)(Seed.of("any").random())
    0.5
    """

    seconds: float

    def __call__(self, random: Random) -> float:
        """Draw a delay."""
        return self.seconds


class Uniform(msgspec.Struct, frozen=True):
    """Every delay from `low` to `high` is equally likely."""

    low: float
    high: float

    def __call__(self, random: Random) -> float:
        """Draw a delay."""
        return random.uniform(self.low, self.high)


class Normal(msgspec.Struct, frozen=True):
    """A normal distribution with a standard deviation of `sd`; a negative delay becomes 0."""

    mean: float
    sd: float

    def __call__(self, random: Random) -> float:
        """Draw a delay."""
        return max(random.normalvariate(self.mean, self.sd), 0.0)


class Lognormal(msgspec.Struct, frozen=True):
    """A distribution with a long tail, as latencies have it; `sigma` is the standard deviation of the logarithm."""

    median: float
    sigma: float

    def __call__(self, random: Random) -> float:
        """Draw a delay."""
        return self.median * random.lognormvariate(0.0, self.sigma)


class Exponential(msgspec.Struct, frozen=True):
    """The distribution of the time between independent events."""

    mean: float

    def __call__(self, random: Random) -> float:
        """Draw a delay."""
        return self.mean * random.expovariate(1.0)
