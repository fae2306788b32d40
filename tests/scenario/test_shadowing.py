"""Rules that no request reaches: `check` warns of those that it can be sure of, and of no others."""

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.catalog import Catalog
from emulator.core.vocabulary import InferenceRequest, Message, Tool
from emulator.scenario.language import shadowing
from emulator.scenario.language.shadowing import implies, shadowed, warnings
from emulator.scenario.loader import load_objects, load_text
from emulator.scenario.match import match
from emulator.scenario.subject import Subject
from emulator.scenario.types import Scenario

CATALOG = Catalog.load()


def rules_of(*conditions: Any) -> Scenario:
    """A scenario with a rule for each condition."""
    rules = [{"when": condition, "reply": {"text": "a"}} for condition in conditions]
    return load_objects({"rules": rules}, catalog=CATALOG)


HIDDEN = [
    ("{tools: Read}", "{tool_result: Read}"),
    ("{tools: {exists: true}}", "{tool_result: {name: Read, content: {contains: a}}}"),
    ("{tool_result: Read}", "{tool_result: {name: Read, content: {contains: a}}}"),
    ("{last_user: {contains: weather}}", "{last_user: The weather today}"),
    ("{last_user: {contains: WEATHER}}", "{last_user: {starts_with: weather in}, stream: true}"),
    ("{last_user: {exists: true}}", "{last_user: {matches: 'a+'}}"),
    ("{last_user: {one_of: [a, b, c]}}", "{last_user: {one_of: [A, C]}}"),
    ("{turn: {gte: 1}}", "{turn: 3}"),
    ("{turn: {gt: 1}}", "{turn: {gt: 1, lt: 9}}"),
    ("{turn: {lt: 5}}", "{turn: {one_of: [1, 2]}}"),
    ("{endpoint: [chat, messages]}", "{endpoint: chat}"),
    ("{model: '*GLM*'}", "{model: zai-org/GLM-5.3}"),
    ("{header: {X-A: {contains: b}}}", "{header: {x-a: abc, x-b: d}}"),
    ("{body: {temperature: {gt: 0}}}", "{body: {temperature: 0.5}}"),
    ("{body: {user: {exists: true}}}", "{body: {user: me}}"),
    ("{any: [{turn: 0}, {turn: 1}]}", "{turn: 1, stream: true}"),
    ("{turn: {lt: 2}}", "{any: [{turn: 0}, {turn: 1}]}"),
    ("{all: [{turn: {gte: 1}}, {stream: true}]}", "{stream: true, turn: 2}"),
    ("{not: {turn: 0}}", "{not: {turn: {lt: 2}}}"),
]
SEEN = [
    ("{tool_result: Read}", "{tools: Read}"),
    ("{tools: Read}", "{tool_result: Write}"),
    ("{last_user: {contains: weather, case: true}}", "{last_user: The weather today}"),
    ("{last_user: {contains: ab}}", "{last_user: {contains: a}}"),
    ("{last_user: {matches: a}}", "{last_user: {matches: ab}}"),
    ("{last_user: {contains: a, ends_with: b}}", "{last_user: {contains: a}}"),
    ("{turn: {gt: 1}}", "{turn: {gte: 1}}"),
    ("{turn: {lt: 1}}", "{turn: 1}"),
    ("{body: {n: 1}}", "{body: {n: true}}"),
    ("{body: {n: {contains: a}}}", "{body: {n: {contains: ab}}}"),
    ("{body: {n: {exists: true}}}", "{body: {n: null}}"),
    ("{model: '*GLM*'}", "{model: '*5.3'}"),
    ("{any: [{turn: 0}, {turn: 1}]}", "{turn: {lt: 2}}"),
    ("{not: {turn: {lt: 2}}}", "{not: {turn: 0}}"),
    ("{header: {x-a: b}}", "{header: {x-b: b}}"),
]


def rules(first: str, second: str) -> str:
    """A scenario with a rule for each condition."""
    return f"rules:\n  - when: {first}\n    reply: {{text: a}}\n  - when: {second}\n    reply: {{text: b}}\n"


@pytest.mark.parametrize(("first", "second"), HIDDEN)
def test_a_rule_that_no_request_reaches_is_found(first: str, second: str) -> None:
    """With the places of both."""
    (warning,) = warnings(load_text(rules(first, second), "story.yaml", catalog=CATALOG))
    assert (warning.source, warning.line, warning.path) == ("story.yaml", 4, "rules[1]")
    assert "no request reaches this rule: rules[0] (line 2) answers" in warning.message


@pytest.mark.parametrize(("first", "second"), SEEN)
def test_a_rule_that_some_request_reaches_is_not(first: str, second: str) -> None:
    """There is a request for the second rule that the first one lets pass."""
    assert list(warnings(load_text(rules(first, second), "story.yaml", catalog=CATALOG))) == []


@pytest.mark.parametrize("more", ["then: unscripted", "then: loop"])
def test_a_rule_that_lets_requests_pass_hides_none(more: str) -> None:
    """One that ends unscripted, or whose only reply comes by chance."""
    reply = "{text: a, probability: 0.5}" if more == "then: loop" else "{text: a}"
    first = f"{{when: {{turn: {{gte: 0}}}}, {more}, reply: {reply}}}"
    text = f"rules: [{first}, {{when: {{turn: 1}}, reply: {{}}}}]"
    assert list(warnings(load_text(text, "story.yaml", catalog=CATALOG))) == []


WORDS = st.sampled_from(["", "a", "A", "ab", "ba", "b"])
LOOKUPS = WORDS | st.dictionaries(
    st.sampled_from(["equals", "contains", "starts_with", "ends_with"]), WORDS, min_size=1, max_size=2
).flatmap(lambda of: st.sampled_from([of, {**of, "case": True}]))
NUMBERS = st.integers(0, 3) | st.dictionaries(
    st.sampled_from(["equals", "gt", "gte", "lt", "lte"]), st.integers(0, 3), min_size=1, max_size=2
)
SIMPLE = st.fixed_dictionaries({}, optional={"last_user": LOOKUPS, "system": LOOKUPS, "turn": NUMBERS})
CONDITIONS = SIMPLE | st.fixed_dictionaries(
    {}, optional={"not": SIMPLE, "any": st.lists(SIMPLE, min_size=1, max_size=2), "turn": NUMBERS}
)
TURNS = [(Message("user", "x"), Message("assistant", "y")) * turn for turn in range(4)]
REQUESTS = [
    Subject(
        InferenceRequest(
            "chat",
            "m",
            messages=(*(Message("system", system) for system in systems), *turn, Message("user", user)),
            tools=(Tool("f", "", {}),),
        )
    )
    for user, systems, turn in itertools.product(
        ["", "a", "A", "ab", "Ba", "aba", "c"], [(), ("a",), ("b", "ba")], TURNS
    )
]


@given(CONDITIONS, CONDITIONS)
def test_no_request_is_answered_by_a_rule_that_is_said_to_be_hidden(first: Any, second: Any) -> None:
    """Whatever the two conditions are, a request that meets the second one meets the first one too."""
    try:
        scenario = rules_of(first, second)
    except ValueError:
        return
    if list(shadowed(scenario)):
        one, two = (rule.when for rule in scenario.rules)
        assert all(match(one, subject) is not None for subject in REQUESTS if match(two, subject) is not None)


@given(st.lists(CONDITIONS, min_size=2, max_size=6))
def test_rules_that_are_not_compared_hide_nothing(conditions: list[Any]) -> None:
    """The texts that a rule needs leave out no rule that hides another."""
    try:
        scenario = rules_of(*conditions)
    except ValueError:
        return
    criteria = [shadowing._criteria(rule.when) for rule in scenario.rules]
    pairs = ((at, range(at)) for at in range(len(criteria)))
    first = {at: next((one for one in before if implies(criteria[at], criteria[one])), None) for at, before in pairs}
    assert dict(shadowed(scenario)) == {at: one for at, one in first.items() if one is not None}


def test_a_thousand_rules_are_compared_by_their_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only rules that can hide one another are compared, and their number does not grow with that of the pairs."""
    compared = []

    def counting(*pair: Any) -> bool:
        compared.append(pair)
        return implies(*pair)

    monkeypatch.setattr(shadowing, "implies", counting)
    conditions = [{"last_user": {"contains": f"order {number:03}"}} for number in range(1000)]
    assert list(shadowed(rules_of(*conditions, {"last_user": "order 007"}))) == [(1000, 7)]
    assert len(compared) == 1


def test_too_many_rules_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where comparing all rules would take too long, a warning names the first one that was not compared."""
    monkeypatch.setattr(shadowing, "_MAX_STEPS", 1000)
    *_, last = warnings(rules_of(*({"turn": number} for number in range(20))))
    assert "not checked for rules that hide them" in last.message
