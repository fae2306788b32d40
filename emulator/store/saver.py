"""Saving the state to a file while a server runs, so that a crash loses no more than the last second."""

import asyncio
import logging
from pathlib import Path

import msgspec

from emulator.core.clock import VirtualClock
from emulator.core.files import write_atomically
from emulator.store import Store
from emulator.store.snapshot import VERSION

INTERVAL = 0.5
"""Seconds between two looks at what has changed."""
_BATCH = 10
"""States that are encoded before others get their turn."""

log = logging.getLogger("emulator")


class Saver:
    """Saves what has changed, at short intervals.

    Only the states of keys that were used since the last time are encoded, a few at a time. The file is written in
    another thread. If that fails, it is told once, and tried again until it succeeds.
    """

    def __init__(self, store: Store, clock: VirtualClock, path: Path) -> None:
        self._store = store
        self._clock = clock
        self._path = path
        self._keys: dict[str, bytes] = {}
        self._shared = b""
        self._moves = -1
        self._changed = False
        self._failing = False

    async def run(self) -> None:
        """Save until cancelled."""
        while True:
            await asyncio.sleep(INTERVAL)
            await self.save()

    async def save(self) -> None:
        """Save now, if anything has changed since the last time."""
        await self._encode()
        while self._store.replaced:
            await self._encode()
        if self._changed:
            await self._write()

    async def _encode(self) -> None:
        """Encode what has changed."""
        if self._store.replaced:
            self._keys.clear()
            self._changed = True
        for number, (digest, state) in enumerate(self._store.changes(), 1):
            self._changed |= self._keys.get(digest) != state
            if state is None:
                self._keys.pop(digest, None)
            else:
                self._keys[digest] = state
            if number % _BATCH == 0:
                await asyncio.sleep(0)
        shared, moves = self._store.shared(), self._clock.changes
        self._changed |= (shared, moves) != (self._shared, self._moves) or self._clock.rate not in (0, 1)
        self._shared, self._moves = shared, moves

    async def _write(self) -> None:
        state = {
            "version": VERSION,
            "clock": self._clock.snapshot(),
            "store": {
                "shared": msgspec.Raw(self._shared),
                "keys": {digest: msgspec.Raw(state) for digest, state in self._keys.items()},
            },
        }
        self._changed = False
        try:
            await asyncio.to_thread(lambda: write_atomically(self._path, msgspec.json.encode(state)))
        except OSError as error:
            if not self._failing:
                log.warning(
                    "The state cannot be saved to %s: %s. Requests are answered all the same, and it is tried again.",
                    self._path,
                    error.strerror,
                )
            self._changed = self._failing = True
            return
        if self._failing:
            log.warning("The state is saved to %s again.", self._path)
        self._failing = False
