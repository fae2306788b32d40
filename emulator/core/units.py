"""Parsers for written values: durations, sizes, amounts of money, times, clock speeds, numbers and switches.

Each `Notation` is the only parser of its kind: scenarios, settings, the command line and HTTP all use it.

>>> duration("1m30s"), size("32MiB"), amount("5.00 USD"), moment("1970-01-02"), speed("x60"), switch("on")
(90.0, 33554432, Decimal('5.00'), 86400.0, 60.0, True)
"""

import calendar
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Generic, TypeVar

T = TypeVar("T")

NUMBER = r"[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,2})?"
"""The form of a number as Python and JSON write it, without a sign."""


class Notation(Generic[T]):
    """The written form of the values of one kind, and its parser.

    `what` names the kind in messages. `form` is the regular expression that a text must match. `convert` returns its
    value, or None if it has none; it may also raise ValueError with its own message. `unit` is the unit of a number
    without one, where such a number is allowed.
    """

    def __init__(self, what: str, form: str, convert: Callable[[re.Match[str]], T | None], unit: str = "") -> None:
        self.what = what
        self.form = form
        self.unit = unit
        self._convert = convert

    def __call__(self, text: str) -> T:
        """Return the value of a text. Raises ValueError with what was expected.

        >>> duration("250ms")
        0.25
        """
        found = re.fullmatch(self.form, text)
        value = None if found is None else self._convert(found)
        if value is None:
            raise ValueError(f"expected {self.what}")
        return value

    def of(self, value: object) -> T:
        """Parse a value: a text, or a number or boolean, which is treated as its text.

        A bare number has the unit of the notation. Raises ValueError with what was expected.

        >>> duration.of(5), duration.of("5"), duration.of("5s")
        (5.0, 5.0, 5.0)
        """
        text = as_text(value)
        if text is None:
            raise ValueError(f"expected {self.what}")
        return self(f"{Decimal(text):f}{self.unit}" if self.unit and re.fullmatch(NUMBER, text) else text)

    def limited(self, what: str, holds: Callable[[T], bool]) -> "Notation[T]":
        """Return a notation restricted to the values for which `holds` is true."""

        def convert(found: re.Match[str]) -> T | None:
            value = self._convert(found)
            return value if value is not None and holds(value) else None

        return Notation(what, self.form, convert, self.unit)


def as_text(value: object) -> str | None:
    """Return a scalar as a person would type it, without spaces around it; None for anything else.

    >>> as_text(" 5s "), as_text(0.5), as_text(True), as_text(None)
    ('5s', '0.5', 'True', None)
    """
    match value:
        case str():
            return value.strip()
        case bool():
            return str(value)
        case int():
            return int.__repr__(value) if value.bit_length() < 4096 else hex(value)  # Python refuses to write more
        case float():
            return float.__repr__(value)
        case _:
            return None


# ---------------------------------------------------------------------------------------------- durations and sizes

_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
LONGEST = 366 * 24 * 3600.0
"""The longest duration, in seconds."""
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3}


def _duration(found: re.Match[str]) -> float | None:
    if len(found[0]) > 40:
        return None
    parts = zip(found.groups(), _SECONDS.values(), strict=True)
    seconds = sum(float(number) * size for number, size in parts if number)
    if seconds > LONGEST:
        raise ValueError("expected a duration of at most a year")
    return seconds


def _size(found: re.Match[str]) -> int | None:
    number, prefix, binary = found.groups("")
    exact = Decimal(number) * (1024 if binary else 1000) ** _POWERS[prefix.lower()]
    return int(exact) if exact == int(exact) else None


duration = Notation(
    "a duration such as 250ms, 2s or 1m30s",
    "(?=[0-9])" + "".join(rf"(?:([0-9]+(?:\.[0-9]+)?){unit})?" for unit in _SECONDS),
    _duration,
    "s",
)
"""Seconds, at most a year."""
size = Notation(
    "a size such as 32MiB, 500kB or a number of bytes",
    r"([0-9]{1,15}(?:\.[0-9]{1,9})?) ?(?i:(?:([kmg])(i?))?b)",
    _size,
    "B",
)
"""Bytes: 1 kB is 1000 bytes, 1 KiB is 1024."""


# ---------------------------------------------------------------------------------------------- money

amount = Notation(
    "an amount such as 5.00 USD", r"([0-9]{1,12}(?:\.[0-9]{1,18})?) ?USD", lambda found: Decimal(found[1]), " USD"
)
"""US dollars."""


# ---------------------------------------------------------------------------------------------- time

_TIME = r"[Tt ]([0-9]{2}):([0-9]{2}):([0-9]{2})(\.[0-9]{1,9})?([Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
FIRST, END = -62135596800.0, 253402300800.0
"""The years 1 to 9999 in UTC, in Unix seconds: a moment outside them has no date."""


def _moment(found: re.Match[str]) -> float | None:
    if not _exists(*(int(part or 0) for part in found.groups()[:6])):
        return None
    *parts, fraction, offset = found.groups()
    seconds = calendar.timegm((*(int(part or 0) for part in parts), 0, 0, 0)) + float(fraction or 0) - _offset(offset)
    if not FIRST <= seconds < END:
        raise ValueError("expected a moment that is in the years 1 to 9999 in UTC")
    return seconds


def _exists(year: int, month: int, day: int, hour: int, minute: int, second: int) -> bool:
    return (
        year > 0
        and 1 <= month <= 12
        and 1 <= day <= calendar.monthrange(year, month)[1]
        and hour < 24
        and minute < 60
        and second < 60
    )


def _offset(text: str | None) -> int:
    if not text or text in "Zz":
        return 0
    seconds = int(text[1:3]) * 3600 + int(text[4:]) * 60
    return -seconds if text[0] == "-" else seconds


moment = Notation(
    "a moment such as 2026-12-31 or 2026-01-01T00:00:00Z",
    rf"([0-9]{{4}})-([0-9]{{2}})-([0-9]{{2}})(?:{_TIME})?",
    _moment,
)
"""Unix seconds of a date, which begins at midnight UTC, or of a time with its offset (RFC 3339)."""
speed = Notation(
    "frozen, running or a speed such as x60",
    r"frozen|running|x([0-9]{1,6}(?:\.[0-9]{1,6})?)",
    lambda found: float(found[1] or found[0] == "running"),
)
"""Emulated seconds per real second; 0 stands still."""
rate = Notation("a rate such as x60 or 60", r"x?([0-9]{1,7}(?:\.[0-9]{1,6})?)", lambda found: float(found[1])).limited(
    "a rate from 0 to 1000000, such as x60 or 60", lambda value: value <= 1_000_000
)
"""The same as a number."""


# ---------------------------------------------------------------------------------------------- numbers and switches


def whole(low: int, high: int = 10**12) -> Notation[int]:
    """Return the notation of the whole numbers from `low` to `high`."""
    limits = f"from {low} to {high}" if high < 10**12 else f"of at least {low}"
    number: Notation[int] = Notation("", "[0-9]{1,15}", lambda found: int(found[0]))
    return number.limited(f"a whole number {limits}", lambda value: low <= value <= high)


switch = Notation("true or false", "(?i:(true|yes|on|1)|false|no|off|0)", lambda found: found[1] is not None)
