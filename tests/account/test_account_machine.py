"""The account as a whole, beside a model of it: whatever happens in whatever order, its promises hold."""

from decimal import Decimal
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from support.saving import restored, saved

from emulator.account.account import Account
from emulator.account.credits import AutoTopUp, Credits
from emulator.account.policy import Policy
from emulator.account.prices import tariff
from emulator.core.catalog import Model, Pricing
from emulator.core.clock import EPOCH
from emulator.core.errors import ApiError, Rejected
from emulator.core.vocabulary import Usage

MODELS = (
    Model("org/plain", 10_000, 1000, Pricing("0.0000013", "0.0000044")),
    Model("org/dear", 10_000, 1000, Pricing("0.01", "0.03", "0.0001", "0.002")),
    Model("other/free", 10_000, 1000, Pricing("0", "0")),
)
MINUTE = 60_000_000
MOST = 100
LIMITS = st.none() | st.integers(1, 4)
POLICIES = st.builds(
    Policy,
    requests_per_minute=LIMITS,
    tokens_per_minute=st.none() | st.sampled_from([50, 200]),
    concurrency=LIMITS,
    expires=st.sampled_from([None, None, EPOCH + 300, EPOCH + 100_000]),
    models=st.sampled_from([None, None, ("org/*",)]),
    disabled=st.sampled_from([False] * 9 + [True]),
)
USD = st.decimals("0.01", "3", places=4)
RATES = ("requests_per_minute_exceeded", "tokens_per_minute_exceeded")


class Sent:
    """A request as the model sees it: when it was let in, and what counts for it."""

    def __init__(self, id: str, model: Model, at: int, prompt: int, limit: int | None) -> None:
        self.id, self.model, self.at, self.prompt = id, model, at, prompt
        self.limit = MOST if limit is None else limit
        self.tokens = prompt + (limit or 0)
        self.requests = 1

    def price(self, said: int = 0, cached: int = 0) -> Decimal:
        return tariff(self.model.pricing).price(self.prompt, cached, said)


class Funds:
    """Credits as the model sees them."""

    def __init__(self) -> None:
        self.own = Decimal(0)
        self.trials: list[list[Any]] = []
        self.top_up: AutoTopUp | None = None

    @property
    def balance(self) -> Decimal:
        left: Decimal = sum((left for _, left in self.trials), self.own)
        return left

    def spend(self, amount: Decimal) -> None:
        for trial in self.trials:
            part = min(trial[1], amount)
            trial[1] -= part
            amount -= part
        self.own -= amount
        self.fill()

    def grant(self, amount: Decimal, expires: float) -> None:
        owed = min(max(-self.own, Decimal(0)), amount)
        self.own += owed
        self.trials = sorted([*self.trials, [expires, amount - owed]], key=lambda trial: trial[0])

    def expire(self, now: float) -> None:
        self.trials = [trial for trial in self.trials if trial[1]]
        while self.trials and self.trials[0][0] <= now:
            del self.trials[0]
            self.fill()

    def fill(self) -> None:
        if self.top_up is not None and self.balance < self.top_up.threshold:
            self.own += self.top_up.amount


class Life(RuleBasedStateMachine):
    """Two accounts have the same life, and the second is saved and restored now and then; beside them a plain model."""

    @initialize(policy=POLICIES, credits=st.none() | USD, fraction=st.sampled_from([0, 0.0000005, 0.123456789]))
    def begin(self, policy: Policy, credits: Decimal | None, fraction: float) -> None:
        self.now = EPOCH + fraction
        self.offset, self.newest, self.number = 0, 0, 0
        self.requests: list[Sent] = []
        self.tokens: list[Sent] = []
        self.running: dict[str, Sent] = {}
        self.charged: list[str] = []
        self.funds, self.bound = Funds(), Decimal(0)
        paid = credits is not None
        self.accounts = [Account(policy, Credits() if paid else None) for _ in range(2)]
        if credits is not None:
            self.purchase(credits)

    @property
    def policy(self) -> Policy:
        return self.accounts[0].policy

    @property
    def paid(self) -> bool:
        return self.accounts[0].credits is not None

    def credits(self) -> list[Credits]:
        return [account.credits for account in self.accounts if account.credits is not None]

    def move(self, seconds: float) -> None:
        """The clock moves, and the accounts and the model notice."""
        self.now += seconds
        tick = round(self.now * 1e6) + self.offset
        self.offset += max(self.newest - tick, 0)
        self.newest = max(self.newest, tick)
        self.funds.expire(self.now)
        for account in self.accounts:
            account.headers(self.now)
        for credits in self.credits():
            credits.balance(self.now)

    # ------------------------------------------------------------------------------------------ requests

    @rule(model=st.sampled_from(MODELS), prompt=st.integers(1, 60), limit=st.none() | st.integers(0, 100))
    def come(self, model: Model, prompt: int, limit: int | None) -> None:
        self.number += 1
        self.move(0)
        sent = Sent(f"id-{self.number}", model, self.newest, prompt, limit)
        expected, before = self.expected(sent), saved(self.accounts[0])
        error, same = [try_to_admit(account, self.now, sent, limit) for account in self.accounts]
        assert error == same
        assert (error.cause if error else None) == expected
        if error is not None:
            assert saved(self.accounts[0]) == before
            assert (error.retry_after is not None) == (error.cause in RATES)
            if error.retry_after is not None:
                self.check_retry_after(before, sent, limit, error.retry_after)
        elif not self.accounts[0].unlimited:
            self.running[sent.id] = sent
            self.requests += [sent] if self.policy.requests_per_minute else []
            self.tokens += [sent] if self.policy.tokens_per_minute else []

    def expected(self, sent: Sent) -> str | None:
        policy = self.policy
        if policy.expires is not None and self.now >= policy.expires:
            return "api_key_expired"
        if policy.disabled:
            return "api_key_disabled"
        if policy.models is not None and not sent.model.id.startswith("org/"):
            return "model_not_allowed"
        held = sum((each.price() for each in self.running.values()), Decimal(0))
        if self.paid and self.funds.balance - held < sent.price():
            return "insufficient_credits"
        if policy.concurrency is not None and len(self.running) >= policy.concurrency:
            return "concurrency_exceeded"
        if policy.tokens_per_minute is not None and sent.tokens > policy.tokens_per_minute:
            return "request_exceeds_tokens_per_minute"
        requests = [(each.at, each.requests) for each in self.requests]
        tokens = [(each.at, each.tokens) for each in self.tokens]
        obstacles = (
            (passes_at(requests, policy.requests_per_minute, 1, self.newest), RATES[0]),
            (passes_at(tokens, policy.tokens_per_minute, sent.tokens, self.newest), RATES[1]),
        )
        at, code = max(obstacles)
        return code if at > self.newest else None

    def check_retry_after(self, before: dict[str, Any], sent: Sent, limit: int | None, wait: float) -> None:
        """A millisecond earlier the request fails; then it passes, unless the key or the credits have expired."""
        earlier = try_to_admit(restored(Account, before), self.now + (wait - 0.001), sent, limit)
        then = try_to_admit(restored(Account, before), self.now + wait, sent, limit)
        assert earlier is not None
        assert then is None or then.cause in ("api_key_expired", "insufficient_credits")

    def take(self, which: int) -> Sent:
        """One of those that run, which is about to end."""
        return self.running.pop(sorted(self.running)[which % len(self.running)])

    @precondition(lambda self: self.running)
    @rule(which=st.integers(0), said=st.integers(0, MOST), cached=st.integers(0, 60), late=st.sampled_from([0, 70]))
    def settle(self, which: int, said: int, cached: int, late: float) -> None:
        """A stream ends, or is left, after any number of tokens; it is settled twice, and counts once."""
        self.move(late)
        sent = self.take(which)
        said, cached = min(said, sent.limit), min(cached, sent.prompt)
        sent.tokens = sent.prompt + said
        used = Usage(sent.prompt, said, cached_tokens=cached)
        for account in self.accounts:
            account.settle(sent.id, self.now, used)
            account.settle(sent.id, self.now, used)
            account.cancel(sent.id)
        if self.paid:
            self.funds.spend(sent.price(said, cached))
            self.charged.append(sent.id)

    @precondition(lambda self: self.running)
    @rule(which=st.integers(0), refused=st.booleans())
    def come_to_nothing(self, which: int, refused: bool) -> None:
        """What fails counts as a request only; what is refused after all does not even that."""
        sent = self.take(which)
        sent.tokens, sent.requests = 0, 0 if refused else 1
        for account in self.accounts:
            end = account.cancel if refused else account.fail
            end(sent.id)
            account.settle(sent.id, self.now, Usage(sent.prompt, 100))

    # ------------------------------------------------------------------------------------------ the world

    @rule(milliseconds=st.sampled_from([1, 250, 29_999, 30_000, 59_999, 60_000, 90_000]))
    def wait(self, milliseconds: int) -> None:
        self.move(milliseconds / 1000)

    @rule(seconds=st.sampled_from([0.5, 45.0, 86_400.0]))
    def set_the_clock_back(self, seconds: float) -> None:
        self.move(-seconds)

    @rule(policy=POLICIES)
    def change_policy(self, policy: Policy) -> None:
        """Limits that are new count what is in flight, and those that are gone count nothing."""
        old, running = self.policy, list(self.running.values())
        for account in self.accounts:
            account.set_policy(policy)
        if not (old.requests_per_minute and policy.requests_per_minute):
            self.requests = running if policy.requests_per_minute else []
        if not (old.tokens_per_minute and policy.tokens_per_minute):
            self.tokens = running[:] if policy.tokens_per_minute else []

    @precondition(lambda self: self.paid)
    @rule(amount=USD)
    def purchase(self, amount: Decimal) -> None:
        self.funds.own += amount
        for credits in self.credits():
            credits.purchase(self.now, amount)

    @precondition(lambda self: self.paid)
    @rule(amount=USD, seconds=st.sampled_from([1.0, 60.0, 1000.0]))
    def grant(self, amount: Decimal, seconds: float) -> None:
        self.funds.grant(amount, self.now + seconds)
        for credits in self.credits():
            credits.grant_trial(self.now, amount, self.now + seconds)

    @precondition(lambda self: self.paid)
    @rule(top_up=st.none() | st.builds(AutoTopUp, USD, USD))
    def top_up(self, top_up: AutoTopUp | None) -> None:
        self.funds.top_up = top_up
        self.funds.fill()
        for credits in self.credits():
            credits.top_up_automatically(self.now, top_up)

    @precondition(lambda self: self.paid and self.funds.balance > 0)
    @rule(part=st.sampled_from(["0.5", "1"]))
    def take_away(self, part: str) -> None:
        amount = self.funds.balance * Decimal(part)
        self.funds.spend(amount)
        for credits in self.credits():
            credits.correct(self.now, -amount)

    @rule()
    def save_and_restore(self) -> None:
        self.accounts[1] = restored(Account, saved(self.accounts[1]))

    # ------------------------------------------------------------------------------------------ what always holds

    @invariant()
    def restoring_is_never_having_stopped(self) -> None:
        assert saved(self.accounts[0]) == saved(self.accounts[1])

    @invariant()
    def windows_count_what_was_sent(self) -> None:
        self.move(0)
        begin, limits = self.newest - MINUTE, self.accounts[0].limits
        requests = sum(sent.requests for sent in self.requests if sent.at > begin)
        tokens = sum(sent.tokens for sent in self.tokens if sent.at > begin)
        for window, counted in ((limits.requests, requests), (limits.tokens, tokens)):
            assert (window.used if window is not None else 0) == counted

    @invariant()
    def slots_are_of_those_that_run(self) -> None:
        assert list(self.accounts[0].in_flight) == list(self.running)

    @invariant()
    def the_ledger_sums_to_the_balance(self) -> None:
        for credits in self.credits():
            entries = credits.ledger.entries
            assert sum(entry.amount for entry in entries) == credits.balance(self.now) == self.funds.balance
            assert credits.held == sum(sent.price() for sent in self.running.values())
            assert [entry.inference_id for entry in entries if entry.kind == "charge"] == self.charged

    @invariant()
    def what_is_owed_was_allowed(self) -> None:
        """Below zero by no more than the answers of those that ran when there was still something left."""
        if self.funds.balance >= 0:
            self.bound = sum((sent.price(sent.limit) for sent in self.running.values()), Decimal(0))
        assert self.funds.balance >= -self.bound


def passes_at(counted: list[tuple[int, int]], limit: int | None, amount: int, now: int) -> int:
    """When an amount fits into a minute: now, or when something is a minute old."""
    candidates = sorted({now, *(at + MINUTE for at, _ in counted if at + MINUTE > now)})
    return next(
        moment
        for moment in candidates
        if limit is None or amount + sum(each for at, each in counted if at > moment - MINUTE) <= limit
    )


def try_to_admit(account: Account, now: float, sent: Sent, limit: int | None) -> ApiError | None:
    try:
        account.admit(now, sent.model, sent.prompt, limit, sent.id, sent.id)
    except Rejected as rejected:
        return rejected.error
    return None


def test_the_promises_hold_whatever_happens() -> None:
    """Windows, concurrency, credits and the ledger agree with a plain model of them through any life of an account."""
    run_state_machine_as_test(Life, settings=settings(max_examples=100, stateful_step_count=40))
