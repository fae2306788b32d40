"""Finds all positions from which an expression matches, at once.

Positions are the bits of an integer: position p of a text of n characters is bit n - p. From the set of positions where
a part may end follows the set of those where it may begin, in few operations on whole integers. A repeated class takes
one addition, whose carries run through the text (Cameron and others, "Bitwise data parallelism in regular expression
matching", PACT 2014). The number of operations does not depend on the text, unless a group is repeated.
"""

import math

from emulator.patterns.alphabet import Alphabet
from emulator.patterns.budget import Budget
from emulator.patterns.masks import Masks
from emulator.patterns.syntax import (
    MANY,
    Anchor,
    Assertion,
    Chars,
    Either,
    Group,
    Look,
    Repeat,
    Sequence,
    Tree,
    Unless,
    children,
)


class Positions:
    """The positions of one text. `shared` are its masks, which other expressions use as well."""

    def __init__(self, alphabet: Alphabet, symbols: str, budget: Budget, shared: Masks | None = None) -> None:
        self.length = len(symbols)
        self.all = (1 << self.length + 1) - 1
        self._alphabet = alphabet
        self._symbols = symbols
        self._budget = budget
        self._step = 20 + self.length // 600
        self._masks: dict[Chars, int] = {}
        self._shared = shared

    def starts(self, tree: Tree, ends: int) -> int:
        """The positions where a match of the tree may begin that ends at one of `ends`. Raises TooCostly."""
        self._budget.spend(self._step)
        match tree:
            case Chars():
                return (ends & self._mask(tree)) << 1
            case Sequence(parts):
                for part in reversed(parts):
                    ends = self.starts(part, ends)
                return ends
            case Either(options):
                found = 0
                for option in options:
                    found |= self.starts(option, ends)
                return found
            case Group(part):
                return self.starts(part, ends)
            case Repeat(Chars()):
                return self._repeated_chars(tree, ends)
            case Repeat(part, low, high):
                return self._optional(part, high - low if high < MANY else MANY, self._required(part, low, ends))
            case Anchor() | Look() | Unless():
                return ends & self.holding(tree)
            case _:
                raise TypeError(f"{tree.what} is not found by positions")

    def holding(self, assertion: Assertion) -> int:
        """The positions where an assertion holds."""
        match assertion:
            case Unless(negated):
                return self.all ^ self.holding(negated)
            case Look(part, behind):
                return self.starts(part, self.all) >> max(behind, 0)
        first, chars = 1 << self.length, assertion.chars
        match assertion.kind:
            case "start":
                return first
            case "end":
                return 1
            case "last":
                return 1 | self._mask(chars) << 1 & 2
            case "line start":
                return first | self._mask(chars)
            case "line end":
                return 1 | self._mask(chars) << 1
            case _:
                return self._mask(chars) ^ self._mask(chars) << 1

    def _mask(self, chars: Chars) -> int:
        if chars not in self._masks:
            self._budget.spend(self._alphabet.size * 2 + self.length // 4)
            shared = self._shared
            self._masks[chars] = shared.of(chars) if shared else self._alphabet.mask(chars, self._symbols)
        return self._masks[chars]

    def _repeated_chars(self, tree: Repeat, ends: int) -> int:
        mask = self._mask(tree.part)  # type: ignore[arg-type]  # it is Chars
        if tree.high < MANY:
            ends = self._optional(tree.part, tree.high - tree.low, ends)
        else:
            ends |= ((ends & mask) + mask) ^ mask
        return self._required(tree.part, tree.low, ends)

    def _required(self, part: Tree, times: int, ends: int) -> int:
        for _ in range(times):
            before, ends = ends, self.starts(part, ends)
            if ends == before:
                break
        return ends

    def _optional(self, part: Tree, times: int, ends: int) -> int:
        new = ends
        for _ in range(times):
            new = self.starts(part, new) & ~ends
            if not new:
                break
            ends |= new
        return ends


def operations(tree: Tree) -> float:
    """The number of operations that find the positions of a tree; infinite if it depends on the text."""
    match tree:
        case Repeat(Chars(), low, high):
            return 2 + low + (high - low if high < MANY else 0)
        case Repeat(part, low, high):
            return 1 + high * operations(part) if high < MANY else math.inf
        case _:
            return 1 + sum(map(operations, children(tree)))
