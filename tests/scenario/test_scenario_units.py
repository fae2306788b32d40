"""Values with units in scenarios: a bare number means what it means everywhere, and hints lead to what is accepted."""

import re
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core import units
from emulator.core.catalog import Catalog
from emulator.scenario.loader import load_text, read_objects
from emulator.scenario.reading.mistakes import ScenarioError
from emulator.scenario.reading.readers import FLAG, Reader, enum, parsed

CATALOG = Catalog.load()
DURATION, AMOUNT = parsed(units.duration), parsed(units.amount)
WORDS = ["tokn", "yes", "on", "froze"]
READERS: dict[str, Reader[Any]] = {
    "duration": DURATION,
    "amount": AMOUNT,
    "speed": parsed(units.speed),
    "moment": parsed(units.moment),
    "flag": FLAG,
    "enum": enum("token", "word", "whole"),
}


def read(reader: Reader[Any], value: Any) -> Any:
    return read_objects(reader, value, "value", catalog=CATALOG)


@given(st.floats(min_value=1e-12, max_value=units.duration("8784h")))
def test_a_bare_duration_is_in_seconds(seconds: float) -> None:
    """However small, and however it is written: as a number, as its text, or with the unit."""
    assert read(DURATION, seconds) == read(DURATION, repr(seconds)) == seconds
    assert read(DURATION, f"{Decimal(repr(seconds)):f}s"[:40]) == pytest.approx(seconds)


@given(st.decimals(0, 10**6, places=2))
def test_a_bare_amount_is_in_dollars(dollars: Decimal) -> None:
    """A number in YAML is read as it was typed."""
    account = load_text(f"account: {{credits: {dollars}}}", "a.yaml", catalog=CATALOG).account
    assert account is not None
    assert account.credits == dollars == read(AMOUNT, f"{dollars} USD")


@pytest.mark.parametrize("text", ["1e-9", "0.000000001", "1e-09s", "5 s", "5sec", ".5", "-1", "1_0", "0x10", "60x"])
def test_texts_are_read_alike_everywhere(text: str) -> None:
    """A scenario accepts what the notation accepts, and nothing else."""
    try:
        expected: Any = units.duration.of(text)
    except ValueError:
        with pytest.raises(ScenarioError, match="expected a duration"):
            read(DURATION, text)
        return
    assert read(DURATION, text) == expected


@pytest.mark.parametrize("name", READERS)
@given(value=st.one_of(st.floats(), st.integers(), st.text(max_size=8), st.sampled_from(WORDS)))
def test_every_suggestion_is_accepted(name: str, value: Any) -> None:
    """What a message says was probably meant can be written instead."""
    try:
        read(READERS[name], value)
    except ScenarioError as error:
        for meant in re.findall(r'did you mean "(.*?)"', str(error)):
            written = {"true": True, "false": False}.get(meant, meant)
            read(READERS[name], written)
