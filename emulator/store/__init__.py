"""Everything that has happened: what the next answer depends on besides the request. It is touched by turns.

A turn loads the state of one API key, lets a pure function decide on it, and commits what the function changed. In
memory that is a function call. A store that several processes share loads, decides and commits if nobody else has
committed meanwhile, and else decides again: so the function may run more than once, gets everything that it needs from
its arguments, and waits for nothing. No object of the state leaves its turn: a function returns values.

docs/architecture.md says which turns a request takes.
"""

from collections.abc import Callable
from typing import Any, Protocol, TypeAlias, TypeVar

from emulator.inferences.journal import Journal
from emulator.store.state import KeyState, SharedState

T = TypeVar("T")
Decide: TypeAlias = Callable[[KeyState, SharedState], T]
"""What happens in a turn of a key: it may read and change the key's state, and only read what all keys share."""


class Store(Protocol):
    """Where the state is kept. `inferences` is the record of all keys."""

    inferences: Journal

    async def turn(self, key: str, decide: Decide[T]) -> T:
        """Decide on the state of one key. What `decide` raises is raised, and it raises before it changes anything."""
        ...

    async def shared_turn(self, decide: Callable[[SharedState], T]) -> T:
        """Decide on what all keys share, in the same way."""
        ...

    async def forget(self, key: str | None = None, *, keep_scenario: bool = False) -> None:
        """Forget what has happened under one key, or everything; `keep_scenario` leaves the activated scenarios."""
        ...

    async def snapshot(self) -> dict[str, Any]:
        """All state in types that JSON has, without any API key."""
        ...

    async def restore(self, data: Any) -> None:
        """Replace all state by a snapshot's. Raises `msgspec.ValidationError` for anything else."""
        ...

    def on_slot(self, ticket: str, wake: Callable[[], object] | None) -> None:
        """Have `wake` called once the waiting request gets its slot, whoever frees it; None: no longer."""
        ...
