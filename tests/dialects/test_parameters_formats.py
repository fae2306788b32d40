"""Structured answers: what JSON they are, where they are cut, and which schemas are refused."""

import json
from typing import Any, TypeAlias

import anthropic
import jsonschema
import openai
import pytest
from pydantic import BaseModel
from support.asgi import CHAT, MESSAGES, PLAIN, REASONING, ask, error_of, post
from support.parameters import answer, app_of, body_of

from emulator import Emulator

Body: TypeAlias = dict[str, Any]

SHIP: Body = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 20},
        "port": {"type": "string"},
        "masts": {"type": "integer", "minimum": 1, "maximum": 5},
        "built": {"type": "string", "format": "date"},
    },
    "required": ["name", "port", "masts", "built"],
    "additionalProperties": False,
}
SCHEMAS: list[Body] = [
    SHIP,
    {"type": "array", "items": SHIP, "minItems": 2, "maxItems": 3},
    {"anyOf": [{"type": "string", "format": "email"}, {"type": "integer", "multipleOf": 7}]},
    {"$defs": {"node": {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}}}}, "$ref": "#/$defs/node"},
    {"enum": ["red", "blue"]},
    {"const": {"a": [1, None]}},
]
QUESTION = "Describe a ship of the harbour of Lisbon."
CANNED: Body = {"text": '{"name": "Sagres"}'}


def asking(path: str, schema: Any, *, strict: bool = False, **more: Any) -> Body:
    """A request for JSON of this schema, in the form of its endpoint."""
    if path == MESSAGES:
        return body_of(path, QUESTION, output_config={"format": {"type": "json_schema", "schema": schema}}, **more)
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema, "strict": strict}}
    return body_of(path, QUESTION, response_format=form, **more)


# ---------------------------------------------------------------------------------------------- what is answered


@pytest.mark.parametrize("path", [CHAT, MESSAGES])
@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda schema: next(iter(schema)))
def test_the_text_is_json_of_the_schema(path: str, schema: Body) -> None:
    """It parses, it is valid, and it is the same as a stream; after its reasoning where a model reasons."""
    for model in (PLAIN, REASONING):
        (said,) = answer(path, asking(path, schema, model=model)).choices
        jsonschema.validate(json.loads(said.text), schema, cls=jsonschema.Draft202012Validator)
        assert (said.finish, bool(said.reasoning)) == ("stop", model == REASONING)


def test_every_choice_is_json() -> None:
    """With n they differ, and each is valid; the schema is part of the prompt."""
    told = answer(CHAT, asking(CHAT, SHIP, n=4))
    for text in told.texts:
        jsonschema.validate(json.loads(text), SHIP)
    assert len(set(told.texts)) == 4
    assert told.prompt > answer(CHAT, body_of(CHAT, QUESTION)).prompt


def test_a_seed_repeats_json() -> None:
    """The same gives the same value, another gives another."""
    first, again, other = (answer(CHAT, asking(CHAT, SHIP, seed=seed)).texts for seed in (1, 1, 2))
    assert first == again != other


def test_json_object_is_an_object_about_the_request() -> None:
    """Or one with the keys that the request asks for."""
    form = {"response_format": {"type": "json_object"}}
    assert "harbour of Lisbon" in json.loads(answer(CHAT, body_of(CHAT, QUESTION, **form)).texts[0])["answer"]
    keyed = answer(CHAT, body_of(CHAT, "Describe a ship in JSON with the keys name, port and masts.", **form)).texts[0]
    assert list(json.loads(keyed)) == ["name", "port", "masts"]


def test_text_is_what_is_answered_without_a_format() -> None:
    """To ask for text is to ask for nothing."""
    plain = answer(CHAT, body_of(CHAT, QUESTION))
    assert answer(CHAT, body_of(CHAT, QUESTION, response_format={"type": "text"})).choices == plain.choices


@pytest.mark.parametrize("path", [CHAT, MESSAGES])
def test_a_scenario_may_break_its_format(path: str) -> None:
    """What is canned is said as it is: an answer against the schema is something to test with."""
    assert answer(path, asking(path, SHIP), CANNED).texts == [CANNED["text"]]


@pytest.mark.parametrize("path", [CHAT, MESSAGES])
@pytest.mark.parametrize("canned", [None, CANNED], ids=["generated", "canned"])
def test_a_limit_cuts_json_too(path: str, canned: Body | None) -> None:
    """As the real API does: finish length, and a text that is not whole."""
    whole, cut = (answer(path, asking(path, SHIP, max_tokens=limit), canned) for limit in (400, 3))
    assert (cut.finishes, cut.completion, whole.finishes) == (["length"], 3, ["stop"])
    assert whole.texts[0].startswith(cut.texts[0])
    with pytest.raises(json.JSONDecodeError):
        json.loads(cut.texts[0])


def test_json_has_log_probabilities() -> None:
    """They are those of its tokens."""
    (said,) = answer(CHAT, asking(CHAT, SHIP, logprobs=True, top_logprobs=1)).choices
    assert said.logprobs is not None
    assert "".join(entry.token for entry in said.logprobs) == said.text


@pytest.mark.parametrize("path", [CHAT, MESSAGES])
def test_a_tool_comes_before_a_format(path: str) -> None:
    """A request with both is answered with a call where it speaks of the tool, and else with JSON."""
    tool: Body = {"name": "get_weather"}
    both = {CHAT: {"type": "function", "function": tool}, MESSAGES: tool | {"input_schema": {"type": "object"}}}
    body = asking(path, SHIP, tools=[both[path]])
    jsonschema.validate(json.loads(answer(path, body).texts[0]), SHIP)
    spoken = body | {"messages": [{"role": "user", "content": "The weather?"}]}
    assert answer(path, spoken).finishes == ["tool_calls"]


class Ship(BaseModel):
    """What the SDKs parse an answer into."""

    name: str
    masts: int
    home: "Port"


class Port(BaseModel):
    """A class within a class."""

    city: str
    depths: list[float]


def test_the_sdks_parse_what_is_answered(akash: Emulator) -> None:
    """A class with a class in it, whose schema they make and send as a strict one."""
    asked: Body = {"model": PLAIN, "messages": [{"role": "user", "content": QUESTION}]}
    with openai.OpenAI(base_url=akash.openai_base_url, api_key=akash.key) as client:
        assert isinstance(client.chat.completions.parse(**asked, response_format=Ship).choices[0].message.parsed, Ship)
    with anthropic.Anthropic(base_url=akash.anthropic_base_url, api_key=akash.key) as other:
        assert isinstance(other.messages.parse(**asked, max_tokens=400, output_format=Ship).parsed_output, Ship)


# ---------------------------------------------------------------------------------------------- what is refused

MALFORMED: list[tuple[Any, str]] = [
    ({"type": "nonsense"}, "#/type"),
    ({"properties": {"a": {"type": "string", "pattern": "("}}, "required": ["a"]}, "#/properties/a/pattern"),
    ({"properties": []}, "#/properties"),
    ({"$ref": "#/nowhere"}, "#/$ref"),
]
IMPOSSIBLE: list[tuple[Any, str]] = [
    ({"type": "integer", "minimum": 5, "maximum": 4}, "#"),
    ({"type": "object", "properties": {"a": {"not": {}}}, "required": ["a"]}, "#"),
]
FORMAT = {CHAT: "response_format.json_schema.schema", MESSAGES: "output_config.format.schema"}
TOOL = {CHAT: "tools[1].function.parameters", MESSAGES: "tools.1.input_schema", "functions": "functions[0].parameters"}
FORCED = {CHAT: "required", MESSAGES: {"type": "any"}}


def check(path: str, body: Body, place: str, where: str, words: str, canned: Body | None = None) -> None:
    """A 400 that says which schema it is and where in it what is wrong, also before a stream."""
    for stream in (False, True):
        exchange = ask(app_of(canned), "POST", path, body | {"stream": stream})
        error = error_of(exchange)
        assert (exchange.status, error["type"]) == (400, "invalid_request_error")
        assert error["message"].startswith(f"{place}: {words}, at {where}")
        assert error.get("param", place) == place


def with_tool(path: str, schema: Any, **more: Any) -> Body:
    """A request with one of Anthropic's or nobody's tools in front, and a tool of this schema."""
    if path == CHAT:
        given = [{"name": "ping"}, {"name": "sail", "parameters": schema, **more}]
        return body_of(path, QUESTION, tools=[{"type": "function", "function": function} for function in given])
    given = [{"name": "bash", "type": "bash_20250124"}, {"name": "sail", "input_schema": schema, **more}]
    return body_of(path, QUESTION, tools=given)


@pytest.mark.parametrize("path", [CHAT, MESSAGES])
@pytest.mark.parametrize(("schema", "where"), MALFORMED, ids=str)
def test_a_format_that_is_no_schema(path: str, schema: Any, where: str) -> None:
    """It is refused where it would be used, and where it is meant strictly also with a canned answer."""
    words = "this is not a JSON Schema"
    check(path, asking(path, schema), FORMAT[path], where, words)
    check(path, asking(path, schema, strict=True), FORMAT[path], where, words, CANNED)


@pytest.mark.parametrize("path", [CHAT, MESSAGES])
@pytest.mark.parametrize(("schema", "where"), MALFORMED, ids=str)
def test_a_tool_whose_parameters_are_no_schema(path: str, schema: Any, where: str) -> None:
    """A strict one is refused at once, another where it is called; its place is that in the request."""
    words = "this is not a JSON Schema"
    check(path, with_tool(path, schema, strict=True), TOOL[path], where, words, CANNED)
    lenient = with_tool(path, schema)
    assert answer(path, lenient).finishes == ["stop"]
    assert answer(path, lenient, CANNED).texts == [CANNED["text"]]
    named = {"type": "function", "function": {"name": "sail"}} if path == CHAT else {"type": "tool", "name": "sail"}
    check(path, lenient | {"tool_choice": named}, TOOL[path], where, words)


@pytest.mark.parametrize("path", [CHAT, MESSAGES])
@pytest.mark.parametrize(("schema", "where"), IMPOSSIBLE, ids=str)
def test_a_schema_that_nothing_satisfies(path: str, schema: Any, where: str) -> None:
    """It is refused where a value is needed: in a format, and in a tool that is called."""
    words = "no value satisfies this JSON Schema"
    check(path, asking(path, schema), FORMAT[path], where, words)
    named = {"type": "function", "function": {"name": "sail"}} if path == CHAT else {"type": "tool", "name": "sail"}
    check(path, with_tool(path, schema) | {"tool_choice": named}, TOOL[path], where, words)
    assert answer(path, with_tool(path, schema)).finishes == ["stop"]


def test_a_deprecated_function_is_named_as_such() -> None:
    """Its schema stands elsewhere."""
    functions = [{"name": "sail", "parameters": {"type": "nonsense"}}]
    body = body_of(CHAT, QUESTION, functions=functions, function_call={"name": "sail"})
    check(CHAT, body, TOOL["functions"], "#/type", "this is not a JSON Schema")


def test_a_schema_of_false() -> None:
    """Nothing satisfies it, as the keyword says; true is satisfied by anything."""
    check(CHAT, asking(CHAT, False), FORMAT[CHAT], "#", "no value satisfies this JSON Schema")
    json.loads(answer(CHAT, asking(CHAT, True)).texts[0])


@pytest.mark.parametrize(
    ("path", "more", "where"),
    [
        (CHAT, {"response_format": {"type": "xml"}}, "response_format.type"),
        (CHAT, {"response_format": {"type": "json_schema"}}, "response_format.json_schema"),
        (CHAT, {"response_format": {"type": "json_schema", "json_schema": {}}}, "response_format.json_schema.name"),
        (MESSAGES, {"output_config": {"format": {"type": "json_object"}}}, "output_config.format.type"),
        (MESSAGES, {"output_config": {"format": {"type": "json_schema"}}}, "output_config.format.schema"),
    ],
)
def test_a_format_that_is_none(path: str, more: Body, where: str) -> None:
    """A 400 names what is wrong with it."""
    exchange = post(path, body_of(path, QUESTION) | more)
    error = error_of(exchange)
    assert (exchange.status, error.get("param", error["message"].partition(":")[0])) == (400, where)
