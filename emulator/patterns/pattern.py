"""A compiled expression, and the choice of the matcher that searches a text."""

import re
import sys
from collections.abc import Mapping
from functools import cached_property

from emulator.patterns.budget import Budget
from emulator.patterns.costs import Cost, prefix
from emulator.patterns.everywhere import Everywhere
from emulator.patterns.masks import Masks
from emulator.patterns.needed import needed
from emulator.patterns.syntax import Tree, regular

_QUICK = 200_000
"""So many steps of Python's matcher are taken rather than prepare another one."""
_QUICK_OF_BUDGET = 10_000
"""The same where steps are counted, because those of the others are known more exactly."""
_PREFIX = 16
_SHORT = 10_000
"""Characters of a text in which Python's matcher finds out sooner than others, even of many expressions."""
_UNLIMITED = Budget(float("inf"))


class Pattern:
    """A compiled expression. `names` are the names of its groups."""

    def __init__(self, regex: re.Pattern[str], tree: Tree) -> None:
        self.names = tuple(regex.groupindex)
        self._regex = regex
        self._tree = tree
        self._cost = Cost(tree)

    def matches(self, text: str, masks: Masks | None = None) -> bool:
        """Whether the expression matches anywhere in the text. Several expressions can share the text's `masks`."""
        if masks is not None and len(text) > _SHORT and not self._irregular and self._everywhere.by_positions:
            return self._everywhere.matches_one_of_many(text, masks)
        if len(text) <= self._quick:
            return self._regex.search(text) is not None
        return self._first.search(text) is not None and self._everywhere.matches(text, _UNLIMITED)

    def groups(self, text: str) -> Mapping[str, str] | None:
        """The named groups of the first match, or None if there is none. Groups without a match are empty."""
        if len(text) <= self._quick:
            found = self._regex.search(text)
            return found.groupdict("") if found else None
        return self._everywhere.groups(text) if self._first.search(text) else None

    def matches_within(self, budget: Budget, text: str) -> bool:
        """Whether the expression matches anywhere in the text. Raises TooCostly if that takes more than the budget."""
        steps = self._cost.steps(len(text))
        if self._cost.is_quick(steps, len(text), _QUICK_OF_BUDGET) or self._irregular:
            budget.spend(steps)
            return self._regex.search(text) is not None
        budget.spend(len(text))
        return self._first.search(text) is not None and self._everywhere.matches(text, budget)

    def check(self) -> None:
        """Raise ValueError, with the reason, unless a text of any length can be searched."""
        if self._quick == sys.maxsize:
            return
        if self._irregular:
            raise ValueError(f"with {self._irregular}, this can take forever on a long text; write it without")
        self._everywhere.check(named=bool(self.names))

    @cached_property
    def needed(self) -> str:
        """A text that every text with a match has once it is folded and `simplified`; empty if none is known."""
        return needed(self._tree)

    @cached_property
    def _irregular(self) -> str:
        """What only Python's matcher can search for."""
        try:
            regular(self._tree)
        except ValueError as error:
            return str(error)
        return ""

    @cached_property
    def _everywhere(self) -> Everywhere:
        return Everywhere(regular(self._tree))

    @cached_property
    def _quick(self) -> int:
        return self._cost.quick_length(_QUICK)

    @cached_property
    def _first(self) -> re.Pattern[str]:
        """What every match begins with: whether a text has it is found out sooner than whether there is a match."""
        return re.compile("".join(chars.source for chars in prefix(self._tree)[:_PREFIX]))
