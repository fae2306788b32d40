"""A store in memory. It is bounded: see `states`."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from itertools import count
from typing import TYPE_CHECKING, Any, TypeVar

from emulator.account.keys import fingerprint
from emulator.core.clock import VirtualClock
from emulator.core.errors import ApiError
from emulator.core.vocabulary import Usage
from emulator.inferences.journal import Journal
from emulator.scenario.library import Library
from emulator.store import Decide
from emulator.store.state import KeyState, SharedState
from emulator.store.states import States

if TYPE_CHECKING:
    from emulator.account.ledger import Ledger

T = TypeVar("T")
_NEW = KeyState()


class MemoryStore:
    """States by API key. A turn is a call of its function, which never waits, so no other turn can interrupt it.

    `scenario` is the name of the scenario that is active at first, for keys that do not name another.
    """

    def __init__(self, scenario: str | None = None) -> None:
        self.inferences = Journal()
        self._shared = SharedState(scenario)
        self._states = States()
        self._tickets = count()
        self._waiting: dict[str, Callable[[], object]] = {}

    def remember(self, most: int, clock: VirtualClock, library: Library) -> None:
        """Remember at most so many keys. What a key holds depends on the time of `clock`."""
        self._states.most, self._states.now = most, clock.now

    async def share(self, name: str, text: str | None) -> None:
        """Do nothing: no other process has this state."""

    async def turn(self, key: str, decide: Decide[T]) -> T:
        """Call `decide` with the state of a key and the shared state. A new key is remembered if that changes it."""
        state = self._states.get(key)
        if state is None:
            state = KeyState()
            decision = decide(state, self._shared)
            if state != _NEW:
                self._states.put(key, state)
        else:
            decision = decide(state, self._shared)
        self._wake_admitted(state)
        return decision

    async def ledger(self, key: str, account: str) -> "Ledger":
        """The ledger of an account of a key."""
        from emulator.account.ledger import Ledger  # noqa: PLC0415 (a server without accounts does not pay)

        _, found = (self._states.get(key) or _NEW).accounts.get(account, (None, None))
        return Ledger([*found.credits.ledger.entries] if found is not None and found.credits is not None else [])

    async def shared_turn(self, decide: Callable[[SharedState], T]) -> T:
        """Call `decide` with the shared state."""
        decision = decide(self._shared)
        self._wake_admitted(self._shared)
        return decision

    async def surely(self, turn: Callable[[], Awaitable[object]]) -> None:
        """Take a turn, which cannot fail here."""
        await turn()

    def ticket(self) -> str:
        """Return a new text that identifies a request in flight."""
        return str(next(self._tickets))

    def on_slot(self, ticket: str, wake: Callable[[], object] | None) -> None:
        """Call `wake` once the waiting request gets a slot; None removes the callback."""
        if wake is None:
            self._waiting.pop(ticket, None)
        else:
            self._waiting[ticket] = wake

    def meter(self, ticket: str, used: Callable[[], Usage | None], cut: Callable[[ApiError], None]) -> None:
        """Do nothing: what is in memory dies with the process."""

    def lapsed(self, ticket: str) -> bool:
        """False: no other process could have ended it."""
        return False

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
        gone: list[str] = []
        if key is not None:
            before = {key: self._states.pop(key) or KeyState()}
        else:
            gone += self._shared.waiting()
            before, restored = dict(self._states.items()), self._states.restored.items()
            active = {digest: data["scenario"] for digest, data in restored if data.get("scenario")}
            kept = {digest: {"scenario": name} for digest, name in active.items()} if keep_scenario else {}
            self._begin(SharedState(self._shared.scenario, terms_version=self._shared.terms_version + 1), kept)
        for name, state in before.items():
            gone += state.waiting()
            if keep_scenario and state.scenario is not None:
                self._states.put(name, KeyState(state.scenario))
        self._wake(gone)  # what they waited for is forgotten, so that they run

    def _begin(self, shared: SharedState, restored: dict[str, Any] | None = None) -> None:
        states = States(restored)
        states.most, states.now = self._states.most, self._states.now
        self._shared, self._states = shared, states

    async def snapshot(self) -> dict[str, Any]:
        """Return all state in types that JSON has, with fingerprints instead of API keys."""
        from emulator.store.saved import saved  # noqa: PLC0415 (few servers save anything)

        keys = {fingerprint(key): saved(state) for key, state in self._states.items()}
        return {"shared": saved(self._shared), "keys": self._states.restored | keys}

    @property
    def replaced(self) -> bool:
        """Whether all states were replaced since the last call of `changes`; also before the first."""
        return self._states.touched is None

    def changes(self) -> Iterator[tuple[str, bytes | None]]:
        """The states that may have changed since the last call, encoded, and None for those that are forgotten."""
        return self._states.changes()

    async def metrics(self) -> tuple[Mapping[str, float], int, int]:
        """What was counted since the first call, and how many requests run and wait for a slot."""
        counted = self.inferences.metrics()
        return counted.counts, counted.running, len(self._waiting)

    def shared(self) -> bytes:
        """The shared state, encoded."""
        from emulator.store.saved import encoded  # noqa: PLC0415 (as in `snapshot`)

        return encoded(self._shared)

    async def restore(self, data: Any) -> None:
        """Replace all state by that of a snapshot, without requests in flight. Raises `msgspec.ValidationError`."""
        from emulator.store.saved import states_of  # noqa: PLC0415 (as in `snapshot`)

        shared, keys = states_of(data, self._states.most)
        await self.forget()
        self._begin(shared, keys)
