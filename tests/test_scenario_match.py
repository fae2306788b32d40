"""Which rules a request matches, and why it does not match the others."""

import re
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.catalog import Catalog
from emulator.scenario import patterns
from emulator.scenario.loader import load_objects
from emulator.scenario.match import Subject, differences, explanation, groups, match, matching, nearest
from emulator.scenario.types import Condition, Scenario
from emulator.vocabulary import InferenceRequest, Message, Tool, ToolChoice, ToolUse

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
    """A scenario of rules, each of which is a condition, with what is needed around it."""
    states = {"reply": {"set_state": {"order": "paid", "door": "shut"}}, "when": {"key": "setter"}}
    return load_objects({"rules": [*rules, states]}, catalog=CATALOG)


def condition(when: dict[str, Any]) -> Condition:
    """The condition as the loader makes it."""
    return scenario({"when": when, "reply": {"text": "x"}}).rules[0].when


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
    ({"body": {"metadata": {"equals": {"ids": []}}}}, BODY, None or []),
    ({"not": {"turn": 0, "stream": False}}, PLAIN, None or []),
]
