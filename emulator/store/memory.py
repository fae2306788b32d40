"""A store in memory. It is bounded: the least recently used state is deleted first."""

from collections import OrderedDict
from collections.abc import Callable, Iterable
from itertools import count
from typing import Any, TypeVar

import msgspec

from emulator.inferences.journal import Journal
from emulator.store import Decide
from emulator.store.state import KeyState, SharedState

T = TypeVar("T")
MAX_KEYS = 10_000


class MemoryStore:
    """States by API key. A turn is a call of its function, which never waits, so no other turn can interrupt it.

    `scenario` is the name of the scenario that is active at first, for keys that do not name another.
    """

    def __init__(self, scenario: str | None = None) -> None:
        self.inferences = Journal()
        self._shared = SharedState(scenario)
        self._states: OrderedDict[str, KeyState] = OrderedDict()
        self._saved: dict[str, Any] = {}
        self._tickets = count()
        self._waiting: dict[str, Callable[[], object]] = {}

    async def turn(self, key: str, decide: Decide[T]) -> T:
        """Call `decide` with the state of a key and the shared state."""
        state = self._states.get(key)
        if state is None:
            state = self._states[key] = self._restored(key) if self._saved else KeyState()
            if len(self._states) > MAX_KEYS:
                self._wake(self._states.popitem(last=False)[1].waiting())
        else:
            self._states.move_to_end(key)
        decision = decide(state, self._shared)
        self._wake_admitted(state)
        return decision

    async def shared_turn(self, decide: Callable[[SharedState], T]) -> T:
        """Call `decide` with the shared state."""
        decision = decide(self._shared)
        self._wake_admitted(self._shared)
        return decision

    def ticket(self) -> str:
        """Return a new text that identifies a request in flight."""
        return str(next(self._tickets))

    def on_slot(self, ticket: str, wake: Callable[[], object] | None) -> None:
        """Call `wake` once the waiting request gets a slot; None removes the callback."""
        if wake is None:
            self._waiting.pop(ticket, None)
        else:
            self._waiting[ticket] = wake

    def _wake_admitted(self, state: KeyState | SharedState) -> None:
        if state.admitted:
            self._wake(state.admitted)
            state.admitted = []

    def _wake(self, tickets: Iterable[str]) -> None:
        for ticket in tickets:
            if (wake := self._waiting.pop(ticket, None)) is not None:
                wake()

    # ------------------------------------------------------------------------------------------ all of it

    async def forget(self, key: str | None = None, *, keep_scenario: bool = False) -> None:
        """Delete the state of one key, or of all keys; with `keep_scenario`, activated scenarios stay active."""
        self.inferences.clear(key)
        gone = [] if key is not None else self._shared.waiting()
        if key is None:
            self._shared = SharedState(self._shared.scenario, terms_version=self._shared.terms_version + 1)
            self._saved.clear()
        elif self._saved:
            self._saved.pop(_fingerprint(key), None)
        for name in [key] if key is not None else list(self._states):
            before = self._states.pop(name, KeyState())
            gone += before.waiting()
            if keep_scenario and before.scenario is not None:
                self._states[name] = KeyState(before.scenario)
        self._wake(gone)  # what they waited for is forgotten, so that they run

    async def snapshot(self) -> dict[str, Any]:
        """Return all state in types that JSON has, with fingerprints instead of API keys."""
        from emulator.store.saved import saved  # noqa: PLC0415 (few servers save anything)

        keys = {_fingerprint(key): saved(state) for key, state in self._states.items()}
        return {"shared": saved(self._shared), "keys": self._saved | keys}

    async def restore(self, data: Any) -> None:
        """Replace all state by that of a snapshot, without requests in flight. Raises `msgspec.ValidationError`."""
        from emulator.store.saved import key_state, shared_state  # noqa: PLC0415 (as in `snapshot`)

        given = msgspec.convert(data, _Snapshot)
        shared = shared_state(given.shared)
        for state in given.keys.values():
            key_state(state)  # reports invalid data now, and not when the key is used
        await self.forget()
        shared.terms_version = self._shared.terms_version
        if shared.fleet is not None:
            shared.fleet.clear()
        self._shared, self._saved = shared, given.keys

    def _restored(self, key: str) -> KeyState:
        """The restored state of a key, found by its fingerprint when the key is first used, or a new state."""
        from emulator.store.saved import key_state  # noqa: PLC0415 (as in `snapshot`)

        saved = self._saved.pop(_fingerprint(key), None)
        if saved is None:
            return KeyState()
        state = key_state(saved)
        state.resume()
        return state


class _Snapshot(msgspec.Struct):
    shared: Any
    keys: dict[str, Any]


def _fingerprint(key: str) -> str:
    from emulator.account.registry import fingerprint  # noqa: PLC0415 (few servers save anything)

    return fingerprint(key)
