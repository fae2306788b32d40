"""On which terms an account is opened: its credits at the beginning, and what its keys may do."""

from collections.abc import Mapping
from decimal import Decimal

from msgspec import Struct

from emulator.account.account import Account
from emulator.account.credits import AutoTopUp, Credits
from emulator.account.policy import UNLIMITED, Policy


class TrialTerms(Struct, frozen=True):
    """Trial credits: an amount in USD, and when they expire, in Unix seconds."""

    amount: Decimal
    expires: float


class Terms(Struct, frozen=True):
    """What an account has at the beginning: credits in USD (none of the three: no end to them), and policies by key.

    The policy `default` is that of every key that has none of its own.
    """

    credits: Decimal | None = None
    trial: TrialTerms | None = None
    auto_top_up: AutoTopUp | None = None
    keys: Mapping[str, Policy] = {}

    def policy(self, key: str) -> Policy:
        """What a key may do of which nothing else is said."""
        return self.keys.get(key) or self.keys.get("default") or UNLIMITED

    def opened(self, key: str, policy: Policy | None, now: float) -> Account:
        """A new account. `policy` goes before what the terms say of the key; `now` is in Unix seconds."""
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
"""The terms of a server that is told nothing: a newcomer never meets a limit by surprise."""
