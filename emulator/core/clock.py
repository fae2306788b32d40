"""The emulator's clock: telling the time, and waiting for a time. No other module reads the machine's clock.

Times are in Unix seconds of the emulator's own clock, which runs at a rate (1.0 is real time, 60.0 a minute a second)
or is frozen, and can be set and advanced. A wait ends when the clock reaches its time in any of these ways.

Tools that stop the time of a test, such as freezegun, replace `time.time` and `time.monotonic`. The machine's time is
therefore read with `clock_gettime`, so that an emulator in the same process goes on.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Container, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import formatdate
from functools import lru_cache, partial
from math import ceil, floor
from typing import Any, Protocol, TypeAlias

from emulator.core import units

EPOCH = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
"""The default time of a frozen clock: 2026-01-01T00:00:00Z."""
FIRST, END = -62135596800.0, 253402300799.0
"""The first and the last second of a clock, in the years 1 and 9999: a date has a year of four digits."""
FASTEST = 1_000_000
"""The highest rate of a clock."""
_UNIX = hasattr(time, "clock_gettime")
_wall_time: Callable[[], float] = partial(time.clock_gettime, time.CLOCK_REALTIME) if _UNIX else time.time
_monotonic: Callable[[], float] = partial(time.clock_gettime, time.CLOCK_MONOTONIC) if _UNIX else time.monotonic
_SETTLING_ROUNDS = 100
_JOINED = 1000
"""Steps of an advance that are only for tasks that came meanwhile: in a server that is never idle, some always come."""
_TURN = 0.002
"""Real seconds that one task works before all others have a turn."""
_PAUSE = 0.05
_LONGEST = 24 * 3600.0
"""Real seconds of the longest timer; a longer wait takes several."""
Tasks: TypeAlias = Container["asyncio.Task[Any] | None"]


class _AllTasks:
    def __contains__(self, task: object) -> bool:
        return True


ALL_TASKS: Tasks = _AllTasks()
"""All tasks, whether they have begun or not."""


def real_time() -> float:
    """The seconds of the machine's monotonic clock, which no emulated clock changes."""
    return _monotonic()


class Clock(Protocol):
    """The interface of a clock, for code that needs the time."""

    @property
    def shifted(self) -> float:
        """By how many seconds it was set so far: what is to come is due as much later, as long as it has begun."""
        ...

    def now(self) -> float:
        """The time, in Unix seconds."""
        ...

    async def sleep_until(self, deadline: float) -> None:
        """Return once `now() >= deadline`."""
        ...


class VirtualClock:
    """A clock that can be frozen, run at any rate, set and advanced.

    `start` is a time in Unix seconds; the default is the time of the machine. `rate` is in emulated seconds per real
    second; 0 is a frozen clock. A clock that reaches `END` stands still there. `changes` counts how often it was moved
    or its rate was changed, and `shifted` is by how many seconds it was set, in all. `elsewhere` waits for what these
    tasks have asked of other processes; `advance` does, too.

    >>> clock = VirtualClock(start=100.0, rate=0)
    >>> clock.now()
    100.0
    """

    def __init__(self, start: float | None = None, rate: float = 1.0) -> None:
        self._rate = _check_rate(rate)
        self._then = _monotonic()
        self._time = _check_time(_wall_time() if start is None else start)
        self.changes, self.shifted = 0, 0.0
        self.elsewhere: Callable[[Tasks], Awaitable[None]] | None = None
        self._waiters: dict[_Waiter, None] = {}

    @property
    def rate(self) -> float:
        """Emulated seconds per real second; 0 when frozen."""
        return self._rate

    def now(self) -> float:
        """Return the time, in Unix seconds."""
        if not self._rate:
            return self._time
        now = self._time + (_monotonic() - self._then) * self._rate
        return now if now < END else END

    async def sleep_until(self, deadline: float) -> None:
        """Wait until `now() >= deadline`, in Unix seconds. Returns without suspending if that is already true."""
        if self.now() >= deadline:
            return
        loop = asyncio.get_running_loop()
        waiter = _Waiter(deadline, asyncio.current_task(loop))
        self._waiters[waiter] = None
        try:
            while True:
                waiter.woken = loop.create_future()
                self._schedule(waiter, loop)
                await waiter.woken
                if self.now() >= waiter.deadline:
                    return
        finally:
            waiter.cancel_timer()
            del self._waiters[waiter]

    def run(self, rate: float | str = 1.0) -> None:
        """Run the clock at `rate` emulated seconds per real second, as a number or as in "x60".

        Raises ValueError for a rate that is negative or above `FASTEST`, and for a text that is no rate.
        """
        rate = _check_rate(units.rate.of(rate) if isinstance(rate, str) else rate)
        self._move_to(self.now())
        self._rate = rate
        self._reschedule()

    def freeze(self) -> None:
        """Stop the clock at its current time."""
        self.run(0.0)

    def set(self, moment: float | str) -> None:
        """Set the clock to `moment`, in Unix seconds or as in "2026-01-01".

        Pending waits keep their remaining duration. Raises ValueError for a text that is no moment, and for a time
        outside `FIRST` to `END`.
        """
        time = _check_time(units.moment.of(moment) if isinstance(moment, str) else moment)
        by = time - self.now()
        self.shifted += by
        self._move_to(time)
        for waiter in self._waiters:
            waiter.deadline += by
        self._reschedule()

    async def everywhere(self) -> None:
        """Return once whoever shares the clock has moved as it has; here, nobody does."""

    def snapshot(self) -> dict[str, float]:
        """Return the time, the rate, and how many seconds the clock is ahead of the machine's."""
        return {"time": self.now(), "rate": self._rate, "ahead": self.now() - _wall_time()}

    def restore(self, data: Mapping[str, float]) -> None:
        """Continue from the snapshot `data`. Raises ValueError, and changes nothing, if that is not possible.

        A clock that ran in real time catches up with the time since then; any other resumes where it stopped.
        """
        self.set(self.check(data))
        self.run(data["rate"])

    @staticmethod
    def check(data: Mapping[str, float]) -> float:
        """The time with which a clock continues from `data`, its snapshot. Raises ValueError if it cannot."""
        _check_rate(data["rate"])
        return _check_time(_wall_time() + data["ahead"] if data["rate"] == 1 else data["time"])

    async def advance(self, seconds: float | str) -> None:
        """Advance the clock by `seconds`, or as in "60s", and return once all that became due has happened, in order.

        Tasks that begin meanwhile take part, but only 1,000 steps are taken for them alone, since there may be no end
        of them: what is due for those that begin later happens with what is due next for others, or at the end.
        If the clock is set meanwhile, as many seconds remain as before; two advances at the same time overlap.

        Raises ValueError for a negative number of seconds, for a text that is no duration, and for a time after `END`.
        """
        target, shifted = self._target(seconds), self.shifted
        tasks, began, joined = ALL_TASKS, asyncio.all_tasks(), 0
        while True:
            due, end = self._next(tasks), min(target + (self.shifted - shifted), END)
            if due is None or due > end:
                break
            if tasks is ALL_TASKS:
                joined += due != self._next(began)
                tasks = ALL_TASKS if joined < _JOINED else asyncio.all_tasks()
            await self._advance_to(due, tasks)
        await self._advance_to(end, tasks)
        self._reschedule()

    def _next(self, tasks: Tasks) -> float | None:
        """When one of these tasks is due next."""
        return min((waiter.deadline for waiter in self._waiters if waiter.task in tasks), default=None)

    def _target(self, seconds: float | str) -> float:
        """Return the time after `advance`. Raises the same."""
        seconds = units.duration.of(seconds) if isinstance(seconds, str) else seconds
        if not seconds >= 0:
            raise ValueError(f"a clock cannot advance by {seconds} seconds: expected 0 or more")
        return _check_time(self.now() + seconds)

    async def _advance_to(self, moment: float, tasks: Tasks) -> None:
        """Advance to a time, and return once what these tasks have to do then has happened.

        A clock that runs is not scheduled anew.
        """
        self._move_to(max(moment, self.now()))
        await self._settle([waiter for waiter in self._waiters if waiter.deadline <= moment], tasks)

    def _move_to(self, moment: float) -> None:
        self._time, self._then = moment, _monotonic()
        self.changes += 1

    async def _settle(self, due: list["_Waiter"], tasks: Tasks) -> None:
        """Wake these waits, and yield until these tasks have finished or wait for a later time or something else.

        When one task ends, another may continue, which is noticed one round later.
        """
        at_work = [waiter.task for waiter in self._waiters if waiter.task is not None and waiter.task in tasks]
        for waiter in due:
            waiter.wake()
        settled = 0
        for _ in range(_SETTLING_ROUNDS):
            await asyncio.sleep(0)
            if self.elsewhere is not None:
                await self.elsewhere(tasks)
            waiting = {waiter.task for waiter in self._waiters if waiter.deadline > self.now()}
            settled = settled + 1 if all(task.done() or task in waiting for task in at_work) else 0
            if settled == 2:
                break

    def _reschedule(self) -> None:
        for waiter in self._waiters:
            waiter.cancel_timer()
            self._schedule(waiter, waiter.woken.get_loop())

    def _schedule(self, waiter: "_Waiter", loop: asyncio.AbstractEventLoop) -> None:
        """Let a timer wake this wait. Timers count whole milliseconds: one that ends within the millisecond is early.

        A wait that was woken early would need another timer, or ask for the time again and again.
        """
        if self._rate and waiter.deadline <= END:
            now = _monotonic()
            due = min(self._then + (waiter.deadline - self._time) / self._rate, now + _LONGEST)
            waiter.timer = loop.call_later(max(ceil(due * 1000) - floor(now * 1000), 0) / 1000, waiter.wake)


class _Waiter:
    """A task that waits for a time."""

    __slots__ = ("deadline", "task", "timer", "woken")

    woken: asyncio.Future[None]

    def __init__(self, deadline: float, task: asyncio.Task[Any] | None) -> None:
        self.deadline = deadline
        self.task = task
        self.timer: asyncio.TimerHandle | None = None

    def wake(self) -> None:
        if not self.woken.done():
            self.woken.set_result(None)

    def cancel_timer(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None


def _check_rate(rate: float) -> float:
    if not 0 <= rate <= FASTEST:
        most = f"0 (frozen) to {FASTEST}" if rate > 0 else "0 (frozen) or more"
        raise ValueError(f"a clock cannot run at a rate of {rate}: expected {most}")
    return rate


def _check_time(time: float) -> float:
    if not FIRST <= time < END + 1:
        raise ValueError(f"a clock cannot be set to {time}: expected Unix seconds from {FIRST:.0f} to {END:.0f}")
    return time


class Turns:
    """The turns of a task that works for long, in which no other task can run.

    A task asks for `over` after each small part of its work. `end` lets all other tasks run.
    """

    __slots__ = ("_until",)

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Begin a turn: the task has waited, so all others have had theirs."""
        self._until = _monotonic() + _TURN

    @property
    def over(self) -> bool:
        """Whether the task has worked for so long that others should run."""
        return _monotonic() >= self._until

    async def end(self) -> None:
        """Let all other tasks run, and begin the next turn."""
        await asyncio.sleep(0)
        self.begin()


def make_clock(
    rate: float = 1.0, start: float | None = None, kind: Callable[[float | None, float], VirtualClock] = VirtualClock
) -> VirtualClock:
    """Return a clock. Without a start, a frozen clock is set to `EPOCH`, and any other to the machine's time."""
    return kind(EPOCH if start is None and not rate else start, rate)


def patience(seconds: float) -> Iterator[float]:
    """Yield the real seconds that are left, at short intervals, until none are left; at least once."""
    until = _monotonic() + seconds
    while True:
        yield until - _monotonic()
        if _monotonic() >= until:
            return
        time.sleep(_PAUSE)


@lru_cache(maxsize=64)
def http_date(moment: int) -> bytes:
    """Format a time for the Date header (RFC 9110, section 5.6.7).

    >>> http_date(0)
    b'Thu, 01 Jan 1970 00:00:00 GMT'
    """
    return formatdate(moment, usegmt=True).encode()


def moment(time: float) -> datetime:
    """Convert a time to a datetime in UTC."""
    return datetime.fromtimestamp(time, UTC)


def iso(moment: float) -> str:
    """Format a time in UTC as in RFC 3339.

    >>> iso(EPOCH)
    '2026-01-01T00:00:00Z'
    """
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
