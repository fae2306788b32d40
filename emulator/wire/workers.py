"""Several processes that serve the same sockets, and the one that starts them anew when they die."""

import asyncio
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, TypeAlias

from emulator.core.clock import real_time
from emulator.wire.server import END_GRACE, FORCING, stopping

Serve: TypeAlias = Callable[[Callable[[], object], Callable[[], Any]], None]
"""Serves until stopped. It is given what to call when a signal can stop it, and a coroutine to run beside serving."""
STARTUP = 3
"""The exit code of a worker that has failed before it served."""
_PACE = 1.0
"""Seconds that a worker has lived at least before another one takes its place."""
_KILLING = FORCING + 1.0
"""Seconds after the grace period in which a worker ends itself, even if it is busy."""

log = logging.getLogger("emulator")


class Workers:
    """Starts `count` processes that call `serve`, and others for those that die; all end with this process.

    A signal that ends this process is passed on, so that each worker ends as a server of one process does. The workers
    may have got it as well, as by Ctrl-C in a terminal, which is not a second one. So they are told of a second one.
    The sockets are closed here as well: a client that connects would otherwise wait for an answer that nobody gives.
    """

    def __init__(
        self, count: int, sockets: Sequence[socket.socket], serve: Serve, ready: Callable[[], None], grace: float
    ) -> None:
        self._count = count
        self._grace = grace
        self._sockets = sockets
        self._serve = serve
        self._ready = ready
        self._running: dict[int, float] = {}
        self._stopping = False
        self._started, self._tell_started = os.pipe()
        self._parent, self._parent_alive = os.pipe()

    def run(self) -> int:
        """Run until stopped, and return the exit code: 0, or that of a worker which could not start."""
        for number in stopping():
            signal.signal(number, self._stop)
        for _ in range(self._count):
            self._start()
        ready, failed = 0, 0
        while self._running:
            if ready < self._count and not failed:
                ready += len(self._read_started())
                if ready >= self._count:
                    self._ready()
            try:
                process, status = os.waitpid(-1, os.WNOHANG if ready < self._count and not failed else 0)
            except InterruptedError:
                continue
            if process not in self._running:  # none has ended, or another child, such as a browser
                continue
            began = self._running.pop(process)
            code = os.waitstatus_to_exitcode(status)
            if code == STARTUP and not self._stopping:
                failed = code
                self._stop()
            elif not self._stopping:
                log.warning("The worker %s has ended (%s); another one takes its place.", process, code)
                self._start_at(began + _PACE)
        return failed

    def _read_started(self) -> bytes:
        """Wait a moment for workers that serve by now."""
        os.set_blocking(self._started, False)
        with suppress(BlockingIOError):
            return os.read(self._started, self._count)
        signal.sigtimedwait([], 0.01)
        return b""

    def _start_at(self, moment: float) -> None:
        """Start a worker, but not before a time: one that dies each time that it starts would keep a core busy."""
        while not self._stopping and real_time() < moment:
            signal.sigtimedwait([], 0.01)
        if not self._stopping:
            self._start()

    def _start(self) -> None:
        process = os.fork()
        if process:
            self._running[process] = real_time()
            if self._stopping:
                os.kill(process, signal.SIGTERM)
            return
        if self._stopping:
            os._exit(0)
        code = STARTUP
        try:
            for number in stopping():
                signal.signal(number, signal.SIG_DFL)
            os.close(self._parent_alive)
            self._serve(lambda: os.write(self._tell_started, b"."), self._until_orphaned)
            code = 0
        except BaseException:
            log.exception("A worker has failed")
        finally:
            with suppress(Exception):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code)

    async def _until_orphaned(self) -> None:
        """Stop this worker once the process that started it is gone."""
        gone = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_reader(self._parent, gone.set)
        try:
            await gone.wait()
        finally:
            loop.remove_reader(self._parent)
        os.kill(os.getpid(), signal.SIGTERM)

    def _stop(self, *_: object) -> None:
        number, grace = (END_GRACE, 0.0) if self._stopping else (signal.SIGTERM, self._grace)
        self._stopping = True
        signal.signal(signal.SIGALRM, self._kill)
        signal.setitimer(signal.ITIMER_REAL, grace + _KILLING, _KILLING)
        for listener in self._sockets:
            listener.close()
        self._signal(number)

    def _kill(self, *_: object) -> None:
        """End workers that do not end by themselves, since they are paused."""
        self._signal(signal.SIGKILL)

    def _signal(self, number: int) -> None:
        for process in tuple(self._running):
            with suppress(ProcessLookupError):
                os.kill(process, number)
