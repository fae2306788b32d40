"""All inferences that are remembered, the oldest first. It is bounded: what came longest ago is forgotten first."""

import logging
import re
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from emulator.account.keys import fingerprint
from emulator.core.printable import one_line
from emulator.inferences.live_record import LiveRecord

if TYPE_CHECKING:
    from emulator.inferences.inference import Inference
    from emulator.inferences.metrics import Metrics
    from emulator.inferences.selecting import Selection

_EACH = 64 * 1024
_LEAST = 64 * 1024 * 1024
"""Bytes for each inference that is remembered, and for all of them at least: fewer are remembered if they are longer.
"""
Listener: TypeAlias = Callable[["Inference"], None]
Watcher: TypeAlias = Callable[[LiveRecord | None], None]
"""Called with every inference that starts, and with None when some are deleted."""
Note: TypeAlias = "Callable[[str, LiveRecord | Inference | None], None]"
"""Called with "start" or "end" and an inference, and with "reset" and None when some are deleted."""

_NUMBER = re.compile("[1-9][0-9]{0,17}")

log = logging.getLogger("emulator")


class Journal:
    """What was asked of one server, by whomever. `forgotten` counts what had no room any more."""

    most = 1000
    """How many are remembered."""
    most_bytes = _LEAST
    """How many bytes of memory they take, at most."""

    def __init__(self) -> None:
        self._recorders: deque[LiveRecord] = deque()
        self._listeners: list[Listener] = []
        self._watchers: list[Watcher] = []
        self._bytes = 0
        self._number = 0
        self.forgotten = 0
        self._metrics: Metrics | None = None
        self.replayer: Callable[[LiveRecord], Awaitable[LiveRecord]] | None = None

    @property
    def counts(self) -> bool:
        """Whether somebody has asked for the metrics."""
        return self._metrics is not None

    def metrics(self) -> "Metrics":
        """What counts the inferences, from the first call on."""
        if self._metrics is None:
            from emulator.inferences.metrics import Metrics  # noqa: PLC0415 (imported when somebody asks)

            self._metrics = Metrics()
        return self._metrics

    def bound(self, most: int) -> None:
        """Remember at most so many inferences."""
        self.most, self.most_bytes = most, max(_EACH * most, _LEAST)

    async def refresh(self) -> None:
        """Read what other processes have recorded; there are none here."""

    @property
    def newest(self) -> int:
        """The number of the inference that came last; 0 before the first."""
        return self._number

    def begin(self, recorder: LiveRecord) -> None:
        """An inference begins: it is running from now on."""
        self._number += 1
        recorder.number, recorder.kept = self._number, True
        self._recorders.append(recorder)
        if len(self._recorders) > self.most:
            self._forget()
        if self._metrics is not None:
            self._metrics.begin(recorder)
        for watcher in self._watchers:
            watcher(recorder)

    def end(self, recorder: LiveRecord) -> None:
        """An inference has ended: its line is logged, and the listeners are called."""
        if recorder.kept:
            self._bytes += recorder.size
            while self._bytes > self.most_bytes:
                self._forget()
        if self._metrics is not None:
            self._metrics.end(recorder)
        self._report(recorder)

    def _report(self, recorder: LiveRecord) -> None:
        if self._listeners:
            self._tell(self._readable(recorder))
        if log.isEnabledFor(logging.INFO):
            from emulator.inferences.readable import line  # noqa: PLC0415 (imported when somebody reads)

            log.info("%s", line(recorder))

    def _tell(self, inference: "Inference") -> None:
        for listener in tuple(self._listeners):
            try:
                listener(inference)
            except Exception:  # an answer that was given does not fail for who listens
                log.exception("An inference could not be told")

    def _forget(self) -> None:
        self._drop(self._recorders.popleft())
        self.forgotten += 1

    def _drop(self, recorder: LiveRecord) -> None:
        recorder.kept = False
        self._bytes -= recorder.size

    def clear(self, key: str | None = None) -> None:
        """Forget the inferences of one key, or all. Who listens goes on to, and the numbers go on."""
        gone = [each for each in self._recorders if key is None or each.key == key]
        for recorder in gone:
            self._drop(recorder)
        self._recorders = deque(each for each in self._recorders if each.kept)
        if key is None:
            self.forgotten = 0
        for watcher in self._watchers:
            watcher(None)

    def all(self, key: str | None = None) -> "list[Inference]":
        """The inferences in the order in which they came, those that still run included; of one key, or of all."""
        return [self._readable(each) for each in list(self._recorders) if key is None or each.key == key]

    def select(
        self, wanted: "Selection", key: str | None = None, read: "Callable[[LiveRecord], Inference] | None" = None
    ) -> "Iterator[Inference | None]":
        """Of each inference, of one key or of all, what is wanted; None for others, so that a reader can make pauses.

        They need not have more than `read`, a function of `readable`, tells; without it, they are told whole.
        """
        from emulator.inferences.readable import readable, selected  # noqa: PLC0415 (imported when somebody reads)

        found = [each for each in self._noted() if wanted.reaches(each.number) and (key is None or each.key == key)]
        return selected(found[::-1] if wanted.newest else found, wanted, read or readable)

    def _noted(self) -> list[LiveRecord]:
        """The records of this process, oldest first."""
        return list(self._recorders)

    def running(self) -> list[LiveRecord]:
        """The records of the inferences that have not ended."""
        return [each for each in self._noted() if each.sent.ended is None]

    def elsewhere(self) -> "Iterable[tuple[Inference, int, int]]":
        """Those that run in other processes, as far as somebody follows: each with its status and the bytes sent."""
        return ()

    def keys(self) -> list[str]:
        """The API keys of the inferences, in the order in which they first came; "" for requests without one."""
        return list(dict.fromkeys(each.key for each in list(self._recorders)))

    def namespace(self, key: str) -> str:
        """The fingerprint by which the inferences of one of these keys can be told."""
        return fingerprint(key) if key else ""

    def get(self, id: str) -> "Inference | None":
        """The inference of that Inference-Id, the latest if there are several, or of that number."""
        found = self.find(id)
        return None if found is None else self._readable(found)

    def find(self, id: str) -> LiveRecord | None:
        """The record of the same, with all that was sent; None also for one that is not of this process."""
        number = int(id) if _NUMBER.fullmatch(id) else None
        return next((each for each in reversed(self._noted()) if each.number == number or each.id == id), None)

    @staticmethod
    def _readable(record: LiveRecord) -> "Inference":
        """The record as it is now, for people, without secrets."""
        from emulator.inferences.readable import readable  # noqa: PLC0415 (imported when somebody reads)

        return readable(record)

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Have this called with every inference that ends, in the server's thread; returns what ends that."""
        self._listeners.append(listener)

        def stop() -> None:
            with suppress(ValueError):
                self._listeners.remove(listener)

        return stop

    @contextmanager
    def watched(self, watcher: Watcher) -> Iterator[None]:
        """Have this called, in the server's thread, as long as the block runs. It must not raise anything."""
        self._watchers.append(watcher)
        try:
            yield
        finally:
            self._watchers.remove(watcher)

    @asynccontextmanager
    async def followed(self, note: Note) -> AsyncIterator[None]:
        """Have this called with all that happens from now on in whatever process, as long as the block runs."""
        with self.watched(lambda record: note("reset" if record is None else "start", record)):
            stop = self.listen(partial(note, "end"))
            try:
                yield
            finally:
                stop()

    async def replay(self, id: str) -> tuple[int, str] | None:
        """Have the `replayer` ask the same again, and return number and id of the new inference.

        None if no process has the inference with its key. Raises `Rejected`.
        """
        record = self.find(id)
        if record is None or self.replayer is None:
            return None
        new = await self.replayer(record)
        return await self.numbered(new), new.id

    async def numbered(self, record: LiveRecord) -> int:
        """The number of an inference of this process, which it may not have yet."""
        return record.number

    def append_to(self, path: Path) -> Callable[[], None]:
        """Append each inference that ends here to a file, a line of JSON each; returns what ends it. Raises OSError."""
        file = path.open("ab")
        encode = msgspec.json.Encoder().encode

        def write(inference: "Inference") -> None:
            file.write(f"{one_line(encode(inference.as_dict()).decode())}\n".encode())
            file.flush()

        stop = Journal.listen(self, write)

        def close() -> None:
            stop()
            file.close()

        return close
