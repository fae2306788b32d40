"""Finds the rules that match a request, without looking at each of them.

Rules are bits of a number: bit n stands for rule number n. A test rules out all rules at once that have a criterion
which does not hold: all that share it, or all that compare the same property with other words.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol, TypeAlias

from emulator.scenario.subject import Subject
from emulator.scenario.types import Comparison, Criterion, Rule

Values: TypeAlias = Callable[[Subject], Sequence[str]]
_FIRST_SEARCH = 8
"""Words that are searched for together first; each later search has twice as many."""
_REMEMBERED = 256


class _Test(Protocol):
    """A test of criteria that rules have."""

    def ruled_out(self, subject: Subject) -> int:
        """The rules that have a criterion which does not hold."""
        ...


class _SharedTest(_Test, Protocol):
    """A test of criteria that compare the same property in the same way."""

    def add(self, criterion: Criterion, words: Sequence[str], rules: int) -> bool:
        """Add a criterion that these rules have. False: it needs another test."""
        ...


class RuleIndex:
    """The rules of a scenario, ready to be asked which of them match a request.

    Only the tests of rules that may be the next to match are made, each once. So the time for a hundred rules depends
    on the number of their properties more than on that of their criteria.
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._all = (1 << len(rules)) - 1
        sharing: dict[Criterion, int] = {}
        for number, rule in enumerate(rules):
            for criterion in rule.when.criteria:
                sharing[criterion] = sharing.get(criterion, 0) | 1 << number
        tests = dict(zip(sharing, _tests(sharing), strict=True))
        self._tests = [tuple(dict.fromkeys(tests[criterion] for criterion in rule.when.criteria)) for rule in rules]

    def __call__(self, subject: Subject) -> Iterator[int]:
        """The numbers of the rules that match, in their order."""
        return self._walk(subject) if any(self._tests) else iter(range(len(self._tests)))

    def _walk(self, subject: Subject) -> Iterator[int]:
        made: set[_Test] = set()
        left = self._all
        while left:
            lowest = left & -left
            number = lowest.bit_length() - 1
            for test in self._tests[number]:
                if test not in made:
                    made.add(test)
                    left &= ~test.ruled_out(subject)
                    if not left & lowest:
                        break
            else:
                left ^= lowest
                yield number


def _tests(sharing: Mapping[Criterion, int]) -> Iterator[_Test]:
    """The test of each criterion."""
    shared: dict[tuple[str, str, bool], _SharedTest] = {}
    for criterion, rules in sharing.items():
        comparison = criterion.comparison
        if comparison is None:
            yield _Single(criterion, rules)
            continue
        kind = criterion.name, comparison.how, comparison.case
        if kind not in shared or not shared[kind].add(criterion, comparison.words, rules):
            shared[kind] = _new_test(comparison, shared.get(kind))
            shared[kind].add(criterion, comparison.words, rules)
        yield shared[kind]


def _new_test(comparison: Comparison, before: _SharedTest | None) -> _SharedTest:
    match comparison.how:
        case "equals":
            return _Equality(comparison.values)
        case "contains":
            return _Search(comparison.values, 2 * before.most if isinstance(before, _Search) else _FIRST_SEARCH)
        case _:
            return _ByValue(comparison.values)


class _Single:
    """A test of one criterion."""

    def __init__(self, criterion: Criterion, rules: int) -> None:
        self._holds = criterion.check
        self._rules = rules

    def ruled_out(self, subject: Subject) -> int:
        return 0 if self._holds(subject) else self._rules


class _Equality:
    """A test of whether a text is one of some words: it is looked up. Each rule has only one criterion of it."""

    def __init__(self, values: Values) -> None:
        self._values = values
        self._rules = 0
        self._by_word: dict[str, int] = {}

    def add(self, criterion: Criterion, words: Sequence[str], rules: int) -> bool:
        if self._rules & rules:
            return False
        self._rules |= rules
        for word in words:
            self._by_word[word] = self._by_word.get(word, 0) | rules
        return True

    def ruled_out(self, subject: Subject) -> int:
        left = self._rules
        for text in self._values(subject):
            left &= ~self._by_word.get(text, 0)
        return left


class _Search:
    """A test of whether a text contains some words. Each rule has only one criterion of it.

    It has at most so many criteria: where an early rule matches, the words of later ones need not be searched for.
    """

    def __init__(self, values: Values, most: int) -> None:
        self.most = most
        self._values = values
        self._rules = 0
        self._words: list[tuple[str, int]] = []

    def add(self, criterion: Criterion, words: Sequence[str], rules: int) -> bool:
        if self._rules & rules or len(self._words) >= self.most:
            return False
        self._rules |= rules
        self._words += [(word, rules) for word in words]
        return True

    def ruled_out(self, subject: Subject) -> int:
        left = self._rules
        for text in self._values(subject):
            for rules in [rules for word, rules in self._words if word in text]:
                left &= ~rules
        return left


class _ByValue:
    """A test whose result depends on the texts alone. The last results are remembered."""

    def __init__(self, values: Values) -> None:
        self._values = values
        self._criteria: list[tuple[Criterion, int]] = []
        self._remembered: dict[tuple[str, ...], int] = {}

    def add(self, criterion: Criterion, words: Sequence[str], rules: int) -> bool:
        self._criteria.append((criterion, rules))
        return True

    def ruled_out(self, subject: Subject) -> int:
        values = tuple(self._values(subject))
        found = self._remembered.get(values)
        if found is None:
            found = 0
            for criterion, rules in self._criteria:
                if not criterion.check(subject):
                    found |= rules
            if len(self._remembered) >= _REMEMBERED:
                self._remembered.clear()
            self._remembered[values] = found
        return found
