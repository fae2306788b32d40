"""A clock that several workers share: whoever moves it, all others follow."""

import asyncio
import math
from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from emulator.core.clock import VirtualClock
from emulator.core.seeds import Seed
from emulator.store.redis.scripts import CLOCK

_SLIGHT = 0.05
"""Emulated seconds for which a running clock is not set anew."""
_STEP = 3.0
"""Seconds until a worker that does not tell of a step is taken for gone."""


class _Place(msgspec.Struct):
    """Where the clock is: its time and rate, and the seconds since then on Redis's own clock."""

    time: float
    rate: float
    since: float = 0.0


class _Stepped(msgspec.Struct):
    """What a worker tells of a step: when it is next due, and whether anything has happened in it."""

    id: str
    worker: str
    next: float | None
    busy: bool


class Others(Protocol):
    """What the clock needs of the store."""

    async def tell(self, message: str) -> None:
        """Tell all workers, this one included."""
        ...

    async def alive(self) -> set[str]:
        """The workers that are alive, this one included."""
        ...

    async def run(self, script: Any, keys: list[str], *arguments: Any) -> Any:
        """Run a script."""
        ...


class SharedClock(VirtualClock):
    """The clock of a worker. `join` is called before the server starts.

    A clock that is set, frozen or run here tells the others. `advance` moves all of them from one due time to the next,
    and waits at each until all workers have come to rest.
    """

    _others: Others | None = None

    def join(self, others: Others, name: str, worker: Callable[[], str], turns: Callable[[], int]) -> None:
        """Share the time with the other workers.

        It is stored under `name`; `worker` returns the id of this one, and `turns` how many turns it has taken.
        """
        self._others = others
        self._name = name
        self._worker = worker
        self._turns = turns
        self._known = 0
        self._telling: set[asyncio.Task[None]] = set()
        self._stepping: dict[str, dict[str, _Stepped]] = {}
        self._stepped = asyncio.Event()

    # ------------------------------------------------------------------------------------------ moving

    def run(self, rate: float | str = 1.0) -> None:
        """Run the clocks of all workers at this rate."""
        super().run(rate)
        self._tell()

    def set(self, moment: float | str) -> None:
        """Set the clocks of all workers."""
        super().set(moment)
        self._tell()

    def _tell(self) -> None:
        """Tell the others where the clock is. Before the server starts, nobody has to know."""
        if self._others is None:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        task = loop.create_task(self._told())
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def _told(self) -> None:
        place = msgspec.json.encode(_Place(self.now(), self.rate)).decode()
        if self._others is not None:
            await self._others.run(CLOCK, [self._name], self.now(), self.rate, "1")
            await self._others.tell(f"clock {self._worker()} {place}")

    def follow(self, message: bytes) -> None:
        """Move as another worker says."""
        worker, _, data = message.partition(b" ")
        if worker.decode() != self._worker():
            self._go(msgspec.json.decode(data, type=_Place))

    async def meet(self) -> None:
        """Go to where the clocks of the others are, if there are others."""
        if self._others is not None:
            time, rate, since = await self._others.run(CLOCK, [self._name], self.now(), self.rate, "")
            self._go(_Place(float(time), float(rate), float(since)))

    def _go(self, place: _Place) -> None:
        time = place.time + place.since * place.rate
        if place.rate != self.rate or abs(time - self.now()) > (_SLIGHT if place.rate else 0):
            super().set(time)
            super().run(place.rate)

    # ------------------------------------------------------------------------------------------ advancing

    async def advance(self, seconds: float | str) -> None:
        """Advance the clocks of all workers, and return once all that became due has happened in each of them."""
        others = self._others
        if others is None:
            return await super().advance(seconds)
        target, moment = self._target(seconds), self.now()
        while True:
            told = await self._all_step(others, moment)
            if not any(each.busy for each in told):
                due = min((each.next for each in told if each.next is not None), default=math.inf)
                if moment >= target < due:
                    break
                moment = min(due, target)
        await self._told()
        return None

    async def _all_step(self, others: Others, moment: float) -> list[_Stepped]:
        """Move the clocks of all workers to a time, and return what they tell of it."""
        id = Seed.unpredictable().hex(16)
        told = self._stepping[id] = {}
        alive = await others.alive()
        await others.tell(f"step {id} {moment!r}")
        try:
            async with asyncio.timeout(_STEP):
                while not alive <= told.keys():
                    self._stepped.clear()
                    await self._stepped.wait()
        except TimeoutError:
            pass
        finally:
            del self._stepping[id]
        return list(told.values())

    async def step(self, message: bytes) -> None:
        """Move to a time as the worker says that advances the clock, and tell it once all has happened here."""
        id, _, moment = message.partition(b" ")
        next = await self._advance_to(float(moment))
        self._reschedule()
        turns, self._known = self._turns() - self._known, self._turns()
        told = _Stepped(id.decode(), self._worker(), next, turns > 0)
        if self._others is not None:
            await self._others.tell(f"stepped {msgspec.json.encode(told).decode()}")

    def hear_step(self, message: bytes) -> None:
        """Note what a worker tells of a step."""
        told = msgspec.json.decode(message, type=_Stepped)
        if told.id in self._stepping:
            self._stepping[told.id][told.worker] = told
            self._stepped.set()
