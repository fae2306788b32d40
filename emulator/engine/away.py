"""What is decided while the store is not reached: nothing, or, by the setting `store_away`, what needs no state."""

from collections.abc import Callable
from typing import TypeVar

from emulator.core.errors import Rejected
from emulator.store import Away, Decide, Store
from emulator.store.state import KeyState, SharedState

T = TypeVar("T")


def told_without_state(away: Rejected) -> str:
    """The warning that an answer was given although the store was not reached."""
    return f"{away.error.message} This was answered without state: nothing is counted, limited or charged."


class RequestTurns:
    """The turns in which requests are decided. With `stateless`, each is taken also while the store is not reached.

    It then begins with a new key and with the shared state that this process knew last, without its backends, and what
    it changes is forgotten. Without `stateless`, it raises `Away`.
    """

    def __init__(self, store: Store, *, stateless: bool) -> None:
        self._store = store
        self.stateless = stateless

    async def turn(self, key: str, decide: Decide[T]) -> T:
        """Call `decide` with the state of a key and the shared state."""
        try:
            return await self._store.turn(key, decide)
        except Away as away:
            return self.without_store(away, decide)

    async def shared_turn(self, decide: Callable[[SharedState], T]) -> T:
        """Call `decide` with the shared state."""
        try:
            return await self._store.shared_turn(decide)
        except Away as away:
            return self.without_store(away, lambda own, shared: decide(shared))

    def without_store(self, away: Away, decide: Decide[T]) -> T:
        """Call `decide` without the store. Raises `away` unless the setting allows it."""
        if not self.stateless:
            raise away
        from emulator.store.saved import decoded_shared  # noqa: PLC0415 (a store in memory is always reached)

        shared = decoded_shared(self._store.shared())
        shared.fleet = None
        return decide(KeyState(), shared)
