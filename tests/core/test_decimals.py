"""Numbers for people and for the wire: decimal digits, never an exponent."""

import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from support.asgi import MESSAGES, ask, make_engine, message

from emulator.core.decimals import decimal
from emulator.web.app import create_app

EMULATOR = Path(__file__).parents[2] / "emulator"


@given(st.floats(allow_nan=False, allow_infinity=False), st.none() | st.integers(0, 6))
def test_a_number_for_people_has_no_exponent(number: float, places: int | None) -> None:
    """It is decimal digits without zeros at the end, and in full it is the number."""
    text = decimal(number, places)
    assert re.fullmatch(r"-?[0-9]+(\.[0-9]*[1-9])?", text)
    assert (
        float(text) == number if places is None else abs(float(text) - number) <= 0.5 * 10**-places + 1e-9 * abs(number)
    )


def test_a_large_bound_is_told_in_full() -> None:
    """A client reads which number is the greatest, not its first six digits."""
    answer = ask(create_app(make_engine()), "POST", MESSAGES, message(max_tokens=2**64))
    assert answer.status == 400
    assert str(2**63 - 1) in answer.json["error"]["message"]


def test_no_message_is_formatted_with_g() -> None:
    """The format that writes a million as 1e+06 formats no text: `decimal` does."""
    found = {path.name for path in EMULATOR.rglob("*.py") if re.search(r":[^{}\s]*g}", path.read_text("utf-8"))}
    assert found == {"pacing.py"}  # a number to three digits, which is read again as a number
