"""Locks of a store, which several event loops may use, one after the other."""

import asyncio
from weakref import WeakKeyDictionary


class LoopLocks:
    """A lock for each event loop: a lock of asyncio belongs to the loop that first waited for it."""

    def __init__(self) -> None:
        self._locks: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()

    @property
    def own(self) -> asyncio.Lock:
        """The lock of the event loop that runs."""
        return self._locks.setdefault(asyncio.get_running_loop(), asyncio.Lock())
