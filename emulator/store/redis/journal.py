"""The record of all workers: a stream in Redis, to which each worker appends what has ended in it."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from itertools import count, islice
from typing import Any, Protocol
from weakref import WeakKeyDictionary

import msgspec

from emulator.core.errors import ApiError, Rejected
from emulator.inferences.inference import Inference
from emulator.inferences.journal import Journal, Listener, Note, Progress
from emulator.inferences.live_record import LiveRecord
from emulator.inferences.selecting import Selection
from emulator.store.redis.names import SHARED, name_of, stand_in
from emulator.store.redis.running import EVERY, PAUSE, Entry, Running
from emulator.store.redis.running import Store as _Store
from emulator.store.redis.scripts import ERASE, RECORD, Script

_AT_ONCE = 20
"""Inferences that are appended together, which bounds what the record costs a busy worker. Those that wait are bounded,
too: of more the last are kept."""
_REFUSED = "refused"
_encode = msgspec.json.Encoder().encode


class Store(_Store, Protocol):
    """What is needed of the store."""

    async def run(self, script: Script, keys: list[str], *arguments: Any) -> Any:
        """Run a script. Raises Lost."""
        ...

    async def ask(self, kind: str, about: str = "") -> list[str]:
        """Return what all workers answer. Raises Lost."""
        ...


class SharedJournal(Journal):
    """What was asked of all workers, in the order of the numbers.

    What other workers have appended, and what runs in them, is read by `refresh`. An inference has no number until it
    is appended or somebody sees it run; it is then logged as well.
    """

    def __init__(self, store: Store) -> None:
        super().__init__()
        self._store = store
        self._counters, self._record = (store.names.of(SHARED, name) for name in ("counters", "record"))
        self.at_work = Running(store, self.number_all)
        self._entries: dict[int, Entry] = {}
        self._ended: deque[LiveRecord] = deque()
        self._unread: deque[LiveRecord] = deque()
        self._own: deque[LiveRecord] = deque()
        self._unreported: deque[LiveRecord] = deque()
        self._taken = 0
        self._dropped = 0
        self._batch = 0
        self._locks: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, asyncio.Lock]] = WeakKeyDictionary()
        self._followers: list[Listener] = []
        self._erased = b""
        self._last = 0
        self._position = 0
        self._heard = 0
        self._following: asyncio.Task[None] | None = None
        self._appending: asyncio.Task[None] | None = None

    @property
    def newest(self) -> int:
        """The highest number, as far as this worker knows."""
        return self._last

    def begin(self, recorder: LiveRecord) -> None:
        """An inference begins: it is running from now on."""
        self.at_work.begin(recorder)
        if self._metrics is not None:
            self._metrics.begin(recorder)
        for watcher in self._watchers:
            watcher(recorder)

    def end(self, recorder: LiveRecord) -> None:
        """An inference has ended: it is appended to the record."""
        self.at_work.here.pop(recorder, None)
        self._ended.append(recorder)
        self._unreported.append(recorder)
        self._bytes += recorder.size
        self._bound()
        self.go_on()
        if self._metrics is not None:
            self._metrics.end(recorder)

    async def refresh(self) -> None:
        """Have all workers append what has ended in them, and read it and what runs. Raises `Rejected`."""
        workers = await self._store.sure(self._store.ask("append", self._store.worker))
        await self.at_work.read(workers)
        await self._read()

    async def _read(self) -> None:
        """Read what was appended since the last time."""
        async with self._lock("read"):
            read, call = set(self._unread), self._store.call
            erased, *counters = await self._sure(call("HMGET", self._counters, "erased", "numbers", "ended", "gone"))
            anew = erased != self._erased
            if anew:
                self._entries.clear()
                self._position = 0
                if self._erased != b"":  # at first, nobody has seen what is erased
                    self.at_work.note("reset", None)
                self._erased = erased
            found = await self._sure(call("XRANGE", self._record, f"({self._position}-0", "+"))
            for id, (_, name, _, data, _, number) in found:
                self._position = int(id[:-2])
                entry = self._entries[int(number)] = Entry(int(number), name.decode(), data)
                self.at_work.end(entry.number)
                if self._position > self._heard and self._followers:
                    inference = entry.inference()
                    for follower in tuple(self._followers):
                        follower(inference)
            numbers, ended, gone = (int(each or 0) for each in counters)
            self._last, self._heard = max(self._last, numbers), max(self._heard, self._position)
            self.forgotten = max(ended - gone - await self._sure(call("XLEN", self._record)), 0)
            if found or anew:
                self._have_read(read)

    def _have_read(self, read: set[LiveRecord]) -> None:
        """Keep what is in the record: of the inferences that were here before it was read, for asking them again."""
        for number in [*self._entries][: max(len(self._entries) - self.most, 0)]:
            del self._entries[number]
        while self._unread and self._unread[0] in read:
            self._own.append(self._unread.popleft())
        self._own = deque(each for each in self._own if each.number in self._entries)
        self._weigh()

    def _lock(self, name: str) -> asyncio.Lock:
        """A lock of the event loop that runs."""
        return self._locks.setdefault(asyncio.get_running_loop(), {}).setdefault(name, asyncio.Lock())

    async def _sure(self, asked: Any) -> Any:
        return await self._store.sure(asked)

    # ------------------------------------------------------------------------------------------ what ended here

    def go_on(self) -> None:
        """Append what has ended here, a few at a time."""
        if self._ended and (self._appending is None or self._appending.done()):
            self._appending = asyncio.ensure_future(self._append_slowly())

    async def _append_slowly(self) -> None:
        try:
            while self._ended:
                await self._append_some()
                await asyncio.sleep(PAUSE)
        except Rejected:
            self._report_ended()

    async def append(self, asker: str) -> str:
        """Append all that has ended here by now to the record, and store for another worker what runs here.

        Raises `Rejected`.
        """
        for _ in range(0, len(self._ended), _AT_ONCE):
            await self._append_some()
        if asker == self._store.worker:
            await self.number_all(self.at_work.here)
        else:
            await self.at_work.store()
        return self._store.worker

    async def _append_some(self) -> None:
        """Append the next inferences. Raises `Rejected`.

        What was sent when this was cancelled, or failed, is sent again under the same name, by which Redis knows it.
        """
        async with self._lock("send"):
            self._batch = self._batch or min(_AT_ONCE, len(self._ended))
            batch = list(islice(self._ended, self._batch))
            if not batch:
                return
            dropped, name = self._dropped, f"{self._taken}-{len(batch)}"
            told = [part for each in batch for part in (each.number, _name(each), _encode(self._readable(each)))]
            asked = self.most, dropped, self._store.worker, name, *told
            found = await self._sure(self._store.run(RECORD, [self._counters, self._record], *asked))
            self._batch, self._dropped = 0, self._dropped - dropped
            for number, each in zip(map(int, found.split()), batch, strict=True):
                each.number, self._last = number, max(self._last, number)
                if self._ended and self._ended[0] is each:
                    self._taken += 1
                    self._unread.append(self._ended.popleft())
            while self._unreported and self._unreported[0].number:
                self._report(self._unreported.popleft())

    async def number_all(self, records: Iterable[LiveRecord]) -> None:
        """Number those that have no number yet. Raises `Rejected`."""
        async with self._lock("send"):
            new = [each for each in records if not each.number]
            if new:
                last = await self._sure(self._store.call("HINCRBY", self._counters, "numbers", len(new)))
                for number, each in enumerate(new, last - len(new) + 1):
                    each.number = number
                self._last = max(self._last, last)

    async def numbered(self, record: LiveRecord) -> int:
        """The number of an inference of this worker."""
        await self.number_all([record])
        return record.number

    def _report_ended(self) -> None:
        """Log what has ended, though it has no number."""
        while self._unreported:
            self._report(self._unreported.popleft())

    def _bound(self) -> None:
        """Forget what has no room: first what can be read in Redis, then what waits to be appended."""
        while len(self._own) + len(self._unread) + len(self._ended) > self.most or self._bytes > self.most_bytes:
            if self._own:
                gone = self._own.popleft()
            elif self._unread:
                gone = self._unread.popleft()
            else:
                gone = self._ended.popleft()
                self._dropped += 1
                self._taken += 1
                self._report_ended()
            self._bytes -= gone.size

    def _weigh(self) -> None:
        self._bytes = sum(each.size for each in (*self._own, *self._unread, *self._ended))

    async def erase(self, key: str | None) -> None:
        """Forget the inferences of one key, or all, in all workers. Raises `Rejected`."""
        await self._sure(self._store.ask("append", self._store.worker))
        if self._followers:
            await self._read()
        self._report_ended()
        self._taken += len(self._ended)
        self._ended = deque(each for each in self._ended if key is not None and each.key != key)
        self._unread = deque(each for each in self._unread if key is not None and each.key != key)
        self._weigh()
        name = "" if key is None else name_of(key)
        await self._sure(self._store.run(ERASE, [self._counters, self._record], name))

    # ------------------------------------------------------------------------------------------ reading

    def all(self, key: str | None = None) -> list[Inference]:
        """The inferences in the order of their numbers, those that run included; of one key, or of all."""
        return [_whole(at, each) for at, each in self._numbered(key)]

    def _numbered(self, key: str | None = None) -> list[tuple[int, Entry | LiveRecord]]:
        """What there is of one key, or of all, in the order of the numbers."""
        name, numbers = None if key is None else name_of(key) if key else "", count(self._last + 1)
        found: dict[int, Entry | LiveRecord] = {}
        for entry in (*self.at_work.elsewhere.values(), *self._entries.values()):
            if name in (None, entry.name):
                found[entry.number] = entry
        for each in (*self._unread, *self._ended, *self.at_work.here):
            if name in (None, _name(each)):
                found[each.number or next(numbers)] = each
        return sorted(found.items(), key=lambda item: item[0])

    def select(
        self, wanted: Selection, key: str | None = None, read: Callable[[LiveRecord], Inference] | None = None
    ) -> Iterator[Inference | None]:
        """Of each inference, of one key or of all, what is wanted; None for others. All are told whole."""
        found = [(at, each) for at, each in self._numbered(key) if wanted.reaches(at)]
        told = (_whole(at, each) for at, each in (found[::-1] if wanted.newest else found))
        return (each if each in wanted else None for each in told)

    def _noted(self) -> list[LiveRecord]:
        return [*self._own, *self._unread, *self._ended, *self.at_work.here]

    def running(self) -> Iterable[Progress]:
        """How far the inferences have come that have not ended."""
        return self.at_work.progress()

    def keys(self) -> list[str]:
        """The API keys of the inferences, or what stands for those that are secret."""
        entries = (*self._entries.values(), *self.at_work.elsewhere.values())
        shown = {entry.name: entry.inference().key for entry in entries}
        own = [each.key for each in self._noted()]
        names = {name_of(key) if key else "" for key in own}
        others = [stand_in(name, key) for name, key in shown.items() if name not in names]
        return list(dict.fromkeys([*others, *own]))

    def get(self, id: str) -> Inference | None:
        """The inference of that Inference-Id, the latest if there are several, or of that number."""
        numbered = self._numbered()
        found = [each for each in numbered if str(each[0]) == id] or numbered[::-1]
        told = (_whole(at, each) for at, each in found)
        return next((each for each in told if id in (each.id, str(each.number))), None)

    async def replay(self, id: str) -> tuple[int, str] | None:
        """Ask the same again in the worker that was asked, and so has the key; None if there is none."""
        if (new := await super().replay(id)) is not None:
            return new
        for answer in await self._sure(self._store.ask("replay", id)):
            number, _, told = answer.partition(" ")
            if number == _REFUSED:
                raise Rejected(msgspec.json.decode(told, type=ApiError))
            if number:
                return int(number), told
        return None

    async def replay_for(self, id: str) -> str:
        """Ask the same again for another worker, if it was asked here."""
        try:
            new = await super().replay(id)
        except Rejected as rejected:
            return f"{_REFUSED} {_encode(rejected.error).decode()}"
        return "" if new is None else f"{new[0]} {new[1]}"

    # ------------------------------------------------------------------------------------------ following

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Have this called with every inference that ends, in whatever worker; returns what ends that."""
        self._followers.append(listener)
        if self._following is None or self._following.done():
            self._following = asyncio.ensure_future(self._follow())

        def stop() -> None:
            with suppress(ValueError):
                self._followers.remove(listener)

        return stop

    @asynccontextmanager
    async def followed(self, note: Note) -> AsyncIterator[None]:
        """Have this called with all that happens from now on in any worker, as long as the block runs."""
        await self.refresh()
        stop = self.listen(partial(note, "end"))
        self.at_work.notes.append(note)
        try:
            await self._sure(self.at_work.ask())
            await self.refresh()  # all workers know now that they have to tell what begins
            yield
        finally:
            self.at_work.notes.remove(note)
            stop()

    async def _follow(self) -> None:
        while self._followers:
            with suppress(Rejected):
                if self.at_work.notes:
                    await self._sure(self.at_work.ask())
                for _ in range(2 * EVERY):
                    await self._read()
                    await asyncio.sleep(PAUSE)
            await asyncio.sleep(PAUSE)

    def hear(self, message: str) -> None:
        """Note what runs in another worker."""
        self.at_work.hear(message, self._entries.__contains__)

    async def stop(self) -> None:
        """Append what has ended, and call the listeners no more."""
        if self._following is not None:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)
        await self.at_work.stop()
        if self._appending is not None:
            await asyncio.gather(self._appending, return_exceptions=True)
        self._report_ended()


def _name(record: LiveRecord) -> str:
    """The name of the key of an inference; empty if it has none."""
    return name_of(record.key) if record.key else ""


def _whole(number: int, told: Entry | LiveRecord) -> Inference:
    inference = told.inference() if isinstance(told, Entry) else Journal._readable(told)
    return msgspec.structs.replace(inference, number=number)
