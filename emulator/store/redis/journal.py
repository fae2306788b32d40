"""The record of all workers: a stream in Redis, to which each worker appends what has ended in it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from itertools import count
from typing import Any, Protocol

import msgspec

from emulator.core.errors import ApiError, Rejected
from emulator.inferences.inference import Inference
from emulator.inferences.journal import Journal, Listener, Note
from emulator.inferences.live_record import LiveRecord
from emulator.inferences.selecting import Selection
from emulator.store.redis.ended import Ended, key_name
from emulator.store.redis.ended import Store as _Store
from emulator.store.redis.locks import LoopLocks
from emulator.store.redis.names import SHARED, name_of, stand_in
from emulator.store.redis.running import EVERY, PAUSE, Entry, Running
from emulator.store.redis.scripts import ERASE

_REFUSED = "refused"
_encode = msgspec.json.Encoder().encode


class Store(_Store, Protocol):
    """What is needed of the store."""

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
        self.ended = Ended(store, self._report)
        self.at_work = Running(store, self.ended.number)
        self.bound(self.most)
        self._entries: dict[int, Entry] = {}
        self._followers: list[Listener] = []
        self._past: tuple[bytes, bytes] | None = None
        self._position = 0
        self._heard = 0
        self._whole = 0
        self._following: asyncio.Task[None] | None = None
        self._locks = LoopLocks()

    def bound(self, most: int) -> None:
        """Remember at most so many inferences, here and in Redis."""
        super().bound(most)
        self.ended.bound(most, self.most_bytes)

    @property
    def newest(self) -> int:
        """The highest number, as far as this worker knows."""
        return self.ended.last

    def begin(self, recorder: LiveRecord) -> None:
        """An inference begins: it is running from now on."""
        self.at_work.begin(recorder)
        if self._metrics is not None:
            self._metrics.begin(recorder)
        for watcher in self._watchers:
            watcher(recorder)

    def end(self, recorder: LiveRecord) -> None:
        """An inference has ended: it is appended to the record, unless it was forgotten."""
        if recorder in self.at_work.here:
            del self.at_work.here[recorder]
            self.ended.add(recorder)
        else:
            self._report(recorder)
        if self._metrics is not None:
            self._metrics.end(recorder)

    def go_on_from(self, origin: bytes) -> None:
        """The record of the store has this origin: the numbers of another one mean nothing any more."""
        if origin != self.ended.origin:
            for each in self.at_work.here:
                each.number = 0
            self.ended.go_on_from(origin)

    async def refresh(self) -> None:
        """Have all workers append what has ended in them, and read it and what runs. Raises `Rejected`."""
        workers = await self._store.sure(self._store.ask("append", self._store.worker))
        await self._read()
        await self.at_work.read(workers, self._entries.__contains__)

    async def _read(self) -> None:
        """Read what was appended since the last time."""
        async with self._locks.own:
            read, call = self.ended.appended, self._store.call
            names = "origin", "erased", "numbers", "ended", "gone"
            origin, erased, *counters = await self._sure(call("HMGET", self._counters, *names))
            past, before = (origin, erased), self._past
            anew = past != before
            if anew:
                self._past = past
                self._entries.clear()
                self.at_work.elsewhere.clear()
                self._position = 0
                if before is not None:  # at first, nobody has seen what is deleted
                    if before[0] != origin:
                        self._heard = self.ended.last = 0
                    self.at_work.note("reset", None)
            found = await self._sure(call("XRANGE", self._record, f"({self._position}-0", "+"))
            for id, (_, name, _, data, _, number, *_) in found:
                self._position = int(id[:-2])
                entry = self._entries[int(number)] = Entry(int(number), name.decode(), data)
                self.at_work.end(entry.number)
                if self._position > self._heard and self._followers:
                    inference = entry.inference()
                    for follower in tuple(self._followers):
                        follower(inference)
            numbers, ended, gone = (int(each or 0) for each in counters)
            self.ended.last, self._heard = max(self.ended.last, numbers), max(self._heard, self._position)
            self._whole = numbers
            self.forgotten = max(ended - gone - await self._sure(call("XLEN", self._record)), 0)
            if found or anew:
                size = sum(len(entry.data) for entry in self._entries.values())
                for number, entry in [*self._entries.items()]:
                    if len(self._entries) <= self.most and size <= self.most_bytes:
                        break
                    del self._entries[number]
                    size -= len(entry.data)
                self.ended.have_read(read, self._entries)

    async def _sure(self, asked: Any) -> Any:
        return await self._store.sure(asked)

    async def append(self, asker: str) -> str:
        """Append all that has ended here by now to the record, and store for another worker what runs here.

        Raises `Rejected`.
        """
        await self.ended.append()
        if asker == self._store.worker:
            await self.ended.number(self.at_work.here)
        else:
            await self.at_work.store()
        return self._store.worker

    async def numbered(self, record: LiveRecord) -> int:
        """The number of an inference of this worker."""
        await self.ended.number([record])
        return record.number

    async def erase(self, key: str | None) -> None:
        """Forget the inferences of one key, or all, in all workers. Raises `Rejected`."""
        name = "" if key is None else name_of(key)
        await self._sure(self._store.ask("erase", name))
        if self._followers:
            await self._read()
        await self._sure(self._store.run(ERASE, [self._counters, self._record], name))

    async def erase_here(self, name: str) -> str:
        """Forget what has ended or runs here, of this name or all, before it is deleted. Raises `Rejected`."""
        await self.ended.append()
        gone = [each for each in self.at_work.here if name in ("", key_name(each))]
        await self.ended.number(gone)
        for each in gone:
            self.at_work.here.pop(each, None)
        self.ended.erase(name)
        return ""

    # ------------------------------------------------------------------------------------------ reading

    def all(self, key: str | None = None) -> list[Inference]:
        """The inferences in the order of their numbers, those that run included; of one key, or of all."""
        return [_whole(at, each) for at, each in self._numbered(key)]

    def _numbered(self, key: str | None = None) -> list[tuple[int, Entry | LiveRecord]]:
        """What there is of one key, or of all, in the order of the numbers."""
        name, numbers = None if key is None else name_of(key) if key else "", count(self.ended.last + 1)
        found: dict[int, Entry | LiveRecord] = {}
        for entry in (*self.at_work.elsewhere.values(), *self._entries.values()):
            if name in (None, entry.name):
                found[entry.number] = entry
        for each in (*self.ended.unread, *self.at_work.here):
            number = each.number or next(numbers)
            if name in (None, key_name(each)):
                found[number] = each
        return sorted(found.items(), key=lambda item: item[0])

    def select(
        self, wanted: Selection, key: str | None = None, read: Callable[[LiveRecord], Inference] | None = None
    ) -> Iterator[Inference | None]:
        """Of each inference, of one key or of all, what is wanted; None for others. All are told whole.

        What has got its number since it was read is left out: one of another worker with a lower number may be missing.
        """
        found = [(at, each) for at, each in self._numbered(key) if at <= self._whole and wanted.reaches(at)]
        told = (_whole(at, each) for at, each in (found[::-1] if wanted.newest else found))
        return (each if each in wanted else None for each in told)

    def _noted(self) -> list[LiveRecord]:
        return [*self.ended.all, *self.at_work.here]

    def running(self) -> list[LiveRecord]:
        """The records of the inferences that run here, as far as somebody has asked for them."""
        return [each for each in self.at_work.here if each.number]

    def elsewhere(self) -> Iterable[tuple[Inference, int, int]]:
        """Those that run in other workers, as far as somebody follows: each with its status and the bytes sent."""
        return self.at_work.moved()

    def keys(self) -> list[str]:
        """The API keys of the inferences, or what stands for those that are secret."""
        entries = {entry.name: entry for entry in (*self._entries.values(), *self.at_work.elsewhere.values())}
        shown = {name: entry.inference().key for name, entry in entries.items()}
        own = [each.key for each in self._noted()]
        names = {name_of(key) if key else "" for key in own}
        others = [stand_in(name, key) for name, key in shown.items() if name not in names]
        return list(dict.fromkeys([*others, *own]))

    def namespace(self, key: str) -> str:
        """The fingerprint by which the inferences of one of these keys can be told."""
        return name_of(key) if key else ""

    def get(self, id: str) -> Inference | None:
        """The inference of that Inference-Id, the latest if there are several, or of that number."""
        numbered, sought = self._numbered(), id.encode("utf-8", "surrogatepass")
        found = [(at, each) for at, each in numbered if str(at) == id] or [
            (at, each)
            for at, each in reversed(numbered)
            if (sought in each.data if isinstance(each, Entry) else each.id == id)  # what is read takes far longer
        ]
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
        await self.ended.stop()


def _whole(number: int, told: Entry | LiveRecord) -> Inference:
    inference = told.inference() if isinstance(told, Entry) else Journal._readable(told)
    return msgspec.structs.replace(inference, number=number)
