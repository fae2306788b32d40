"""A state as a worker knows it, and the turns that wait for it."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Generic, NamedTuple, TypeVar

from emulator.store.saved import encoded
from emulator.store.state import KeyState, SharedState

S = TypeVar("S", KeyState, SharedState)
_MOST_COUNTS = 200
"""Counts of requests that a worker remembers of one key, so that it need not ask for them."""


class Waiting(NamedTuple):
    """A turn that a task asks for, and the future of what it decides."""

    decide: Callable[[Any, Any], Any]
    decision: "asyncio.Future[Any]"
    task: "asyncio.Task[Any] | None"


class Counts(dict[str, int]):
    """Counts of requests by digest, which notes those that a turn changes."""

    def __init__(self, known: Mapping[str, int]) -> None:
        super().__init__(known)
        self.changed: dict[str, int] = {}

    def __setitem__(self, digest: str, count: int) -> None:
        super().__setitem__(digest, count)
        self.changed[digest] = count


class Line(Generic[S]):
    """A state as this worker knows it, with its token, and the turns that wait for it or are `deciding` on it.

    The token is another one after each change, by whomever. `counts` are the counts of requests that are known.
    """

    def __init__(self, name: str, blank: Callable[[], S], decode: Callable[[bytes], S]) -> None:
        self.name = name
        self.token = b""
        self.counts: dict[str, int] = {}
        self.waiting: list[Waiting] = []
        self.deciding: list[Waiting] = []
        self.task: asyncio.Task[None] | None = None
        self._decode: Callable[[bytes], S] = decode
        self._blank = encoded(blank())
        self._state: S | None = None
        self.data = self._blank

    @property
    def revision(self) -> int:
        """How many scenarios were put so far; it is a part of the token of the shared state."""
        return int(self.token.partition(b"@")[2] or 0)

    def view(self) -> S:
        """The state, for those who only read it."""
        if self._state is None:
            self._state = self._decode(self.data)
        return self._state

    def take(self) -> S:
        """The state, for a turn that may change it: the next one gets another object."""
        state, self._state = self.view(), None
        return state

    def learn(self, token: bytes, data: bytes | None) -> None:
        """Note what Redis has. Without data, the state has not begun."""
        if token != self.token:
            self.token, self.data, self._state = token, self._blank if data is None else data, None

    def commit(self, token: bytes, data: bytes, state: S, counts: Mapping[str, int]) -> None:
        """Note what was committed; without data, only counts have changed."""
        if data:
            self.token, self.data = token, data
        self._state = state
        for digest, after in counts.items():
            self.count(digest, after)

    def count(self, digest: str, count: int) -> None:
        """Note how often a request was counted."""
        self.counts.pop(digest, None)
        self.counts[digest] = count
        if len(self.counts) > _MOST_COUNTS:
            del self.counts[next(iter(self.counts))]
