"""A store that hands out copies only and really waits, as one does that several processes share.

Each turn loads a copy of the state, decides on it, and commits if nobody else has committed meanwhile; otherwise it
decides again, then without a pause, so that many requests at once do not outdo each other for long. Others get their
turn before it decides, before it commits and before it returns. It decides once more than it has to, so that a function
that keeps an object of the state, changes what it may only read, or depends on how often it runs, is found by whatever
test goes through it. `pytest --store strict` runs every engine of every test on this store.
"""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TypeVar

from emulator.store import Decide
from emulator.store.memory import MemoryStore
from emulator.store.saved import key_state, saved, shared_state
from emulator.store.state import KeyState, SharedState

T = TypeVar("T")


class StrictStore(MemoryStore):
    """The store in memory, with states that are encoded and decoded between turns."""

    def __init__(self, scenario: str | None = None) -> None:
        super().__init__(scenario)
        self._early: set[str] = set()

    async def turn(self, key: str, decide: Decide[T]) -> T:
        """Decide on the state of one key."""
        late = False
        while True:
            state, shared = self._states.get(key), self._shared
            if not late:
                with suppress(Exception):
                    decide(_own(state or KeyState()), _everyone(shared))
                await asyncio.sleep(0)
            own, everyone = _own(state or KeyState()), _everyone(shared)
            decision = decide(own, everyone)
            assert everyone == shared, "a turn of a key has changed what all keys share"
            if not late:
                await asyncio.sleep(0)
            if self._states.get(key) is state and self._shared is shared:
                if state is not None or own != KeyState():
                    self._states.put(key, _own(own))
                self._wake_admitted(own)
                await asyncio.sleep(0)
                return decision
            late = True

    async def shared_turn(self, decide: Callable[[SharedState], T]) -> T:
        """Decide on what all keys share."""
        late = False
        while True:
            shared = self._shared
            if not late:
                with suppress(Exception):
                    decide(_everyone(shared))
                await asyncio.sleep(0)
            everyone = _everyone(shared)
            decision = decide(everyone)
            if not late:
                await asyncio.sleep(0)
            if self._shared is shared:
                self._wake_admitted(everyone)
                if everyone != shared:
                    self._shared = _everyone(everyone)
                await asyncio.sleep(0)
                return decision
            late = True

    def on_slot(self, ticket: str, wake: Callable[[], object] | None) -> None:
        """Call `wake` soon if the request got its slot before its turn returned."""
        if ticket in self._early:
            self._early.remove(ticket)
            asyncio.get_running_loop().call_soon(wake or int)
        else:
            super().on_slot(ticket, wake)

    def _wake(self, tickets: Iterable[str]) -> None:
        tickets = list(tickets)
        self._early.update(ticket for ticket in tickets if ticket not in self._waiting)
        super()._wake(tickets)


def _own(state: KeyState) -> KeyState:
    return key_state(saved(state))


def _everyone(state: SharedState) -> SharedState:
    return shared_state(saved(state))
