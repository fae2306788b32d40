"""The bounds of a number: "between 1 and 5", "at least 18", "a percentage", "a multiple of 5"."""

import re
from functools import lru_cache
from typing import NamedTuple

from emulator.schema_values.phrases.table import plain

_NUMBER = r"(-?[$€£]?\d[\d,]{0,12}(?:\.\d{1,9})?)\s?%?"


class Bounds(NamedTuple):
    """The bounds of a number, both included, and what it is a multiple of; None where nothing is said."""

    low: float | None = None
    high: float | None = None
    step: float | None = None


def _rows(
    *rows: tuple[str, float | None, float | None],
) -> tuple[tuple["re.Pattern[str]", float | None, float | None], ...]:
    return tuple((re.compile(pattern, re.IGNORECASE), low, high) for pattern, low, high in rows)


_SPANS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\bbetween {_NUMBER} ?(?:and|to|-|–|&) ?{_NUMBER}",
        rf"\bfrom {_NUMBER}(?: \([^)]{{1,30}}\))? ?(?:to|up to|through|until|-|–) ?{_NUMBER}",
        rf"\b(?:range|scale|values?|interval)s?(?: of| is| from|:)?(?: \w{{1,12}})? ?[\[(]? ?{_NUMBER} ?(?:to|-|–|\.\.\.?|,|…) ?{_NUMBER}",
        rf"[\[(] ?{_NUMBER} ?(?:to|-|–|\.\.\.?|…|,) ?{_NUMBER} ?[\])]",
        rf"(?:^|[\s(]){_NUMBER} ?(?:\([^)]{{1,30}}\) ?)?(?:to|–|\.\.\.?|…) ?{_NUMBER}",
        rf"(?:^|[:,]\s){_NUMBER}-{_NUMBER}(?=$|[\s,.;)])",
        rf"{_NUMBER} ?<=? ?\w{{1,20}} ?<=? ?{_NUMBER}",
    )
)
_LOWS = re.compile(
    rf"(?:at least|minimum(?: of| is|:)?|min(?: of| is|:)?|not less than|no less than|>=|≥|from|starting (?:at|from)) ?{_NUMBER}",
    re.IGNORECASE,
)
_ABOVE = re.compile(rf"(?:greater than|more than|larger than|above|over|exceeding|>) ?{_NUMBER}", re.IGNORECASE)
_HIGHS = re.compile(
    rf"(?:at most|maximum(?: of| is|:)?|max(?: of| is|:)?|not more than|no more than|up to|not exceeding|<=|≤) ?{_NUMBER}",
    re.IGNORECASE,
)
_BELOW = re.compile(rf"(?:less than|smaller than|below|under|fewer than|<) ?{_NUMBER}", re.IGNORECASE)
_STEPS = re.compile(rf"(?:multiples? of|increments? of|steps? of|divisible by|nearest) ?{_NUMBER}", re.IGNORECASE)
_SENSES = _rows(
    (r"\bmilliseconds? since (?:the )?(?:unix )?epoch|\bepoch (?:time )?(?:in )?(?:ms|milli)", 1.7e12, 1.76e12),
    (
        r"\bunix (?:time|epoch)|\bepoch (?:seconds?|time)|\bseconds since (?:the )?(?:unix )?epoch|\bunix timestamp",
        1.7e9,
        1.76e9,
    ),
    (r"\b(?:probability|likelihood|confidence|fraction|normali[sz]ed|ratio)\b(?!.{0,40}%)", 0, 1),
    (r"\bpercent(?:age)?\b|\bin %|\(%\)", 0, 100),
    (r"\bhttp status\b|\bstatus code\b", 200, 599),
    (r"\bport number\b|\btcp port\b", 1024, 65535),
    (r"\bday of the month\b", 1, 28),
    (r"\bday of the week\b", 0, 6),
    (r"\bmonth (?:number|of the year)\b|\bmonth as a number\b", 1, 12),
    (r"\bhour of (?:the )?day\b|\b24[- ]hour\b", 0, 23),
    (r"\bfour[- ]digit year\b|\bthe year\b|\byear of\b", 1990, 2026),
    (r"\blatitude\b", -60, 60),
    (r"\blongitude\b", -170, 170),
    (r"\b(?:non-negative|nonnegative|zero or more|not negative)\b", 0, None),
    (r"(?<!non-)\bnegative (?:number|integer|value|amount)\b", -100, -1),
    (r"\bpositive (?:number|integer|value|amount|whole|int|float)\b|\bmust be positive\b|\bnatural number\b", 1, None),
)


@lru_cache(maxsize=4096)
def bounds(note: str) -> Bounds:
    """The bounds of a number of which a description speaks.

    >>> bounds("A mark between 1 and 5.")[:2]
    (1.0, 5.0)
    """
    text = plain(note)
    low = high = None
    for pattern in _SPANS:
        if found := pattern.search(text):
            first, last = _read(found[1]), _read(found[2])
            if first < last:
                low, high = first, last
                break
    if low is None:
        low = _first(_LOWS, text)
        if low is None and (bound := _first(_ABOVE, text)) is not None:
            low = bound + (1 if bound.is_integer() else abs(bound) / 10)
    if high is None:
        high = _first(_HIGHS, text)
        if high is None and (bound := _first(_BELOW, text)) is not None:
            high = bound - (1 if bound.is_integer() and bound > 1 else abs(bound) / 10)
    for pattern, least, most in _SENSES:
        if low is None and high is None and pattern.search(text):
            low, high = least, most
    if low is not None and high is not None and low > high:
        low = high = None
    step = _first(_STEPS, text)
    return Bounds(low, high, step if step and step > 0 else None)


def _first(pattern: "re.Pattern[str]", text: str) -> float | None:
    found = pattern.search(text)
    return _read(found[1]) if found else None


def _read(number: str) -> float:
    return float(re.sub(r"[$€£,]", "", number))
