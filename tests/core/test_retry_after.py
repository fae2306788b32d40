"""Retry-After: what is written is read, and whatever a server sends is a wait or none."""

import re
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.retry_after import read, write

YEAR = 366 * 24 * 3600.0
CASES = [
    (0.0, "0"),
    (0.001, "0.001"),
    (0.25, "0.250"),
    (1.5, "1.500"),
    (2.0, "2"),
    (60.0, "60"),
    (59.999, "59.999"),
    (99_999.5, "99999.500"),
    (1_000_000.0, "1000000"),
    (YEAR, "31622400"),
]


@pytest.mark.parametrize(("seconds", "text"), CASES)
def test_a_wait_is_written_and_read(seconds: float, text: str) -> None:
    """Each wait has one spelling, which is read as the same wait."""
    assert write(seconds) == text
    assert read(text, 0.0) == seconds


@given(st.floats(0, YEAR))
def test_no_wait_is_written_with_an_exponent_or_shortened(seconds: float) -> None:
    """It is decimal digits, and less than a millisecond longer than the wait."""
    text = write(seconds)
    assert re.fullmatch(r"[0-9]+(\.[0-9]{3})?", text)
    told = read(text, 0.0)
    assert told is not None
    assert -1e-6 <= told - seconds < 0.001 + 1e-6


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("-5", 0.0),
        (" 7 ", 7.0),
        (formatdate(1000.0, usegmt=True), 40.0),
        ("Thu, 01 Jan 1970 00:16:40 -0000", 40.0),
        ("Thu, 01 Jan 1970 00:16:40", 40.0),
        ("Thu, 01 Jan 1970 01:16:40 +0100", 40.0),
        (formatdate(0.0, usegmt=True), 0.0),
        *((text, None) for text in ("", "soon", "nan", "inf", "1e999", "Mon, 01 Jan 10000 00:00:00 GMT")),
    ],
)
def test_what_other_servers_send_is_read(text: str, seconds: float | None) -> None:
    """A number or a date is a wait of at least nothing; anything else is none. The clock stands at 960 seconds."""
    assert read(text, 960.0) == seconds


@given(st.text() | st.from_regex(r"[A-Z][a-z]{2}, [0-9]{1,3} [A-Z][a-z]{2} [0-9]{1,6} [0-9:]{0,9} ?[-+A-Z0-9]{0,8}"))
def test_any_header_can_be_read(text: str) -> None:
    """Whatever the header says, it is a finite wait or none."""
    told = read(text, 0.0)
    assert told is None or 0 <= told < float("inf")
