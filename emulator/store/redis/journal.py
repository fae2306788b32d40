"""The record of all workers: a stream in Redis, to which each worker appends what has ended in it."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import suppress
from itertools import count, islice
from typing import Any, NamedTuple

import msgspec

from emulator.core.errors import Rejected
from emulator.inferences.inference import Inference
from emulator.inferences.journal import Journal, Listener
from emulator.inferences.live_record import LiveRecord
from emulator.inferences.selecting import Selection
from emulator.store.redis.names import SHARED, Names, name_of, stand_in
from emulator.store.redis.scripts import ERASE, RECORD

_AT_ONCE = 20
"""Inferences that are appended together, which bounds what the record costs a busy worker. Those that wait are bounded,
too: of more the last are kept."""
_PAUSE = 0.05
"""Seconds between two times that is appended, and between two looks at the record while somebody follows it."""
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Inference).decode


class _Entry(NamedTuple):
    """An inference in the record: its number, the name of its key, and itself as JSON."""

    number: int
    name: str
    data: bytes

    def inference(self) -> Inference:
        return msgspec.structs.replace(_decode(self.data), number=self.number)


class SharedJournal(Journal):
    """What was asked of all workers. Inferences that still run are those of this worker, and come last.

    What other workers have appended is read by `refresh`. Inferences are numbered in the order of being appended.
    """

    def __init__(
        self,
        names: Names,
        run: Callable[..., Awaitable[Any]],
        call: Callable[..., Awaitable[Any]],
        ask_for: Callable[[], Awaitable[Any]],
        worker: Callable[[], str],
    ) -> None:
        super().__init__()
        self._names = names
        self._run = run
        self._call = call
        self._ask_for = ask_for
        self._worker = worker
        self._entries: deque[_Entry] = deque(maxlen=self.most)
        self._ended: deque[LiveRecord] = deque()
        self._dropped = 0
        self._batch = 0
        self._sending = asyncio.Lock()
        self._unread: deque[tuple[int, LiveRecord]] = deque()
        self._running: dict[int, LiveRecord] = {}
        self._followers: list[Listener] = []
        self._erased = b""
        self._last = 0
        self._refreshing = asyncio.Lock()
        self._following: asyncio.Task[None] | None = None
        self._appending: asyncio.Task[None] | None = None

    def bound(self, most: int) -> None:
        """Remember at most so many inferences, here and in Redis."""
        super().bound(most)
        self._entries = deque(self._entries, maxlen=most)

    @property
    def newest(self) -> int:
        """The number of the inference that was appended last, as far as this worker knows."""
        return self._last

    def begin(self, recorder: LiveRecord) -> None:
        """An inference begins: it is running from now on."""
        recorder.number = next(_numbers)
        self._running[recorder.number] = recorder
        if self._metrics is not None:
            self._metrics.begin(recorder)
        for watcher in self._watchers:
            watcher(recorder)

    def end(self, recorder: LiveRecord) -> None:
        """An inference has ended: it is logged, and appended to the record."""
        if self._running.pop(recorder.number, None) is not None:
            self._ended.append(recorder)
            self._bytes += recorder.size
            self._bound()
            self.go_on()
        super().end(recorder)

    async def refresh(self) -> None:
        """Have all workers append what has ended in them, and read it. Raises `Rejected`."""
        await self._ask_for()
        await self._read()

    async def _read(self) -> None:
        """Read what was appended since the last time."""
        async with self._refreshing:
            counters, record = self._names.of(SHARED, "counters"), self._names.of(SHARED, "record")
            own = self._unread[-1][0] if self._unread else 0
            erased, *numbers = await self._call("HMGET", counters, "erased", "numbers", "gone")
            if erased != self._erased:
                watchers = self._watchers if self._erased != b"" else []  # at first, nobody has seen what is erased
                self._entries.clear()
                self._erased = erased
                for watcher in tuple(watchers):
                    watcher(None)
            first = self._entries[-1].number if self._entries else 0
            found = await self._call("XRANGE", record, f"({first}-0", "+")
            appended = [_Entry(int(id[:-2]), name.decode(), data) for id, (_, name, _, data) in found]
            self._entries += appended
            while self._unread and self._unread[0][0] <= own:
                self._bytes -= self._unread.popleft()[1].size
            new = [entry for entry in appended if entry.number > self._last]
            self._last, gone = (int(each or 0) for each in numbers)
            self.forgotten = max(self._last - gone - await self._call("XLEN", record), 0)
            for entry in new:
                for follower in tuple(self._followers):
                    follower(entry.inference())

    def go_on(self) -> None:
        """Append what has ended here, a few at a time."""
        if self._ended and (self._appending is None or self._appending.done()):
            self._appending = asyncio.ensure_future(self._append_slowly())

    async def _append_slowly(self) -> None:
        with suppress(Rejected):
            while self._ended:
                await self._append_some()
                await asyncio.sleep(_PAUSE)

    async def append(self) -> None:
        """Append all that has ended here by now to the record. Raises `Rejected`."""
        for _ in range(0, len(self._ended), _AT_ONCE):
            await self._append_some()

    async def _append_some(self) -> None:
        """Append the next inferences. Raises `Rejected`.

        What was sent when this was cancelled, or failed, is sent again under the same name, by which Redis knows it.
        """
        async with self._sending:
            self._batch = self._batch or min(_AT_ONCE, len(self._ended))
            batch = list(islice(self._ended, self._batch))
            if not batch:
                return
            dropped, name = self._dropped, f"{self._worker()}-{batch[0].number}-{len(batch)}"
            told = [part for each in batch for part in (name_of(each.key) if each.key else "", self._told(each))]
            keys = [self._names.of(SHARED, "counters"), self._names.of(SHARED, "record")]
            last = await self._run(RECORD, keys, self.most, dropped, self._worker(), name, *told)
            self._batch, self._dropped = 0, self._dropped - dropped
            for number, each in enumerate(batch, last - len(batch) + 1):
                if self._ended and self._ended[0] is each:
                    self._unread.append((number, self._ended.popleft()))

    def _bound(self) -> None:
        """Forget what has no room: first what can be read in Redis, then what waits to be appended."""
        while len(self._unread) + len(self._ended) > self.most or self._bytes > self.most_bytes:
            if self._unread:
                _, gone = self._unread.popleft()
            else:
                gone = self._ended.popleft()
                self._dropped += 1
            self._bytes -= gone.size

    def _told(self, recorder: LiveRecord) -> bytes:
        return _encode(self._readable(recorder))

    async def erase(self, key: str | None) -> None:
        """Forget the inferences of one key, or all, in all workers. Raises `Rejected`."""
        await self._ask_for()
        if self._followers:
            await self._read()
        self._ended = deque(each for each in self._ended if key is not None and each.key != key)
        self._unread = deque(each for each in self._unread if key is not None and each[1].key != key)
        self._bytes = sum(each.size for each in (*self._ended, *(record for _, record in self._unread)))
        name = "" if key is None else name_of(key)
        await self._run(ERASE, [self._names.of(SHARED, "counters"), self._names.of(SHARED, "record")], name)

    # ------------------------------------------------------------------------------------------ reading

    def all(self, key: str | None = None) -> list[Inference]:
        """The inferences in the order in which they ended, and those that run here; of one key, or of all."""
        return list(self.after(0, key))

    def after(self, number: int, key: str | None = None) -> Iterator[Inference]:
        """The inferences numbered above `number`."""
        return self._told_whole((at, each) for at, each in self._numbered(key) if at > number)

    def _numbered(self, key: str | None = None) -> list[tuple[int, _Entry | LiveRecord]]:
        """What there is of one key, or of all, in the order of the numbers."""
        name = None if key is None else name_of(key) if key else ""
        last = self._unread[-1][0] if self._unread else self._last
        own = [*self._unread, *enumerate([*self._ended, *self._running.values()], last + 1)]
        return [
            *((entry.number, entry) for entry in self._entries if name in (None, entry.name)),
            *((at, each) for at, each in own if key is None or name_of(each.key) == name_of(key)),
        ]

    def _told_whole(self, numbered: Iterable[tuple[int, _Entry | LiveRecord]]) -> Iterator[Inference]:
        for at, each in numbered:
            told = each.inference() if isinstance(each, _Entry) else self._readable(each)
            yield msgspec.structs.replace(told, number=at)

    def select(
        self, wanted: Selection, key: str | None = None, read: Callable[[LiveRecord], Inference] | None = None
    ) -> Iterator[Inference | None]:
        """Of each inference, of one key or of all, what is wanted; None for others. All are told whole."""
        found = [(at, each) for at, each in self._numbered(key) if wanted.reaches(at)]
        told = self._told_whole(found[::-1] if wanted.newest else found)
        return (each if each in wanted else None for each in told)

    def _noted(self) -> list[LiveRecord]:
        return [*(record for _, record in self._unread), *self._ended, *self._running.values()]

    def keys(self) -> list[str]:
        """The API keys of the inferences, or what stands for those that are secret."""
        entries = {entry.name: entry for entry in self._entries}
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
            if (sought in each.data if isinstance(each, _Entry) else each.id == id)  # what is read takes far longer
        ]
        return next((each for each in self._told_whole(found) if id in (each.id, str(each.number))), None)

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Have this called with every inference that ends, in whatever worker; returns what ends that."""
        self._followers.append(listener)
        if self._following is None or self._following.done():
            self._following = asyncio.ensure_future(self._follow())

        def stop() -> None:
            with suppress(ValueError):
                self._followers.remove(listener)

        return stop

    async def _follow(self) -> None:
        while self._followers:
            with suppress(Rejected):
                await self._read()
            await asyncio.sleep(_PAUSE)

    async def stop(self) -> None:
        """Append what has ended, and call the listeners no more."""
        if self._following is not None:
            self._following.cancel()
            await asyncio.gather(self._following, return_exceptions=True)
        if self._appending is not None:
            await asyncio.gather(self._appending, return_exceptions=True)


_numbers = count(1)
