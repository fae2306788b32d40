"""The greatest number of steps that Python's matcher may take, so that it is used only where it ends soon.

Python's matcher tries one path after another. For each part of an expression, `_cost` bounds the number of ways in
which it can match from one position, and the work of trying them all: what follows a part is tried once for each way.
"""

import math
import re
import sys
from functools import lru_cache
from itertools import zip_longest

from emulator.patterns.syntax import (
    Anchor,
    Chars,
    Either,
    Group,
    Look,
    Opaque,
    Repeat,
    Sequence,
    Tree,
    Unless,
    children,
    walk,
)

_STEPS_PER_CHARACTER = 32
"""So many steps for each character of a long text are quick."""

_LENGTHS = [2**exponent - 1 for exponent in (0, 3, 4, 5, 6, 7, 8, 9, 11, 13, 16, 19, 22, 25, 28)]
"""Beyond the last one there are no texts."""
_SAMPLES = (0, 15, 255, 8191)


class Cost:
    """The steps of searches for one expression."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._anchored = _is_anchored(tree)
        self._before, self._overlapping, self._rest = (0, 0, tree) if self._anchored else _delimited(tree)
        self._steps: dict[int, float] = {}

    def steps(self, length: int) -> float:
        """The greatest number of steps for texts of this length, or up to the next power of two."""
        rounded = 2 ** length.bit_length() - 1
        if rounded not in self._steps:
            self._steps[rounded] = self._searching(rounded)
        return self._steps[rounded]

    @staticmethod
    def is_quick(steps: float, length: int, quick: int) -> bool:
        """Whether a text of this length is searched in `quick` steps, and few for each character."""
        return steps <= quick + _STEPS_PER_CHARACTER * length

    def quick_length(self, quick: int) -> int:
        """The length up to which a text is searched in `quick` steps, and few for each character; -1 for none."""
        found = -1
        for length in _LENGTHS:
            if not self.is_quick(self.steps(length), length, quick):
                return found
            found = length
        return sys.maxsize

    def _searching(self, length: int) -> float:
        if self._anchored:
            return length + _cost(self._tree, length)[1]
        if not self._overlapping:
            return (length + 1) * _cost(self._tree, length)[1]
        dearest = max(_cost(self._rest, each)[1] / (each + 1) for each in (*_SAMPLES, length) if each <= length)
        return (length + 1) * (self._before + dearest * (1 + self._overlapping))


def _cost(tree: Tree, length: int) -> tuple[float, float]:
    """The number of ways in which the tree can match from one position, and the work of finding them all."""
    match tree:
        case Sequence(parts):
            ways, work = 1.0, 1.0
            for part, following in zip_longest(parts, parts[1:]):
                more, each = _cost(part, length)
                if isinstance(part, Repeat) and _ends_at(part.part, following):
                    more, each = 1, 2 * each
                work += ways * each
                ways *= more
            return ways, work
        case Either(options):
            costs = [_cost(option, length) for option in options]
            return sum(ways for ways, _ in costs), 1 + sum(work for _, work in costs)
        case Repeat():
            return _cost_of_repeat(tree, length)
        case Group(part):
            return _cost(part, length)
        case Look(part) | Unless(Look(part)):
            return 1, 1 + _cost(part, length)[1]
        case Opaque(options=options):
            costs = [_cost(option, length) for option in options]
            return sum(ways for ways, _ in costs) or 1, 1 + length + sum(work for _, work in costs)
        case _:
            return 1, 1


def _cost_of_repeat(tree: Repeat, length: int) -> tuple[float, float]:
    part, low, high = tree.part, tree.low, tree.high
    if isinstance(part, Chars):
        most = min(high, length)
        return 1.0 if tree.possessive else max(1.0, most - low + 1), 1.0 + most
    ways, work = _cost(part, length)
    least = least_width(part)
    times = min(high, length // least + 1 if least else low + length + 1)
    try:
        total = times + 1.0 if ways == 1 else float(ways) ** (times + 1)
    except OverflowError:
        total = math.inf
    if low == high and ways == 1:
        return 1, 1 + times * work
    return 1 if tree.possessive else total, 1 + total * work


@lru_cache(maxsize=4096)
def least_width(tree: Tree) -> int:
    """The length of the shortest match, or less."""
    match tree:
        case Chars():
            return 1
        case Sequence(parts):
            return sum(map(least_width, parts))
        case Either(options):
            return min(map(least_width, options))
        case Repeat(part, low):
            return low * least_width(part)
        case Group(part):
            return least_width(part)
        case _:
            return 0


# ---------------------------------------------------------------------------------------------- where a match begins


def prefix(tree: Tree) -> tuple[Chars, ...]:
    """The characters with which every match begins."""
    return _split(tree, behind=False)[0]


def _split(tree: Tree, *, behind: bool) -> tuple[tuple[Chars, ...], Tree]:
    """The characters with which every match begins, with those of a first lookbehind if asked for, and what follows."""
    found: list[Chars] = []
    rest = [tree]  # the next part is the last one
    while rest:
        first = rest.pop()
        if isinstance(first, Sequence):
            rest += reversed(first.parts)
        elif isinstance(first, Group) or (behind and isinstance(first, Look) and first.behind >= 0 and not found):
            rest.append(first.part)
        elif isinstance(first, Chars):
            found.append(first)
        elif not isinstance(first, Anchor):
            rest.append(first)
            break
    return tuple(found), Sequence(tuple(reversed(rest)))


def _delimited(tree: Tree) -> tuple[int, int, Tree]:
    """The number of characters that an expression begins with, a number of attempts, and what follows the characters.

    If one of these characters is matched by nothing that follows, an attempt does not read beyond the place where
    another one has that character, so only so many attempts read the same text. The number is 0 if there is none.
    """
    before, following = _split(tree, behind=True)
    parts = [*walk(following)]
    after = {part.source for part in parts if isinstance(part, Chars)}
    if not any(isinstance(part, Opaque) and not part.options for part in parts):  # a backreference matches anything
        for overlapping, chars in enumerate(reversed(before), start=1):
            character = _only(chars)
            if character and not any(re.match(source, character) for source in after):
                return len(before), overlapping, following
    return len(before), 0, following


def _is_anchored(tree: Tree) -> bool:
    match tree:
        case Anchor("start"):
            return True
        case Either(options):
            return all(map(_is_anchored, options))
        case Sequence() | Group():
            parts = children(tree)
            return bool(parts) and _is_anchored(parts[0])
        case _:
            return False


@lru_cache(maxsize=1024)
def _ends_at(repeated: Tree, following: Tree | None) -> bool:
    """Whether a repetition ends where what follows it begins, since no character is of both classes."""
    if not (isinstance(repeated, Chars) and isinstance(following, Chars)):
        return False
    for one, other in ((repeated, following), (following, repeated)):
        if character := _only(one):
            return re.match(other.source, character) is None
    return False


@lru_cache(maxsize=1024)
def _only(chars: Chars) -> str:
    """The only character that this matches, or nothing if there are several."""
    found = re.fullmatch(r"(\(\?a?(i?)a?:)?\[\\U([0-9a-f]{8})\]\)?", chars.source)
    if not found:
        return ""
    character = chr(int(found[3], 16))
    return "" if found[2] and character.lower() != character.upper() else character
