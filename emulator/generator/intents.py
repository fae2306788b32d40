"""Recognizing what a message asks for, by regular expressions."""

import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

from emulator.core.regexes import late
from emulator.generator.arithmetic import UP_TO_TWELVE, calculation, count, may_calculate
from emulator.generator.topics import relevant, turned


class Intent(NamedTuple):
    """The rule of the grammar that answers a message, and the values that the rule needs.

    `words` are the words to repeat, the result of a sum, or an action; `items` is the length of a list.
    """

    rule: str
    words: str = ""
    items: int = 0


_TO_SAY = ("say", "reply", "respond", "answer", "repeat", "echo", "output", "print", "write", "return")
_SAYING = rf"(?:^|[.,:;!?\n]\s*|\b(?:please|just|only|and) )(?:{'|'.join(_TO_SAY)})\b"
_JUST = r"(?:with|only|exactly|just|back|after me|this|the (?:single )?(?:word|words|phrase|text|sentence|following))"
_QUOTED = late(
    rf"{_SAYING}(?:\s+{_JUST})*\s*:?\s*[\"“«`'](?P<words>[^\"”»`]{{1,300}}?)[\"”»`']",
    re.IGNORECASE,
)
_NO_WORDS = (
    r"(?!(?:one|two|three|an?|the|your|my|yes or|json|in|if|when|as|to|by|about|using|from|for|on|numbers?|digits?|\d+)"
    r"\b)"
)
"""What begins a description of the answer, and is not said itself."""
_EXACTLY = late(
    rf"{_SAYING}(?=\s+(?:\w+\s+)?(?:with|only|exactly|just|after)\b)(?:\s+{_JUST})+(?:\s*:\s+|\s+{_NO_WORDS})"
    rf"(?!{_JUST}\b)(?P<words>[^.\n\"“]{{1,100}}?)(?:,? (?:and|but) nothing (?:else|more|but that))?(?=[.\n\"“]|$)",
    re.IGNORECASE,
)
_SAY = late(
    r"(?:please\s+)?(?:say|echo):?\s+(?!(?:something|anything|it|an?|the|why|what|how|more|if)\b)"
    r"(?P<words>(?:\S+\s+){0,2}\S+|this is .{1,60})",
    re.IGNORECASE,
)
_HOW = late(
    r"\bhow (?:do|can|could|should|would|to|might)\s+(?:(?:i|you|we|one|people|someone)\s+)?([^?.!,;:\n]{3,70})",
    re.IGNORECASE,
)
_POLITE = late(r"\W*(?:(?:can|could|would|will) you|please)\s+(?:please\s+)?", re.IGNORECASE)
_WORD = re.compile(r"\w+")
_LIKE_ASCII = str.maketrans("İıſ\u212a", "iisk")
"""Letters beyond ASCII that patterns without regard to case take for letters of ASCII."""
_COUNT = late(rf"\b(\d{{1,2}}|{'|'.join(UP_TO_TWELVE[:10])})\b", re.IGNORECASE)
_LANGUAGES = {
    **dict.fromkeys(["javascript", "typescript", "js"], "javascript"),
    **dict.fromkeys(["bash", "shell"], "bash"),
    "sql": "sql",
}


def intent(text: str) -> Intent:
    """What a message wants.

    >>> intent("Reply with exactly: pong"), intent("Give me 3 tips for running")
    (Intent(rule='said', words='pong', items=0), Intent(rule='list', words='', items=3))
    """
    return _intent(relevant(text).strip())


@lru_cache(maxsize=256)
def _intent(text: str) -> Intent:
    words = words_of(text)
    if not words.isdisjoint(_TO_SAY) and (said := _to_say(text)):
        return Intent("said", said)
    if sum := _sum(text, words):
        return Intent("arithmetic", sum)
    by_word = _by_word()
    tried = sorted({number for word in by_word.keys() & words for number in by_word[word]})
    return _wanted(text, tried) if tried else Intent("explain")


def _wanted(text: str, tried: Sequence[int]) -> Intent:
    """What a message wants that may match the patterns of these rows."""
    flat = " ".join(text.split())
    polite = _POLITE.match(flat)
    flat = flat[polite.end() :] if polite else flat
    rule = next((row.rule for row in map(rows().__getitem__, tried) if row.pattern.search(flat)), "")
    match rule:
        case "list":
            return Intent(rule, items=_count(flat))
        case "code":
            named = (_LANGUAGES[word] for word in re.findall(r"\w+", flat.lower()) if word in _LANGUAGES)
            return Intent(next(named, "python"))
        case "" if action := _action(flat):
            return Intent("how", action)
    return Intent(rule or "explain")


def words_of(text: str) -> AbstractSet[str]:
    """The words of a text in lower case, as patterns without regard to case see them."""
    return frozenset(_WORD.findall((text if text.isascii() else text.translate(_LIKE_ASCII)).lower()))


def _to_say(text: str) -> str:
    """The words that a message asks to be said, if it does."""
    if len(text) > 300:
        return ""
    if found := _QUOTED.search(text) or _EXACTLY.search(text):
        return found["words"].strip()
    if found := _SAY.fullmatch(text):
        words = found["words"].strip()
        return words[:1].upper() + words[1:]
    return ""


def _action(text: str) -> str:
    """What a message asks how to do, said back to the one who asks."""
    found = _HOW.search(text)
    return turned(re.sub(r"[\W_]+$", "", found[1]).split()[:9]) if found else ""


def _sum(text: str, words: AbstractSet[str]) -> str:
    """The only calculation of a short message, and what it makes; empty for another message."""
    found = calculation(text) if len(text) < 100 and may_calculate(text, words) else None
    if not found or re.search(r"\d", text[: found.start] + text[found.end :]):
        return ""
    return f"{found.written} = {found.result}"


def _count(text: str) -> int:
    found = _COUNT.search(text)
    return max(1, min(count(found[1]), 20)) if found else 4


class Row(NamedTuple):
    """A rule, the words of which a message that it answers has one, and the pattern that it has."""

    rule: str
    words: list[str]
    pattern: re.Pattern[str]


@cache
def rows() -> Sequence[Row]:
    """The rows of the file of patterns. The first whose pattern matches decides."""
    text = (Path(__file__).parent / "data" / "intents.txt").read_text(encoding="utf-8")
    found = re.findall(r"^(\w+): ([a-z ]+)\n +(.+)$", text, re.MULTILINE)
    return [Row(rule, words.split(), late(pattern, re.IGNORECASE)) for rule, words, pattern in found]


@cache
def _by_word() -> Mapping[str, Sequence[int]]:
    """The numbers of the rows that have a word."""
    numbers: dict[str, list[int]] = {}
    for number, row in enumerate(rows()):
        for word in row.words:
            numbers.setdefault(word, []).append(number)
    return numbers
