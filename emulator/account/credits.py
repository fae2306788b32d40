"""Prepaid credits in USD: trial ones, which expire, and purchased ones, which do not (docs/contract.md, billing).

Trial credits are spent first, those that expire first before others. A request in flight holds what its prompt costs,
so that requests side by side cannot spend the same money twice; what its answer costs may take the balance below zero.
What is owed is paid first by whatever is added next.
"""

from decimal import Decimal

from msgspec import Struct, field

from emulator.account.ledger import Entry, Kind, Ledger
from emulator.account.prices import ZERO, add, negative, subtract, usd
from emulator.core.clock import iso
from emulator.core.errors import ApiError, Rejected


class Trial(Struct):
    """Trial credits: what is left of them, in USD, until they expire, in Unix seconds."""

    left: Decimal
    expires: float


class AutoTopUp(Struct, frozen=True):
    """Buy `amount` USD once, each time that a balance is left below `threshold` USD."""

    threshold: Decimal
    amount: Decimal

    def __post_init__(self) -> None:
        _check_positive("an automatic top-up", self.amount)
        if not self.threshold.is_finite():
            raise ValueError(f"the threshold of an automatic top-up cannot be {self.threshold}: expected USD")


class Credits(Struct):
    """The credits of one account.

    `purchased` is below zero by what is owed, and then no trial credits are left; `held` is for requests in flight.
    Each method first lets expire what has expired by `now`, in Unix seconds. Amounts are in USD.
    """

    purchased: Decimal = ZERO
    trials: list[Trial] = []
    held: Decimal = ZERO
    auto_top_up: AutoTopUp | None = None
    ledger: Ledger = field(default_factory=Ledger)

    def balance(self, now: float) -> Decimal:
        """What is left, holds included; below zero it is owed."""
        if self.trials:
            self._expire(now)
        return self.ledger.balance

    def available(self, now: float) -> Decimal:
        """What is left and not held for a request in flight."""
        return subtract(self.balance(now), self.held)

    # ------------------------------------------------------------------------------------------ adding

    def grant_trial(self, now: float, amount: Decimal, expires: float, note: str = "trial credits") -> Entry:
        """Add credits that expire. Raises ValueError for an amount that is not positive and a time that has passed."""
        _check_positive("a grant of trial credits", amount)
        if not expires > now:
            raise ValueError(f"trial credits cannot expire at {iso(expires)}: it is {iso(now)} already")
        self._expire(now)
        owed = min(max(-self.purchased, ZERO), amount)
        self.purchased = add(self.purchased, owed)
        if left := subtract(amount, owed):
            self.trials.append(Trial(left, expires))
            self.trials.sort(key=lambda trial: trial.expires)
        return self.ledger.record(now, "grant_trial", amount, note)

    def purchase(self, now: float, amount: Decimal, note: str = "") -> Entry:
        """Add credits that do not expire. Raises ValueError for an amount that is not positive."""
        _check_positive("a purchase", amount)
        self._expire(now)
        return self._buy(now, "purchase", amount, note)

    def correct(self, now: float, amount: Decimal, note: str = "") -> Entry:
        """Add an amount that does not expire, or with a negative one take it away, as a charge would.

        Raises ValueError for an amount that is no number.
        """
        if not amount.is_finite():
            raise ValueError(f"a correction cannot be {amount}: expected an amount in USD")
        self._expire(now)
        if amount > 0:
            return self._buy(now, "correction", amount, note)
        return self._spend(now, "correction", -amount, note)

    def top_up_automatically(self, now: float, auto_top_up: AutoTopUp | None) -> None:
        """Top up from now on, and at once where the balance is too low already; None: no longer."""
        self._expire(now)
        self.auto_top_up = auto_top_up
        self._top_up(now)

    # ------------------------------------------------------------------------------------------ spending

    def check(self, now: float, amount: Decimal) -> None:
        """Let a request pass whose prompt costs `amount`, or raise `Rejected` with a 402 if that is not available."""
        available = self.available(now)
        if available < amount:
            held = f" ({usd(self.held)} is held for requests in flight)" if self.held else ""
            told = f"Insufficient credits: the prompt costs {usd(amount)}, and {usd(available)} is available{held}."
            told = f"{told} Add credits to go on."
            raise Rejected(ApiError("insufficient_credits", told, cause="insufficient_credits"))

    def hold(self, amount: Decimal) -> None:
        """Set aside an amount, which `check` said is available."""
        self.held = add(self.held, amount)

    def release(self, amount: Decimal) -> None:
        """Give back what was held."""
        self.held = subtract(self.held, amount)

    def charge(self, now: float, amount: Decimal, inference_id: str, note: str = "") -> Entry:
        """Take what an inference cost, even below zero."""
        if self.trials:
            self._expire(now)
        return self._spend(now, "charge", amount, note, inference_id)

    def _spend(self, now: float, kind: Kind, amount: Decimal, note: str, inference_id: str | None = None) -> Entry:
        rest = amount
        while rest and self.trials:
            trial = self.trials[0]
            part = min(rest, trial.left)
            rest, trial.left = subtract(rest, part), subtract(trial.left, part)
            if not trial.left:
                del self.trials[0]
        self.purchased = subtract(self.purchased, rest)
        entry = self.ledger.record(now, kind, negative(amount), note, inference_id)
        self._top_up(now)
        return entry

    def _buy(self, now: float, kind: Kind, amount: Decimal, note: str) -> Entry:
        self.purchased = add(self.purchased, amount)
        return self.ledger.record(now, kind, amount, note)

    def _expire(self, now: float) -> None:
        while self.trials and self.trials[0].expires <= now:
            trial = self.trials.pop(0)
            self.ledger.record(trial.expires, "expiry", negative(trial.left), "trial credits expired")
            self._top_up(trial.expires)

    def _top_up(self, now: float) -> None:
        wanted = self.auto_top_up
        if wanted is not None and self.ledger.balance < wanted.threshold:
            self._buy(now, "auto_top_up", wanted.amount, f"balance below {usd(wanted.threshold)}")


def _check_positive(what: str, amount: Decimal) -> None:
    if not (amount.is_finite() and amount > 0):
        raise ValueError(f"{what} cannot be of {amount} USD: expected more than 0")
