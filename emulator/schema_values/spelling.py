"""Generates texts that match a regular expression and have a given length.

The length is divided among the parts of the tree before any is written, so the bounds always hold. Texts with
lookaround, backreferences or impossible lengths may not match; they are tested, and others are tried.
"""

from collections.abc import Callable, Iterator
from functools import lru_cache
from string import ascii_lowercase, ascii_uppercase
from typing import TypeAlias

from emulator.core.seeds import Random
from emulator.schema_values.budget import Budget
from emulator.schema_values.regex import (
    MANY,
    Anchor,
    Back,
    Chars,
    Either,
    Group,
    Look,
    Repeat,
    Sequence,
    Tree,
    parse,
)
from emulator.schema_values.unicode_properties import Ranges
from emulator.schema_values.words import COMMON

LONGEST = 20_000
"""Longer texts are not written, whatever a schema asks for."""

_TRIES = 24

_EMPTY = 100
"""How many empty repetitions are written, when a pattern asks for more."""

Matches: TypeAlias = Callable[[str, str], bool]
"""Whether a pattern matches a text."""


def matching(pattern: str, random: Random, low: int, high: int, matches: Matches, budget: Budget) -> Iterator[str]:
    """Yield texts of `low` to `high` characters that match the pattern: those that a few attempts find, if any."""
    try:
        tree = parse(pattern)
    except ValueError:  # the validator reads more than the parser does
        return
    least, most = width(tree)
    loose = _loose(tree)
    if least > min(high, LONGEST) or (most < low and not loose):
        return
    looks = [look.part for look in _looks(tree)]
    for attempt in range(_TRIES):
        budget.spend(1 + len(pattern) // 8)
        size = _wanted(random, max(least, low if low <= most else least), min(most, high), attempt)
        text = _Writer(random, budget, words=attempt < _TRIES // 2).write(tree, size)
        if len(text) < low and loose:
            text = _padded(text, low, random, loose)
        if looks and not matches(pattern, text):
            text = _sprinkled(text, looks, random, budget)
        if low <= len(text) <= high and matches(pattern, text):
            yield text


def combined(
    patterns: tuple[str, ...], random: Random, low: int, high: int, matches: Matches, budget: Budget
) -> Iterator[str]:
    """Yield texts that may match several patterns: the concatenation of a match of each."""
    order = sorted(patterns, key=lambda pattern: (not pattern.startswith("^"), pattern.endswith("$")))
    for _ in range(_TRIES // 2):
        text = ""
        for pattern in order:
            text += next(matching(pattern, random, 0, high, matches, budget), "")
        if len(text) < low:
            middle = len(text) // 2
            text = text[:middle] + "a" * (low - len(text)) + text[middle:]
        yield text


@lru_cache(maxsize=4096)
def width(tree: Tree) -> tuple[int, int]:
    """The minimum and maximum length of a match."""
    match tree:
        case Chars():
            return 1, 1
        case Sequence(parts):
            widths = [width(part) for part in parts]
            return sum(low for low, _ in widths), min(MANY, sum(high for _, high in widths))
        case Either(options):
            widths = [width(option) for option in options]
            return min(low for low, _ in widths), max(high for _, high in widths)
        case Repeat(part, low, high):
            least, most = width(part)
            return least * low, min(MANY, most * high)
        case Group(part):
            return width(part)
        case Back():
            return 0, MANY
        case _:
            return 0, 0


class _Writer:
    """Writes one text, of `words` where a class has all letters, and keeps the text of each group."""

    def __init__(self, random: Random, budget: Budget, *, words: bool = True) -> None:
        self.random = random
        self.budget = budget
        self.words = words
        self.captured: dict[int, str] = {}

    def write(self, tree: Tree, size: int) -> str:
        self.budget.spend(2 + size // 64)
        match tree:
            case Chars(ranges):
                return self.spell(ranges, 1) if size else ""
            case Sequence(parts):
                return self.parts(parts, size)
            case Either(options):
                fitting = [option for option in options if width(option)[0] <= size <= width(option)[1]]
                printable = [option for option in fitting if not _is_control(option)]
                return self.write(self.random.choice(printable or fitting or options), size)
            case Repeat(Chars(ranges), low, high):
                return self.spell(ranges, min(max(size, low), high))
            case Repeat(part, low) if low > 1 and not size:
                return ""
            case Repeat(part, low, high):
                return self.parts([part] * self.times(part, low, high, size), size)
            case Group(part, number):
                text = self.captured[number] = self.write(part, size)
                return text
            case Back(number):
                return self.captured.get(number, "")
            case _:
                return ""

    def spell(self, ranges: Ranges, size: int) -> str:
        """A text of `size` characters in the ranges: words if they have all letters, and what they have otherwise."""
        if self.words and size > 2 and _holds(ranges, ascii_lowercase):
            return _words(ranges, size, self.random)
        if self.words and size > 2 and _holds(ranges, ascii_uppercase):
            return _words(ranges, size, self.random).upper()
        return "".join(self.random.choices(_alphabet(ranges), k=size))

    def parts(self, parts: "list[Tree] | tuple[Tree, ...]", size: int) -> str:
        """Write the parts, each with its minimum width and a share of the rest."""
        widths = [width(part) for part in parts]
        sizes = [low for low, _ in widths]
        left = size - sum(sizes)
        order = list(range(len(parts)))
        self.random.shuffle(order)
        for rank, at in enumerate(order):
            slack = min(widths[at][1] - sizes[at], left)
            if slack > 0:
                last = rank == len(order) - 1
                extra = slack if last else self.random.randint(0, slack)
                sizes[at] += extra
                left -= extra
        for at in order:
            extra = min(widths[at][1] - sizes[at], left)
            sizes[at] += extra
            left -= extra
        return "".join([self.write(part, size) for part, size in zip(parts, sizes, strict=True)])

    def times(self, part: Tree, low: int, high: int, size: int) -> int:
        least, most = width(part)
        fewest = max(low, -(-size // most) if most else low)
        if not least:  # those beyond are empty
            fewest = min(fewest, max(size, _EMPTY))
        most_often = min(high, size // least if least else max(low, min(size, 3)))
        return self.random.randint(fewest, max(fewest, min(most_often, fewest + 3)))


def _is_control(tree: Tree) -> bool:
    """Whether this is a class of control characters only."""
    return isinstance(tree, Chars) and all(high < 32 for _, high in tree.ranges)


def _words(ranges: Ranges, size: int, random: Random) -> str:
    joint = next((joint for joint in " -_." if _holds(ranges, joint)), "")
    text = random.choice(COMMON)
    while len(text) < size:
        text += joint + random.choice(COMMON)
    text = text[:size]
    return text[:-1] + "a" if joint and text.endswith(joint) else text


@lru_cache(maxsize=1024)
def _alphabet(ranges: Ranges) -> str:
    """The letters and digits in the ranges, or if there are none, their first few hundred characters."""
    codes = [code for low, high in ranges for code in range(low, min(high, low + 500) + 1)]
    characters = [chr(code) for code in codes if not 0xD800 <= code <= 0xDFFF]
    plain = [character for character in characters if character.isascii() and character.isalnum()]
    return "".join(plain or characters) or "\ufffd"


@lru_cache(maxsize=4096)
def _holds(ranges: Ranges, characters: str) -> bool:
    return all(any(low <= ord(character) <= high for low, high in ranges) for character in characters)


def _wanted(random: Random, low: int, high: int, attempt: int) -> int:
    """The length to try: a word or two within the bounds, and more varied with each attempt."""
    usual = max(low, min(high, 6 + attempt // 4))
    return random.randint(low, max(low, min(high, usual + 8, LONGEST)))


@lru_cache(maxsize=1024)
def _loose(tree: Tree) -> str:
    """Where text can be added to a match: at the end ($), at the start (^), or nowhere."""
    anchors = set(_anchors(tree))
    if anchors.isdisjoint(("$", r"\Z")):
        return "$"
    return "^" if anchors.isdisjoint(("^", r"\A")) else ""


def _anchors(tree: Tree) -> Iterator[str]:
    match tree:
        case Anchor(source):
            yield source
        case Sequence(parts) | Either(parts):
            for part in parts:
                yield from _anchors(part)
        case Group(part) | Repeat(part):
            yield from _anchors(part)


def _padded(text: str, size: int, random: Random, loose: str) -> str:
    padding = _words(((32, 126),), size - len(text), random)
    return padding + text if loose == "^" else text + padding


def _looks(tree: Tree) -> Iterator[Look]:
    match tree:
        case Look(opening="?="):
            yield tree
        case Sequence(parts) | Either(parts):
            for part in parts:
                yield from _looks(part)
        case Group(part) | Repeat(part):
            yield from _looks(part)


def _sprinkled(text: str, looks: list[Tree], random: Random, budget: Budget) -> str:
    """The text, overwritten in places to satisfy its lookaheads."""
    for look in looks:
        wanted = _Writer(random, budget).write(look, width(look)[0])
        at = random.randint(0, max(0, len(text) - len(wanted)))
        text = text[:at] + wanted + text[at + len(wanted) :]
    return text
