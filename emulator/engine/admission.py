"""Whether a request may run now: what its key may do and pay, and whether a backend of its model is free.

`Gate` decides inside a turn of the request's key. What was never limited costs nothing: without a policy, credits and
backends nothing is counted, and none of the account is imported.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from emulator.core.catalog import Model
from emulator.core.clock import Clock
from emulator.core.errors import ApiError, Rejected
from emulator.core.prompt_sizes import PromptSize
from emulator.core.vocabulary import Failure, Step, Usage
from emulator.scenario.library import LoadedScenario
from emulator.store import Store
from emulator.store.state import KeyState, SharedState

if TYPE_CHECKING:
    from emulator.account.account import Account
    from emulator.account.backends import Pool
    from emulator.account.limits import RateLimitHeaders
    from emulator.account.policy import Policy
    from emulator.account.terms import Terms


class Entry(NamedTuple):
    """How a request met the backends of its model: it has a slot, waits for one until `deadline`, or got an `error`.

    `deadline` is in Unix seconds, and None for a request that does not wait; `queue` is how many seconds it may wait.
    """

    deadline: float | None = None
    queue: float = 0.0
    error: ApiError | None = None


class Admitted(NamedTuple):
    """A request that was let in: the X-RateLimit-* `headers` of its answer, and its `entry` at the backends.

    `affordable` is how many tokens of the answer the credits pay; None: any number.
    """

    headers: "RateLimitHeaders"
    entry: Entry
    affordable: int | None


class Gate:
    """Opens accounts and lets requests in. `terms` are those of every account of which no scenario says more.

    Times are in Unix seconds; `own` and `shared` are the states of a turn.
    """

    def __init__(self, terms: "Terms | None" = None) -> None:
        self._terms = terms

    def account(
        self, key: str, own: KeyState, shared: SharedState, playing: LoadedScenario | None, now: float
    ) -> "Account | None":
        """The account of a key, under the scenario that plays for it or the server's terms; None: nothing is limited.

        Raises `Rejected` with a 401 or 403 for a managed key that may do nothing.
        """
        policy = _managed(key, shared, now) if shared.keys is not None else None
        name, version, terms = self._place(shared, playing)
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
        """The same, and where nothing was limited yet, one without limits. Raises as `account` does."""
        name, version, _ = self._place(shared, playing)
        account = self.account(key, own, shared, playing, now)
        return account or self._open(key, own, name, version, None, None, now)

    def reopen(
        self, key: str, own: KeyState, shared: SharedState, playing: LoadedScenario | None, now: float, terms: "Terms"
    ) -> "Account":
        """Open the account of a key anew, on these terms."""
        name, version, _ = self._place(shared, playing)
        return self._open(key, own, name, version, terms, None, now)

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

    def _place(self, shared: SharedState, playing: LoadedScenario | None) -> "tuple[str, int, Terms | None]":
        """Under which scenario and version of it an account is kept, and the terms on which it is opened."""
        if playing is not None and playing.scenario.account is not None:
            return playing.scenario.name, playing.version, playing.scenario.account
        return "", shared.terms_version, shared.terms or self._terms

    def admit(
        self,
        ticket: str,
        inference_id: str,
        size: PromptSize,
        model: Model,
        account: "Account | None",
        pool: "Pool | None",
        entered: Entry | None,
        now: float,
    ) -> Admitted | None:
        """Let a request in; None if nothing counts it. `entered` is how it met the backends of all keys, if it did.

        Raises `Rejected`, with X-RateLimit-* where there are limits; then nothing was counted.
        """
        limited = account is not None and not account.unlimited
        if not limited and pool is None and entered is None:
            return None
        headers: RateLimitHeaders = ()
        if account is not None and limited:
            try:
                headers = account.admit(now, model, size.tokens, size.wanted, ticket, inference_id)
            except Rejected as rejected:
                raise Rejected(rejected.error, account.headers(now, rejected.error)) from None
        entry = entered or Entry()
        if pool is not None and entered is None:
            entry = enter(pool, ticket, now)
        if entry.error is not None:
            if account is not None:
                account.cancel(ticket)
            raise Rejected(entry.error)
        return Admitted(headers, entry, account.affordable(now, model) if account is not None else None)

    def pool(self, model: str, own: KeyState, playing: LoadedScenario | None, now: float) -> "Pool | None":
        """The backends that the scenario gives a model."""
        if playing is None or model not in playing.scenario.backends:
            return None
        fleet = own.fleet(playing.scenario.name, playing.version)
        if fleet.get(model) is None:
            fleet.configure(model, playing.scenario.backends[model], now)
        return fleet.get(model)

    def lists(self, model: str, shared: SharedState, playing: LoadedScenario | None) -> bool:
        """Whether the lists of models have a model."""
        if shared.fleet is not None and not shared.fleet.lists(model):
            return False
        backends = playing.scenario.backends.get(model) if playing is not None else None
        return backends is None or backends.listed


def enter(pool: "Pool | None", ticket: str, now: float) -> Entry:
    """Enter the backends of a model; without any, every request runs."""
    if pool is None:
        return Entry()
    try:
        return Entry(pool.enter(now, ticket), pool.backends.queue)
    except Rejected as rejected:
        return Entry(error=rejected.error)


class Holding:
    """What a request holds until it ends, in the state of its key and of all keys.

    `entry` is how it met its backends; `everywhere` says that those are the backends that all keys share. As a
    `QueuePlace` it waits for its slot there.
    """

    __slots__ = ("_clock", "_ended", "_key", "_store", "entry", "everywhere", "ticket")

    def __init__(self, store: Store, clock: Clock, key: str, ticket: str) -> None:
        self._store = store
        self._clock = clock
        self._key = key
        self._ended = False
        self.ticket = ticket
        self.entry = Entry()
        self.everywhere = False

    @property
    def waits(self) -> bool:
        """Whether it had no slot when it was let in."""
        return self.entry.deadline is not None

    @property
    def deadline(self) -> float:
        """Until when it waits for one, in Unix seconds."""
        return self.entry.deadline or 0.0

    def on_slot(self, wake: Callable[[], object]) -> None:
        """Have this called when it gets a slot."""
        self._store.on_slot(self.ticket, wake)

    async def claim(self) -> None:
        """Stop waiting. Raises `Rejected` with a 529 if it has no slot."""
        ticket = self.ticket
        if self.everywhere:
            claimed = await self._store.shared_turn(lambda shared: shared.claim(ticket))
        else:
            claimed = await self._store.turn(self._key, lambda own, shared: own.claim(ticket))
        if not claimed:
            from emulator.account.backends import busy  # noqa: PLC0415 (only who waited comes here)

            raise Rejected(busy(self.entry.queue))

    async def end(self, used: Usage | None) -> None:
        """Free the slots, charge what was used, and count it. None: nothing was answered, and nothing is charged.

        Only the first call counts.
        """
        if self._ended:
            return
        self._ended = True
        if self.waits:
            self._store.on_slot(self.ticket, None)
        ticket, now = self.ticket, self._clock.now()
        await self._store.turn(self._key, lambda own, shared: own.end(ticket, now, used))
        if self.everywhere:
            await self._store.shared_turn(lambda shared: shared.leave(ticket))


def _managed(key: str, shared: SharedState, now: float) -> "Policy | None":
    """The policy of a managed key, if it limits anything."""
    from emulator.account.policy import UNLIMITED  # noqa: PLC0415 (only a server with managed keys pays for them)

    record = shared.registry().authorize(key, now)
    return record.policy if record is not None and record.policy != UNLIMITED else None


def _no_limits() -> "Terms":
    from emulator.account.terms import NO_LIMITS  # noqa: PLC0415 (as in `_managed`)

    return NO_LIMITS


def until_spent(steps: Iterable[Step], tokens: int) -> Iterator[Step]:
    """The steps as long as the credits pay for them: `tokens` of the answer, and then a failure."""
    for step in steps:
        tokens -= step.event.tokens
        if tokens < 0:
            told = "Insufficient credits: they ran out while this was answered. Add credits to go on."
            yield Step(step.delay, Failure(ApiError("insufficient_credits", told, cause="insufficient_credits")))
            return
        yield step
