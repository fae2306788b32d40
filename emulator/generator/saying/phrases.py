"""What a text says of a parameter in plain words: a listed value, yes or no, or a phrase."""

import re
from collections.abc import Container, Iterable, Iterator, Sequence
from typing import Any

from emulator.generator.saying.mentions import Text
from emulator.generator.saying.parameters import Parameter
from emulator.generator.saying.tokens import Token
from emulator.generator.saying.words import listed, stem, stems, telling
from emulator.generator.topics import says_little, topics

_NO = listed("no")
_SWITCHES = frozenset(map(stem, listed("switches")))
_VERBS = listed("asking")
_TELLING = listed("telling") | {"old"}
_SOUGHT = re.compile(
    r"\b(?:search|look|google|browse|research)\b[^.?!\n]{0,40}?\b(?:for|about|up)\s+(?:the |an? )?([^.?!\n]{1,200})",
    re.IGNORECASE,
)
_LISTING = frozenset([",", "and", "or", "&"])
_ITEM = 3
"""So many words has a listed item."""
_CONNECTING = frozenset(["of", "the", "in", "and", "for", "with"])


def option(parameter: Parameter, text: str, words: frozenset[str], near: frozenset[str]) -> Any:
    """The listed value that the text speaks of; None if it speaks of none."""
    lower = f" {_plain(text)} "
    best, most = None, 0.0
    for each in parameter.options:
        if not isinstance(each, str) or not each:
            continue
        plain = _plain(each)
        parts = frozenset(stems(each))
        if plain and (at := lower.find(f" {plain} ")) >= 0:
            score = 3 + len(plain) / 100 - at / len(lower) / 10
        elif parts and parts <= words:
            score = 2.0
        elif parts and (some := len(parts & words)) and not parts & words <= frozenset(parameter.names):
            score = 1 + some / len(parts) if some / len(parts) >= 0.5 and parameter.schema.get("enum") else 0.0
        else:
            score = 0.0
        if score > most:
            best, most = each, score
    return best


def _plain(text: str) -> str:
    """The words of a text in lower case."""
    return " ".join(re.findall(r"[^\W_]+", text.lower()))


def flag(parameter: Parameter, tokens: Sequence[Token]) -> bool | None:
    """Whether the text affirms a parameter or denies it; None if it does not speak of it."""
    names = frozenset(parameter.names) - _SWITCHES
    for at, token in enumerate(tokens):
        if token.kind != "word" or names.isdisjoint(stems(token.text)):
            continue
        around = [each.text.lower() for each in (*tokens[max(0, at - 4) : at], *tokens[at + 1 : at + 5])]
        if "true" in around[4:] or "yes" in around:
            return True
        return _NO.isdisjoint(around[: min(4, at)]) and "false" not in around
    return None


def beside(parameter: Parameter, tokens: Sequence[Token]) -> str:
    """The words that stand directly behind the name of a parameter, or before it."""
    own = frozenset(parameter.names) - frozenset(map(stem, ["name", "type", "id"]))
    for at, token in enumerate(tokens):
        if token.kind != "word" or own.isdisjoint(stems(token.text)):
            continue
        to = at + 1
        while to < len(tokens) and tokens[to].text.lower() in (
            "is",
            "of",
            "as",
            "to",
            ":",
            "=",
            "set",
            "should",
            "be",
            "the",
            "a",
        ):
            to += 1
        if to > at + 1 and (words := list(_content(tokens[to : to + 5]))):
            return " ".join(words)
        back = [each.text for each in _content(tokens[max(0, at - 3) : at][::-1], keep=True)][::-1]
        back = [word for word in back if word.lower() not in _VERBS and not own.intersection(stems(word))]
        if back:
            return " ".join(back)
    return ""


def _content(tokens: Sequence[Token], *, keep: bool = False) -> Iterator[Any]:
    """The content words at the beginning."""
    for token in tokens:
        if token.kind != "word" or says_little(token.text.lower()) or token.text.lower() in _NO:
            return
        yield token if keep else token.text


def phrases(reading: Text, start: int, end: int, tool: frozenset[str]) -> list[str]:
    """The phrases of content words that neither are mentions nor name the tool, in the order of the text."""
    taken = {
        at
        for each in reading.mentions
        if each.kind != "currency"
        for at in range(each.at, each.to + (each.unit not in ("", "th")))
    }
    found: list[list[str]] = [[]]
    for at in range(start, end):
        token = reading.tokens[at]
        word = token.text.lower()
        if (
            token.kind not in ("word", "wide")
            or at in taken
            or word in _VERBS | _TELLING
            or _is_label(reading.tokens, at)
        ):
            found.append([])
        elif word in _CONNECTING and found[-1] and word in ("of",):
            found[-1].append(token.text)
        elif says_little(word):
            found.append([])
        else:
            found[-1].append(token.text)
    trimmed = (_trimmed(words) for words in found)
    loose = [" ".join(words) for words in trimmed if words and not frozenset(telling(" ".join(words))) <= tool]
    labelled = _labelled(reading, start, end, taken)
    return [labelled, *(phrase for phrase in loose if phrase not in labelled)] if labelled else loose


def _labelled(reading: Text, start: int, end: int, taken: Container[int]) -> str:
    """The words behind the first colon, if there are only words up to the next mark: "Task: Update the docs, soon"."""
    colon = next((at for at in range(start, end) if reading.tokens[at].text == ":"), end)
    to = colon + 1
    while to < end and reading.tokens[to].kind == "word":
        if to in taken or reading.tokens[to].text.lower() in _TELLING:
            return ""
        to += 1
    return reading.source(colon + 1, to).strip() if to > colon + 2 else ""


def _is_label(tokens: Sequence[Token], at: int) -> bool:
    """Whether a word only says what follows: "Task: Update the docs"."""
    return at + 1 < len(tokens) and tokens[at + 1].text == ":"


def _trimmed(words: list[str]) -> list[str]:
    while words and words[-1].lower() in _CONNECTING:
        words = words[:-1]
    return words


def series(parameter: Parameter, tokens: Sequence[Token]) -> list[str]:
    """The first words that are listed: "red, green and dark blue"; the parameter's name before them is no item."""
    items: list[list[str]] = [[]]
    for token in [*tokens, Token("line", "\n")]:
        word = token.text.lower()
        if token.kind == "word" and not says_little(word) and word not in _VERBS and len(items[-1]) < _ITEM:
            if parameter.names.isdisjoint(stems(word)):
                items[-1].append(token.text)
        elif word in _LISTING and items[-1]:
            items.append([])
        elif not (word in _LISTING and len(items) > 1):
            if len(items) > 1 and items[-1]:
                break
            items = [[]]
    return [" ".join(item) for item in items if item] if len(items) > 1 else []


def about(text: str) -> str:
    """The topic of a text, or what it asks to search for, without its article."""
    if sought := _SOUGHT.search(text):
        return sought[1].strip()
    found = topics(text)
    return re.sub(r"^(?:an?|the|your|my) ", "", found[0]) if found else ""


def words_of(tokens: Iterable[Token]) -> frozenset[str]:
    """The stems of the words of a text."""
    return frozenset(
        part for token in tokens if token.kind in ("word", "wide", "quoted", "path", "id") for part in stems(token.text)
    )
