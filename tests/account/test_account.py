"""The account: what an admission says and does beyond what any life of one shows (test_account_machine.py)."""

from decimal import Decimal

import pytest
from msgspec import ValidationError
from support.saving import restored, saved

from emulator.account.account import Account
from emulator.account.credits import Credits
from emulator.account.policy import Policy
from emulator.core.catalog import Model, Pricing
from emulator.core.clock import EPOCH
from emulator.core.errors import Rejected
from emulator.core.vocabulary import Usage

PLAIN = Model("org/plain", 10_000, 1000, Pricing("0.0000013", "0.0000044"))


def test_an_unlimited_account_counts_nothing() -> None:
    """Without a policy and credits every request passes, and none of them is remembered."""
    account = Account()
    before = saved(account)
    assert account.admit(EPOCH, PLAIN, 10**9, None, "1", "id") == ()
    assert account.unlimited and not account.in_flight
    assert account.affordable(EPOCH, PLAIN) is None
    account.settle("1", EPOCH, Usage(10**9, 10**9))
    assert saved(account) == before


def test_a_refusal_tells_of_the_window_that_refused() -> None:
    """An admission has the headers of the tighter window, the 429 those of its own."""
    account = Account(Policy(requests_per_minute=2, tokens_per_minute=100))
    headers = account.admit(EPOCH, PLAIN, 10, 0, "1", "one")
    assert dict(headers)["x-ratelimit-limit"] == "2"
    with pytest.raises(Rejected) as caught:
        account.admit(EPOCH, PLAIN, 60, 40, "2", "two")
    error = caught.value.error
    assert (error.cause, error.retry_after) == ("tokens_per_minute_exceeded", 60)
    assert dict(account.headers(EPOCH, error))["x-ratelimit-limit"] == "100"


def test_credits_given_while_a_request_is_in_flight() -> None:
    """It holds in them what it held before, and is charged to them; without credits nothing is charged."""
    account, others = Account(credits=Credits()), Credits()
    credits = account.credits
    assert credits is not None
    credits.purchase(EPOCH, Decimal(1))
    account.admit(EPOCH, PLAIN, 100, None, "1", "one")
    assert account.affordable(EPOCH, PLAIN) == (1 - Decimal("0.00013")) // Decimal("0.0000044")
    others.purchase(EPOCH, Decimal(5))
    account.set_credits(others)
    assert others.held == Decimal("0.00013")
    account.settle("1", EPOCH, Usage(100, 0))
    assert (others.held, others.balance(EPOCH)) == (Decimal(0), Decimal("4.99987"))
    account.set_credits(None)
    assert account.unlimited and credits.balance(EPOCH) == 1


def test_data_that_are_no_snapshot_are_told_where() -> None:
    """Whoever edits a saved state is told the place of the mistake."""
    data = saved(Account(Policy(3), Credits()))
    data["limits"]["requests"]["used"] = "many"
    with pytest.raises(ValidationError, match=r"\$\.limits\.requests\.used"):
        restored(Account, data)


def test_cached_tokens_cost_what_reading_them_costs() -> None:
    """An inference is charged once, for its prompt, its cached tokens, its answer and itself, under its id."""
    model = Model("org/cached", 10_000, 1000, Pricing("0.01", "0.03", "0.0001", "0.002"))
    account, credits = Account(credits=Credits()), Credits()
    credits.purchase(EPOCH, Decimal(5))
    account.set_credits(credits)
    account.admit(EPOCH, model, 100, 50, "1", "one")
    account.settle("1", EPOCH + 1, Usage(100, 10, cached_tokens=40))
    entry = credits.ledger.entries[-1]
    assert (entry.kind, entry.time, entry.inference_id, entry.note) == ("charge", EPOCH + 1, "one", "org/cached")
    assert entry.amount == -(60 * Decimal("0.01") + 40 * Decimal("0.002") + 10 * Decimal("0.03") + Decimal("0.0001"))
