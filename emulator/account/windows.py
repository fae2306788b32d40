"""Sliding windows, which limit how much is admitted in any 60 seconds.

A window is half-open: what is admitted at a time counts until just before 60 seconds later. No period of 60 seconds
therefore has more than the limit.

Times are whole microseconds here. A float of Unix seconds has a precision of a quarter of a microsecond, so rounding
gives the exact time, and sums of times are exact.
"""

from bisect import bisect_left
from itertools import pairwise
from typing import Annotated, TypeAlias

from msgspec import Meta, Struct

from emulator.account.policy import Limit

_MICROSECONDS = 1_000_000
SPAN = 60 * _MICROSECONDS
"""The length of a window, in microseconds."""

_COMPACTED = 64
_FARTHEST = 2**61
Tick: TypeAlias = Annotated[int, Meta(ge=-_FARTHEST, le=_FARTHEST)]
"""A time of a `Timeline` that data can hold. A clock that is set back thousands of years repeatedly leads there."""


class Timeline(Struct, forbid_unknown_fields=True):
    """The time of a clock in whole microseconds, which never decreases.

    When the clock is set back, the timeline continues from where it was. A full window is then full for the rest of its
    minute, and not until the clock reaches the old time again.
    """

    offset: Tick = 0
    newest: Tick = 0

    def at(self, now: float) -> int:
        """Convert the time of the clock, in Unix seconds, to a tick. A later call never returns a smaller one."""
        tick = self._read(now)
        if tick >= self.newest:
            self.newest = tick
            return tick
        self.offset += self.newest - tick
        return self.newest

    @property
    def over(self) -> bool:
        """Whether a new timeline has to begin, because data cannot hold much later ticks."""
        return self.newest > _FARTHEST // 2

    def seen_at(self, now: float) -> int:
        """The tick that `at` would return, without a change."""
        return max(self._read(now), self.newest)

    def seconds_until(self, tick: int, now: float) -> float:
        """The seconds from `now` to `tick`, rounded up to whole milliseconds.

        Adding the result to `now` must not give an earlier tick; floats round, so this is tested.
        """
        wait = -((self._read(now) - tick) // 1000)
        while self._read(now + (wait - 1) / 1000) >= tick:
            wait -= 1
        while self._read(now + wait / 1000) < tick:
            wait += 1
        return wait / 1000

    def unix_second(self, tick: int) -> int:
        """The first whole Unix second of the clock that is not before `tick`."""
        return -((self.offset - tick) // _MICROSECONDS)

    def _read(self, now: float) -> int:
        return round(now * 1e6) + self.offset


class Window(Struct, forbid_unknown_fields=True):
    """At most `limit` requests or tokens in any minute.

    `ticks` and `amounts` have one entry for each microsecond in which something was admitted; entries before `first`
    are forgotten. No entry is 0, so apart from corrections there are never more entries than the limit.
    """

    limit: Limit
    used: Tick = 0
    first: int = 0
    ticks: list[Tick] = []
    amounts: list[Tick] = []

    def __post_init__(self) -> None:
        if not 0 <= self.first <= len(self.ticks) == len(self.amounts):
            raise ValueError("a window has as many amounts as ticks, and `first` is one of them or their number")
        if self.used != sum(self.amounts[self.first :]) or any(a >= b for a, b in pairwise(self.ticks)):
            raise ValueError("the ticks of a window increase, and `used` is the sum of its amounts")

    def has_room(self, amount: int) -> bool:
        """Whether an amount can be admitted now. Call `forget` first."""
        return self.used + amount <= self.limit

    def passes_at(self, tick: int, amount: int) -> int:
        """The tick at which an amount could be admitted, if nothing else is admitted before; `tick` itself if now.

        Call `forget(tick)` first. The amount must not exceed the limit.
        """
        if self.has_room(amount):
            return tick
        over = self.used + amount - self.limit
        entry = self.first
        while (over := over - self.amounts[entry]) > 0:
            entry += 1
        return self.ticks[entry] + SPAN

    def add(self, tick: int, amount: int) -> None:
        """Admit an amount that `passes_at` has accepted."""
        if amount:
            self.used += amount
            ticks = self.ticks
            if ticks and ticks[-1] == tick and self.first < len(ticks):
                self.amounts[-1] += amount
            else:
                ticks.append(tick)
                self.amounts.append(amount)

    def correct(self, tick: int, by: int) -> None:
        """Change the amount that was admitted at `tick`, unless it is forgotten."""
        ticks, amounts = self.ticks, self.amounts
        entry = bisect_left(ticks, tick, self.first)
        if entry < len(ticks) and ticks[entry] == tick:
            self.used += by
            amounts[entry] += by
            if not amounts[entry]:
                del ticks[entry], amounts[entry]

    def full_at(self, tick: int) -> int:
        """The tick at which the whole limit is free, if nothing else is admitted; `tick` itself if it is free now."""
        return self.ticks[-1] + SPAN if self.first < len(self.ticks) else tick

    @property
    def remaining(self) -> int:
        """The amount of the limit that is free; 0 if a correction has exceeded the limit."""
        return max(self.limit - self.used, 0)

    def forget(self, tick: int) -> None:
        """Forget what is at least 60 seconds old at `tick`."""
        ticks, until, first = self.ticks, tick - SPAN, self.first
        if first == len(ticks) or ticks[first] > until:
            return
        while self.first < len(ticks) and ticks[self.first] <= until:
            self.used -= self.amounts[self.first]
            self.first += 1
        if self.first > _COMPACTED and self.first * 2 > len(ticks):
            del ticks[: self.first], self.amounts[: self.first]
            self.first = 0
