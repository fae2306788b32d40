"""Credits: exact money, trial before purchased, and a ledger that sums to the balance, always."""

import json
from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import convert, to_builtins

from emulator.account.credits import AutoTopUp, Credits
from emulator.account.ledger import MAX_ENTRIES, Ledger
from emulator.account.prices import tariff, usd
from emulator.core.catalog import Catalog, Pricing
from emulator.core.clock import EPOCH
from emulator.core.errors import Rejected

PRICE = st.from_regex(r"[0-9]{1,3}(\.[0-9]{1,30})?", fullmatch=True)
AMOUNTS = st.decimals("0.000000001", "1000000", places=9)
TOKENS = st.integers(0, 10**7)


def sum_of(ledger: Ledger) -> Decimal:
    with localcontext() as context:
        context.prec = 1000
        return sum((entry.amount for entry in ledger.entries), Decimal(0))


def kinds(credits: Credits) -> list[str]:
    return [entry.kind for entry in credits.ledger.entries]


@given(PRICE, PRICE, PRICE, st.none() | PRICE, TOKENS, TOKENS, TOKENS)
def test_a_price_is_exact(
    input: str, output: str, request: str, cached: str | None, prompt: int, read: int, completion: int
) -> None:
    """AkashML's formula in fractions gives the same number, however small the prices and large the usage."""
    read = min(read, prompt)
    expected = (
        (prompt - read) * Fraction(input)
        + read * Fraction(cached or input)
        + completion * Fraction(output)
        + Fraction(request)
    )
    assert Fraction(tariff(Pricing(input, output, request, cached)).price(prompt, read, completion)) == expected


def test_prices_of_the_catalogue() -> None:
    """A million tokens of prompt and of answer cost what the price list says."""
    model = Catalog.load().models["zai-org/GLM-5.3"]
    price = tariff(model.pricing).price
    assert (price(10**6), price(0, 0, 10**6)) == (Decimal("1.3"), Decimal("4.4"))


@given(st.decimals(0, 100, places=9), PRICE)
def test_affordable_is_as_many_tokens_as_there_is_money_for(amount: Decimal, output: str) -> None:
    """One token more would cost more than the amount; free tokens have no end."""
    priced = tariff(Pricing("0", output))
    tokens = priced.affordable(amount)
    if tokens is None:
        assert Fraction(output) == 0
    else:
        assert tokens * Fraction(output) <= Fraction(amount) < (tokens + 1) * Fraction(output)
        assert priced.affordable(-amount) == 0


def test_trial_credits_are_spent_first() -> None:
    """Those that expire first before others, and purchased ones last."""
    credits = Credits()
    credits.purchase(EPOCH, Decimal(5))
    credits.grant_trial(EPOCH, Decimal(2), EPOCH + 200)
    credits.grant_trial(EPOCH, Decimal(1), EPOCH + 100)
    credits.charge(EPOCH, Decimal("1.5"), "one")
    assert [(trial.left, trial.expires) for trial in credits.trials] == [(Decimal("1.5"), EPOCH + 200)]
    credits.charge(EPOCH, Decimal(2), "two")
    assert (credits.trials, credits.purchased, credits.balance(EPOCH)) == ([], Decimal("4.5"), Decimal("4.5"))


def test_trial_credits_expire() -> None:
    """At their moment, not before it, what is left of them goes, and the ledger says when."""
    credits = Credits()
    credits.grant_trial(EPOCH, Decimal(2), EPOCH + 100)
    credits.purchase(EPOCH, Decimal(3))
    assert credits.balance(EPOCH + 99.999) == 5
    assert credits.balance(EPOCH + 100) == 3
    entry = credits.ledger.entries[-1]
    assert (entry.kind, entry.time) == ("expiry", EPOCH + 100)
    assert (entry.amount, entry.balance) == (Decimal(-2), Decimal(3))


def test_what_is_owed_is_paid_first() -> None:
    """Trial credits that pay a debt cannot expire any more."""
    credits = Credits()
    credits.charge(EPOCH, Decimal(3), "one")
    credits.grant_trial(EPOCH, Decimal(5), EPOCH + 100)
    assert credits.balance(EPOCH) == credits.trials[0].left == 2
    assert credits.balance(EPOCH + 100) == 0
    credits.charge(EPOCH + 100, Decimal(3), "two")
    credits.grant_trial(EPOCH + 100, Decimal(1), EPOCH + 200)
    assert credits.trials == []
    assert credits.balance(EPOCH + 200) == -2


def test_requests_side_by_side_do_not_spend_the_same_money() -> None:
    """What is held is not available; releasing it makes it so."""
    credits = Credits()
    credits.purchase(EPOCH, Decimal(1))
    credits.check(EPOCH, Decimal("0.6"))
    credits.hold(Decimal("0.6"))
    with pytest.raises(Rejected) as caught:
        credits.check(EPOCH, Decimal("0.6"))
    error = caught.value.error
    assert (error.kind, error.cause, error.retry_after) == ("insufficient_credits", "insufficient_credits", None)
    assert error.message == (
        "Insufficient credits: the prompt costs 0.60 USD, and 0.40 USD is available (0.60 USD is held for requests in"
        " flight). Add credits to go on."
    )
    credits.release(Decimal("0.6"))
    credits.check(EPOCH, Decimal(1))


def test_automatic_top_up() -> None:
    """A balance that is left below the threshold is topped up once, by a charge and by an expiry alike."""
    credits = Credits()
    credits.purchase(EPOCH, Decimal(5))
    credits.grant_trial(EPOCH, Decimal(1), EPOCH + 100)
    credits.top_up_automatically(EPOCH, AutoTopUp(Decimal(4), Decimal(10)))
    credits.charge(EPOCH, Decimal(1), "one")
    credits.charge(EPOCH, Decimal(1), "two")
    assert credits.balance(EPOCH) == 4
    credits.charge(EPOCH, Decimal("0.01"), "three")
    assert (credits.balance(EPOCH), kinds(credits)[-2:]) == (Decimal("13.99"), ["charge", "auto_top_up"])
    assert credits.ledger.entries[-1].note == "balance below 4.00 USD"


def test_automatic_top_up_begins_at_once() -> None:
    """An empty account is topped up when it is told to; an expiry tops up too; told to stop, it stops."""
    credits = Credits()
    credits.top_up_automatically(EPOCH, AutoTopUp(Decimal(1), Decimal(1)))
    assert credits.balance(EPOCH) == 1
    credits.correct(EPOCH, Decimal(-1), "taken away")
    assert credits.balance(EPOCH) == 1
    credits.top_up_automatically(EPOCH, None)
    credits.grant_trial(EPOCH, Decimal(2), EPOCH + 10)
    credits.correct(EPOCH, Decimal(-2))
    credits.grant_trial(EPOCH, Decimal(2), EPOCH + 10)
    credits.top_up_automatically(EPOCH, AutoTopUp(Decimal(2), Decimal(7)))
    assert credits.balance(EPOCH + 10) == 8
    assert kinds(credits)[-2:] == ["expiry", "auto_top_up"]


def test_corrections_go_both_ways() -> None:
    """Up, they do not expire; down, they spend trial credits first, as a charge does."""
    credits = Credits()
    credits.grant_trial(EPOCH, Decimal(2), EPOCH + 10)
    credits.correct(EPOCH, Decimal(3), "goodwill")
    credits.correct(EPOCH, Decimal(-1))
    assert credits.trials[0].left == 1 and credits.purchased == 3
    assert kinds(credits)[1:] == ["correction", "correction"]


@pytest.mark.parametrize("amount", ["0", "-1", "NaN", "Infinity"])
def test_amounts_that_are_none(amount: str) -> None:
    """Nothing, less than nothing, and what is no number cannot be added; the error says what can."""
    credits = Credits()
    with pytest.raises(ValueError, match="expected more than 0"):
        credits.purchase(EPOCH, Decimal(amount))
    with pytest.raises(ValueError, match="expected more than 0"):
        credits.grant_trial(EPOCH, Decimal(amount), EPOCH + 1)
    with pytest.raises(ValueError, match="expected more than 0"):
        AutoTopUp(Decimal(1), Decimal(amount))
    assert credits == Credits()


def test_mistakes_are_told() -> None:
    """Trial credits from the past, and a correction or threshold that is no number, are errors in words."""
    credits = Credits()
    with pytest.raises(ValueError, match="cannot expire at 2026-01-01T00:00:00Z"):
        credits.grant_trial(EPOCH, Decimal(1), EPOCH)
    with pytest.raises(ValueError, match="a correction cannot be NaN"):
        credits.correct(EPOCH, Decimal("NaN"))
    with pytest.raises(ValueError, match="threshold"):
        AutoTopUp(Decimal("Infinity"), Decimal(1))
    assert credits == Credits()


def test_the_ledger_is_bounded_and_still_sums() -> None:
    """Old entries become one that carries their sum forward; recent ones keep their ids and balances."""
    credits = Credits()
    credits.purchase(EPOCH, Decimal(1))
    for number in range(3 * MAX_ENTRIES):
        credits.charge(EPOCH + number, Decimal("0.0000001"), f"id-{number}")
        assert len(credits.ledger.entries) <= MAX_ENTRIES
    entries = credits.ledger.entries
    assert entries[0].kind == "carried_forward" and entries[0].amount == entries[0].balance
    assert entries[1].kind == "charge" and entries[1].balance == entries[0].balance + entries[1].amount
    assert sum_of(credits.ledger) == credits.balance(EPOCH) == 1 - 3 * MAX_ENTRIES * Decimal("0.0000001")
    assert entries[-1].inference_id == f"id-{3 * MAX_ENTRIES - 1}"


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("purchase"), AMOUNTS),
        st.tuples(st.just("trial"), AMOUNTS),
        st.tuples(st.just("charge"), AMOUNTS),
        st.tuples(st.just("correct"), st.decimals(-1000, 1000, places=9)),
        st.tuples(st.just("wait"), st.decimals(0, 100, places=3)),
        st.tuples(st.just("top up"), AMOUNTS),
    ),
    max_size=30,
)


@given(STEPS)
def test_entries_sum_to_the_balance_and_to_the_buckets(steps: list[tuple[str, Decimal]]) -> None:
    """After every step: ledger, balance and buckets agree; who owes has no trial credits; and it survives JSON."""
    credits, now = Credits(), EPOCH
    for step, amount in steps:
        match step:
            case "purchase":
                credits.purchase(now, amount)
            case "trial":
                credits.grant_trial(now, amount, now + float(amount % 100) + 1)
            case "charge":
                credits.charge(now, amount, "id")
            case "correct":
                credits.correct(now, amount)
            case "top up":
                credits.top_up_automatically(now, AutoTopUp(amount, amount))
            case _:
                now += float(amount)
        balance = credits.balance(now)
        assert sum_of(credits.ledger) == balance == credits.purchased + sum(trial.left for trial in credits.trials)
        assert all(trial.left > 0 and trial.expires > now for trial in credits.trials)
        assert not credits.trials or credits.purchased >= 0
        credits = _saved(credits)


def _saved(credits: Credits) -> Credits:
    restored = convert(json.loads(json.dumps(to_builtins(credits))), Credits)
    assert restored == credits
    return restored


@pytest.mark.parametrize(
    ("amount", "told"),
    [("5", "5.00 USD"), ("-0.5", "-0.50 USD"), ("1E-7", "0.0000001 USD"), ("1E+2", "100.00 USD"), ("0E-9", "0.00 USD")],
)
def test_amounts_are_told_without_exponents(amount: str, told: str) -> None:
    """Exactly, and as prices are written."""
    assert usd(Decimal(amount)) == told
