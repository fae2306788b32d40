"""Finds the rules that match a request, without looking at each of them.

Rules are bits of a number: bit n stands for rule number n. A test rules out all rules at once that have a criterion
which does not hold: all that share it, or all that compare the same property with other words.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Protocol, TypeAlias

from emulator.core.lazy import lazy
from emulator.scenario.subject import Subject
from emulator.scenario.types import Comparison, Criterion, Rule

Values: TypeAlias = Callable[[Subject], Sequence[Any]]
_FIRST_SEARCH = 8
"""Words that are searched for together first; each later search has so many times as many as the one before."""
_GROWTH = 16
_MANY = 16
"""Words from which on it is worth while to look for their pieces first."""
_SHORT = 4
"""Characters of a text for each word that is searched for: in a longer one, all words are found sooner than pieces."""
_REMEMBERED = 256


class _Test(Protocol):
    """A test of criteria that rules have."""

    def ruled_out(self, subject: Subject) -> int:
        """The rules that have a criterion which does not hold."""
        ...


class _SharedTest(_Test, Protocol):
    """A test of criteria that compare the same property in the same way."""

    def add(self, criterion: Criterion, words: Sequence[Any], rules: int) -> bool:
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
        self._tests = [
            tuple(dict.fromkeys(test for criterion in rule.when.criteria for test in tests[criterion]))
            for rule in rules
        ]
        self._numbers = range(len(rules))
        self._has_tests = any(self._tests)

    def __call__(self, subject: Subject) -> Iterator[int]:
        """The numbers of the rules that match, in their order."""
        return self._walk(subject) if self._has_tests else iter(self._numbers)

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


def _tests(sharing: Mapping[Criterion, int]) -> Iterator[Sequence[_Test]]:
    """The tests of each criterion."""
    shared: dict[tuple[str, str, bool], _SharedTest] = {}
    for criterion, rules in sharing.items():
        comparison = criterion.comparison
        if comparison is None:
            yield (_Single(criterion, rules),)
            continue
        kind = criterion.name, comparison.how, comparison.case
        if kind not in shared or not shared[kind].add(criterion, comparison.words, rules):
            shared[kind] = _new_test(comparison, shared.get(kind))
            shared[kind].add(criterion, comparison.words, rules)
        yield (shared[kind], _Single(criterion, rules)) if comparison.how == "needs" else (shared[kind],)


def _new_test(comparison: Comparison, before: _SharedTest | None) -> _SharedTest:
    match comparison.how:
        case "equals":
            return _Equality(comparison.values)
        case "contains" | "needs":
            return _Search(comparison.values, _GROWTH * before.most if isinstance(before, _Search) else _FIRST_SEARCH)
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
    """A test of whether a value is one of some others: it is looked up. Each rule has only one criterion of it."""

    def __init__(self, values: Values) -> None:
        self._values = values
        self._rules = 0
        self._by_word: dict[Any, int] = {}

    def add(self, criterion: Criterion, words: Sequence[str], rules: int) -> bool:
        if self._rules & rules:
            return False
        self._rules |= rules
        for word in words:
            self._by_word[word] = self._by_word.get(word, 0) | rules
        return True

    def ruled_out(self, subject: Subject) -> int:
        left = self._rules
        for value in self._values(subject):
            left &= ~self._by_word.get(value, 0)
        return left


class _Search:
    """A test of whether a text contains some words. Each rule has only one criterion of it.

    It has at most so many criteria: where an early rule matches, the words of later ones need not be searched for. If
    there are many for the length of the text, only those are searched for of which the text has a piece.
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
            words = self._likely(text) if _MANY <= len(self._words) > len(text) / _SHORT else self._words
            for rules in [rules for word, rules in words if word in text]:
                left &= ~rules
        return left

    def _likely(self, text: str) -> Iterable[tuple[str, int]]:
        """The words that the text may contain."""
        brief, by_piece = self._by_piece
        found = by_piece.keys() & set(_pieces(text.encode("utf-8", "surrogatepass")))
        return chain(brief, *[by_piece[piece] for piece in found])

    @lazy
    def _by_piece(self) -> tuple[Sequence[tuple[str, int]], Mapping[int, Sequence[tuple[str, int]]]]:
        """The words that are too short to be found by their pieces, and the others by four of their pieces.

        A text is cut into pieces from its beginning. Wherever a word is in it, the pieces of the word that begin at one
        of its first four bytes are among those of the text. The rarest piece of each of these four rows is enough.
        """
        brief: list[tuple[str, int]] = []
        found: dict[int, list[tuple[str, int]]] = {}
        rows = [
            [_pieces(word.encode("utf-8", "surrogatepass")[start:]) for start in range(4)] for word, _ in self._words
        ]
        frequencies = Counter(piece for four in rows for row in four for piece in row)
        for word, four in zip(self._words, rows, strict=True):
            if all(four):
                for row in four:
                    found.setdefault(min(row, key=frequencies.__getitem__), []).append(word)
            else:
                brief.append(word)
        return brief, found


def _pieces(data: bytes) -> Sequence[int]:
    """Four bytes in a row each, as numbers."""
    return memoryview(data)[: len(data) & ~3].cast("I").tolist()


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
