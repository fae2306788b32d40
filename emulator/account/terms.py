"""The terms on which an account is opened: its initial credits, and the policies of its keys."""

from collections.abc import Mapping
from decimal import Decimal

from msgspec import Struct

from emulator.account.account import Account
from emulator.account.credits import AutoTopUp, Credits
from emulator.account.policy import UNLIMITED, Policy
from emulator.account.prices import check_positive, check_usd
from emulator.core.saved_times import Moment


class TrialTerms(Struct, frozen=True, forbid_unknown_fields=True):
    """Trial credits: an amount in USD, and when they expire, in Unix seconds."""

    amount: Decimal
    expires: Moment

    def __post_init__(self) -> None:
        check_positive("a grant of trial credits", self.amount)


class Terms(Struct, frozen=True, forbid_unknown_fields=True):
    """The initial credits of an account, in USD (if none are given, they are unlimited), and policies by key.

    The policy `default` applies to every key without a policy of its own.
    """

    credits: Decimal | None = None
    trial: TrialTerms | None = None
    auto_top_up: AutoTopUp | None = None
    keys: Mapping[str, Policy] = {}

    def __post_init__(self) -> None:
        if self.credits is not None and check_usd("a balance", self.credits) < 0:
            raise ValueError(f"a balance cannot begin with {self.credits} USD: expected 0 or more")

    def policy(self, key: str) -> Policy:
        """The policy of a key."""
        return self.keys.get(key) or self.keys.get("default") or UNLIMITED

    def opened(self, key: str, policy: Policy | None, now: float) -> Account:
        """Open an account. `policy` overrides the policy that the terms give the key; `now` is in Unix seconds."""
        policy = policy or self.policy(key)
        if self.credits is None and self.trial is None and self.auto_top_up is None:
            return Account(policy)
        credits = Credits()
        if self.trial is not None and self.trial.expires > now:
            credits.grant_trial(now, self.trial.amount, self.trial.expires)
        if self.credits:
            credits.purchase(now, self.credits, "the balance at the beginning")
        credits.top_up_automatically(now, self.auto_top_up)
        return Account(policy, credits)


NO_LIMITS = Terms()
"""The default terms: nothing is limited."""
