"""Whether a rule matches a request, and if not, why not: a rule matches if there is no difference."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any

import msgspec

from emulator.core.vocabulary import InferenceRequest, Message
from emulator.scenario.language.lookups import FoldedText, folded_text
from emulator.scenario.types import NOTHING, Condition, Rule, Scenario, Test


class Subject:
    """A request as rules look at it: each of its texts is prepared once, when the first rule asks for it."""

    def __init__(self, request: InferenceRequest, states: Mapping[str, str] = NOTHING) -> None:
        self.request = request
        self.states = states

    @cached_property
    def endpoint(self) -> tuple[FoldedText, ...]:
        """The endpoint's name."""
        return (_known(self.request.endpoint),)

    @cached_property
    def model(self) -> tuple[FoldedText, ...]:
        """The model's id in both of its forms."""
        return _forms(self.request.model)

    @cached_property
    def last_user(self) -> tuple[FoldedText, ...]:
        """The last user message, or what is to be completed."""
        message = self.request.last("user")
        return (folded_text(message.text),) if message else self.prompts

    @cached_property
    def system(self) -> tuple[FoldedText, ...]:
        """The system and developer messages."""
        return tuple(
            folded_text(message.text) for message in self.request.messages if message.role in ("system", "developer")
        )

    @cached_property
    def any_message(self) -> tuple[FoldedText, ...]:
        """All messages."""
        return tuple(folded_text(message.text) for message in self.request.messages) + self.prompts

    @cached_property
    def prompts(self) -> tuple[FoldedText, ...]:
        """The prompts of the completions endpoint."""
        return tuple(map(folded_text, self.request.prompts))

    @cached_property
    def prompt(self) -> tuple[FoldedText, ...]:
        """Everything that is said, as one text; of several prompts each."""
        texts = [message.text for message in self.request.messages if message.text]
        return self.prompts or (folded_text("\n".join(texts)),)

    @cached_property
    def turn(self) -> int:
        """How many assistant messages there are already."""
        return sum(message.role == "assistant" for message in self.request.messages)

    @cached_property
    def tools(self) -> tuple[FoldedText, ...]:
        """The names of the tools that are offered."""
        return tuple(folded_text(tool.name) for tool in self.request.tools)

    @cached_property
    def tool_choice(self) -> tuple[FoldedText, ...]:
        """The name of the tool that is demanded, or none, auto or required."""
        choice = self.request.tool_choice
        return (folded_text(choice.name or choice.mode),)

    @cached_property
    def tool_results(self) -> tuple[tuple[str, str], ...]:
        """Name and content of the tool results that came after the last assistant message."""
        return tuple(_tool_results(self.request.messages))

    @cached_property
    def key(self) -> tuple[FoldedText, ...]:
        """The API key."""
        return (folded_text(self.request.key),)


_known = lru_cache(maxsize=64)(folded_text)


@lru_cache(maxsize=256)
def _forms(id: str) -> tuple[FoldedText, ...]:
    return tuple(map(folded_text, dict.fromkeys((id.replace("--", "/"), id, id.replace("/", "--")))))


def _tool_results(messages: Sequence[Message]) -> Iterator[tuple[str, str]]:
    names: dict[str, str] = {}
    last = -1
    for at, message in enumerate(messages):
        if message.role == "assistant":
            last = at
            names.update((call.id, call.name) for call in message.tool_calls)
    for message in messages[last + 1 :]:
        if message.role in ("tool", "function"):
            yield message.name or names.get(message.tool_call_id or "", ""), message.text


class Difference(msgspec.Struct, frozen=True):
    """What a rule expected of a request, and what it got: `str()` makes a sentence of it."""

    name: str
    expected: str
    actual: str

    def __str__(self) -> str:
        return f"{self.name}: expected {self.expected}, got {self.actual}"


class Match(msgspec.Struct, frozen=True):
    """A request matched; `groups` are the named groups of the regular expressions that did."""

    groups: Mapping[str, str] = NOTHING


_MATCH = Match()


def differences(condition: Condition, subject: Subject) -> tuple[Difference, ...]:
    """Everything in which the request is not what the condition wants."""
    return tuple(
        Difference(test.name, test.expected, test.actual(subject))
        for test in condition.tests
        if not test.check(subject)
    )


def failing(condition: Condition, subject: Subject) -> Test | None:
    """The first test in which the request is not what the condition wants; None: it matches."""
    for test in condition.tests:  # a loop takes half the time of next(), for every rule of every request
        if not test.check(subject):
            return test
    return None


def match(condition: Condition, subject: Subject) -> Match | None:
    """The match, or None where there is a difference."""
    return None if failing(condition, subject) else _matched(condition, subject)


def _matched(condition: Condition, subject: Subject) -> Match:
    return Match(groups(condition, subject)) if condition.names else _MATCH


def groups(condition: Condition, subject: Subject) -> Mapping[str, str]:
    """The named groups of a condition that matched; those that took no part are empty."""
    found = dict.fromkeys(condition.names, "")
    for test in condition.tests:
        if test.groups:
            found.update(test.groups(subject))
    return found


def sharing(rules: Sequence[Rule]) -> Mapping[Test, int]:
    """Which rules have a test, of each test: bit n is set for the rule of number n."""
    found: dict[Test, int] = {}
    for number, rule in enumerate(rules):
        for test in rule.when.tests:
            found[test] = found.get(test, 0) | 1 << number
    return found


def matching(scenario: Scenario, subject: Subject) -> Iterator[tuple[int, Rule, Match]]:
    """The rules that match a request, in their order, each with its number.

    A test that fails rules out all that share it, so that a hundred rules cost little more than what tells them apart.
    """
    rules = scenario.rules
    left = (1 << len(rules)) - 1
    while left:
        lowest = left & -left
        number = lowest.bit_length() - 1
        rule = rules[number]
        test = failing(rule.when, subject)
        if test is not None:
            left &= ~scenario.sharing[test]
        else:
            left ^= lowest
            yield number, rule, _matched(rule.when, subject)


def nearest(scenario: Scenario, subject: Subject, count: int = 3) -> list[tuple[Rule, tuple[Difference, ...]]]:
    """The rules that differ least from a request, the nearest first; of equally near ones the earlier."""
    told = [(rule, differences(rule.when, subject)) for rule in scenario.rules]
    far = [(len(differing) / max(len(rule.when.tests), 1), len(differing)) for rule, differing in told]
    order = sorted(range(len(told)), key=far.__getitem__)
    return [told[at] for at in order[:count]]


def explanation(scenario: Scenario, subject: Subject) -> list[dict[str, Any]]:
    """The nearest rules as data: name, line, and what differed, as sentences."""
    return [
        {"rule": rule.name, "line": rule.line, "differences": [str(difference) for difference in differing]}
        for rule, differing in nearest(scenario, subject)
    ]
