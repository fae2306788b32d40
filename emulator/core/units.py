"""Quantities as people write them: durations, amounts of money, moments, and the speed of a clock.

Each function returns the value, or raises ValueError with what was expected.
"""

import calendar
import re
from decimal import Decimal

_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
DURATION = re.compile("(?=[0-9])" + "".join(rf"(?:([0-9]+(?:\.[0-9]+)?){unit})?" for unit in _UNITS))
AMOUNT = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,18})?) ?USD")
_TIME = r"[Tt ]([0-9]{2}):([0-9]{2}):([0-9]{2})(\.[0-9]{1,9})?([Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
MOMENT = re.compile(rf"([0-9]{{4}})-([0-9]{{2}})-([0-9]{{2}})(?:{_TIME})?")
SPEED = re.compile(r"frozen|running|x([0-9]{1,6}(?:\.[0-9]{1,6})?)")
_FIRST, _END = -62135596800.0, 253402300800.0
"""The years 1 to 9999 in UTC, in Unix seconds: a moment outside them has no date."""
_LONGEST = 366 * 24 * 3600.0


def duration(text: str) -> float:
    """Seconds.

    >>> duration("250ms"), duration("1m30s"), duration("1h")
    (0.25, 90.0, 3600.0)
    """
    found = DURATION.fullmatch(text)
    if not found or len(text) > 40:
        raise ValueError("expected a duration such as 250ms, 2s or 1m30s")
    seconds = sum(float(number) * size for number, size in zip(found.groups(), _UNITS.values(), strict=True) if number)
    if seconds > _LONGEST:
        raise ValueError("expected a duration of at most a year")
    return seconds


def amount(text: str) -> Decimal:
    """US dollars.

    >>> amount("5.00 USD")
    Decimal('5.00')
    """
    found = AMOUNT.fullmatch(text)
    if not found:
        raise ValueError("expected an amount such as 5.00 USD")
    return Decimal(found[1])


def moment(text: str) -> float:
    """Unix seconds of a date, which begins at midnight UTC, or of a time with its offset (RFC 3339).

    >>> moment("1970-01-02"), moment("1970-01-01T01:00:00.5+01:00")
    (86400.0, 0.5)
    """
    found = MOMENT.fullmatch(text)
    if not found or not _exists(*(int(part or 0) for part in found.groups()[:6])):
        raise ValueError("expected a moment such as 2026-12-31 or 2026-01-01T00:00:00Z")
    *parts, fraction, offset = found.groups()
    seconds = calendar.timegm((*(int(part or 0) for part in parts), 0, 0, 0)) + float(fraction or 0) - _offset(offset)
    if not _FIRST <= seconds < _END:
        raise ValueError("expected a moment that is in the years 1 to 9999 in UTC")
    return seconds


def speed(text: str) -> float:
    """Emulated seconds per real second; 0 stands still.

    >>> speed("frozen"), speed("running"), speed("x60")
    (0.0, 1.0, 60.0)
    """
    found = SPEED.fullmatch(text)
    if not found:
        raise ValueError("expected frozen, running or a speed such as x60")
    return float(found[1] or text == "running")


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
