"""Requests with too much of something are answered or refused at once, and what they repeat is not paid for again."""

import json
import time
from typing import Any, NamedTuple

import pytest
from support.asgi import CHAT, KEY, Exchange, activate, ask, chat, make_engine, post

from emulator.core.seeds import Seed
from emulator.core.tokens import split
from emulator.generator.describing import describe
from emulator.web.app import create_app

ENOUGH = 5.0
"""Seconds of the processor. What is tested here takes a small part of it, and took more."""
COMPLETIONS = "/v1/completions"


def heavy(size: int) -> dict[str, Any]:
    """A schema that takes as much of its budget as it has properties."""
    names = [f"p{at}" for at in range(size)]
    choices = [
        {"anyOf": [{"type": "string", "pattern": f"^[a-z]{{3,10}}-{at}$"}, {"type": "integer", "minimum": at}]}
        for at in range(size)
    ]
    return {"type": "object", "properties": dict(zip(names, choices, strict=True)), "required": names}


def formatted(schema: Any, **more: Any) -> dict[str, Any]:
    """A request for JSON of this schema."""
    return chat(response_format={"type": "json_schema", "json_schema": {"name": "x", "schema": schema, **more}})


def tool(schema: Any, name: str = "f", **more: Any) -> dict[str, Any]:
    """A tool with these parameters."""
    return {"type": "function", "function": {"name": name, "parameters": schema, **more}}


class Case(NamedTuple):
    """A request, the status of its answer, and a part of what an error says."""

    id: str
    body: dict[str, Any]
    status: int = 200
    told: str = ""
    path: str = CHAT


CASES = [
    Case("128 choices of a schema near its budget", {**formatted(heavy(300)), "n": 128}),
    Case(
        "128 choices of calls of a tool near its budget", chat(n=128, tools=[tool(heavy(300))], tool_choice="required")
    ),
    Case("128 choices of a schema over its budget", {**formatted(heavy(900)), "n": 128}, 400, "too complex"),
    Case("128 choices of a schema without values", {**formatted({"allOf": [False]}), "n": 128}, 400, "no value"),
    Case(
        "128 choices among 3,000 tools",
        chat(n=128, tools=[tool({"type": "object"}, f"get_weather_{at}") for at in range(3000)]),
    ),
    Case("a hundred strict tools", chat(tools=[tool(heavy(20), f"f{at}", strict=True) for at in range(100)])),
    Case("a bias of 20,000 tokens", chat(logit_bias={str(at): 1 for at in range(20_000)}), 400, "at most 1024"),
    Case("a bias of 1,025 tokens", chat(logit_bias={str(at): 1 for at in range(1025)}), 400, "at most 1024"),
    Case("a bias of 1,024 tokens", chat(logit_bias={str(at): 1 for at in range(1024)}, max_tokens=50)),
    Case(
        "30,000 prompts of token ids",
        chat(prompt=[[at] * 5 for at in range(30_000)]),
        400,
        "at most 128 prompts",
        COMPLETIONS,
    ),
    Case(
        "30,000 prompts that are no ids",
        {**chat(), "prompt": [["a"]] * 30_000},
        400,
        "at most 128 prompts",
        COMPLETIONS,
    ),
    Case("30,000 stop ids", chat(stop_token_ids=[*range(30_000)], max_tokens=50)),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_large_request_is_answered_or_refused_at_once(case: Case) -> None:
    """The number of choices, tools, prompts and biases does not multiply the work without end."""
    began = time.process_time()
    answer = post(case.path, case.body)
    assert time.process_time() - began < ENOUGH
    assert answer.status == case.status
    if case.told:
        assert case.told in answer.json["error"]["message"]


def test_choices_over_the_shared_budget_repeat_the_first() -> None:
    """The budget of a schema is for all choices: those within it differ, and those beyond it are the first one."""
    choices = post(CHAT, {**formatted(heavy(150)), "n": 40}).json["choices"]
    texts = [choice["message"]["content"] for choice in choices]
    assert len(texts) == 40
    assert 1 < len(set(texts)) < 40
    assert set(texts[-10:]) == {texts[0]}
    assert all(len(json.loads(text)) == 150 for text in texts)


def test_choices_of_an_ordinary_schema_all_differ() -> None:
    """A schema as people write them is far within the budget with as many choices as they ask for."""
    schema = {
        "type": "object",
        "properties": {"city": {"type": "string"}, "degrees": {"type": "number"}, "days": {"type": "integer"}},
        "required": ["city", "degrees", "days"],
        "additionalProperties": False,
    }
    choices = post(CHAT, {**formatted(schema), "n": 128}).json["choices"]
    assert len({choice["message"]["content"] for choice in choices}) > 100


def test_no_token_of_a_text_is_so_sure_that_others_are_impossible() -> None:
    """A draw next to zero gives a log probability as any other does; it used to end the request with a 500."""
    entries = [*describe(split("word " * 40), Seed.of(23_999), 5)]
    assert all(entry.logprob is not None and entry.logprob < 0 for entry in entries)
    assert all(len(entry.top) == 5 for entry in entries)


def scripted(reply: dict[str, Any], body: Any) -> Exchange:
    """The answer of a scenario with one reply."""
    engine = make_engine()
    app = create_app(engine)
    assert ask(app, "PUT", "/_emulator/scenarios/t", {"rules": [{"reply": reply}]}).status == 200
    activate(engine, "t")
    return ask(app, "POST", CHAT, body, key=KEY)


HALF = '{"id": "\\ud800"}'
"""JSON in a tool's result, with half of a surrogate pair in it."""
READ = "{{ (tool_result | fromjson).id }}"


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param({"text": READ}, id="text"),
        pytest.param({"text": "a", "reasoning": READ}, id="reasoning"),
        pytest.param({"tool_calls": [{"name": "f", "arguments": {"a": [READ]}}]}, id="arguments"),
        pytest.param({"text": "{{ '\\ud800' }}"}, id="literal"),
        pytest.param({"text": "{{ '\\ud83d' ~ 'a' }}"}, id="joined"),
    ],
)
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_a_template_that_makes_half_a_character_is_told(reply: dict[str, Any], stream: bool) -> None:
    """What cannot be written in UTF-8 is an error of the template, in the shape of the surface."""
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    messages = [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": HALF},
    ]
    answer = scripted(reply, chat(messages=messages, stream=stream))
    assert answer.status == 500
    assert "half of a surrogate pair" in answer.json["error"]["message"]


@pytest.mark.parametrize(
    "template",
    [
        pytest.param("{{ 1" + " + 1" * 90 + " }}", id="sums"),
        pytest.param("{{ -" + " -" * 80 + "1 }}", id="signs"),
        pytest.param("{{ request" + ".body" * 90 + " }}", id="attributes"),
        pytest.param("{{ tool_result" + " | upper" * 90 + " }}", id="filters"),
        pytest.param("{{ wrong" + " ~ wrong" * 90 + " }}", id="mistakes"),
        pytest.param("{{ 10 ** 1000000 }}", id="powers"),
    ],
)
def test_many_templates_that_nest_are_loaded_or_refused_at_once(template: str) -> None:
    """Compiling a template takes time in proportion to its length, however deep it nests."""
    app = create_app(make_engine())
    rules = [{"reply": {"text": f"{number} {template}"}} for number in range(1500)]
    began = time.process_time()
    answer = ask(app, "PUT", "/_emulator/scenarios/t", {"rules": rules})
    assert time.process_time() - began < ENOUGH
    assert answer.status == 400
