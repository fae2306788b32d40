"""What a worker has open at Redis: two connections, and a task that renews its lease."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from weakref import WeakKeyDictionary

from redis.asyncio.connection import ConnectionPool

from emulator.store.redis.link import CONNECT, Link, Lost, Subscription
from emulator.store.redis.locks import LoopLocks

BEAT = 0.25
"""Seconds between two renewals of a lease."""
_PAUSE = 0.25
"""Seconds after a failure in which it is not tried again."""


log = logging.getLogger("emulator")


class Session:
    """The connections of one event loop."""

    def __init__(self, pool: ConnectionPool, channel: str, heard: Callable[[bytes], None]) -> None:
        self.link = Link(pool)
        self.subscription = Subscription(pool, channel, heard)

    async def open(self) -> None:
        """Connect. Raises Lost."""
        await self.link.open()
        try:
            await self.subscription.open()
        except Lost:
            await self.link.close()
            raise

    @property
    def alive(self) -> bool:
        """Whether both connections work."""
        return self.link.alive and self.subscription.alive

    async def close(self) -> None:
        """Close both connections."""
        await self.subscription.close()
        await self.link.close()


class Sessions:
    """The session of the event loop that runs. It is opened when it is first needed, and again after it was lost.

    `opened` is called with each new session, and `beat` every `BEAT` seconds. All ends with the event loop, and first
    what `end` ends.
    """

    def __init__(
        self,
        url: str,
        channel: str,
        heard: Callable[[bytes], None],
        opened: Callable[[Session], Awaitable[None]],
        beat: Callable[[], Awaitable[None]],
        end: Callable[[], Awaitable[None]],
    ) -> None:
        self._url = url
        self._channel = channel
        self._heard = heard
        self._opened = opened
        self._beat = beat
        self._end = end
        self._sessions: WeakKeyDictionary[asyncio.AbstractEventLoop, Session] = WeakKeyDictionary()
        self._locks = LoopLocks()
        self._anchors: WeakKeyDictionary[asyncio.AbstractEventLoop, AsyncIterator[None]] = WeakKeyDictionary()
        self._failure: tuple[float, str] | None = None

    @property
    def current(self) -> Session | None:
        """The session of the event loop that runs, if there is one."""
        return self._sessions.get(asyncio.get_running_loop())

    @property
    def is_last(self) -> bool:
        """Whether no other event loop has a session."""
        return len(self._sessions) == 1

    async def get(self) -> Session:
        """Return the session. Raises Lost, at once if it was lost a moment before."""
        current = self.current
        if current is not None and current.alive:
            return current
        loop = asyncio.get_running_loop()
        lock = self._locks.own
        if self._failure is not None and lock.locked():
            raise Lost(self._failure[1])
        async with lock:
            current = self.current
            if current is not None and current.alive:
                return current
            return await self._open(loop)

    async def _open(self, loop: asyncio.AbstractEventLoop) -> Session:
        old = self._sessions.pop(loop, None)
        if old is not None:
            await old.close()
        if loop not in self._anchors:
            self._failure = None
            self._anchors[loop] = anchor = self._while_open(loop)
            await anchor.__anext__()
        if self._failure is not None and loop.time() - self._failure[0] < _PAUSE:
            raise Lost(self._failure[1])
        pool = ConnectionPool.from_url(self._url, protocol=2, socket_timeout=None, socket_connect_timeout=CONNECT)
        session = Session(pool, self._channel, self._heard)
        try:
            await session.open()
            await self._opened(session)
        except Lost as lost:
            await session.close()
            self._failure = loop.time(), str(lost)
            raise
        except asyncio.CancelledError:  # the server stops before it has begun
            await session.close()
            raise
        self._failure, self._sessions[loop] = None, session
        return session

    async def _while_open(self, loop: asyncio.AbstractEventLoop) -> AsyncIterator[None]:
        """Beat until the event loop ends, which closes its asynchronous generators, and then close what is open."""
        beating = asyncio.ensure_future(self._beating())
        try:
            yield
        finally:
            beating.cancel()
            await asyncio.gather(beating, self._end(), return_exceptions=True)
            session = self._sessions.pop(loop, None)
            if session is not None:
                await session.close()

    async def _beating(self) -> None:
        while True:
            try:
                await self._beat()
            except Exception:  # a worker that does not beat is taken for gone
                log.exception("A beat of this worker has failed")
            await asyncio.sleep(BEAT)
