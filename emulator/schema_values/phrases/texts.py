"""How many items a list has and how a text looks: "up to three", "comma-separated", "must start with INV-"."""

import re
from functools import lru_cache
from typing import NamedTuple

from emulator.schema_values.phrases.table import COUNTS, QUOTE, meaning, plain, table

_COUNT = rf"(\d{{1,6}}|{'|'.join(COUNTS)})"


class Shape(NamedTuple):
    """How a text begins and ends, and its style: `snake`, `kebab`, `camel`, `pascal`, `upper` or `lower`."""

    start: str = ""
    end: str = ""
    style: str = ""


_EXACTLY = re.compile(
    rf"\b(?:exactly|precisely|list of|array of|set of|the (?:top|first|best)|top) {_COUNT}\b", re.IGNORECASE
)
_UP_TO = re.compile(rf"\b(?:up to|at most|no more than|maximum(?: of)?|max) {_COUNT}\b", re.IGNORECASE)
_AT_LEAST = re.compile(rf"\b(?:at least|no fewer than|minimum(?: of)?|min) {_COUNT}\b", re.IGNORECASE)
_FROM_TO = re.compile(rf"\b{_COUNT} ?(?:to|-|–|or) ?{_COUNT}\b", re.IGNORECASE)
_PLAIN_COUNT = re.compile(
    rf"^(?:the |your |a list of |list of )?{_COUNT} (?:\w{{1,20}} ){{0,2}}\w{{2,20}}s\b", re.IGNORECASE
)
_JOINTS = table(
    (r"\bcomma[- ]separated|\bseparated by commas?|\bcomma[- ]delimited", ", "),
    (r"\bsemicolon[- ]separated|\bseparated by semicolons?", "; "),
    (r"\bspace[- ]separated|\bseparated by spaces?", " "),
    (r"\bnewline[- ]separated|\bone per line|\bseparated by (?:newlines?|line breaks)", "\n"),
    (r"\bpipe[- ]separated|\bseparated by pipes?", "|"),
)
_START = re.compile(
    rf"\b(?:starts?|starting|begins?|beginning|prefixed|prefix(?:es)?) (?:with|by|of) (?:an? |the )?(?:{QUOTE}([^\"'`“”‘’]{{1,20}}){QUOTE}|([A-Z#@$][\w#@$-]{{0,12}}|[\w]{{1,8}}[-_:/#]))",
)
_END = re.compile(
    rf"\b(?:ends?|ending|suffixed) (?:with|in|by) (?:an? |the )?(?:{QUOTE}([^\"'`“”‘’]{{1,20}}){QUOTE}|(\.\w{{1,8}}))",
)
_STYLES = table(
    (r"\bsnake[_ ]case\b", "snake"),
    (r"\bkebab[- ]case\b", "kebab"),
    (r"\bcamel ?case\b", "camel"),
    (r"\bpascal ?case\b", "pascal"),
    (r"\b(?:all caps|upper-?case|in capitals)\b", "upper"),
    (r"\b(?:all )?lower-?case\b", "lower"),
)


@lru_cache(maxsize=4096)
def counts(note: str) -> tuple[int | None, int | None]:
    """The least and the greatest number of items of which a description speaks.

    >>> counts("up to three"), counts("exactly two tags")
    ((None, 3), (2, 2))
    """
    text = plain(note)
    if found := _FROM_TO.search(text):
        low, high = _count(found[1]), _count(found[2])
        if low <= high:
            return low, high
    if found := _EXACTLY.search(text):
        return _count(found[1]), _count(found[1])
    low = _count(found[1]) if (found := _AT_LEAST.search(text)) else None
    high = _count(found[1]) if (found := _UP_TO.search(text)) else None
    if low is None and high is None and (found := _PLAIN_COUNT.search(text)):
        return _count(found[1]), _count(found[1])
    return low, high


@lru_cache(maxsize=4096)
def joint(note: str) -> str:
    """What stands between the items of a list that is one text; empty if it is none."""
    text = plain(note)
    return meaning(_JOINTS, text)


@lru_cache(maxsize=4096)
def shape(note: str) -> Shape:
    """How a text is to look."""
    text = plain(note)
    return Shape(_affix(_START, text), _affix(_END, text), meaning(_STYLES, text))


def _count(word: str) -> int:
    word = word.lower()
    return COUNTS[word] if word in COUNTS else int(word)


def _affix(pattern: "re.Pattern[str]", text: str) -> str:
    found = pattern.search(text)
    return (found[1] or found[2]) if found else ""
