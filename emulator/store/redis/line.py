"""The turns at one state: those that come while another one is committed are decided and committed together."""

import asyncio
from collections.abc import Callable
from typing import Any, Generic, NamedTuple, TypeVar

from emulator.store.saved import encoded
from emulator.store.state import KeyState, SharedState

S = TypeVar("S", KeyState, SharedState)
_MOST_COUNTS = 500
"""Counts of requests that a worker remembers of one key, so that it need not ask for them."""


class Waiting(NamedTuple):
    """A turn that is to be taken, and the future of what it decides."""

    decide: Callable[[Any, Any], Any]
    decision: "asyncio.Future[Any]"


class Line(Generic[S]):
    """A state as this worker knows it, with its token, and the turns that wait for it.

    `state` is decoded from `data`; it is None while a turn changes it. The token is another one after each change, by
    whomever. `counts` are those of requests that are known, by digest.
    """

    def __init__(self, name: str, blank: Callable[[], S], decode: Callable[[bytes], S]) -> None:
        self.name = name
        self.token = b""
        self.counts: dict[str, int] = {}
        self.waiting: list[Waiting] = []
        self.task: asyncio.Task[None] | None = None
        self._decode = decode
        self._blank = encoded(blank())
        self._state: S | None = None
        self.data = self._blank

    def view(self) -> S:
        """The state, for those who only read it."""
        if self._state is None:
            self._state = self._decode(self.data)
        return self._state

    def taken(self) -> S:
        """The state, for a turn that may change it: the next one gets another object."""
        state, self._state = self.view(), None
        return state

    def learn(self, token: bytes, data: bytes | None) -> None:
        """Note what Redis has: None as data is a state that has not begun."""
        if token != self.token:
            self.token, self.data, self._state = token, self._blank if data is None else data, None

    def committed(self, token: bytes, data: bytes, state: S | None) -> None:
        """Note what was committed."""
        self.token, self.data, self._state = token, data, state

    def count(self, digest: str, count: int) -> None:
        """Note how often a request was counted."""
        self.counts.pop(digest, None)
        self.counts[digest] = count
        if len(self.counts) > _MOST_COUNTS:
            del self.counts[next(iter(self.counts))]
