"""Whether a request may run now: what its key may do and pay, and whether a backend of its model is free.

What was never limited costs nothing here: without a policy, credits and backends nothing is counted.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from emulator.core.catalog import Model
from emulator.core.clock import Clock
from emulator.core.prompt_sizes import prompt_tokens
from emulator.core.vocabulary import ApiError, Failure, InferenceRequest, Rejected, Step, Usage
from emulator.scenario.library import LoadedScenario
from emulator.store import Namespace, Store

if TYPE_CHECKING:
    from emulator.account.account import Account, Admission
    from emulator.account.backends import Pool, Ticket
    from emulator.account.limits import RateLimitHeaders
    from emulator.account.policy import Policy
    from emulator.account.terms import Terms


def _nobody() -> None:
    """Nobody is woken."""


class Admitted:
    """A request that was let in: what it holds, until it ends.

    As a `Turn` (vocabulary) it waits at its backend if all slots are busy. `headers` are the X-RateLimit-* of its
    answer.
    """

    __slots__ = ("_account", "_clock", "_wake", "headers", "ticket")

    def __init__(self, clock: Clock, account: "Admission", headers: "RateLimitHeaders") -> None:
        self.headers = headers
        self.ticket: Ticket | None = None
        self._account = account
        self._clock = clock
        self._wake: Callable[[], object] = _nobody

    @property
    def waits(self) -> bool:
        """Whether it has no slot yet."""
        return self.ticket is not None and not self.ticket.admitted

    @property
    def deadline(self) -> float:
        """Until when it waits for one, in Unix seconds."""
        return self.ticket.deadline if self.ticket is not None else self._clock.now()

    def on_turn(self, wake: Callable[[], object]) -> None:
        """Have this called when it gets a slot."""
        self._wake = wake

    def wake(self) -> None:
        """It has a slot."""
        self._wake()

    def give_up(self) -> None:
        """The deadline has come. Raises `Rejected` with a 529 if it has no slot."""
        if self.ticket is not None:
            self.ticket.give_up()

    def affordable(self) -> int | None:
        """How many tokens of an answer the credits pay; None: there is no end to them."""
        return self._account.affordable(self._clock.now())

    def end(self, usage: Usage | None) -> None:
        """Free the slots, charge what was used, and count it. None: nothing was answered, and nothing is charged."""
        if self.ticket is not None:
            self.ticket.leave()
        if usage is None:
            self._account.fail()
        else:
            now = self._clock.now()
            self._account.settle(now, usage.prompt_tokens, usage.cached_tokens, usage.completion_tokens)


class Gate:
    """Lets requests in. `terms` are those of every key of which no scenario says more."""

    def __init__(self, store: Store, clock: Clock, terms: "Terms | None" = None) -> None:
        self._terms = terms
        self._store = store
        self._clock = clock

    def account(self, key: str, namespace: Namespace, story: LoadedScenario | None) -> "Account | None":
        """The account of a key, as the scenario that plays for it has one, or the server; None: nothing is limited.

        Raises `Rejected` with a 401 or 403 for a managed key that may do nothing.
        """
        policy = self._managed(key) if self._store.has_keys else None
        name, version, terms = self._place(story)
        account = namespace.account(name, version)
        if account is not None:
            if policy != account.managed:
                account.set_policy(policy or (terms or _no_limits()).policy(key))
                account.managed = policy
        elif terms is not None or policy is not None:
            account = self.open(key, namespace, story, terms, policy)
        return account

    def opened(self, key: str, namespace: Namespace, story: LoadedScenario | None) -> "Account":
        """The same, and where nothing was limited yet, one without limits. Raises as `account` does."""
        return self.account(key, namespace, story) or self.open(key, namespace, story, None)

    def open(
        self,
        key: str,
        namespace: Namespace,
        story: LoadedScenario | None,
        terms: "Terms | None",
        policy: "Policy | None" = None,
    ) -> "Account":
        """Open the account of a key, anew if there is one, on these terms; `policy` is that of a managed key."""
        name, version, _ = self._place(story)
        account = (terms or _no_limits()).opened(key, policy, self._clock.now())
        account.managed = policy
        namespace.open(name, version, account)
        return account

    def _place(self, story: LoadedScenario | None) -> "tuple[str, int, Terms | None]":
        """Under which scenario and version of it an account is kept, and the terms on which it is opened."""
        if story is not None and story.scenario.account is not None:
            return story.scenario.name, story.version, story.scenario.account
        return "", self._store.terms_version, self._store.terms or self._terms

    def _managed(self, key: str) -> "Policy | None":
        """The policy of a managed key, if it says anything."""
        from emulator.account.policy import UNLIMITED  # noqa: PLC0415 (only who has managed keys pays for them)

        record = self._store.keys.authorize(key, self._clock.now())
        return record.policy if record is not None and record.policy != UNLIMITED else None

    def admit(
        self,
        request: InferenceRequest,
        model: Model,
        account: "Account | None",
        pool: "Pool | None",
        inference_id: str,
    ) -> Admitted | None:
        """Let a request in; None if nothing counts it. Raises `Rejected`, with X-RateLimit-* where there are limits."""
        unlimited = account is None or account.unlimited
        if unlimited and pool is None:
            return None
        now, sampling = self._clock.now(), request.sampling
        wanted = sampling.max_tokens and sampling.max_tokens * max(sampling.n, sampling.best_of)
        if account is None:
            from emulator.account.account import UNCOUNTED as admission  # noqa: PLC0415, N811 (as in `_managed`)
        else:
            try:
                admission = account.admit(now, model, prompt_tokens(request), wanted, inference_id)
            except Rejected as rejected:
                raise Rejected(rejected.error, account.headers(now, rejected.error)) from None
        admitted = Admitted(self._clock, admission, admission.headers)
        if pool is not None:
            try:
                admitted.ticket = pool.enter(now, admitted.wake)
            except Rejected:
                admission.cancel()
                raise
        return admitted

    def pool(self, model: str, namespace: Namespace, story: LoadedScenario | None) -> "Pool | None":
        """What a model runs on: what was said while the server runs, or by the scenario that plays for the key."""
        pool = self._store.fleet.get(model) if self._store.has_backends else None
        if pool is None and story is not None and model in story.scenario.backends:
            fleet = namespace.fleet(story.scenario.name, story.version)
            pool = fleet.get(model)
            if pool is None:
                fleet.configure(model, story.scenario.backends[model], self._clock.now())
                pool = fleet.get(model)
        return pool

    def lists(self, model: str, story: LoadedScenario | None) -> bool:
        """Whether the lists of models have a model."""
        if self._store.has_backends and not self._store.fleet.lists(model):
            return False
        told = story.scenario.backends.get(model) if story is not None else None
        return told is None or told.listed


def _no_limits() -> "Terms":
    from emulator.account.terms import NO_LIMITS  # noqa: PLC0415 (as in `_managed`)

    return NO_LIMITS


def until_spent(steps: Iterable[Step], tokens: int) -> Iterator[Step]:
    """The steps, as long as the credits pay for them: `tokens` of the answer, and then a failure."""
    for step in steps:
        tokens -= step.event.tokens
        if tokens < 0:
            told = "Insufficient credits: they ran out while this was answered. Add credits to go on."
            yield Step(step.delay, Failure(ApiError("insufficient_credits", told, cause="insufficient_credits")))
            return
        yield step
