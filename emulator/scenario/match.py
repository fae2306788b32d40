"""Whether a rule matches a request, and in which criteria the request differs from the rule."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from emulator.scenario.subject import Subject
from emulator.scenario.types import NOTHING, Condition, Criterion, Rule, Scenario


class Difference(msgspec.Struct, frozen=True):
    """A criterion that a request does not meet. `str()` makes a sentence of it."""

    name: str
    expected: str
    actual: str

    def __str__(self) -> str:
        return f"{self.name}: expected {self.expected}, got {self.actual}"


class Match(msgspec.Struct, frozen=True):
    """A successful match. `groups` are the named groups of the condition's regular expressions."""

    groups: Mapping[str, str] = NOTHING


_MATCH = Match()


def differences(condition: Condition, subject: Subject) -> tuple[Difference, ...]:
    """The criteria of the condition that the request does not meet."""
    return tuple(
        Difference(criterion.name, criterion.expected, criterion.actual(subject))
        for criterion in condition.criteria
        if not criterion.check(subject)
    )


def failing(condition: Condition, subject: Subject) -> Criterion | None:
    """The first criterion that the request does not meet, or None if it matches."""
    for criterion in condition.criteria:  # a loop takes half the time of next(), for every rule of every request
        if not criterion.check(subject):
            return criterion
    return None


def match(condition: Condition, subject: Subject) -> Match | None:
    """The match, or None if the request does not meet the condition."""
    return None if failing(condition, subject) else match_of(condition, subject)


def match_of(condition: Condition, subject: Subject) -> Match:
    """The match of a condition that the request meets."""
    return Match(groups(condition, subject)) if condition.names else _MATCH


def groups(condition: Condition, subject: Subject) -> Mapping[str, str]:
    """The named groups of a condition that the request meets. Groups that took no part in the match are empty."""
    found = dict.fromkeys(condition.names, "")
    for criterion in condition.criteria:
        if criterion.groups:
            found.update(criterion.groups(subject))
    return found


def description(condition: Condition) -> str:
    """The condition as a phrase, such as `stream to be true and turn to be 0`."""
    return " and ".join(f"{criterion.name} {criterion.expected}" for criterion in condition.criteria) or "everything"


def matching(scenario: Scenario, subject: Subject) -> Iterator[tuple[int, Rule, Match]]:
    """The rules that match a request, in their order, each with its number."""
    for number in scenario.matching(subject):
        rule = scenario.rules[number]
        yield number, rule, match_of(rule.when, subject)


_TEXTS = frozenset({"last_user", "first_user", "system", "any_message", "prompt", "tool_result"})


def distance(condition: Condition, found: Sequence[Difference]) -> tuple[int, float, int]:
    """How far a condition is from matching; the nearest has the smallest distance.

    A rule that knows words of the request was probably meant for it; then the share of its differences counts.
    """
    differing = {difference.name for difference in found}
    alike = sum(criterion.name in _TEXTS - differing for criterion in condition.criteria)
    return -alike, len(found) / max(len(condition.criteria), 1), len(found)


def nearest(scenario: Scenario, subject: Subject, count: int = 3) -> list[tuple[Rule, tuple[Difference, ...]]]:
    """The rules that differ least from a request, with their differences, the nearest first."""
    differing = [(rule, differences(rule.when, subject)) for rule in scenario.rules]
    return sorted(differing, key=lambda each: distance(each[0].when, each[1]))[:count]


def explanation(scenario: Scenario, subject: Subject) -> list[dict[str, Any]]:
    """The nearest rules as data: the name and line of each, and its differences as sentences."""
    return [
        {"rule": rule.name, "line": rule.line, "differences": [str(difference) for difference in found]}
        for rule, found in nearest(scenario, subject)
    ]
