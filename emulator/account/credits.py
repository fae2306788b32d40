"""Prepaid credits in USD: trial credits, which expire, and purchased credits (docs/contract.md, billing).

Trial credits are spent first, in the order in which they expire. A request in flight holds the cost of its prompt, so
that concurrent requests cannot spend the same credits. The cost of its answer may make the balance negative; credits
that are added later pay this debt first.
"""

from decimal import Decimal

from msgspec import Struct, field

from emulator.account.ledger import Entry, Kind, Ledger
from emulator.account.prices import ZERO, add, check_positive, check_usd, negative, subtract, usd
from emulator.core.clock import iso
from emulator.core.errors import ApiError, Rejected
from emulator.core.saved_times import Moment


class Trial(Struct, forbid_unknown_fields=True):
    """Trial credits: the amount left, in USD, and when they expire, in Unix seconds."""

    left: Decimal
    expires: Moment

    def __post_init__(self) -> None:
        check_positive("trial credits", self.left)


class AutoTopUp(Struct, frozen=True, forbid_unknown_fields=True):
    """Buy `amount` USD each time the balance falls below `threshold` USD."""

    threshold: Decimal
    amount: Decimal

    def __post_init__(self) -> None:
        check_positive("an automatic top-up", self.amount)
        check_usd("the threshold of an automatic top-up", self.threshold)


class Credits(Struct, forbid_unknown_fields=True):
    """The credits of one account.

    `purchased` is negative if there is a debt, and then there are no trial credits; `held` is the amount held for
    requests in flight. Each method first removes credits that have expired by `now`, in Unix seconds. Amounts are in
    USD.
    """

    purchased: Decimal = ZERO
    trials: list[Trial] = []
    held: Decimal = ZERO
    auto_top_up: AutoTopUp | None = None
    ledger: Ledger = field(default_factory=Ledger)

    def __post_init__(self) -> None:
        check_usd("the amount held for requests in flight", self.held)
        total = check_usd("the purchased credits", self.purchased)
        for trial in self.trials:
            total = add(total, trial.left)
        if total != self.ledger.balance:
            raise ValueError(f"purchased and trial credits are {usd(total)}, not the balance of the ledger")
        self.trials.sort(key=lambda trial: trial.expires)

    def balance(self, now: float) -> Decimal:
        """The balance, including holds; negative if there is a debt."""
        if self.trials:
            self._expire(now)
        return self.ledger.balance

    def available(self, now: float) -> Decimal:
        """The balance without the amounts held for requests in flight."""
        return subtract(self.balance(now), self.held)

    # ------------------------------------------------------------------------------------------ adding

    def grant_trial(self, now: float, amount: Decimal, expires: float, note: str = "trial credits") -> Entry:
        """Add credits that expire. Raises ValueError for an amount that is not positive or a time that has passed."""
        check_positive("a grant of trial credits", amount)
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
        check_positive("a purchase", amount)
        self._expire(now)
        return self._buy(now, "purchase", amount, note)

    def correct(self, now: float, amount: Decimal, note: str = "") -> Entry:
        """Add credits that do not expire, or take credits away with a negative amount, like a charge.

        Raises ValueError for an amount that is not a number.
        """
        check_usd("a correction", amount)
        self._expire(now)
        if amount > 0:
            return self._buy(now, "correction", amount, note)
        return self._spend(now, "correction", -amount, note)

    def top_up_automatically(self, now: float, auto_top_up: AutoTopUp | None) -> None:
        """Set the automatic top-up, and apply it now if the balance is low; None stops it."""
        self._expire(now)
        self.auto_top_up = auto_top_up
        self._top_up(now)

    # ------------------------------------------------------------------------------------------ spending

    def check(self, now: float, amount: Decimal) -> None:
        """Check that `amount`, the cost of a prompt, is available. Raises `Rejected` with a 402 if it is not."""
        available = self.available(now)
        if available < amount:
            held = f" ({usd(self.held)} is held for requests in flight)" if self.held else ""
            message = f"Insufficient credits: the prompt costs {usd(amount)}, and {usd(available)} is available{held}."
            message = f"{message} Add credits to go on."
            raise Rejected(ApiError("insufficient_credits", message, cause="insufficient_credits"))

    def hold(self, amount: Decimal) -> None:
        """Hold an amount that `check` has accepted."""
        self.held = add(self.held, amount)

    def release(self, amount: Decimal) -> None:
        """Release an amount that was held."""
        self.held = subtract(self.held, amount)

    def charge(self, now: float, amount: Decimal, inference_id: str, note: str = "") -> Entry:
        """Charge the price of an inference. The balance may become negative."""
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
