"""Which rules a request matches, and why it does not match the others."""

import re
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.core.catalog import Catalog
from emulator.core.vocabulary import InferenceRequest, Message, Tool, ToolChoice, ToolUse
from emulator.dialects.endpoints import ENDPOINTS
from emulator.scenario.loader import load_objects
from emulator.scenario.match import differences, explanation, groups, match, matching, nearest
from emulator.scenario.subject import Subject
from emulator.scenario.types import Condition, Scenario

CATALOG = Catalog.load()
GLM = "zai-org/GLM-5.3"
SEARCH, WEATHER = Tool("search"), Tool("get_weather")
CALLED = Message("assistant", tool_calls=(ToolUse("c1", "get_weather", "{}"), ToolUse("c2", "search", "{}")))
ANSWERED = (Message("user", "Weather?"), CALLED, Message("tool", "sunny, 20 degrees", tool_call_id="c1"))


def asked(text: str = "What is the Weather in Paris?", **fields: Any) -> InferenceRequest:
    """A chat request of a system and a user message, with other fields as they are given."""
    messages = (Message("system", "Be brief."), Message("user", text))
    return InferenceRequest(**{"endpoint": "chat", "model": GLM, "messages": messages, "key": "akml-1", **fields})


def scenario(*rules: dict[str, Any]) -> Scenario:
    """A scenario of these rules, behind one that sets the states they may ask for."""
    setter = {"when": {"key": "setter"}, "reply": {"set_state": {"order": "paid", "door": "shut"}}}
    return load_objects({"rules": [setter, *rules]}, catalog=CATALOG)


def condition(when: dict[str, Any]) -> Condition:
    """The condition as the loader makes it."""
    return scenario({"when": when, "reply": {"text": "x"}}).rules[1].when


def matches(when: dict[str, Any], request: InferenceRequest, states: Mapping[str, str] = {}) -> bool:
    """Whether the condition holds."""
    return match(condition(when), Subject(request, states)) is not None


# ---------------------------------------------------------------------------------------------- what is looked at

PLAIN = asked()
AGENT = asked(messages=ANSWERED, tools=(WEATHER, SEARCH))
MODEL = asked(model="zai-org--GLM-5.3", endpoint="messages", stream=True)
PROMPTS = InferenceRequest("completions", GLM, prompts=("Once upon", "a time"), stream=True)
BODY = asked(body={"temperature": 0.7, "n": 1, "user": "U-7", "metadata": {"ids": ["a", {"b": True}]}, "stop": ["END"]})

HOLDS: list[tuple[dict[str, Any], InferenceRequest]] = [
    ({}, PLAIN),
    ({"endpoint": "chat"}, PLAIN),
    ({"endpoint": ["messages", "chat"]}, PLAIN),
    ({"model": GLM}, PLAIN),
    ({"model": "zai-org--GLM-5.3"}, PLAIN),
    ({"model": "*glm*"}, PLAIN),
    ({"model": "zai-org/GLM-?.3"}, MODEL),
    ({"model": GLM}, MODEL),
    ({"model": {"one_of": ["moonshotai/Kimi-K3", GLM]}}, MODEL),
    ({"model": {"contains": "org--GLM"}}, PLAIN),
    ({"last_user": "what is the weather in paris?"}, PLAIN),
    ({"last_user": {"contains": "weather"}}, PLAIN),
    ({"last_user": {"contains": "Weather", "case": True}}, PLAIN),
    ({"last_user": {"starts_with": "what", "ends_with": "PARIS?"}}, PLAIN),
    ({"last_user": {"matches": r"in (?P<city>\w+)\?$"}}, PLAIN),
    ({"last_user": {"exists": True}}, PLAIN),
    ({"last_user": "a time"}, PROMPTS),
    ({"first_user": "Find it."}, asked(messages=(Message("user", "Find it."), Message("user", "And now?")))),
    ({"first_user": "a time"}, PROMPTS),
    ({"system": "be brief."}, PLAIN),
    ({"system": {"exists": False}}, PROMPTS),
    ({"system": {"contains": "dev"}}, asked(messages=(Message("developer", "For devs"), Message("user", "x")))),
    ({"any_message": {"contains": "brief"}}, PLAIN),
    ({"any_message": {"contains": "degrees"}}, AGENT),
    ({"prompt": {"contains": "brief.\nWhat"}}, PLAIN),
    ({"prompt": {"starts_with": "once"}}, PROMPTS),
    ({"turn": 0}, PLAIN),
    ({"turn": {"gt": 0, "lte": 1}}, AGENT),
    ({"turn": {"one_of": [1, 2]}}, AGENT),
    ({"tools": "get_weather"}, AGENT),
    ({"tools": {"starts_with": "sea"}}, AGENT),
    ({"tools": {"exists": False}}, PLAIN),
    ({"tool_choice": "auto"}, PLAIN),
    ({"tool_choice": "search"}, asked(tools=(SEARCH,), tool_choice=ToolChoice("named", "search"))),
    ({"tool_choice": "required"}, asked(tools=(SEARCH,), tool_choice=ToolChoice("required"))),
    ({"tool_result": "get_weather"}, AGENT),
    ({"tool_result": {"name": "get_weather", "content": {"contains": "SUNNY"}}}, AGENT),
    ({"tool_result": {"content": {"matches": r"(?P<degrees>\d+)"}}}, AGENT),
    ({"tool_result": {"exists": False}}, PLAIN),
    ({"tool_result": {"name": "search", "exists": False}}, AGENT),
    ({"tool_result": "f"}, asked(messages=(Message("function", "x", name="f"),))),
    ({"stream": False}, PLAIN),
    ({"stream": True}, MODEL),
    ({"key": {"starts_with": "akml-"}}, PLAIN),
    ({"header": {"X-Test": "a"}}, asked(headers={"x-test": "A"})),
    ({"header": {"x-test": {"exists": False}}}, PLAIN),
    ({"body": {"temperature": {"gt": 0.5, "lt": 1}}}, BODY),
    ({"body": {"temperature": 0.7, "n": 1.0}}, BODY),
    ({"body": {"user": "u-7"}}, BODY),
    ({"body": {"user": {"matches": "^U-", "case": True}}}, BODY),
    ({"body": {"metadata.ids.0": "a", "metadata.ids.-1.b": True}}, BODY),
    ({"body": {"metadata.ids": ["A", {"b": True}]}}, BODY),
    ({"body": {"metadata": {"equals": {"ids": ["a", {"b": True}]}}}}, BODY),
    ({"body": {"stop": {"contains": "end"}}}, BODY),
    ({"body": {"seed": None, "metadata.ids.2": {"exists": False}, "user.name": {"exists": False}}}, BODY),
    ({"body": {"n": {"one_of": [1, 2]}}}, BODY),
    ({"not": {"stream": True}}, PLAIN),
    ({"any": [{"stream": True}, {"turn": 0}]}, PLAIN),
    ({"all": [{"tools": "search"}, {"tools": "get_weather"}]}, AGENT),
    ({"not": {"any": [{"stream": True}, {"not": {"turn": 0}}]}}, PLAIN),
]
DIFFERS: list[tuple[dict[str, Any], InferenceRequest, list[str]]] = [
    ({"endpoint": ["messages"]}, PLAIN, ['endpoint: expected to be "messages", got "chat"']),
    ({"model": "*kimi*"}, PLAIN, ['model: expected to be "*kimi*", got "zai-org/GLM-5.3"']),
    (
        {"last_user": {"contains": "weather"}},
        asked("hello there"),
        ['last_user: expected to contain "weather", got "hello there"'],
    ),
    (
        {"last_user": {"contains": "weather", "case": True}},
        PLAIN,
        ['last_user: expected to contain "weather", got "What is the Weather in Paris?"'],
    ),
    (
        {"last_user": {"starts_with": "who", "ends_with": "?"}},
        asked("x" * 100),
        [f'last_user: expected to start with "who" and to end with "?", got "{"x" * 57}..."'],
    ),
    ({"last_user": {"exists": False}}, asked("hi"), ['last_user: expected not to exist, got "hi"']),
    ({"last_user": {"exists": True}}, asked(messages=()), ["last_user: expected to exist, got nothing"]),
    (
        {"last_user": {"one_of": ["a", "b"]}},
        asked("c"),
        ['last_user: expected to be one of ["a", "b"], got "c"'],
    ),
    (
        {"any_message": {"matches": "x{2}"}},
        PROMPTS,
        ['any_message: expected to match "x{2}", got "Once upon" and "a time"'],
    ),
    ({"turn": {"gte": 2}}, AGENT, ["turn: expected to be at least 2, got 1"]),
    ({"turn": {"lt": 1}}, AGENT, ["turn: expected to be less than 1, got 1"]),
    ({"tools": "search"}, PLAIN, ['tools: expected to be "search", got nothing']),
    ({"tool_choice": "none"}, PLAIN, ['tool_choice: expected to be "none", got "auto"']),
    (
        {"tool_result": {"name": "search", "content": {"contains": "x"}}},
        AGENT,
        [
            'tool_result: expected to exist with name to be "search" and content to contain "x", '
            'got "sunny, 20 degrees" of get_weather'
        ],
    ),
    ({"tool_result": "search"}, PLAIN, ['tool_result: expected to exist with name to be "search", got none']),
    (
        {"tool_result": {"exists": False}},
        AGENT,
        ['tool_result: expected not to exist, got "sunny, 20 degrees" of get_weather'],
    ),
    ({"stream": True}, PLAIN, ["stream: expected to be true, got false"]),
    ({"key": "akml-2"}, asked(key="akml-0123456789"), ['key: expected to be "akml-2", got "akml-0123..."']),
    (
        {"header": {"Authorization": "x", "x-a": "b"}},
        asked(headers={"authorization": "Bearer akml-0123456789"}),
        [
            'header.authorization: expected to be "x", got "Bearer ak..."',
            'header.x-a: expected to be "b", got nothing',
        ],
    ),
    ({"body": {"temperature": {"lte": 0.5}}}, BODY, ["body.temperature: expected to be at most 0.5, got 0.7"]),
    ({"body": {"n": True}}, BODY, ["body.n: expected to be true, got 1"]),
    ({"body": {"user": {"gt": 1}}}, BODY, ['body.user: expected to be greater than 1, got "U-7"']),
    ({"body": {"n": {"contains": "1"}}}, BODY, ['body.n: expected to contain "1", got 1']),
    (
        {"body": {"metadata": {"equals": {"ids": []}}}},
        BODY,
        ['body.metadata: expected to be {"ids": []}, got {"ids": ["a", {"b": true}]}'],
    ),
    (
        {"not": {"turn": 0, "stream": False}},
        PLAIN,
        ["not: expected no match of: stream to be false and turn to be 0, got a match"],
    ),
    (
        {"any": [{"stream": True}, {"turn": 3}]},
        PLAIN,
        [
            "any: expected stream to be true or turn to be 3, got stream: expected to be true, got false; "
            "turn: expected to be 3, got 0"
        ],
    ),
    (
        {"all": [{"stream": True}, {"turn": 3}], "endpoint": "chat"},
        PLAIN,
        ["stream: expected to be true, got false", "turn: expected to be 3, got 0"],
    ),
]


@pytest.mark.parametrize(("when", "request_"), HOLDS, ids=[str(when)[:60] for when, _ in HOLDS])
def test_a_condition_holds(when: dict[str, Any], request_: InferenceRequest) -> None:
    """What a request is, a condition can ask for; there is no difference then."""
    assert matches(when, request_)
    assert differences(condition(when), Subject(request_)) == ()


@pytest.mark.parametrize(("when", "request_", "told"), DIFFERS, ids=[str(when)[:60] for when, _, _ in DIFFERS])
def test_a_condition_that_does_not_hold_says_why(
    when: dict[str, Any], request_: InferenceRequest, told: list[str]
) -> None:
    """Each difference is a sentence: what is looked at, what was expected, what there is."""
    assert not matches(when, request_)
    assert [str(difference) for difference in differences(condition(when), Subject(request_))] == told


def test_states_are_those_of_the_machines() -> None:
    """A machine has a state once a reply has set it, and none before."""
    when = {"state": {"order": {"one_of": ["PAID"]}, "door": {"exists": False}}}
    assert matches(when, PLAIN, {"order": "paid"})
    assert not matches(when, PLAIN, {"order": "paid", "door": "shut"})
    told = [str(difference) for difference in differences(condition(when), Subject(PLAIN, {"door": "shut"}))]
    assert told == [
        'state.order: expected to be one of ["PAID"], got nothing',
        'state.door: expected not to exist, got "shut"',
    ]


def test_only_results_after_the_last_assistant_message_answer_a_tool() -> None:
    """In the next turn of an agent, the results of the one before are history."""
    later = asked(messages=(*ANSWERED, Message("assistant", "Sunny."), Message("user", "Thanks")))
    assert not matches({"tool_result": "get_weather"}, later)
    assert matches({"tool_result": {"exists": False}}, later)


# ---------------------------------------------------------------------------------------------- named groups


def found_groups(when: dict[str, Any], request: InferenceRequest) -> Mapping[str, str]:
    """The named groups of a condition that holds."""
    found = match(condition(when), Subject(request))
    assert found is not None
    return found.groups


def test_named_groups_come_from_every_expression_that_matched() -> None:
    """From texts, headers, the body, tool results, and the first alternative that holds; others are empty."""
    request = asked(
        "in Paris", headers={"x-a": "v2"}, body={"u": "u-9"}, messages=(*ANSWERED, Message("user", "in Rome"))
    )
    when = {
        "last_user": {"matches": r"in (?P<city>\w+)(?P<rest> now)?"},
        "header": {"x-a": {"matches": r"v(?P<version>\d)"}},
        "body": {"u": {"matches": r"u-(?P<user>\d)"}},
        "tool_result": {"content": {"matches": r"(?P<degrees>\d+)"}},
        "any": [
            {"key": {"matches": "(?P<no>x)"}},
            {"key": {"matches": "(?P<yes>k)"}},
            {"key": {"matches": "(?P<key>a)"}},
        ],
    }
    expected = {
        "city": "Rome",
        "rest": "",
        "version": "2",
        "user": "9",
        "degrees": "20",
        "no": "",
        "yes": "k",
        "key": "",
    }
    assert found_groups(when, request) == expected


def test_the_groups_of_what_does_not_hold_are_not_found() -> None:
    """An expression under `not` did not match, so it has no groups."""
    assert found_groups({"not": {"last_user": {"matches": "(?P<x>zzz)"}}}, PLAIN) == {}


# ---------------------------------------------------------------------------------------------- laws

TEXTS = st.sampled_from(["weather", "Weather in Paris", "hello", "", "ß", "İstanbul", "a\nb"])
TEXT_LOOKUPS = st.one_of(
    TEXTS,
    st.fixed_dictionaries(
        {}, optional={"contains": TEXTS, "starts_with": TEXTS, "case": st.booleans(), "exists": st.booleans()}
    ).filter(lambda lookup: set(lookup) - {"case"}),
    st.builds(lambda text: {"matches": re.escape(text)}, TEXTS),
    st.builds(lambda texts: {"one_of": texts}, st.lists(TEXTS, min_size=1, max_size=3)),
)
VALUES = st.none() | st.booleans() | st.integers(0, 2) | TEXTS | st.lists(st.integers(0, 1), max_size=2)
VALUE_LOOKUPS = VALUES | st.builds(lambda key, value: {key: value}, st.sampled_from(["gt", "lte"]), st.integers(0, 2))
LEAVES = st.fixed_dictionaries(
    {},
    optional={
        "endpoint": st.sampled_from([*ENDPOINTS]),
        "model": st.sampled_from([GLM, "*Kimi*", "*"]),
        "last_user": TEXT_LOOKUPS,
        "first_user": TEXT_LOOKUPS,
        "any_message": TEXT_LOOKUPS,
        "turn": st.integers(0, 2),
        "stream": st.booleans(),
        "tools": TEXT_LOOKUPS,
        "header": st.dictionaries(st.just("x-a"), TEXT_LOOKUPS),
        "body": st.dictionaries(st.sampled_from(["a", "a.0", "b"]), VALUE_LOOKUPS),
    },
)
CONDITIONS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(lambda one: {"not": one}, inner),
        st.builds(lambda many: {"any": many}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda many: {"all": many}, st.lists(inner, min_size=1, max_size=3)),
    ),
    max_leaves=6,
)
REQUESTS = st.builds(
    lambda text, stream, turns, header, body, tools: InferenceRequest(
        "chat",
        GLM,
        messages=(*[Message("assistant", "x")] * turns, Message("user", text)),
        stream=stream,
        tools=tuple(map(Tool, tools)),
        headers={} if header is None else {"x-a": header},
        body=body,
    ),
    TEXTS,
    st.booleans(),
    st.integers(0, 2),
    st.none() | TEXTS,
    st.dictionaries(st.sampled_from(["a", "b"]), VALUES),
    st.lists(st.sampled_from(["weather", "hello"]), max_size=2),
)


@given(CONDITIONS, REQUESTS)
def test_a_match_is_no_difference(when: dict[str, Any], request: InferenceRequest) -> None:
    """A condition matches exactly the requests that do not differ from it, and `not` exactly the others."""
    subject = Subject(request)
    found = match(condition(when), subject)
    assert (found is not None) is (not differences(condition(when), subject))
    assert (match(condition({"not": when}), subject) is None) is (found is not None)


@given(st.lists(CONDITIONS, min_size=1, max_size=3), REQUESTS)
def test_any_and_all_are_what_they_say(many: list[dict[str, Any]], request: InferenceRequest) -> None:
    """`any` holds if one of its conditions does, `all` if every one does."""
    each = [matches(one, request) for one in many]
    assert matches({"any": many}, request) is any(each)
    assert matches({"all": many}, request) is all(each)


# ---------------------------------------------------------------------------------------------- several rules

SYLLABLES = st.lists(
    st.sampled_from(["we", "ather", "ß", "SS", "in ", "Paris", "PARİS", "a", "\n", "🎉", "number 1"]), max_size=7
)
WORDS = SYLLABLES.map("".join)
SEARCHES = st.builds(
    lambda how, word, case, key: {key: {how: [word] if how == "one_of" else word, "case": case}},
    st.sampled_from(["contains", "contains", "contains", "equals", "one_of"]),
    WORDS,
    st.booleans(),
    st.sampled_from(["last_user", "last_user", "any_message", "system"]),
)
ENDS = st.builds(
    lambda how, word, case, more: {"last_user": {how: word, "case": case} | more},
    st.sampled_from(["starts_with", "ends_with"]),
    WORDS,
    st.booleans(),
    st.sampled_from([{}, {"contains": "PARİS"}, {"contains": "in "}, {"matches": "ather"}, {"exists": True}]),
)
EXPRESSIONS = st.builds(
    lambda pattern, case, key: {key: {"matches": pattern, "case": case}},
    st.sampled_from(
        ["weather", "paris", "we.*(?P<rest>ather)", "in +par[iı]s", "number [0-9]", "(?:weather)+a?|in ", "a"]
    ),
    st.booleans(),
    st.sampled_from(["last_user", "any_message"]),
)
SCALARS = st.sampled_from([0, 1, 1.0, True, False, "1", "A", "a", "ß", None])
SAME_VALUES = st.builds(
    lambda values, case, name: {"body": {name: {"one_of": values, "case": case}}},
    st.lists(SCALARS | st.just([1]), min_size=1, max_size=3),
    st.booleans(),
    st.sampled_from(["a", "b"]),
) | st.sampled_from([{"turn": 0}, {"turn": {"one_of": [1.0, 2]}}, {"turn": 1}])


@given(st.lists(SAME_VALUES, max_size=20), SCALARS | st.just([1]) | st.just({}), st.integers(0, 2))
def test_the_index_finds_values_as_they_are_compared(rules: list[dict[str, Any]], value: Any, turns: int) -> None:
    """A number is equal to a number, true is not 1, and case counts where it is asked for."""
    story = scenario(*map(left_over, rules))
    messages = (*[Message("assistant", "x")] * turns, Message("user", "y"))
    subject = Subject(InferenceRequest("chat", GLM, messages=messages, body={"a": value}))
    one_by_one = [number for number, rule in enumerate(story.rules) if match(rule.when, subject) is not None]
    assert list(story.matching(subject)) == one_by_one


def left_over(when: dict[str, Any]) -> dict[str, Any]:
    """A rule that hides no other one, whatever their conditions are."""
    return {"when": when, "then": "unscripted", "reply": {"text": "x"}}


@given(
    st.lists(SEARCHES | CONDITIONS, max_size=12),
    st.lists(SEARCHES | EXPRESSIONS | ENDS, max_size=60),
    st.lists(WORDS, max_size=3),
)
@settings(max_examples=150)
def test_the_index_finds_the_rules_that_match_one_by_one(
    mixed: list[dict[str, Any]], searches: list[dict[str, Any]], texts: list[str]
) -> None:
    """Whatever the rules and the request are: the same rules in the same order, also if it is asked again."""
    story = scenario(*map(left_over, [*mixed, *searches]))
    turns = [Message("assistant", "in Paris"), *(Message("user", text) for text in texts)]
    for request in (asked("Weather in Paris"), asked(messages=tuple(turns)), PROMPTS, asked("Weather in Paris")):
        subject = Subject(request)
        one_by_one = [number for number, rule in enumerate(story.rules) if match(rule.when, subject) is not None]
        assert list(story.matching(subject)) == one_by_one


def test_words_are_found_wherever_they_are() -> None:
    """Of many rules with a word each, those whose word is in the text match, at whatever place it begins."""
    words = [f"word{number}!" for number in range(200)]
    story = scenario(*(left_over({"last_user": {"contains": word}}) for word in words))
    for start in range(9):
        text = "ß" * (start % 3) + "." * start + "word117! and word9! and word1"
        assert list(story.matching(Subject(asked(text)))) == [10, 118]


def test_the_rules_that_match_come_in_their_order() -> None:
    """The first that matches is asked first; the others are there for when it has nothing to say."""
    turns = {"a": 0, "b": 1, "c": 0}
    rules = [
        {"name": name, "when": {"turn": turn}, "then": "unscripted", "reply": {"text": "x"}}
        for name, turn in turns.items()
    ]
    found = matching(scenario(*rules), Subject(PLAIN))
    assert [(number, rule.name) for number, rule, _ in found] == [(1, "a"), (3, "c")]


def test_the_nearest_rules_are_those_of_which_most_holds() -> None:
    """Of four rules three are told, of equally near ones the earlier."""
    story = scenario(
        {"name": "far", "when": {"stream": True, "turn": 5}, "reply": {"text": "x"}},
        {
            "name": "near",
            "when": {"turn": 0, "endpoint": "chat", "last_user": {"contains": "Rome"}},
            "reply": {"text": "x"},
        },
        {"name": "half", "when": {"turn": 0, "stream": True}, "reply": {"text": "x"}},
    )
    assert [rule.name for rule, _ in nearest(story, Subject(PLAIN))] == ["near", "half", "rules[0]"]
    assert explanation(story, Subject(PLAIN))[0] == {
        "rule": "near",
        "line": 0,
        "differences": ['last_user: expected to contain "Rome", got "What is the Weather in Paris?"'],
    }


def test_groups_are_asked_only_of_a_match() -> None:
    """The groups of a condition without expressions are none."""
    assert groups(condition({"turn": 0}), Subject(PLAIN)) == {}
