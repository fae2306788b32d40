"""The bounds of a number: "between 1 and 5", "at least 18", "a percentage", "a multiple of 5"."""

import re
from functools import lru_cache
from typing import NamedTuple

from emulator.schema_values.phrases.table import COUNTS, Table, lowered, tokens

_SPELLED = frozenset(word for word in COUNTS if " " not in word)
_NUMERALS = re.compile(rf"\b(?:{'|'.join(sorted(_SPELLED))})\b(?! of\b)")
_DIGIT = re.compile(r"\d")
_NUMBER = r"(-?[$€£]?\d[\d,]{0,12}(?:\.\d{1,9})?)\s?%?"


class Bounds(NamedTuple):
    """The bounds of a number, both included, and what it is a multiple of; None where nothing is said.

    They are `vague` if a description names a kind of number and no bound.
    """

    low: float | None = None
    high: float | None = None
    step: float | None = None
    vague: bool = False


_TO = r" ?(?:to|-|–|\.\.\.?|…) ?"
_SPANS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"\b(?:between|zwischen|entre) {_NUMBER} ?(?:and|to|-|–|&|und|et|y|e) ?{_NUMBER}",
        rf"\b(?:from|von|desde|de) {_NUMBER}(?: \([^)]{{1,30}}\))? ?"
        rf"(?:to|up to|through|until|-|–|bis|hasta|a|à) ?{_NUMBER}",
        rf"\b(?:range|scale|value|interval)s?(?: of| is| from|:)?(?: \w{{1,12}})? ?[\[(]? ?"
        rf"{_NUMBER}(?:{_TO}| ?, ?){_NUMBER}",
        rf"[\[(] ?{_NUMBER}(?:{_TO}| ?, ?){_NUMBER} ?[\])]",
        rf"(?:^|[\s(]){_NUMBER} ?(?:\([^)]{{1,30}}\) ?)?(?:to|–|\.\.\.?|…) ?{_NUMBER}",
        rf"(?:^|[:,]\s){_NUMBER}-{_NUMBER}(?=$|[\s,.;)])",
        rf"{_NUMBER}[-–]{_NUMBER}[- ](?:scale|stars?|points?|rating|range)\b",
        rf"{_NUMBER} ?<=? ?\w{{1,20}} ?<=? ?{_NUMBER}",
    )
)
_OF = r"(?: of| is|:)?"
_LOWS = re.compile(
    rf"(?:at least|minimum{_OF}|\bmin{_OF}|(?:not|no) less than|>=|≥|\bfrom|starting (?:at|from)) ?{_NUMBER}"
)
_ABOVE = re.compile(rf"(?:greater than|(?<!not )(?<!no )more than|larger than|above|over|exceeding|>) ?{_NUMBER}")
_HIGHS = re.compile(
    rf"(?:at most|out of|maximum{_OF}|\bmax{_OF}|(?:not|no) more than|up to|not exceeding|<=|≤) ?{_NUMBER}"
)
_BELOW = re.compile(rf"(?:(?<!not )(?<!no )less than|smaller than|below|under|fewer than|<) ?{_NUMBER}")
_LABELS = re.compile(
    r"(?:^|[\s(,;])(-?\d{1,4}) ?(?:=|:|means|represents|for (?=[A-Za-z])|\(\w{1,20}(?: \w{1,20}){0,2}\))"
)
"""Numbers with their meanings, as in "0 = mild, 3 = very hot"."""

_STEPS = re.compile(rf"(?:multiples? of|increments? of|steps? of|divisible by|nearest) ?{_NUMBER}")
_SENSES = Table(
    (
        "epoch unix",
        r"\bmilliseconds? since (?:the )?(?:unix )?epoch|\b(?:epoch|unix)\b.{0,25}\bm(?:s\b|illi)",
        (1.7e12, 1.76e12),
    ),
    ("epoch unix", r"\bunix (?:time|epoch)|\bepoch (?:seconds?|time)|\bseconds since (?:the )?epoch", (1.7e9, 1.76e9)),
    ("log logprob", r"\blog[- ]?prob", (-5, -0.01)),
    (
        "probability likelihood confidence fraction normalized normalised ratio",
        r"\b(?:probability|likelihood|confidence|fraction|normali[sz]ed|ratio)\b(?!.{0,40}%)",
        (0, 1),
    ),
    (
        "percent percentage",
        r"\bpercent(?:age)? (?:change|growth|return)|\b(?:change|growth) (?:in|as a) percent",
        (-8, 8),
    ),
    ("percent percentage %", r"\bpercent(?:age)?\b|\bin %|\(%\)", (0, 100)),
    ("status", r"\bhttp status\b|\bstatus code\b", (200, 599)),
    ("port", r"\b(?:port number|tcp port)\b", (1024, 65535)),
    ("month", r"\bday of the month\b", (1, 28)),
    ("week", r"\bday of the week\b", (0, 6)),
    ("month", r"\bmonth (?:number|of the year)\b|\bmonth as a number\b", (1, 12)),
    ("hour", r"\bhour of (?:the )?day\b|\b24[- ]hour\b", (0, 23)),
    ("year", r"\bfour[- ]digit year\b|\bthe year\b|\byear of\b", (1990, 2026)),
    ("cosine correlation", r"\b(?:cosine similarity|correlation)\b", (-1, 1)),
    ("latitude", r"\blatitude\b", (-60, 60)),
    ("longitude", r"\blongitude\b", (-170, 170)),
    ("negative nonnegative zero", r"\b(?:non-?negative|zero or more|not negative)\b", (0, None)),
    ("celsius °", r"\bcelsius\b|°c", (-10, 45)),
    ("fahrenheit °", r"\bfahrenheit\b|°f", (20, 100)),
    ("kelvin", r"\bkelvin\b", (250, 320)),
    ("dbm", r"\bdbm\b", (-90, -30)),
    ("degrees", r"\bin degrees\b", (0, 359)),
    ("radians", r"\bin radians\b", (0, 6)),
    ("negative", r"(?<!non-)\bnegative (?:number|integer|value|amount)\b", (-100, -1)),
    ("positive natural", r"\bpositive (?:number|integer|value|amount|whole|int|float)\b", (1, None)),
    ("positive natural", r"\bmust be positive\b|\bnatural number\b", (1, None)),
)


@lru_cache(maxsize=512)
def bounds(note: str) -> Bounds:
    """The bounds of a number of which a description speaks.

    >>> bounds("A mark between 1 and 5.")[:2]
    (1.0, 5.0)
    """
    text = lowered(note)
    if not _SPELLED.isdisjoint(tokens(note)):
        text = _NUMERALS.sub(lambda found: str(COUNTS[found[0]]), text)
    low, high, step, _ = _numbers(text) if _DIGIT.search(text) else Bounds()
    if low is None and high is None and (sense := _SENSES.meaning(note)):
        return Bounds(*sense, step, vague=True)
    return Bounds(low, high, step)


def _numbers(text: str) -> Bounds:
    for pattern in _SPANS:
        if found := pattern.search(text):
            low, high = _read(found[1]), _read(found[2])
            if low < high:
                return Bounds(low, high, _step(text))
    labelled = [_read(number) for number in _LABELS.findall(text)]
    if len(labelled) > 1 and min(labelled) < max(labelled):
        return Bounds(min(labelled), max(labelled), _step(text))
    least, most = _first(_LOWS, text), _first(_HIGHS, text)
    if least is None and (bound := _first(_ABOVE, text)) is not None:
        least = bound + (1 if bound.is_integer() else abs(bound) / 10)
    if most is None and (bound := _first(_BELOW, text)) is not None:
        most = bound - (1 if bound.is_integer() and bound > 1 else abs(bound) / 10)
    if least is not None and most is not None and least > most:
        least = most = None
    return Bounds(least, most, _step(text))


def _step(text: str) -> float | None:
    step = _first(_STEPS, text)
    return step if step and step > 0 else None


def _first(pattern: "re.Pattern[str]", text: str) -> float | None:
    found = pattern.search(text)
    return _read(found[1]) if found else None


def _read(number: str) -> float:
    return float(re.sub(r"[$€£,]", "", number))
