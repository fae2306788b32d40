"""The inferences that run, in this worker and in others. The others are told of those here only while somebody asks.

A list is asked for: each worker stores those that run in it. Somebody follows what happens: for as long as that is
repeated, each worker tells what begins in it, and how much was sent.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any, NamedTuple, Protocol

import msgspec

from emulator.core.errors import Rejected
from emulator.inferences.inference import Inference
from emulator.inferences.journal import Note
from emulator.inferences.live_record import LiveRecord
from emulator.inferences.readable import readable
from emulator.store.redis.names import Names, name_of

PAUSE = 0.05
"""Seconds between two times that is told or read what happens, while somebody follows it."""
EVERY = 5
"""How many times there are between two that say how much was sent, or that somebody follows."""
_FOLLOWED = 1.5
"""Seconds for which it is told what happens, each time that somebody follows it."""
_STORED = 10_000
"""Milliseconds for which it is stored what runs."""
_AT_ONCE = 20
_MOST_BYTES = 256 * 1024
"""How many inferences, or bytes of them, are told together."""
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Inference).decode


class Entry(NamedTuple):
    """An inference of any worker: its number, the name of its key, itself as JSON, and the worker in which it runs."""

    number: int
    name: str
    data: bytes
    worker: str = ""

    def inference(self) -> Inference:
        """The inference with its number."""
        return msgspec.structs.replace(_decode(self.data), number=self.number)


_Begun = tuple[int, str, msgspec.Raw]
"""An inference that runs, as workers tell it: its number, the name of its key, and itself."""
_Moved = tuple[int, int, int]
"""How far one has come: its number, its status, and the bytes that were sent."""


class _Told(msgspec.Struct):
    """What a worker tells while somebody follows."""

    begun: list[_Begun]
    moved: list[_Moved]


class Store(Protocol):
    """What is needed of the store."""

    names: Names

    @property
    def worker(self) -> str:
        """The id of this worker."""
        ...

    async def tell(self, message: str) -> object:
        """Tell all workers, this one included. Raises Lost."""
        ...

    async def call(self, *command: Any) -> Any:
        """Send a command. Raises Lost."""
        ...

    async def sure(self, asked: Awaitable[Any]) -> Any:
        """Return the result of one of these. Raises Away instead of Lost."""
        ...

    async def alive(self) -> set[str]:
        """The workers that are alive. Raises Lost."""
        ...


class Running:
    """The inferences that run. `notes` are called with what begins anywhere, and `number` numbers those of here."""

    def __init__(self, store: Store, number: Callable[[Iterable[LiveRecord]], Awaitable[None]]) -> None:
        self._store = store
        self._number = number
        self.here: dict[LiveRecord, None] = {}
        self.elsewhere: dict[int, Entry] = {}
        self.notes: list[Note] = []
        self._moved: dict[int, tuple[int, int]] = {}
        self._begun: deque[LiveRecord] = deque()
        self._until = 0.0
        self._telling: asyncio.Task[None] | None = None

    def begin(self, record: LiveRecord) -> None:
        """An inference begins here."""
        self.here[record] = None
        if self._telling is not None and not self._telling.done():
            self._begun.append(record)

    # ------------------------------------------------------------------------------------------ for a list

    async def store(self) -> None:
        """Store what runs here, for other workers. Raises Lost."""
        await self._number(self.here)
        data = _encode([_begun(each) for each in self.here if each.number])
        await self._store.call("SET", self._name(self._store.worker), data, "PX", _STORED)

    async def read(self, workers: Sequence[str], ended: Callable[[int], bool]) -> None:
        """Read what runs in these workers, except inferences that have ended since it was stored. Raises Away."""
        others = [each for each in workers if each != self._store.worker]
        read = [self._store.call("GET", self._name(each)) for each in others]
        found = zip(others, await self._store.sure(asyncio.gather(*read)), strict=True)
        self.elsewhere = {
            number: Entry(number, name, bytes(data), worker)
            for worker, stored in found
            for number, name, data in msgspec.json.decode(stored or b"[]", type=list[_Begun])
            if not ended(number)
        }
        self._moved = {number: moved for number, moved in self._moved.items() if number in self.elsewhere}

    def _name(self, worker: str) -> str:
        return self._store.names.of(worker, "running")

    # ------------------------------------------------------------------------------------------ for who follows

    async def ask(self) -> None:
        """Have all workers tell what happens, and forget what ran in those that are gone. Raises Lost."""
        await self._store.tell("follow")
        alive = await self._store.alive()
        gone = [number for number, each in self.elsewhere.items() if each.worker not in alive]
        for number in gone:
            del self.elsewhere[number]
        if gone:
            self.note("reset", None)

    def tell(self) -> None:
        """Tell all workers for a while what happens here."""
        self._until = asyncio.get_running_loop().time() + _FOLLOWED
        if self._telling is None or self._telling.done():
            self._telling = asyncio.ensure_future(self._tell())

    async def _tell(self) -> None:
        loop, lengths = asyncio.get_running_loop(), dict[LiveRecord, int]()
        try:
            with suppress(Rejected):
                while loop.time() < self._until:
                    for _ in range(EVERY):
                        await self._tell_others(self._next(), [])
                        await asyncio.sleep(PAUSE)
                    before, lengths = lengths, {each: each.length for each in self.here if each.number}
                    moved = [each for each, length in lengths.items() if length > before.get(each, 0)]
                    await self._tell_others([], [(each.number, each.status, each.length) for each in moved])
        finally:
            self._begun.clear()

    def _next(self) -> list[LiveRecord]:
        """The next inferences to tell of, without those that have ended: these are in the record."""
        found, size = list[LiveRecord](), 0
        while self._begun and len(found) < _AT_ONCE and size < _MOST_BYTES:
            each = self._begun.popleft()
            if each in self.here:
                found.append(each)
                size += len(each.body) + each.length
        return found

    async def _tell_others(self, begun: list[LiveRecord], moved: list[_Moved]) -> None:
        await self._number(begun)
        begun = [each for each in begun if each in self.here]
        for each in begun:
            self.note("start", each)
        if begun or moved:
            told = _encode({"begun": [_begun(each) for each in begun], "moved": moved}).decode()
            await self._store.sure(self._store.tell(f"runs {self._store.worker} {told}"))

    def hear(self, message: str, ended: Callable[[int], bool]) -> None:
        """Note what another worker tells, except of inferences that have ended already."""
        worker, _, text = message.partition(" ")
        if not self.notes or worker == self._store.worker:
            return
        told = msgspec.json.decode(text, type=_Told)
        for number, name, data in told.begun:
            if not ended(number):
                entry = self.elsewhere[number] = Entry(number, name, bytes(data), worker)
                self.note("start", entry.inference())
        for number, status, length in told.moved:
            if number in self.elsewhere:
                self._moved[number] = status, length

    def note(self, kind: str, told: LiveRecord | Inference | None) -> None:
        """Tell all who follow here."""
        for note in tuple(self.notes):
            note(kind, told)

    def end(self, number: int) -> None:
        """An inference has ended, here or elsewhere."""
        self.elsewhere.pop(number, None)
        self._moved.pop(number, None)

    def moved(self) -> Iterator[tuple[Inference, int, int]]:
        """Those that run elsewhere, each with its status and the bytes sent."""
        for number, (status, length) in [*self._moved.items()]:
            if (entry := self.elsewhere.get(number)) is not None:
                yield entry.inference(), status, length

    async def stop(self) -> None:
        """Tell nothing more."""
        if self._telling is not None:
            self._telling.cancel()
            await asyncio.gather(self._telling, return_exceptions=True)


def _begun(record: LiveRecord) -> tuple[int, str, Inference]:
    return record.number, name_of(record.key) if record.key else "", readable(record)
