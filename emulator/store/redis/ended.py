"""The inferences that have ended in this worker, and their way into the record of all workers."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, Protocol

import msgspec

from emulator.core.errors import Rejected
from emulator.inferences.live_record import LiveRecord
from emulator.inferences.readable import readable
from emulator.store.redis.locks import LoopLocks
from emulator.store.redis.names import SHARED, name_of
from emulator.store.redis.running import PAUSE
from emulator.store.redis.running import Store as _Store
from emulator.store.redis.scripts import RECORD, Script

_AT_ONCE = 20
"""Inferences that are appended together, which bounds what the record costs a busy worker. Those that wait are bounded,
too: of more the last are kept."""
_encode = msgspec.json.Encoder().encode


class Store(_Store, Protocol):
    """What is needed of the store."""

    async def run(self, script: Script, keys: list[str], *arguments: Any) -> Any:
        """Run a script. Raises Lost."""
        ...


class Ended:
    """Appends what has ended here to the record, in the order in which it ended.

    `report` is called with each when it has its number, which it gets with the record unless `number` gave it one
    before; or without, when it is certain that it gets none soon. What is in the record is kept as well, so that it can
    be asked again with its key. `last` is the highest number that is known here, in the record of this `origin`.
    """

    def __init__(self, store: Store, report: Callable[[LiveRecord], None]) -> None:
        self._store = store
        self._report = report
        self._keys = [store.names.of(SHARED, name) for name in ("counters", "record")]
        self._waiting: deque[LiveRecord] = deque()
        self._unread: deque[LiveRecord] = deque()
        self._read: deque[LiveRecord] = deque()
        self._unreported: deque[LiveRecord] = deque()
        self._most = self._most_bytes = self._bytes = 0
        self._taken = 0
        self._dropped = 0
        self._batch: list[LiveRecord] = []
        self._call = "", 0, 0
        self._locks = LoopLocks()
        self._appending: asyncio.Task[None] | None = None
        self.last = 0
        self.origin = b""

    def bound(self, most: int, most_bytes: int) -> None:
        """Keep at most so many inferences, and bytes of them."""
        self._most, self._most_bytes = most, most_bytes

    def add(self, record: LiveRecord) -> None:
        """An inference has ended."""
        self._waiting.append(record)
        self._unreported.append(record)
        self._bytes += record.size
        self._make_room()
        self.go_on()

    @property
    def appended(self) -> frozenset[LiveRecord]:
        """Those that are in the record, which this worker has not read since."""
        return frozenset(self._unread)

    @property
    def unread(self) -> list[LiveRecord]:
        """Those that this worker has not read in the record yet."""
        return [*self._unread, *self._batch, *self._waiting]

    @property
    def _left(self) -> int:
        """How many are not known to be appended."""
        return len(self._batch) + len(self._waiting)

    @property
    def all(self) -> list[LiveRecord]:
        """All that are kept."""
        return [*self._read, *self.unread]

    # ------------------------------------------------------------------------------------------ appending

    def go_on(self) -> None:
        """Append what waits, a few at a time."""
        if self._left and (self._appending is None or self._appending.done()):
            self._appending = asyncio.ensure_future(self._append_slowly())

    async def _append_slowly(self) -> None:
        try:
            while self._left:
                await self._append_some()
                await asyncio.sleep(PAUSE)
        except Rejected:
            self._report_all()

    async def append(self) -> None:
        """Append all that waits by now. Raises `Rejected`."""
        end = self._taken + self._left
        while self._left and self._taken < end:
            await self._append_some()

    async def _append_some(self) -> None:
        """Append the next inferences. Raises `Rejected`.

        What was sent when this was cancelled, or failed, is sent again under the same name, by which Redis knows it.
        """
        async with self._locks.own:
            if not self._batch:
                self._batch = [self._waiting.popleft() for _ in range(min(_AT_ONCE, len(self._waiting)))]
                self._call = self._store.worker, self._taken, self._dropped
            if not self._batch:
                return
            worker, name, dropped = self._call
            keys = [*self._keys, self._store.names.of(SHARED, f"appended:{worker}")]
            told = [part for each in self._batch for part in (each.number, key_name(each), _encode(readable(each)))]
            asked = self._store.run(RECORD, keys, self._most, dropped, name, self.origin, self._most_bytes, *told)
            numbers = await self._store.sure(asked)
            self._dropped -= dropped
            for number, each in zip(map(int, numbers.split()), self._batch, strict=True):
                each.number, self.last = number, max(self.last, number)
            self._taken += len(self._batch)
            self._unread.extend(self._batch)
            self._batch = []
            while self._unreported and self._unreported[0].number:
                self._report(self._unreported.popleft())

    async def number(self, records: Iterable[LiveRecord]) -> None:
        """Number those that have no number yet. Raises `Rejected`."""
        async with self._locks.own:
            new = [each for each in records if not each.number]
            if new:
                last = await self._store.sure(self._store.call("HINCRBY", self._keys[0], "numbers", len(new)))
                for number, each in enumerate(new, last - len(new) + 1):
                    each.number = number
                self.last = max(self.last, last)

    def _report_all(self) -> None:
        while self._unreported:
            self._report(self._unreported.popleft())

    async def stop(self) -> None:
        """Append and report what has ended."""
        if self._appending is not None:
            self._appending.cancel()
            await asyncio.gather(self._appending, return_exceptions=True)
        with suppress(Rejected):
            await self.append()
        self._report_all()

    # ------------------------------------------------------------------------------------------ forgetting

    def go_on_from(self, origin: bytes) -> None:
        """The record has another origin: it has nothing that was appended before, and no number that was given."""
        self.origin = origin
        for each in (*self._batch, *self._waiting):
            each.number = 0
        self._unread.clear()
        self._read.clear()
        self._weigh()

    def have_read(self, read: frozenset[LiveRecord], numbers: Iterable[int]) -> None:
        """The record was read, which has these numbers: `read` were in it before."""
        while self._unread and self._unread[0] in read:
            self._read.append(self._unread.popleft())
        known = frozenset(numbers)
        self._read = deque(each for each in self._read if each.number in known)
        self._weigh()

    def erase(self, name: str) -> None:
        """Forget those of the key of a name, or all if it is empty."""
        self._report_all()
        before = len(self._waiting)
        self._waiting = deque(each for each in self._waiting if name not in ("", key_name(each)))
        self._taken += before - len(self._waiting)
        self._unread = deque(each for each in self._unread if name not in ("", key_name(each)))
        self._weigh()

    def _make_room(self) -> None:
        """Forget what has no room: first what can be read in Redis, then what waits to be appended."""
        while len(self._read) + len(self._unread) + self._left > self._most or self._bytes > self._most_bytes:
            if self._read or self._unread:
                gone = (self._read or self._unread).popleft()
            elif self._waiting:
                gone = self._waiting.popleft()
                self._dropped += 1
                self._taken += 1
                self._report_all()
            else:
                break
            self._bytes -= gone.size

    def _weigh(self) -> None:
        self._bytes = sum(each.size for each in self.all)


def key_name(record: LiveRecord) -> str:
    """The name of the key of an inference; empty if it has none."""
    return name_of(record.key) if record.key else ""
