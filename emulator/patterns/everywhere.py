"""Searches texts of any length for an expression without backreferences and the like."""

import math
from collections.abc import Mapping
from functools import cached_property

from emulator.patterns.alphabet import Alphabet
from emulator.patterns.bits import Positions, operations
from emulator.patterns.budget import Budget
from emulator.patterns.costs import least_width
from emulator.patterns.linear import MAX_MARKS, Linear, assertions
from emulator.patterns.masks import Masks
from emulator.patterns.syntax import Anchor, Chars, Group, Look, Repeat, Tree, walk

_MAX_OPERATIONS = 5_000
"""So many operations on the positions of a text are quick, even on a long one."""
_MAX_CLASSES = 500
"""So many classes of characters are."""


class Everywhere:
    """The searches for a tree that is regular: by positions, or with RE2 where groups are repeated or asked for."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._operations = operations(tree)
        self._assertions = assertions(tree)
        self._why_not_linear = ""

    def matches(self, text: str, budget: Budget) -> bool:
        """Whether the tree matches anywhere in the text. Raises TooCostly if that takes more than the budget."""
        symbols = self._encoded(text, budget)
        if self._operations > _MAX_OPERATIONS and self._linear:
            return self._linear.groups(text, symbols, budget, named=False) is not None
        positions = Positions(self._alphabet, symbols, budget)
        return positions.starts(self._tree, positions.all) != 0

    @property
    def by_positions(self) -> bool:
        """Whether the positions of a text are searched, rather than its symbols."""
        return self._operations <= _MAX_OPERATIONS or self._linear is None

    def matches_one_of_many(self, text: str, masks: Masks) -> bool:
        """The same as `matches`, `by_positions`, with the masks of the text."""
        positions = Positions(self._alphabet, text, Budget(math.inf), masks)
        return positions.starts(self._tree, positions.all) != 0

    def groups(self, text: str) -> Mapping[str, str] | None:
        """The named groups of the first match in the text, for a tree that has been checked."""
        budget = Budget(math.inf)
        return self._linear.groups(text, self._encoded(text, budget), budget, named=True) if self._linear else None

    def check(self, *, named: bool) -> None:
        """Raise ValueError unless any text can be searched in a time that depends only on its length."""
        if (named or self._operations > _MAX_OPERATIONS) and self._linear is None:
            raise ValueError(self._why_not_linear)
        if any(isinstance(part, Group) for each in self._assertions for part in walk(each)):
            raise ValueError("a named group in its lookaround is not found in long texts; name one outside of it")
        if any(isinstance(part, Repeat) and _may_repeat_nothing(part) for part in walk(self._tree)):
            raise ValueError("a named group that is repeated and may be empty is not found in long texts")
        if self._alphabet.classes > _MAX_CLASSES:
            raise ValueError(f"it has more than {_MAX_CLASSES} different characters and repetitions")

    @cached_property
    def _linear(self) -> Linear | None:
        inside = (part for each in self._assertions for part in walk(each))
        if any(isinstance(part, Look) and operations(part.part) > _MAX_OPERATIONS for part in inside):
            self._why_not_linear = "a repeated group in its lookaround can take forever; write it without"
            return None
        try:
            return Linear(self._tree, self._alphabet, self._assertions)
        except ValueError as error:
            self._why_not_linear = str(error)
            return None

    @cached_property
    def _alphabet(self) -> Alphabet:
        parts = [*walk(self._tree)]
        classes = {part.source for part in parts if isinstance(part, Chars)}
        classes |= {part.chars.source for part in parts if isinstance(part, Anchor)}
        return Alphabet(map(Chars, sorted(classes)), first=1 << min(len(self._assertions), MAX_MARKS))

    def _encoded(self, text: str, budget: Budget) -> str:
        budget.spend(500 + 150 * self._alphabet.classes + 2 * len(text))
        return self._alphabet.encode(text)


def _may_repeat_nothing(tree: Repeat) -> bool:
    """Whether a named group is repeated and can be empty: RE2 remembers another repetition than Python does."""
    return least_width(tree.part) == 0 and any(isinstance(part, Group) for part in walk(tree.part))
