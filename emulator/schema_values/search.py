"""Searches texts for patterns, with bounded work.

Python's matcher tries one path after another, which can take exponential time, as for `^(a+)+$`. It is used only if it
is certain to end soon. Otherwise all paths are followed at once: from the set of positions where a part of the pattern
may begin to the set of positions where it may end. These steps are counted and limited.
"""

import math
import re
from functools import lru_cache

from emulator.schema_values.errors import Unsatisfiable
from emulator.schema_values.regex import Anchor, Chars, Either, Group, Look, Repeat, Sequence, Tree, compiled, parse

_QUICK = 1_000_000
"""So many steps of Python's matcher are quick."""

_STEPS = 300_000
"""So many steps of the other one are taken for one document."""

_SHORT = 20
"""Up to this length every pattern is quick: with each character the work doubles at most."""

_ROUNDS = 50_000
"""A pattern that asks for more repetitions than this is slow with a text of any length."""

_WIDE = 8
"""What may be repeated more often than this may be repeated any number of times."""


class Searches:
    """The searches for the patterns of one document."""

    def __init__(self) -> None:
        self._left = _STEPS

    def matches(self, pattern: str, text: str) -> bool:
        """Whether the pattern matches anywhere in the text.

        Raises Unsatisfiable if the search takes too long, and ValueError for an invalid regular expression.
        """
        if len(text) <= _longest(pattern):
            return compiled(pattern).search(text) is not None
        flags = compiled(pattern).flags
        try:
            tree = parse(pattern)
        except ValueError:  # Python reads more than the parser does
            raise _too_long() from None
        return bool(self._ends(tree, set(range(len(text) + 1)), text, flags & ~re.UNICODE))

    def _ends(self, tree: Tree, starts: set[int], text: str, flags: int) -> set[int]:
        """The positions where a match of the tree may end, if it begins at one of `starts`."""
        self._left -= len(starts) + 1
        if self._left < 0:
            raise _too_long()
        match tree:
            case Chars(source=source):
                find = re.compile(source, flags)
                return {at + 1 for at in starts if find.match(text, at)}
            case Anchor(source):
                find = re.compile(source, flags)
                return {at for at in starts if find.match(text, at)}
            case Sequence(parts):
                for part in parts:
                    starts = self._ends(part, starts, text, flags) if starts else starts
                return starts
            case Either(options):
                return set().union(*(self._ends(option, starts, text, flags) for option in options))
            case Group(part, flags=""):
                return self._ends(part, starts, text, flags)
            case Repeat(part, low, high, suffix) if suffix != "+":
                return self._repeated(part, low, high, starts, text, flags)
            case Look(part, opening) if opening in ("?=", "?!"):
                held = opening == "?="
                return {at for at in starts if bool(self._ends(part, {at}, text, flags)) is held}
            case _:  # what depends on how the match went so far
                raise _too_long()

    def _repeated(self, part: Tree, low: int, high: int, starts: set[int], text: str, flags: int) -> set[int]:
        for _ in range(low):
            before, starts = starts, self._ends(part, starts, text, flags)
            if starts == before:
                break
        found = new = starts
        for _ in range(high - low):
            new = self._ends(part, new, text, flags) - found if new else new
            if not new:
                break
            found = found | new
        return found


def _too_long() -> Unsatisfiable:
    return Unsatisfiable("#", "it takes too long to find out which texts its patterns match")


@lru_cache(maxsize=1024)
def _longest(pattern: str) -> int:
    """The length up to which Python's matcher searches a text quickly."""
    try:
        tree = parse(pattern)
    except ValueError:
        return _SHORT
    if _nesting(tree) > 2 or _rounds(tree) > _ROUNDS:
        return -1
    return max(_SHORT, int(_QUICK ** (1 / (1 + _repetitions(tree, False)))))


def _nesting(tree: Tree) -> int:
    """The nesting depth of repetitions."""
    match tree:
        case Sequence(parts) | Either(parts):
            return max(map(_nesting, parts), default=0)
        case Group(part) | Look(part):
            return _nesting(part)
        case Repeat(part, _, high):
            return (high > 1) + _nesting(part)
        case _:
            return 0


def _rounds(tree: Tree) -> int:
    """The number of repetitions that every match needs."""
    match tree:
        case Sequence(parts) | Either(parts):
            return sum(map(_rounds, parts))
        case Group(part) | Look(part):
            return _rounds(part)
        case Repeat(part, low):
            return low + low * _rounds(part)
        case _:
            return 0


def _repetitions(tree: Tree, inside: bool) -> float:
    """The number of open repetitions that share a text; infinite for a choice or a count inside one."""
    match tree:
        case Sequence(parts):
            return sum(_repetitions(part, inside) for part in parts)
        case Either(options):
            return math.inf if inside else sum(_repetitions(option, inside) for option in options)
        case Group(part) | Look(part):
            return _repetitions(part, inside)
        case Repeat(part, low, high):
            wide = high > _WIDE
            return math.inf if inside and low != high else wide + _repetitions(part, inside or wide)
        case _:
            return 0
