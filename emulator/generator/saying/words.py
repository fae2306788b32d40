"""The words of a text as tools are compared with it: parts of names, without endings."""

import re
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from pathlib import Path

from emulator.generator.topics import says_little

_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+|[^\W\d_a-zA-Z]+")
_ENDING = re.compile(r"(?:ations?|ators?|ate[sd]?|ating|ions?|ers?|ors?|ing|ies|y|es|s|ed|e)$")
_WIDE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


@lru_cache(maxsize=8192)
def stem(word: str) -> str:
    """A word in lower case without its ending.

    >>> stem("Calculator"), stem("calculates"), stem("cities"), stem("city")
    ('calcul', 'calcul', 'cit', 'cit')
    """
    word = word.lower()
    short = _ENDING.sub("", word) if len(word) > 3 else word
    return short if len(short) > 2 or len(word) < 4 else word


@lru_cache(maxsize=2048)
def stems(text: str) -> tuple[str, ...]:
    """The stems of the words of a text or a name, in order. Scripts without spaces give pairs of characters.

    >>> stems("get_currentWeather")
    ('get', 'current', 'weath')
    """
    found: list[str] = []
    for word in _WORD.findall(text):
        if _WIDE.match(word):
            found += [word[at : at + 2] for at in range(max(1, len(word) - 1))]
        else:
            found.append(stem(word))
    return tuple(found)


@lru_cache(maxsize=2048)
def telling(text: str) -> tuple[str, ...]:
    """The stems of the words that are no function words."""
    return tuple(
        part
        for word in _WORD.findall(text)
        if len(word) > 1 and not says_little(word.lower()) and not word.isdigit()
        for part in stems(word)
    )


def meant(words: Iterable[str]) -> frozenset[str]:
    """The stems of what the words mean besides themselves: "3 times 4" speaks of multiplying."""
    same = _same()
    return frozenset(part for word in words if word in same for part in same[word])


@cache
def _same() -> Mapping[str, list[str]]:
    same: dict[str, list[str]] = {}
    for meaning, words in grouped("same").items():
        for word in words:
            same.setdefault(word, []).append(stem(meaning))
    return same


@cache
def listed(key: str) -> frozenset[str]:
    """The words of a key of the table of words."""
    return frozenset(_table()[key])


def grouped(kind: str) -> Mapping[str, list[str]]:
    """The words of each key of a kind, by what follows the kind in the key."""
    return {key[len(kind) + 1 :]: words for key, words in _table().items() if key.startswith(f"{kind} ")}


def numbered(key: str) -> Mapping[str, int]:
    """The numbers of the words of a key, each written `word=number`."""
    pairs = (word.partition("=") for word in _table()[key])
    return {word: int(number) for word, _, number in pairs}


@cache
def _table() -> Mapping[str, list[str]]:
    table: dict[str, list[str]] = {}
    text = (Path(__file__).parent.parent / "data" / "speaking.txt").read_text(encoding="utf-8")
    for line in text.splitlines():
        if line and not line.startswith("#"):
            key, _, words = line.partition(": ")
            table.setdefault(key, []).extend(words.split())
    return table
