"""The clock: time can stand still, run at any rate, be set and be moved, and whoever waits is woken in order."""

import asyncio
from typing import Any

import pytest
import uvloop

from emulator import VirtualClock
from emulator.core.clock import END, EPOCH, iso


def frozen(at: float = 100.0) -> VirtualClock:
    return VirtualClock(at, rate=0)


def test_a_frozen_clock_stands_still() -> None:
    """Its time changes only when it is moved."""
    clock = frozen()
    assert [clock.now(), clock.now()] == [100.0, 100.0]


def test_advance_wakes_sleepers_in_order_of_their_deadlines() -> None:
    """Everything due on the way has happened, in its order, when advance returns."""

    async def story() -> list[tuple[str, float]]:
        clock, woken = frozen(), []

        async def sleep(name: str, until: float) -> None:
            await clock.sleep_until(until)
            woken.append((name, clock.now()))

        tasks = [asyncio.create_task(sleep(name, at)) for name, at in (("late", 103), ("early", 101), ("never", 200))]
        await asyncio.sleep(0)
        await clock.advance(10)
        tasks[2].cancel()
        return [*woken, ("now", clock.now())]

    assert asyncio.run(story()) == [("early", 101.0), ("late", 103.0), ("now", 110.0)]


def test_advance_follows_one_who_sleeps_again_and_again() -> None:
    """A task that sleeps step by step is carried through all steps that fall due."""

    async def story() -> list[float]:
        clock, times = frozen(), []

        async def tick() -> None:
            for at in range(101, 106):
                await clock.sleep_until(at)
                times.append(clock.now())

        task = asyncio.create_task(tick())
        await asyncio.sleep(0)
        await clock.advance(600)
        assert task.done()
        return times

    assert asyncio.run(story()) == [101.0, 102.0, 103.0, 104.0, 105.0]


def test_an_advance_ends_however_many_tasks_begin_meanwhile() -> None:
    """Those that were there are carried through every step in its time; of those that come all is over by the end."""

    async def story() -> tuple[list[float], int]:
        clock, times, begun = frozen(), list[float](), set[asyncio.Task[None]]()

        async def tick() -> None:
            for at in range(110, 710, 2):
                await clock.sleep_until(at)
                times.append(clock.now())

        async def link() -> None:
            await clock.sleep_until(clock.now() + 0.01)
            begun.add(asyncio.create_task(link()))

        begun.update(asyncio.create_task(each) for each in (tick(), link(), link()))
        await asyncio.sleep(0)
        await clock.advance(3600)
        assert clock.now() == 3700
        begun_by_then = len(begun)
        await clock.advance(0.02)
        assert len(begun) > begun_by_then  # nobody waits for a time that has passed
        for task in begun:
            task.cancel()
        return times, begun_by_then

    times, begun = asyncio.run(story())
    assert times == [*range(110, 710, 2)]
    assert begun < 5000


def test_a_deadline_that_has_passed_does_not_wait() -> None:
    """Sleeping until now or before returns at once, on a frozen clock too."""
    clock = frozen()
    asyncio.run(clock.sleep_until(100.0))
    asyncio.run(clock.sleep_until(0.0))


def test_set_moves_the_time_and_leaves_the_waiting_as_long() -> None:
    """Who waits for three more seconds still waits for three, whatever the date has become."""

    async def story() -> tuple[bool, bool]:
        clock = frozen()
        task = asyncio.create_task(clock.sleep_until(103.0))
        await asyncio.sleep(0)
        clock.set(EPOCH)
        await clock.advance(2.9)
        before = task.done()
        await clock.advance(0.2)
        return before, task.done()

    assert asyncio.run(story()) == (False, True)


def test_running_again_wakes_who_waited_while_frozen() -> None:
    """A clock that is let run reaches the deadlines by itself; a thousandfold rate gets there soon."""

    async def story() -> float:
        clock = frozen()
        task = asyncio.create_task(clock.sleep_until(101.0))
        await asyncio.sleep(0)
        clock.run(1000.0)
        await asyncio.wait_for(task, 10)
        return clock.now()

    assert asyncio.run(story()) >= 101.0


@pytest.mark.parametrize("loop", [asyncio.SelectorEventLoop, uvloop.Loop])
def test_a_wait_sets_one_timer(loop: type[asyncio.AbstractEventLoop]) -> None:
    """No timer ends before the time has come, whatever part of a millisecond is left, so none is set again."""
    timers = []

    class Counting(loop):  # type: ignore[misc,valid-type] # the class is a parameter
        def call_later(self, delay: float, *args: Any, **named: Any) -> Any:
            timers.append(delay)
            return super().call_later(delay, *args, **named)

    async def story() -> None:
        clock = VirtualClock(100.0, rate=1000)
        for wait in range(40):
            deadline = clock.now() + 0.05 + wait / 17
            await clock.sleep_until(deadline)
            assert clock.now() >= deadline

    with asyncio.Runner(loop_factory=Counting) as runner:
        runner.run(story())
    assert len(timers) == 40


def test_a_wait_that_no_timer_can_count_is_a_wait() -> None:
    """A clock so slow that centuries pass before a deadline waits like any other."""

    async def story() -> bool:
        clock = VirtualClock(100.0, rate=5e-324)
        task = asyncio.create_task(clock.sleep_until(101.0))
        await asyncio.sleep(0)
        await clock.advance(1)
        return task.done()

    assert asyncio.run(story())


def test_freezing_keeps_the_time_that_it_is() -> None:
    """A clock that ran and is frozen stands at the moment of freezing."""
    clock = VirtualClock(100.0)
    clock.freeze()
    assert clock.now() == clock.now() >= 100.0
    assert clock.rate == 0


def test_a_cancelled_sleeper_is_forgotten() -> None:
    """One who stops waiting does not hold up the clock."""

    async def story() -> float:
        clock = frozen()
        task = asyncio.create_task(clock.sleep_until(101.0))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await clock.advance(5)
        return clock.now()

    assert asyncio.run(story()) == 105.0


@pytest.mark.parametrize("move", [lambda clock: clock.run(-1), lambda clock: asyncio.run(clock.advance(-1))])
def test_time_does_not_go_backwards(move: object) -> None:
    """A negative rate or step is refused with a word about what was expected."""
    with pytest.raises(ValueError, match="expected 0"):
        move(frozen())  # type: ignore[operator] # a table of callables


def test_iso_is_rfc_3339_in_utc() -> None:
    """The frozen clock's default stands at the beginning of 2026."""
    assert iso(EPOCH) == "2026-01-01T00:00:00Z"


def test_a_clock_is_moved_in_the_units_of_scenarios() -> None:
    """A duration, a rate and a moment may be texts, as everywhere else; other texts are refused."""
    clock = frozen()
    clock.set("2026-01-01")
    asyncio.run(clock.advance("1m30s"))
    asyncio.run(clock.advance("30"))
    assert clock.now() == EPOCH + 120
    clock.run("x60")
    assert clock.rate == 60
    with pytest.raises(ValueError, match="expected a rate"):
        clock.run("fast")
    with pytest.raises(ValueError, match="expected a moment"):
        clock.set("soon")
    with pytest.raises(ValueError, match="expected a duration"):
        asyncio.run(clock.advance("a while"))
    assert clock.rate == 60


@pytest.mark.parametrize("to", [-1e6, 40.0, 1e6, END - 1])
def test_an_advance_in_which_the_clock_is_set_takes_as_long(to: float) -> None:
    """Whoever sets it, to an earlier or a later time: what is due then happens, and the clock ends as much later."""

    async def story() -> None:
        clock, woken = VirtualClock(100.0, rate=0), list[float]()

        async def wait(seconds: float) -> None:
            await clock.sleep_until(100.0 + seconds)
            woken.append(seconds)
            if seconds == 4:
                clock.set(to)

        waits = [asyncio.create_task(wait(seconds)) for seconds in (2, 4, 6, 9, 11)]
        await asyncio.sleep(0)
        await clock.advance(10)
        assert clock.now() == min(to + 6, END)
        assert woken == ([2, 4] if to > END - 2 else [2, 4, 6, 9])
        for each in waits:
            each.cancel()

    asyncio.run(story())
