"""A clock that several workers share: whoever moves it, all others follow."""

import asyncio
import math
from collections.abc import Awaitable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

import msgspec

from emulator.core.clock import END, VirtualClock
from emulator.core.seeds import Seed
from emulator.store.redis.names import SHARED, Names
from emulator.store.redis.scripts import CLOCK, Script

_SLIGHT = 0.05
"""Emulated seconds for which a running clock is not set anew."""
_TURNS = 4
"""Turns that a request takes at most: for its slot, its start, its end, and to let the next one in."""
_ADVANCES = 16
"""Advances whose tasks a worker remembers: several can be under way at the same time."""
Turns: TypeAlias = Mapping["asyncio.Task[Any]", int]


class _Place(msgspec.Struct):
    """Where the clock is: its time and rate, and the seconds since then on Redis's own clock."""

    time: float
    rate: float
    since: float = 0.0


class _Stepped(msgspec.Struct):
    """What a worker tells of a step: when it is next due, whether any turns were taken, and how many inferences run."""

    next: float | None
    busy: bool
    running: int


class _Advance:
    """An advance as a worker sees it: the tasks that were there when it began, and the last of their turns."""

    def __init__(self, turns: Turns) -> None:
        self.tasks = asyncio.all_tasks()
        self._last = self._last_of(turns)

    def busy(self, turns: Turns) -> bool:
        """Whether any of the tasks has taken a turn since the last call."""
        before, self._last = self._last, self._last_of(turns)
        return self._last != before

    def _last_of(self, turns: Turns) -> int:
        return max((turns.get(task, 0) for task in self.tasks), default=0)


class Others(Protocol):
    """What is needed of the store."""

    names: Names

    @property
    def turns(self) -> Turns:
        """The number of the last turn of each task."""
        ...

    @property
    def running(self) -> int:
        """How many inferences run here, or wait."""
        ...

    @property
    def worker(self) -> str:
        """The id of this worker."""
        ...

    async def ask(self, kind: str, about: str = "") -> list[str]:
        """Return what all workers answer. Raises Lost."""
        ...

    async def run(self, script: Script, keys: Sequence[str], *arguments: Any) -> Any:
        """Run a script. Raises Lost."""
        ...

    async def sure(self, asked: Awaitable[Any]) -> Any:
        """Return the result of one of these. Raises Away instead of Lost."""
        ...


class SharedClock(VirtualClock):
    """The clock of a worker. `join` is called before the server starts.

    A clock that is set, frozen or run here tells the others; if several are at the same time, the last one holds for
    all, in the order in which Redis has heard of them. `advance` moves all of them from one due time to the next,
    and waits at each until all workers have come to rest. Requests that come meanwhile are not waited for, since there
    may be no end of them: what is due for them happens with what is due next for others, or at the end.
    """

    _others: Others | None = None

    def join(self, others: Others) -> None:
        """Share the time with the other workers."""
        self._others = others
        self._unheard = 0
        self._advances: dict[str, _Advance] = {}
        self._telling: set[asyncio.Task[None]] = set()

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
        place = msgspec.json.encode(_Place(self.now(), self.rate)).decode()
        task = loop.create_task(self._note(self._others, f"clock {self._others.worker} {place}"))
        self._unheard += 1
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    async def _note(self, others: Others, told: str) -> None:
        """Note where the clock is, and tell the others. Raises Away."""
        keys = [others.names.of(SHARED, "clock")]
        await others.sure(others.run(CLOCK, keys, self.now(), self.rate, others.names.events, told))

    def follow(self, message: str) -> None:
        """Move as a worker says, unless this one has moved the clock since."""
        worker, _, place = message.partition(" ")
        if self._others is not None and worker == self._others.worker:
            self._unheard = max(self._unheard - 1, 0)
        elif not self._unheard:
            self._go(msgspec.json.decode(place, type=_Place))

    async def everywhere(self) -> None:
        """Return once all workers have moved as this one did. Raises Away."""
        if self._others is not None:
            await asyncio.gather(*self._telling)
            await self._others.sure(self._others.ask("look"))

    async def meet(self) -> None:
        """Go to where the clocks of the others are, if there are others. Raises Away."""
        if (others := self._others) is not None:
            keys = [others.names.of(SHARED, "clock")]
            asked = others.run(CLOCK, keys, self.now(), self.rate, "", "")
            time, rate, since = await others.sure(asked)
            self._unheard = 0
            self._go(_Place(float(time), float(rate), float(since)))

    def _go(self, place: _Place) -> None:
        time = place.time + place.since * place.rate
        if place.rate != self.rate or abs(time - self.now()) > (_SLIGHT if place.rate else 0):
            super().run(place.rate)
            super().set(time)

    # ------------------------------------------------------------------------------------------ advancing

    async def advance(self, seconds: float | str) -> None:
        """Advance the clocks of all workers, and return once all that became due has happened in each of them.

        Raises Away.
        """
        others = self._others
        if others is None:
            return await super().advance(seconds)
        target, moment, shifted = self._target(seconds), self.now(), self.shifted
        id = Seed.unpredictable().hex(8)
        turns: int | None = None
        while True:
            about = f"{id} {moment!r}"
            answers = await others.sure(others.ask("step", about))
            told = [msgspec.json.decode(each, type=_Stepped) for each in answers]
            if turns is None:
                turns = _TURNS * sum(each.running for each in told)
            if turns > 0 and any(each.busy for each in told):
                turns -= 1
                continue
            by, shifted = self.shifted - shifted, self.shifted
            target, moment = min(target + by, END), moment + by
            due = min((each.next for each in told if each.next is not None), default=math.inf)
            if moment >= target < due:
                break
            moment = min(due, target)
        return await self._note(others, "")

    async def step(self, about: str) -> str:
        """Move to a time as the worker says that advances the clock, and return what is to be told of it."""
        id, moment = about.split(" ")
        turns: Turns = {} if self._others is None else self._others.turns
        advance = self._advances.get(id)
        if advance is None:
            advance = self._advances[id] = _Advance(turns)
            if len(self._advances) > _ADVANCES:
                del self._advances[next(iter(self._advances))]
        await self._advance_to(float(moment), advance.tasks)
        self._reschedule()
        running = 0 if self._others is None else self._others.running
        return msgspec.json.encode(_Stepped(self._next(advance.tasks), advance.busy(turns), running)).decode()
