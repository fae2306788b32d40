"""The order in which answers begin: none holds up the reading of requests, and the events of others that are due."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import TypeAlias

Begin: TypeAlias = Callable[[], None]

_AT_ONCE = 2
"""Answers that begin in one iteration of the event loop: what one takes is many times what its events take."""


class Starts:
    """Begins answers in the order of their requests, few in each iteration of the event loop.

    If many requests come at once, all of them are read at once, so that it is known when each has arrived.
    """

    __slots__ = ("_free", "_waiting")

    def __init__(self) -> None:
        self._waiting: deque[Begin] = deque()
        self._free = _AT_ONCE

    def add(self, begin: Begin, loop: asyncio.AbstractEventLoop) -> None:
        """Begin an answer, at once or in one of the next iterations."""
        if self._free == _AT_ONCE:
            loop.call_soon(self._go_on, loop)
        if self._free:
            self._free -= 1
            begin()
        else:
            self._waiting.append(begin)

    def _go_on(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin those that wait. This runs in each iteration after one in which an answer began."""
        number = min(len(self._waiting), _AT_ONCE)
        self._free = _AT_ONCE - number
        if number:
            loop.call_soon(self._go_on, loop)
        for _ in range(number):
            self._waiting.popleft()()
