"""Units: what a value means that a person wrote, and what is refused."""

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core import units
from emulator.core.units import Notation

NOTATIONS: dict[str, Notation[Any]] = {
    "duration": units.duration,
    "size": units.size,
    "amount": units.amount,
    "moment": units.moment,
    "speed": units.speed,
    "whole": units.whole(1, 10),
    "switch": units.switch,
}


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0B", 0),
        ("1024B", 1024),
        ("1kB", 1000),
        ("1 KB", 1000),
        ("1KiB", 1024),
        ("32MB", 32_000_000),
        ("32 MiB", 33_554_432),
        ("1.5GiB", 1_610_612_736),
        ("0.001kb", 1),
    ],
)
def test_sizes_are_bytes(text: str, size: int) -> None:
    """A decimal prefix is a power of 1000, a binary one of 1024; a space and the case of letters do not matter."""
    assert units.size(text) == size


@pytest.mark.parametrize("text", ["", "B", "1", "1M", "1 iB", "1TB", "-1B", "0.5B", "1.0001kB", "1  MB", "1MB\n", "١B"])
def test_what_is_no_size_is_refused(text: str) -> None:
    """There are no parts of a byte, and nothing is guessed."""
    with pytest.raises(ValueError, match="expected a size such as 32MiB, 500kB or a number of bytes"):
        units.size(text)


@given(st.integers(0, 10**9), st.sampled_from([("kB", 1000), ("MiB", 1024**2), ("GB", 1000**3)]))
def test_any_size_is_exact(number: int, unit: tuple[str, int]) -> None:
    """Bytes are whole however large they are."""
    assert units.size(f"{number}{unit[0]}") == number * unit[1]


@pytest.mark.parametrize(("value", "rate"), [("frozen", 0), ("running", 1), ("x60", 60), ("x0.5", 0.5)])
def test_speeds_are_rates(value: str, rate: float) -> None:
    """Emulated seconds per real second."""
    assert units.speed(value) == rate


@given(st.floats(min_value=1e-9, max_value=units.duration("8784h")))
def test_a_bare_number_is_in_seconds(seconds: float) -> None:
    """A number is as exact as Python has it, and means what its text means, with a unit or without."""
    assert units.duration.of(seconds) == seconds == units.duration.of(repr(seconds))
    assert units.duration(f"{Decimal(repr(seconds)):f}s") == seconds


@given(st.decimals(0, 10**6, places=4))
def test_a_bare_amount_is_in_dollars(dollars: Decimal) -> None:
    """As a text, so that no float rounds it."""
    assert units.amount.of(str(dollars)) == dollars == units.amount(f"{dollars} USD")


@pytest.mark.parametrize("name", NOTATIONS)
@given(
    value=st.one_of(st.none(), st.text(), st.integers(), st.floats(), st.booleans(), st.binary(), st.lists(st.none()))
)
def test_any_value_has_a_meaning_or_is_expected_otherwise(name: str, value: Any) -> None:
    """Nothing but ValueError, whatever is given; what is accepted is finite and means what its text means."""
    notation = NOTATIONS[name]
    try:
        meant = notation.of(value)
    except ValueError as error:
        assert str(error).startswith("expected ")
        return
    assert math.isfinite(meant)
    assert notation.of(str(value)) == meant


@given(st.integers(-(10**20), 10**20), st.integers(0, 100), st.integers(0, 10**6))
def test_whole_numbers_have_limits(number: int, low: int, more: int) -> None:
    """A number between them is read, and any other is told what they are."""
    notation = units.whole(low, low + more)
    if low <= number <= low + more:
        assert notation.of(number) == notation(str(number)) == number
        return
    with pytest.raises(ValueError, match=f"expected a whole number from {low} to {low + more}$"):
        notation.of(number)


@pytest.mark.parametrize("value", [True, "1.0", 1.0, "1e3", "+1", "1_0", "", "²"])
def test_what_is_no_whole_number_is_refused(value: Any) -> None:
    """A boolean is no number here, and a number is written as digits."""
    with pytest.raises(ValueError, match="expected a whole number of at least 0"):
        units.whole(0).of(value)


def test_a_limited_notation_has_its_own_words() -> None:
    """It reads what it was made of, and refuses what does not hold, with what is said of it."""
    even = units.whole(0).limited("an even number", lambda number: number % 2 == 0)
    assert even.of(4) == 4
    for value in (3, "x"):
        with pytest.raises(ValueError, match=r"^expected an even number$"):
            even.of(value)


@given(st.fractions(0, 60))
def test_the_parts_of_a_duration_add_up(part: Fraction) -> None:
    """Hours, minutes, seconds and milliseconds, each with a fraction if it has one."""
    seconds = round(float(part), 3)
    assert units.duration(f"1h2m{seconds:.3f}s4ms") == pytest.approx(3720.004 + seconds)
