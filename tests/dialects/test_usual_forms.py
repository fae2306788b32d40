"""What is read as a type is what reading it field by field makes of it, for requests that are usual, odd and wrong."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import product
from typing import Any, NamedTuple, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.asgi import make_engine
from support.odd_json import changed

from emulator.core.errors import Rejected
from emulator.core.fields import Fields
from emulator.core.settings import Settings
from emulator.dialects.anthropic import asked as anthropic_asked
from emulator.dialects.anthropic import requests as anthropic_requests
from emulator.dialects.anthropic import tools as anthropic_tools
from emulator.dialects.anthropic.passed_over import PassedOver
from emulator.dialects.anthropic.surface import wording as anthropic_wording
from emulator.dialects.endpoints import ENDPOINTS
from emulator.dialects.openai import asked, requests, tools
from emulator.dialects.openai.chat import OpenAIChat
from emulator.dialects.openai.surface import wording

Body: TypeAlias = dict[str, Any]

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
CHAT: Body = {
    "model": "m",
    "messages": [
        {"role": "system", "content": "Be kind."},
        {"role": "developer", "content": "Be brief.", "name": "dev"},
        {"role": "user", "content": [{"type": "text", "text": "What is "}, {"type": "text", "text": "the weather?"}]},
        {
            "role": "assistant",
            "content": None,
            "refusal": None,
            "reasoning_content": "A tool knows.",
            "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "look", "arguments": "{}"}}],
        },
        {"role": "tool", "tool_call_id": "call_1", "content": "Sun."},
        {"role": "assistant", "content": "Sun.", "reasoning": "So it said."},
    ],
    "tools": [
        {"type": "function", "function": {"name": "look", "description": "Look.", "parameters": SCHEMA}},
        {"type": "function", "function": {"name": "go", "strict": True}},
    ],
    "temperature": 1,
    "top_p": 0.5,
    "frequency_penalty": 0,
    "presence_penalty": -2,
    "seed": 7,
    "stop": ["\n", "END"],
    "n": 1,
    "max_tokens": 9,
    "stream": False,
}
COMPLETIONS: Body = {"model": "m", "prompt": "Once", "stop": "\n", "temperature": 0.5, "max_tokens": 9}
MESSAGES: Body = {
    "model": "m",
    "max_tokens": 9,
    "system": [{"type": "text", "text": "Be kind."}, {"type": "text", "text": "x-anthropic-billing-header: none"}],
    "messages": [
        {"role": "user", "content": "What is the weather?"},
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "A tool knows.", "signature": ""},
                {"type": "text", "text": "I look."},
                {"type": "tool_use", "id": "a", "name": "look", "input": {"city": "Rome"}},
                {"type": "tool_use", "id": "b", "name": "look", "input": {}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "a", "content": [{"type": "text", "text": "Sun."}]},
                {"type": "text", "text": "Go on."},
            ],
        },
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "b", "is_error": True}]},
        {"role": "assistant", "content": "Sun."},
        {"role": "assistant", "content": "And more."},
    ],
    "tools": [{"name": "look", "description": "Look.", "input_schema": SCHEMA}],
    "temperature": 1,
    "top_p": 0.5,
    "top_k": 5,
    "stop_sequences": ["END"],
    "seed": 7,
}
ODD: list[Any] = [
    *(None, True, False, 0, 1, -1, 2, 1.0, 2.0, 0.5, -0.0, 1e300),
    *(2**63 - 1, 2**63, -(2**63), 10**400),
    *("", "text", " ", "\x1f", "\u2003", "look\n", "a" * 65, "a" * 129, "naïve"),
    *("function", "system", "user", "assistant", "tool", "tool_use", "tool_result", "thinking", "a", "b"),
    *("{}", "{", "[1]", "x-anthropic-billing-header"),
    *([], {}, [""], ["a"], [None], ["a", 1], [[]], [{}], {"type": "object"}),
    *([{"type": "text", "text": "t"}], [{"text": "t"}], [{"type": "text"}], [{"type": "refusal", "refusal": "t"}]),
    *([{"type": "tool_use", "id": "a", "name": "n", "input": {}}], [{"type": "tool_result", "tool_use_id": "a"}]),
    *([{"role": "user", "content": "t"}], [{"role": "function", "name": "n", "content": "t"}]),
]
"""Values of which each is right in some place and wrong in others."""
NESTED = ("type", "role", "name", "content", "text", "tool_calls", "tool_call_id", "function_call", "reasoning")
"""Names of fields that objects in a request can have."""


class Form(NamedTuple):
    """Something that has a usual form in some request: how it is read as a type, and field by field."""

    endpoint: str
    body: Body
    usual: Callable[[Body], Any]
    each: Callable[[Body, Settings], Any]


def anthropic(read: Callable[[Fields, PassedOver], Any]) -> Callable[[Body, Settings], Any]:
    """Reading field by field, with what was passed over, which is nothing in a usual form."""

    def each(body: Body, settings: Settings) -> Any:
        passed_over = PassedOver(refuse=False)
        found = read(Fields(body, anthropic_wording), passed_over)
        return (found, passed_over.warning) if passed_over.warning else found

    return each


WORDS = {name: value for name, value in CHAT.items() if name != "tools"}
READER = OpenAIChat(make_engine(strictness="vllm", max_n=1).settings)


def usual_chat(body: Body) -> Any:
    """The request, if it is words and nothing else."""
    return None if asked.usual_chat(body) is None else READER.parse(body, {}, "key")


FORMS = {
    "a chat": Form("chat", WORDS, usual_chat, lambda body, settings: READER.parse_each(body, {}, "key")),
    "chat messages": Form(
        "chat", CHAT, asked.usual_messages, lambda body, settings: requests.read_each_message(Fields(body, wording))
    ),
    "chat tools": Form(
        "chat", CHAT, asked.usual_tools, lambda body, settings: tools.read_each_tool(Fields(body, wording))
    ),
    "sampling": Form(
        "chat",
        CHAT,
        lambda body: asked.usual_sampling(body, 9, None),
        lambda body, settings: requests.read_each_sampling(Fields(body, wording), settings, 9, None),
    ),
    "messages": Form(
        "messages", MESSAGES, anthropic_asked.usual_messages, anthropic(anthropic_requests.read_each_message)
    ),
    "tools of messages": Form(
        "messages",
        MESSAGES,
        anthropic_asked.usual_tools,
        anthropic(lambda fields, passed_over: anthropic_tools.read_each_tool(fields, passed_over, [])),
    ),
    "sampling of messages": Form(
        "messages",
        MESSAGES,
        lambda body: anthropic_asked.usual_sampling(body, 9),
        anthropic(lambda fields, passed_over: anthropic_requests.read_each_sampling(fields, 9)),
    ),
}
SETTINGS = [make_engine(strictness=strictness, max_n=1).settings for strictness in ("vllm", "openai")]


def variants(value: Any) -> Iterator[Any]:
    """The value with something odd in each place, and with a part more, a part less, and two parts in another order."""
    yield from ODD
    if isinstance(value, dict):
        for name in value:
            yield {key: part for key, part in value.items() if key != name}
            yield from ({**value, name: part} for part in variants(value[name]))
        for name in NESTED:
            yield from ({name: part} | value for part in ODD)
    if isinstance(value, list):
        for at in range(len(value)):
            before, part, after = value[:at], value[at], value[at + 1 :]
            yield before + after
            yield [*before, part, part, *after]
            yield [*before, *after[:1], part, *after[1:]]
            yield from ([*before, other, *after] for other in variants(part))


def requests_like(endpoint: str, body: Body) -> Iterator[Body]:
    """The request with variants of each field, of those included that it does not have."""
    shapes = ENDPOINTS[endpoint].shapes(SETTINGS[0])
    for name in shapes.components[shapes.request]["properties"]:
        yield from ({**body, name: value} for value in variants(body.get(name)))


def outcome(read: Callable[[], Any]) -> str:
    """What reading makes of a request, written so that 1, 1.0 and True differ: a value, or the error."""
    try:
        return repr(read())
    except Rejected as rejected:
        return f"refused: {rejected.error}"


def agrees(form: Form, body: Body) -> None:
    """Hold that what is of the usual form is read as it is field by field, whatever the settings."""
    usual = form.usual(body)
    if usual is not None:
        for settings in SETTINGS:
            assert repr(usual) == outcome(partial(form.each, body, settings)), body


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_usual_forms_are_usual(form: Form) -> None:
    """The messages, tools and sampling that most clients send are read as types."""
    assert form.usual(form.body) is not None
    agrees(form, form.body)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_one_odd_place(form: Form) -> None:
    """Whatever stands in one place of a request, a type takes nothing that its fields refuse or mean differently."""
    for body in requests_like(form.endpoint, form.body):
        agrees(form, body)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@given(odd=st.lists(st.sampled_from(ODD), min_size=2, max_size=4), chance=st.randoms(use_true_random=False))
def test_several_odd_places(form: Form, odd: list[Any], chance: Any) -> None:
    """Nor does it where several places are odd together."""
    body = form.body
    for value in odd:
        body = changed(body, value, chance)
    if isinstance(body, dict):
        agrees(form, body)


def test_calls_and_results() -> None:
    """Calls and results that do not belong together are not of the usual form, in whatever order they come."""
    blocks: dict[str, list[Body]] = {
        "assistant": [{"type": "tool_use", "id": id, "name": "look", "input": {}} for id in "ab"],
        "user": [{"type": "tool_result", "tool_use_id": id} for id in "ab"],
    }
    entries = [
        {"role": role, "content": list(content)}
        for role, kinds in blocks.items()
        for length in range(3)
        for content in product(kinds, repeat=length)
    ]
    for messages in product(entries, repeat=3):
        agrees(FORMS["messages"], {"messages": list(messages)})


@pytest.mark.parametrize("fields", ["least", "many"])
@pytest.mark.parametrize(
    ("endpoint", "body"), [("chat", CHAT), ("completions", COMPLETIONS), ("messages", MESSAGES)], ids=ENDPOINTS
)
def test_null_is_the_same_as_absent(endpoint: str, body: Body, fields: str) -> None:
    """A request with null in every field that it leaves out is the same request, and refused for the same reason."""
    shapes = ENDPOINTS[endpoint].shapes(SETTINGS[0])
    dialect = ENDPOINTS[endpoint].make(SETTINGS[0])
    nulls = dict.fromkeys(shapes.components[shapes.request]["properties"])
    if fields == "least":
        body = {name: body[name] for name in shapes.components[shapes.request]["required"]}

    def read(body: Mapping[str, Any]) -> Any:
        request = dialect.parse(dict(body), {}, "key")
        return [getattr(request, name) for name in request.__struct_fields__ if name != "body"]

    for told in requests_like(endpoint, body):
        assert outcome(partial(read, told)) == outcome(partial(read, {**nulls, **told})), told
