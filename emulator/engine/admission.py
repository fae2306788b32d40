"""Admission: whether a request may run, by the policy and credits of its key and the backends of its model.

`Gate` decides inside a turn of the request's key. Without a policy, credits or backends, nothing is counted, and the
package `account` is not imported.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from emulator.core.catalog import Model
from emulator.core.clock import Clock
from emulator.core.errors import ApiError, Rejected
from emulator.core.prompt_sizes import PromptSize
from emulator.core.seeds import Seed
from emulator.core.vocabulary import Failure, Step, Usage
from emulator.engine.away import told_without_state
from emulator.engine.choosing import WARNING_HEADER
from emulator.scenario.library import LoadedScenario
from emulator.store import Away, Store
from emulator.store.state import KeyState, SharedState

if TYPE_CHECKING:
    from emulator.account.account import Account
    from emulator.account.backends import Pool
    from emulator.account.limits import RateLimitHeaders
    from emulator.account.policy import Policy
    from emulator.account.terms import Terms


_LAPSED = ApiError("unavailable", "This server was paused for so long that others have ended its requests. Ask again.")


class SlotResult(NamedTuple):
    """The result of asking for a slot: the request has one, may wait for one until `deadline`, or has an `error`.

    `deadline` is in Unix seconds, and None for a request that does not wait; `queue` is the longest wait in seconds.
    """

    deadline: float | None = None
    queue: float = 0.0
    error: ApiError | None = None


class Admitted(NamedTuple):
    """The result of an admission: the X-RateLimit-* `headers` of the answer, and the `slot` at the backends.

    `everywhere` says that these are the backends that all keys share.
    `affordable` is the number of completion tokens that the credits can pay; None: any number.
    """

    headers: "RateLimitHeaders"
    slot: SlotResult
    everywhere: bool
    affordable: int | None


class Gate:
    """Opens accounts and admits requests. `terms` are the terms of accounts, unless a scenario sets them.

    Times are in Unix seconds; `own` and `shared` are the states in a turn.
    """

    def __init__(self, terms: "Terms | None" = None) -> None:
        self.terms = terms

    def account(
        self, key: str, own: KeyState, shared: SharedState, playing: LoadedScenario | None, now: float
    ) -> "Account | None":
        """The account of a key, under its active scenario or the server's terms; None if nothing is limited.

        Raises `Rejected` with a 401 or 403 for a managed key that is not valid.
        """
        policy = _managed(key, shared, now) if shared.keys is not None else None
        name, version, terms = self.place(shared, playing)
        if terms is None and policy is None and not own.accounts:
            return None
        account = own.account(name, version)
        if account is not None:
            if policy != account.managed:
                account.set_policy(policy or (terms or _no_limits()).policy(key))
                account.managed = policy
        elif terms is not None or policy is not None:
            account = self._open(key, own, name, version, terms, policy, now)
        return account

    def opened(
        self, key: str, own: KeyState, shared: SharedState, playing: LoadedScenario | None, now: float
    ) -> "Account":
        """The same as `account`, but opens an account without limits instead of returning None."""
        name, version, _ = self.place(shared, playing)
        account = self.account(key, own, shared, playing, now)
        return account or self._open(key, own, name, version, None, None, now)

    def reopen(
        self, key: str, own: KeyState, shared: SharedState, playing: LoadedScenario | None, now: float, terms: "Terms"
    ) -> "Account":
        """Replace the account of a key by a new one with these terms."""
        name, version, _ = self.place(shared, playing)
        account = self._open(key, own, name, version, terms, None, now)
        account.own = True
        return account

    def _open(
        self,
        key: str,
        own: KeyState,
        name: str,
        version: int,
        terms: "Terms | None",
        policy: "Policy | None",
        now: float,
    ) -> "Account":
        account = (terms or _no_limits()).opened(key, policy, now)
        account.managed = policy
        own.accounts[name] = version, account
        return account

    def place(self, shared: SharedState, playing: LoadedScenario | None) -> "tuple[str, int, Terms | None]":
        """The name and version under which an account is stored, and the terms on which it is opened."""
        if playing is not None and playing.scenario.account is not None:
            return playing.scenario.name, playing.version, playing.scenario.account
        return "", shared.terms_version, shared.terms or self.terms

    def admit(
        self,
        ticket: str,
        identity: Seed,
        size: PromptSize,
        model: Model,
        account: "Account | None",
        pool: "Pool | None",
        entered: SlotResult | None,
        now: float,
    ) -> Admitted | None:
        """Admit a request, or return None if nothing is limited. The inference's id derives from `identity`.

        `entered` is the result of asking the backends that all keys share. Raises `Rejected`, with X-RateLimit-*
        headers if there are limits. A refused request is not counted.
        """
        limited = account is not None and not account.unlimited
        if not limited and pool is None and entered is None:
            return None
        headers: RateLimitHeaders = ()
        if account is not None and limited:
            try:
                headers = account.admit(now, model, size.tokens, size.wanted, ticket, identity.uuid4())
            except Rejected as rejected:
                raise Rejected(rejected.error, account.headers(now, rejected.error)) from None
        slot = entered or SlotResult()
        if pool is not None and entered is None:
            slot = enter(pool, ticket, now)
        if slot.error is not None:
            if account is not None:
                account.cancel(ticket)
            raise Rejected(slot.error)
        affordable = account.affordable(now, model) if account is not None else None
        return Admitted(headers, slot, entered is not None, affordable)

    def pool(self, model: str, own: KeyState, playing: LoadedScenario | None, now: float) -> "Pool | None":
        """The backends of a model that the scenario configures."""
        if playing is None or model not in playing.scenario.backends:
            return None
        fleet = own.fleet(playing.scenario.name, playing.version)
        if fleet.get(model) is None:
            fleet.configure(model, playing.scenario.backends[model], now)
        return fleet.get(model)

    def lists(self, model: str, shared: SharedState, playing: LoadedScenario | None) -> bool:
        """Whether the lists of models include a model."""
        if shared.fleet is not None and not shared.fleet.lists(model):
            return False
        backends = playing.scenario.backends.get(model) if playing is not None else None
        return backends is None or backends.listed


def enter(pool: "Pool | None", ticket: str, now: float) -> SlotResult:
    """Ask the backends of a model for a slot. A model without backends has no limit."""
    if pool is None:
        return SlotResult()
    try:
        return SlotResult(pool.enter(now, ticket), pool.backends.queue)
    except Rejected as rejected:
        return SlotResult(error=rejected.error)


class Holding:
    """The slot and the reservation that a request, which has a `ticket`, holds until it ends.

    `everywhere` says that the `slot` is at the backends that all keys share. It is also the `QueuePlace` in which the
    request waits for its slot; if it waits in vain, it gets an error with the status `timeout_status`. With `owing`,
    its end is always owed to a store that is not reached.
    """

    __slots__ = (
        "_clock",
        "_ended",
        "_everywhere",
        "_key",
        "_owing",
        "_shifted",
        "_slot",
        "_store",
        "_ticket",
        "_timeout_status",
    )

    def __init__(
        self,
        store: Store,
        clock: Clock,
        key: str,
        ticket: str,
        timeout_status: str,
        slot: SlotResult,
        *,
        everywhere: bool,
        owing: bool = False,
    ) -> None:
        self._store = store
        self._clock = clock
        self._key = key
        self._ticket = ticket
        self._timeout_status = timeout_status
        self._slot = slot
        self._everywhere = everywhere
        self._owing = owing
        self._shifted = clock.shifted
        self._ended = False

    @property
    def waits(self) -> bool:
        """Whether the request had to wait when it was admitted."""
        return self._slot.deadline is not None

    @property
    def deadline(self) -> float:
        """The end of the wait, in Unix seconds."""
        return (self._slot.deadline or 0.0) + (self._clock.shifted - self._shifted)

    def on_slot(self, wake: Callable[[], object]) -> None:
        """Register a callback for when the request gets its slot."""
        self._store.on_slot(self._ticket, wake)

    def meter(self, used: Callable[[], Usage | None], cut: Callable[[ApiError], None]) -> None:
        """Note what returns the usage so far, by which the request is charged if this process dies."""
        self._store.meter(self._ticket, used, cut)

    async def claim(self) -> tuple[tuple[str, str], ...] | None:
        """Return further headers of the answer once the request has its slot, and None if it has to wait on.

        Raises `Rejected` if there is no slot at the deadline. With `owing`, the request needs none while the store is
        not reached.
        """
        ticket, store = self._ticket, self._store
        late = self._clock.now() >= self.deadline

        def claim(state: KeyState | SharedState) -> bool | None:
            if store.lapsed(ticket):
                raise Rejected(_LAPSED)
            return state.claim(ticket) if late or ticket not in state.waiting() else None

        try:
            if self._everywhere:
                claimed = await store.shared_turn(claim)
            else:
                claimed = await store.turn(self._key, lambda own, shared: claim(own))
        except Away as away:
            if not self._owing:
                raise
            return ((WARNING_HEADER, told_without_state(away)),)
        if claimed is False:
            from emulator.account.backends import queue_timeout  # noqa: PLC0415 (only who waited comes here)

            raise Rejected(queue_timeout(self._slot.queue, self._timeout_status))
        return () if claimed else None

    async def end(self, used: Usage | None, *, owed: bool = True) -> None:
        """Free the slots, and charge and count the usage; None means that nothing was sent, and charges nothing.

        Only the first call counts. A call that is cancelled while the store waits does not count, nor does one that
        raises `Rejected` because the store is not reached: with `owed`, the turn is taken later instead.
        """
        if self._ended:
            return
        self._store.on_slot(self._ticket, None)
        ticket, now = self._ticket, self._clock.now()
        store, key = self._store, self._key

        def end(own: KeyState, shared: SharedState) -> None:
            if not owed and store.lapsed(ticket):
                raise Rejected(_LAPSED)
            own.end(ticket, now, used)

        await (store.surely(lambda: store.turn(key, end)) if owed or self._owing else store.turn(key, end))
        if self._everywhere:
            await store.surely(lambda: store.shared_turn(lambda shared: shared.leave(ticket)))
        self._ended = True


def _managed(key: str, shared: SharedState, now: float) -> "Policy | None":
    """The policy of a managed key; None if it has no limits."""
    from emulator.account.policy import UNLIMITED  # noqa: PLC0415 (only a server with managed keys pays for them)

    record = shared.registry().authorize(key, now)
    return record.policy if record is not None and record.policy != UNLIMITED else None


def _no_limits() -> "Terms":
    from emulator.account.terms import NO_LIMITS  # noqa: PLC0415 (as in `_managed`)

    return NO_LIMITS


def until_spent(steps: Iterable[Step], tokens: int) -> Iterator[Step]:
    """Yield the steps of the first `tokens` completion tokens, which the credits can pay, and then a failure."""
    for step in steps:
        tokens -= step.event.tokens
        if tokens < 0:
            message = "Insufficient credits: they ran out while this was answered. Add credits to go on."
            yield Step(step.delay, Failure(ApiError("insufficient_credits", message, cause="insufficient_credits")))
            return
        yield step
