"""A store that hands out copies only, as one does that several processes share: no object of the state leaves its turn.

Each turn decides twice, the first time for nothing, as if somebody else had committed meanwhile. So a function that
keeps an object of the state, changes what it may only read, or depends on how often it runs, is found by whatever test
goes through it. `pytest --store strict` runs every engine of every test on this store.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

import msgspec

from emulator.store import Decide
from emulator.store.memory import MemoryStore
from emulator.store.saved import key_state, saved, shared_state
from emulator.store.state import KeyState, SharedState

T = TypeVar("T")


class StrictStore(MemoryStore):
    """The store in memory, with states that are encoded and decoded between turns."""

    async def turn(self, key: str, decide: Decide[T]) -> T:
        """Decide on the state of one key."""
        state = await super().turn(key, lambda own, shared: own)
        with suppress(Exception):
            decide(_own(state), _everyone(self._shared))
        own, shared = _own(state), _everyone(self._shared)
        decision = decide(own, shared)
        assert _told(shared) == _told(self._shared), "a turn of a key has changed what all keys share"
        self._wake_admitted(own)
        self._states[key] = _own(own)
        return decision

    async def shared_turn(self, decide: Callable[[SharedState], T]) -> T:
        """Decide on what all keys share."""
        with suppress(Exception):
            decide(_everyone(self._shared))
        shared = _everyone(self._shared)
        decision = decide(shared)
        self._wake_admitted(shared)
        self._shared = _everyone(shared)
        return decision


def _own(state: KeyState) -> KeyState:
    return key_state(msgspec.json.decode(msgspec.json.encode(saved(state))))


def _everyone(state: SharedState) -> SharedState:
    return shared_state(msgspec.json.decode(msgspec.json.encode(saved(state))))


def _told(state: SharedState) -> bytes:
    return msgspec.json.encode(saved(state), order="deterministic")
