"""Sliding windows of a minute: how much was admitted in the last 60 seconds, and when there is room again.

A window is half-open: what was admitted at a time counts until 60 seconds later, and no longer at that very moment.
So no 60 seconds, wherever they begin, see more than the limit.

Times are whole microseconds here. A float of Unix seconds is good to a quarter of one, so rounding gives back exactly
the time that was meant, and sums of times stay exact.
"""

from bisect import bisect_left

from msgspec import Struct

_MICROSECONDS = 1_000_000
SPAN = 60 * _MICROSECONDS
"""The length of a window, in microseconds."""

_COMPACTED = 64


class Timeline(Struct):
    """A clock's time in whole microseconds, which never goes back.

    When the clock is set back, the timeline goes on from where it was: a window that was full is full for what was
    left of its minute, not until the old date comes again.
    """

    offset: int = 0
    newest: int = 0

    def at(self, now: float) -> int:
        """The microsecond of a clock's time, in Unix seconds; no later call gives a smaller one."""
        tick = self._read(now)
        if tick >= self.newest:
            self.newest = tick
            return tick
        self.offset += self.newest - tick
        return self.newest

    def seconds_until(self, tick: int, now: float) -> float:
        """The smallest whole number of milliseconds, in seconds, that added to `now` is not before `tick`.

        The sum of two floats is rounded as well, so the milliseconds are tried out.
        """
        wait = -((self._read(now) - tick) // 1000)
        while self._read(now + (wait - 1) / 1000) >= tick:
            wait -= 1
        while self._read(now + wait / 1000) < tick:
            wait += 1
        return wait / 1000

    def unix_second(self, tick: int) -> int:
        """The first whole Unix second, by the clock as it stands now, that is not before `tick`."""
        return -((self.offset - tick) // _MICROSECONDS)

    def _read(self, now: float) -> int:
        return round(now * 1e6) + self.offset


class Window(Struct):
    """At most `limit` requests or tokens in any minute.

    What is admitted in the same microsecond is one entry of `ticks` and `amounts`, those before `first` are forgotten,
    and no entry is 0: there are never more entries than the limit, corrections apart.
    """

    limit: int
    used: int = 0
    first: int = 0
    ticks: list[int] = []
    amounts: list[int] = []

    def has_room(self, amount: int) -> bool:
        """Whether an amount passes at once. What is too old has to be forgotten before."""
        return self.used + amount <= self.limit

    def passes_at(self, tick: int, amount: int) -> int:
        """When an amount within the limit would pass, if nothing else did until then: `tick` when it does now.

        What is too old at `tick` has to be forgotten before.
        """
        if self.has_room(amount):
            return tick
        over = self.used + amount - self.limit
        entry = self.first
        while (over := over - self.amounts[entry]) > 0:
            entry += 1
        return self.ticks[entry] + SPAN

    def add(self, tick: int, amount: int) -> None:
        """Admit an amount, which `passes_at` said passes."""
        if amount:
            self.used += amount
            if self.first < len(self.ticks) and self.ticks[-1] == tick:
                self.amounts[-1] += amount
            else:
                self.ticks.append(tick)
                self.amounts.append(amount)

    def correct(self, tick: int, by: int) -> None:
        """Change what was admitted at `tick`; what is forgotten stays as it is."""
        entry = bisect_left(self.ticks, tick, self.first)
        if entry < len(self.ticks) and self.ticks[entry] == tick:
            self.used += by
            self.amounts[entry] += by
            if not self.amounts[entry]:
                del self.ticks[entry], self.amounts[entry]

    def full_at(self, tick: int) -> int:
        """When all of the limit is free again, if nothing else is admitted: `tick` when it is already."""
        return self.ticks[-1] + SPAN if self.first < len(self.ticks) else tick

    @property
    def remaining(self) -> int:
        """How much of the limit is free; 0 as well when a correction went beyond it."""
        return max(self.limit - self.used, 0)

    def forget(self, tick: int) -> None:
        """Let what is 60 seconds old at `tick` count no longer."""
        ticks, until = self.ticks, tick - SPAN
        while self.first < len(ticks) and ticks[self.first] <= until:
            self.used -= self.amounts[self.first]
            self.first += 1
        if self.first > _COMPACTED and self.first * 2 > len(ticks):
            del ticks[: self.first], self.amounts[: self.first]
            self.first = 0
