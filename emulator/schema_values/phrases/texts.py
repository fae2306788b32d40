"""How many items a list has and how a text looks: "up to three", "comma-separated", "must start with INV-"."""

import re
from functools import lru_cache
from typing import NamedTuple

from emulator.schema_values.phrases.table import COUNTS, QUOTE, Table, lowered, one_of, plain, tokens

_COUNT = rf"(\d{{1,6}}|{'|'.join(COUNTS)})"


class Shape(NamedTuple):
    """How a text begins and ends, its style, and the sign that it does not begin with.

    The styles are `snake`, `kebab`, `camel`, `pascal`, `upper` and `lower`.
    """

    start: str = ""
    end: str = ""
    style: str = ""
    without: str = ""


_EXACTLY = re.compile(rf"\b(?:exactly|precisely|list of|array of|set of|the (?:top|first|best)|top) {_COUNT}\b")
_UP_TO = re.compile(rf"\b(?:up to|at most|no more than|maximum(?: of)?|max) {_COUNT}\b")
_AT_LEAST = re.compile(rf"\b(?:at least|no fewer than|minimum(?: of)?|min) {_COUNT}\b")
_FROM_TO = re.compile(rf"(?<!from )(?<!between )\b{_COUNT} ?(?:to|-|–|or) ?{_COUNT}\b")
_PLAIN_COUNT = re.compile(rf"^(?:the |your |a list of |list of )?{_COUNT} (?:\w{{1,20}} ){{0,2}}\w{{2,20}}s\b")
_BETWEEN = re.compile(
    rf"(?:^|\b(?:list of|with|pick|choose|give|provide|return|select|contains?|includes?|has) )"
    rf"between {_COUNT} and {_COUNT} (?:\w{{1,20}} ){{0,2}}\w{{2,20}}s\b"
)
_MEMBERS = re.compile(r"\[ ?([a-z]\w{0,20}(?:, ?[a-z]\w{0,20}){1,7}) ?\]")
"""The members of a list by their names, as in "[longitude, latitude]"."""

_LENGTH = re.compile(
    rf"\b(up to |at most |no more than |max(?:imum)?(?: of)? )?(?:{_COUNT} ?(?:to|-|–|or) ?)?{_COUNT}[- ]words?\b"
)
_CHARACTERS = re.compile(
    r"(up to |at most |no more than |no longer than |under |within |less than |max(?:imum)?(?: of)? ?)?"
    r"(?:(\d{1,4}) ?(?:to|-|–) ?)?(\d{1,4})[- ]?(?:characters?|chars?)\b( (?:or less|max(?:imum)?|long at most))?"
)
_LETTERED = frozenset(["character", "characters", "char", "chars"])
_WORDY = frozenset(["word", "words"])
_COUNTING = frozenset(word for count in COUNTS for word in count.split()) - {"a", "of"}
_DIGIT = re.compile(r"\d")
_JOINTS = Table(
    ("comma commas", r"\bcomma[- ](?:separated|delimited)|\bseparated by commas?", ", "),
    ("semicolon semicolons", r"\bsemicolon[- ](?:separated|delimited)|\bseparated by semicolons?", "; "),
    ("space spaces", r"\bspace[- ](?:separated|delimited)|\bseparated by spaces?", " "),
    (
        "newline newlines line",
        r"\bnewline[- ](?:separated|delimited)|\bone per line|\bseparated by (?:newlines?|line breaks)",
        "\n",
    ),
    ("pipe pipes", r"\bpipe[- ](?:separated|delimited)|\bseparated by pipes?", "|"),
)
_QUOTED = rf"{QUOTE}([^\"'`“”‘’]{{1,20}}){QUOTE}"
_START = re.compile(
    r"\b(?:[Ss]tart(?:s|ing)?|[Bb]egin(?:s|ning)?|[Pp]refix(?:ed)?) (?:with|by|of) (?:an? |the )?"
    rf"(?:{_QUOTED}|([?/.#@&](?=[\s,.;)]|$)|dot\b|slash\b|hash\b|[A-Z#@$][\w#@$-]{{0,12}}|\w{{1,8}}[-_:/#]))"
)
_END = re.compile(rf"\b(?:[Ee]nd(?:s|ing)?|[Ss]uffixed) (?:with|in|by) (?:an? |the )?(?:{_QUOTED}|(\.\w{{1,8}}))")
_WITHOUT = re.compile(r"\b[Ww]ithout (?:(?:the|an?|any|leading) ){0,2}([#@$+/.])")
_SIGNS = {"dot": ".", "slash": "/", "hash": "#"}
_AFFIXED = one_of("start starts starting begin begins beginning prefix prefixed end ends ending suffixed")
_STYLES = Table(
    ("snake", r"\bsnake[_ ]case\b", "snake"),
    ("kebab", r"\bkebab[- ]case\b", "kebab"),
    ("camel camelcase", r"\bcamel ?case\b", "camel"),
    ("pascal pascalcase", r"\bpascal ?case\b", "pascal"),
    ("upper uppercase caps capitals", r"\b(?:all caps|upper-?case|in capitals)\b", "upper"),
    ("lower lowercase", r"\blower-?case\b", "lower"),
)


@lru_cache(maxsize=512)
def counts(note: str) -> tuple[int | None, int | None]:
    """The least and the greatest number of items of which a description speaks.

    >>> counts("up to three"), counts("exactly two tags")
    ((None, 3), (2, 2))
    """
    text = lowered(note)
    if found := _MEMBERS.search(text):
        size = found[1].count(",") + 1
        return size, size
    if _COUNTING.isdisjoint(tokens(note)) and not _DIGIT.search(text):
        return None, None
    if found := _FROM_TO.search(text) or _BETWEEN.search(text):
        first, last = _count(found[1]), _count(found[2])
        if first <= last:
            return first, last
    if found := _EXACTLY.search(text):
        return _count(found[1]), _count(found[1])
    low = _count(found[1]) if (found := _AT_LEAST.search(text)) else None
    high = _count(found[1]) if (found := _UP_TO.search(text)) else None
    if low is None and high is None and (found := _PLAIN_COUNT.search(text)):
        return _count(found[1]), _count(found[1])
    return (None, None) if low is not None and high is not None and low > high else (low, high)


@lru_cache(maxsize=512)
def length(note: str) -> tuple[int, int] | None:
    """The least and the greatest number of words of a text of which a description speaks.

    >>> length("a phrase (2-4 words)"), length("One word answer"), length("at most 3 words")
    ((2, 4), (1, 1), (1, 3))
    """
    if _WORDY.isdisjoint(tokens(note)) or not (found := _LENGTH.search(lowered(note))):
        return None
    most = _count(found[3])
    least = _count(found[2]) if found[2] else 1 if found[1] else most
    return (least, most) if 0 < least <= most else None


@lru_cache(maxsize=512)
def size(note: str) -> tuple[int, int] | None:
    """The least and the greatest number of characters of a text of which a description speaks.

    >>> size("a 12-character code"), size("no longer than 60 characters")
    ((12, 12), (0, 60))
    """
    if _LETTERED.isdisjoint(tokens(note)) or not (found := _CHARACTERS.search(lowered(note))):
        return None
    most = int(found[3])
    least = int(found[2]) if found[2] else 0 if found[1] or found[4] else most
    return (least, most) if least <= most and most else None


@lru_cache(maxsize=512)
def joint(note: str) -> str:
    """What stands between the items of a list that is one text; empty if it is none."""
    return _JOINTS.meaning(note) or ""


@lru_cache(maxsize=512)
def shape(note: str) -> Shape:
    """How a text is to look."""
    text = "" if _AFFIXED.isdisjoint(tokens(note)) else plain(note)
    bare = _WITHOUT.search(plain(note)) if "without" in tokens(note) else None
    return Shape(_affix(_START, text), _affix(_END, text), _STYLES.meaning(note) or "", bare[1] if bare else "")


def _count(word: str) -> int:
    return COUNTS[word] if word in COUNTS else int(word)


def _affix(pattern: "re.Pattern[str]", text: str) -> str:
    found = pattern.search(text)
    said = (found[1] or found[2]) if found else ""
    return _SIGNS.get(said, said)
