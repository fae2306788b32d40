"""Serving the app on sockets: uvicorn in the foreground or in a thread, port 0, readiness, a graceful stop."""

import asyncio
import contextlib
import errno
import logging
import signal
import socket
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import Future
from http import HTTPStatus
from types import FrameType
from typing import TypeAlias, TypeVar

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http import httptools_impl
from uvicorn.server import HANDLED_SIGNALS

from emulator.core.errors import ERRORS
from emulator.core.printable import LineFormatter
from emulator.core.settings import Settings
from emulator.wire import descriptors
from emulator.wire.protocol import Deadlines, State, TransportProtocol

_CUTTING = 1  # seconds for the answers to notice that they were cut
FORCING = 4  # seconds after the grace in which a machine that is busy gets to that
_SWEEP = 1.0  # seconds between looks for clients that are late, if their deadlines are not shorter
_LOOK = 0.01  # seconds
_BACKLOG = 2048
_ACCEPTED_AT_ONCE = 1 / 8
"""Connections that are accepted in one iteration of uvloop, which accepts one from each listening socket, as a part of
the reserve of descriptors: none of them has been read when the last is accepted.
"""
END_GRACE: int = getattr(signal, "SIGUSR1", 0)
"""The signal that ends the grace period of a server that shares its sockets with others; 0 if the system has none."""
T = TypeVar("T")
Beside: TypeAlias = Callable[[], Coroutine[None, None, None]]


class Server(uvicorn.Server):
    """A uvicorn server that stops on a signal without delay, without output, and with exit code 0.

    uvicorn itself checks every tenth of a second whether to stop, and logs a traceback for each answer that outlives
    the grace period. Over a thousand tests that each start a server, both add up.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        grace: float,
        started: Callable[[], object] = lambda: None,
        beside: Sequence[Beside] = (),
        deadlines: Deadlines | None = None,
        *,
        shared: bool = False,
    ) -> None:
        super().__init__(config)
        self.server_state: State = State()
        self.forced = False
        self._grace = grace
        self._deadlines = deadlines or Deadlines()
        self._started = started
        self._beside = beside
        self._shared = shared
        self._accepted_at_once = 1 if shared else max(1, round(descriptors.reserve() * _ACCEPTED_AT_ONCE))
        self._loop: Future[asyncio.AbstractEventLoop] = Future()
        self._told_to_stop = asyncio.Event()

    def stop(self) -> None:
        """Begin to stop. May be called from any thread."""
        self.should_exit = True
        self._call(self._told_to_stop.set)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to stop; a second signal ends the grace period. Signals are not re-raised, so the exit code is 0.

        One of several processes may get each signal twice, so only `END_GRACE` ends its grace period.
        """
        if not self.should_exit:
            self._force_in(self._grace + FORCING)
            self.stop()
        elif not self._shared or sig == END_GRACE:
            self._force_in(FORCING)
            self._call(self._cut)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Do nothing: `serve` handles signals until the event loop has ended, and with it the store."""
        yield

    def _force_in(self, seconds: float) -> None:
        """End the loop by force, if it is too busy to notice that it has to stop."""
        if hasattr(signal, "setitimer"):
            signal.signal(signal.SIGALRM, self._force)
            signal.setitimer(signal.ITIMER_REAL, seconds, _CUTTING)

    def _force(self, sig: int, frame: FrameType | None) -> None:
        self.forced = True
        raise KeyboardInterrupt

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve the connections of these sockets, then report readiness."""
        self._loop.set_result(asyncio.get_running_loop())
        if self._shared and END_GRACE:
            signal.signal(END_GRACE, self.handle_exit)
        copies = [each.dup() for each in sockets or () for _ in range(1, self._accepted_at_once)]
        await super().startup([*(sockets or ()), *copies])
        self._started()

    async def main_loop(self) -> None:
        """Run until stopped, then cancel what runs beside the server."""
        beside = [asyncio.create_task(each()) for each in (self._sweep, *self._beside)]
        await self._told_to_stop.wait()
        for task in beside:
            task.cancel()

    async def _sweep(self) -> None:
        """End the connections of late clients. One look at all is cheaper than a timer for each request."""
        while True:
            await asyncio.sleep(min(_SWEEP, *(seconds / 4 for seconds in self._deadlines)))
            self._expire()

    def _expire(self) -> None:
        now = asyncio.get_running_loop().time()
        for connection in list(self.server_state.connections):
            if isinstance(connection, TransportProtocol):
                connection.expire(now, self._deadlines)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept no more connections, wait for open answers to end within the grace period, and cut the rest."""
        for server in self.servers:
            server.close()
        for listener in sockets or ():
            listener.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        await self._ended(self._grace)
        self._cut()
        await self._ended(_CUTTING)

    def _cut(self) -> None:
        """End all connections as if their clients had disconnected, which answers already handle."""
        for connection in list(self.server_state.connections):
            connection.transport.abort()

    async def _ended(self, seconds: float) -> None:
        """Wait until all connections and answers have ended, or for this many seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self.server_state.connections or self.server_state.tasks:  # there is no event to wait for
                    await asyncio.sleep(_LOOK)
                    self._expire()

    def run_in_loop(self, coroutine: Coroutine[None, None, T]) -> T:
        """Run a coroutine in the server's loop and return its result; for other threads, once the server listens."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop.result()).result()

    def _call(self, function: Callable[[], None]) -> None:
        if self._loop.done():
            with contextlib.suppress(RuntimeError):  # the loop has ended
                self._loop.result().call_soon_threadsafe(function)


def stopping() -> list[int]:
    """The signals that stop a server: also that of a terminal that is closed, unless it is ignored, as with nohup."""
    hangup = getattr(signal, "SIGHUP", None)
    return [*HANDLED_SIGNALS, *([hangup] if hangup and signal.getsignal(hangup) != signal.SIG_IGN else ())]


def listen(host: str, port: int) -> socket.socket:
    """A listening socket, to which clients can connect before they are served; `::` is for IPv4 too. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    both = family == socket.AF_INET6 and socket.has_dualstack_ipv6()
    return socket.create_server((host, port), family=family, backlog=_BACKLOG, dualstack_ipv6=both)


def listeners(host: str, port: int) -> list[socket.socket]:
    """The listening sockets of a host, of which localhost has two: clients try ::1 as well. Raises OSError."""
    if host.lower() != "localhost":
        return [listen(host, port)]
    first = listen("127.0.0.1", port)
    try:
        return [first, listen("::1", first.getsockname()[1])]
    except OSError as error:
        if error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):  # this machine has no IPv6
            return [first]
        first.close()
        raise


def serve(
    app: ASGIApp,
    sockets: list[socket.socket],
    started: Callable[[], object],
    grace: float,
    settings: Settings,
    beside: Sequence[Beside] = (),
    *,
    shared: bool = False,
) -> None:
    """Serve an app on these sockets until stopped; calls `started` once a signal can stop it.

    Answers that are open then have `grace` seconds to end before they are cut. `beside` run at the same time, and are
    cancelled at the end. If the sockets are `shared` with other processes, each takes one connection at a time.
    """
    server = _server(app, grace, settings, started, beside, shared=shared)
    before = {number: signal.signal(number, server.handle_exit) for number in stopping()}
    try:
        server.run(sockets)
    except KeyboardInterrupt:
        pass
    except RuntimeError:  # uvloop's, if it was interrupted while it was stopping
        if not server.forced:
            raise
    finally:
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)


class Background:
    """A server in its own thread, for programs that do other work at the same time.

    `start` returns once the socket listens and raises OSError if it cannot; `stop` cuts what is still open and
    returns once the thread has ended.
    """

    def __init__(self, app: ASGIApp, host: str, port: int, settings: Settings | None = None) -> None:
        self._address = host, port
        self._server = _server(app, 0, settings or Settings())

    def start(self) -> tuple[str, int]:
        """Begin to listen; returns the host and the real port."""
        listener = listen(*self._address)
        host, port = listener.getsockname()[:2]
        run = self._server.run
        self._thread = threading.Thread(target=run, args=[[listener]], name="akashml-emulator", daemon=True)
        self._thread.start()
        return host, port

    def run(self, coroutine: Coroutine[None, None, T]) -> T:
        """Run a coroutine in the server's thread, where its clock and its answers run, and return its result."""
        return self._server.run_in_loop(coroutine)

    def stop(self) -> None:
        """Stop listening, cut what is open, end the thread."""
        self._server.stop()
        self._thread.join()


def _server(
    app: ASGIApp,
    grace: float,
    settings: Settings,
    started: Callable[[], object] = lambda: None,
    beside: Sequence[Beside] = (),
    *,
    shared: bool = False,
) -> Server:
    """A server of uvloop and httptools, without access log (each inference is logged) and without websockets."""
    # uvicorn has no reason phrase for 529, which is not registered; clients show it to users (docs/contract.md).
    for row in ERRORS.values():
        if row.status not in set(HTTPStatus):
            httptools_impl.STATUS_LINE[row.status] = f"HTTP/1.1 {row.status} {row.title}\r\n".encode()
    config = uvicorn.Config(
        app,
        http=TransportProtocol,
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        proxy_headers=False,
        server_header=False,
        date_header=False,
    )
    deadlines = Deadlines(settings.head_timeout, settings.body_timeout, settings.idle_timeout)
    return Server(config, grace, started, beside, deadlines, shared=shared)


def _not_interrupted(record: logging.LogRecord) -> bool:
    """False for what uvicorn logs of an answer that was interrupted by force (see `handle_exit`), with a traceback."""
    return record.exc_info is None or not isinstance(record.exc_info[1], KeyboardInterrupt)


def log_to_stderr(level: str) -> None:
    """Send the emulator's log lines to standard error, and only errors of uvicorn."""
    handler = logging.StreamHandler()
    handler.addFilter(_not_interrupted)
    handler.setFormatter(LineFormatter("%(asctime)s  %(message)s", "%H:%M:%S"))
    logging.getLogger("emulator").addHandler(handler)
    logging.getLogger("emulator").setLevel(level.upper())
    uvicorn_log = logging.getLogger("uvicorn")
    uvicorn_log.addHandler(handler)
    uvicorn_log.setLevel(logging.WARNING)
