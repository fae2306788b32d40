"""The client of one answer: waits and long work end when it disconnects."""

import asyncio
from collections.abc import Callable
from typing import Any

from starlette.types import Receive, Scope

from emulator.core.clock import Clock, Turns


class ClientLeft(Exception):
    """The client closed the connection during a wait, or while its answer was made."""


class Client:
    """Waits for times and slots as long as the client stays; `turns` are those of the work on its answer."""

    __slots__ = ("_clock", "_leaving", "_receive", "_scope", "_shifted", "_sleeping", "turns")

    def __init__(self, scope: Scope, receive: Receive, clock: Clock) -> None:
        self.turns = Turns()
        self._scope = scope
        self._receive = receive
        self._clock = clock
        self._shifted = clock.shifted
        self._leaving: asyncio.Future[None] | None = None
        self._sleeping: asyncio.Task[Any] | None = None

    async def wait(self, deadline: float, on_slot: Callable[[Callable[[], None]], None] | None = None) -> None:
        """Wait until a deadline, if it is not past, or for a slot. Raises `ClientLeft` if the client disconnects."""
        if self._clock.now() < deadline:
            await self.sleep(deadline, on_slot)

    async def sleep(self, deadline: float, on_slot: Callable[[Callable[[], None]], None] | None = None) -> None:
        """Wait until a deadline or for a slot. Raises `ClientLeft` if the client disconnects."""
        leaving = self._watch()
        if leaving.done():
            raise ClientLeft
        self._sleeping = asyncio.current_task()
        if on_slot is not None:
            on_slot(self._interrupt)
        try:
            await self._clock.sleep_until(deadline)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if self._sleeping is not None or task is None or task.uncancel() > 0:
                raise
            if leaving.done():
                raise ClientLeft from None
        finally:
            self._sleeping = None
        self.turns.begin()

    def shift(self) -> float:
        """By how many seconds the clock was set since the last call: what is to come is due as much later."""
        before, self._shifted = self._shifted, self._clock.shifted
        return self._shifted - before

    def _interrupt(self, *left: asyncio.Future[None]) -> None:
        """End the wait, if there is one."""
        task, self._sleeping = self._sleeping, None
        if task is not None:
            task.cancel()

    async def end_turn(self) -> None:
        """Let all other tasks run. Raises `ClientLeft` if the client has disconnected."""
        leaving = self._watch()
        await self.turns.end()
        if leaving.done():
            raise ClientLeft

    def _watch(self) -> asyncio.Future[None]:
        """What is done once the client disconnects. Answers that neither wait nor take long have none.

        A connection of the server's own tells it. Any other server is asked by a task, as ASGI has it.
        """
        if self._leaving is None:
            connection = self._scope.get("state", {}).get("connection")
            self._leaving = asyncio.ensure_future(self.until_left()) if connection is None else connection.lost
            self._leaving.add_done_callback(self._interrupt)
        return self._leaving

    def unwatch(self) -> None:
        """End the watch; the answer has ended."""
        if self._leaving is not None:
            self._leaving.remove_done_callback(self._interrupt)
            if isinstance(self._leaving, asyncio.Task):
                self._leaving.cancel()
            self._leaving = None

    async def until_left(self) -> None:
        """Wait until the client disconnects."""
        while (await self._receive())["type"] != "http.disconnect":
            pass
