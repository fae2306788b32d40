"""The store keeps the state of the server, and gives access to it in turns.

A turn loads the state of one API key, calls a pure function with it, and commits the changes. In memory, this is a
function call. A store that several processes share repeats the turn if another process has committed in the meantime.
The function may therefore run more than once, gets all data as arguments, and does not wait. It returns values; no
object of the state may leave the turn.

docs/architecture.md lists the turns of a request.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeVar

from emulator.core.clock import VirtualClock
from emulator.core.errors import ApiError, Rejected
from emulator.core.vocabulary import Usage
from emulator.inferences.journal import Journal
from emulator.scenario.library import Library
from emulator.store.state import KeyState, SharedState

if TYPE_CHECKING:
    from emulator.account.ledger import Ledger

T = TypeVar("T")
Decide: TypeAlias = Callable[[KeyState, SharedState], T]
"""What happens in a turn of a key: it may read and change the key's state, and only read what all keys share."""


class Away(Rejected):
    """The store is not reached. `unsure` says that what was asked of it may have happened all the same."""

    def __init__(self, error: ApiError, *, unsure: bool) -> None:
        super().__init__(error)
        self.unsure = unsure


class Store(Protocol):
    """The interface of a store. `inferences` is the record of the inferences of all keys."""

    inferences: Journal

    def remember(self, most: int, clock: VirtualClock, library: Library) -> None:
        """Remember at most so many keys (see `states`). What a key holds depends on the time of `clock`.

        What other processes do to the clock and the library is done to these.
        """
        ...

    async def share(self, name: str, text: str | None) -> None:
        """Put a scenario, as YAML, into the libraries of all other processes; None removes it."""
        ...

    async def turn(self, key: str, decide: Decide[T]) -> T:
        """Call `decide` with the state of a key and the shared state. It may raise only before it changes anything.

        Raises `Rejected` with a 503, and changes nothing, if there is no room for the state of another key, and `Away`
        if the store is not reached.
        """
        ...

    async def ledger(self, key: str, account: str) -> "Ledger":
        """The ledger of an account of a key, by its name in the state: a turn need not see all entries of it."""
        ...

    async def shared_turn(self, decide: Callable[[SharedState], T]) -> T:
        """Call `decide` with the shared state, in the same way."""
        ...

    async def surely(self, turn: Callable[[], Awaitable[object]]) -> None:
        """Take a turn that has no effect a second time: now, or as soon as the store is reached again."""
        ...

    def ticket(self) -> str:
        """Return a new text that identifies a request in flight among those of all processes that share the state."""
        ...

    async def forget(self, key: str | None = None, *, keep_scenario: bool = False) -> None:
        """Delete the state of one key, or of all keys; with `keep_scenario`, activated scenarios stay active."""
        ...

    async def snapshot(self) -> dict[str, Any]:
        """Return all state in types that JSON has, without API keys."""
        ...

    async def restore(self, data: Any) -> None:
        """Replace all state by that of a snapshot. Raises `msgspec.ValidationError` for invalid data."""
        ...

    @property
    def replaced(self) -> bool:
        """Whether all states were replaced since the last call of `changes`; also before the first."""
        ...

    def changes(self) -> Iterator[tuple[str, bytes | None]]:
        """The states that may have changed since the last call, as JSON, and None for those that are forgotten.

        Each has the fingerprint of its key. Others may take turns while this is read.
        """
        ...

    async def metrics(self) -> tuple[Mapping[str, float], int, int]:
        """What all processes have counted since the first call, and how many requests run and wait for a slot."""
        ...

    def shared(self) -> bytes:
        """The shared state, as JSON."""
        ...

    def on_slot(self, ticket: str, wake: Callable[[], object] | None) -> None:
        """Call `wake` once the waiting request gets a slot, or soon if it has one already; perhaps also before.

        None removes the callback, and is also given for a request that has ended.
        """
        ...

    def meter(self, ticket: str, used: Callable[[], Usage | None], cut: Callable[[ApiError], None]) -> None:
        """Charge what `used` returns, the usage so far, if this process dies before the request has ended.

        `cut` is called if others took it for dead, and have done so.
        """
        ...

    def lapsed(self, ticket: str) -> bool:
        """Whether other processes took this one for dead, and have ended the request."""
        ...
