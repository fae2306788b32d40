"""Retry-After (RFC 9110, section 10.2.3), and Retry-After-Ms, which the SDKs read."""

from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from math import ceil, isfinite


def write(seconds: float) -> str:
    """Format seconds as a decimal: whole numbers as in the RFC, others to the millisecond, which SDKs accept too.

    A wait is never shortened: fractions of a millisecond are rounded up.

    >>> write(2.0), write(1e6), write(0.25), write(0.0001)
    ('2', '1000000', '0.250', '0.001')
    """
    milliseconds = max(ceil(round(seconds * 1000, 3)), int(seconds > 0))
    whole, rest = divmod(milliseconds, 1000)
    return f"{whole}.{rest:03}" if rest else str(whole)


def read(text: str, now: float) -> float | None:
    """Return the seconds to wait from `now` (in Unix seconds), or None if the value is neither a number nor a date.

    Numbers may have fractions, as in the SDKs; for a time in the past there is no wait.

    >>> read("2", 0.0), read("0.250", 0.0), read("Thu, 01 Jan 1970 00:01:00 GMT", 20.0), read("soon", 0.0)
    (2.0, 0.25, 40.0, None)
    """
    try:
        seconds = float(text)
    except ValueError:
        return _until(text, now)
    return max(seconds, 0.0) if isfinite(seconds * 1000) else None


def told(headers: Mapping[str, str], now: float) -> float | None:
    """Return the seconds to wait that the headers of an answer tell.

    Clients read Retry-After-Ms as well, and some of them first: where the two differ, the shorter wait is enough.

    >>> told({"retry-after": "2", "retry-after-ms": "1500"}, 0.0), told({"retry-after-ms": "soon"}, 0.0)
    (1.5, None)
    """
    after = read(headers.get("retry-after", ""), now)
    milliseconds = read(headers.get("retry-after-ms", ""), now)
    return min((wait for wait in (after, milliseconds and milliseconds / 1000) if wait is not None), default=None)


def _until(date: str, now: float) -> float | None:
    try:
        moment = parsedate_to_datetime(date)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:  # HTTP's dates are in UTC, whatever the zone of this machine
        moment = moment.replace(tzinfo=UTC)
    return max(moment.timestamp() - now, 0.0)
