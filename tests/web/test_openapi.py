"""The OpenAPI document: it is valid, and it says what the routes, the tables and the answers are."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from jsonschema import Draft202012Validator
from support.asgi import (
    CHAT,
    CHAT_TOOL,
    COMPLETIONS,
    COUNT,
    MESSAGE_TOOL,
    MESSAGES,
    REASONING,
    WEATHER,
    ask,
    chat,
    completion,
    make_engine,
    message,
)
from support.documented_parameters import PARAMETERS
from support.served import ROOT

from emulator.core.settings import Settings
from emulator.dialects.endpoints import ENDPOINTS
from emulator.dialects.sse import field, split_frames
from emulator.web.app import create_app
from emulator.web.control.rows import ROUTES, Row
from emulator.web.openapi import answers, control, document

DOCUMENT = document(Settings())
METHODS = {"get", "put", "post", "delete"}
PAGES = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs").glob("*.md"))]


def operations(told: dict[str, Any] = DOCUMENT) -> set[str]:
    """The operations of a document, such as "GET /v1/models"."""
    return {f"{method.upper()} {path}" for path, methods in told["paths"].items() for method in methods}


def within(schema: Any) -> Iterator[dict[str, Any]]:
    """All objects in a part of a document."""
    if isinstance(schema, dict):
        yield schema
    for part in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from within(part)


def validator(name: str, told: dict[str, Any] = DOCUMENT) -> Draft202012Validator:
    """The validator of a component's schema."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": told["components"]}
    return Draft202012Validator(schema)


def named(schema: dict[str, Any]) -> str:
    """The name of the component that a schema refers to."""
    place: str = schema["$ref"]
    return place.rpartition("/")[2]


def test_the_document_is_valid() -> None:
    """It is OpenAPI 3.1, and each schema in it is a JSON Schema of draft 2020-12."""
    schemathesis.openapi.from_dict(DOCUMENT).validate()
    for schema in DOCUMENT["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_references_lead_somewhere() -> None:
    """Each is to a component of the document, and each component is referred to."""
    places = {part["$ref"] for part in within(DOCUMENT) if isinstance(part.get("$ref"), str)}
    kinds = ("schemas", "responses", "headers")
    there = {f"#/components/{kind}/{name}" for kind in kinds for name in DOCUMENT["components"][kind]}
    assert places <= there
    unused = {place for place in there - places if not place.endswith(".405")}  # a method that is not in the document
    assert unused == set()


def test_names_mean_one_thing() -> None:
    """Two schemas of one name, of two endpoints or of both APIs, are the same."""
    found: dict[str, Any] = {}
    parts = [endpoint.shapes(Settings()).components for endpoint in ENDPOINTS.values()]
    for part in [*parts, answers.components()]:
        assert {name: found[name] for name in part if name in found} == {
            name: part[name] for name in part if name in found
        }
        found |= part
    assert DOCUMENT["components"]["schemas"] == found


@pytest.mark.parametrize("settings", [{}, {"count_tokens": False}], ids=str)
def test_the_operations_are_those_of_the_app(settings: dict[str, Any]) -> None:
    """Each method of each route is described, and nothing else; HEAD goes with GET."""
    engine = make_engine(**settings)
    app: Any = create_app(engine)
    while not hasattr(app, "routes"):  # what is in front of it
        app = vars(app)["_app"]
    served = {
        f"{method} {route.path.replace(':path}', '}')}"
        for route in app.routes
        for method in {*route.methods} - {"HEAD"}
    }
    assert operations(document(engine.settings)) == served


@pytest.mark.parametrize("row", ROUTES, ids=lambda row: f"{row.method} {row.path}")
def test_a_control_route_has_the_names_of_its_row(row: Row) -> None:
    """The query parameters and the fields of the body; any other field is not allowed."""
    told = DOCUMENT["paths"][row.path][row.method.lower()]
    query = [each["name"] for each in told.get("parameters", ()) if each["in"] == "query"]
    assert query == (row.query or "").split()
    body = told.get("requestBody", {}).get("content", {})
    if row.fields:
        schema = body["application/json"]["schema"]
        assert [*schema["properties"]] == row.fields.split()
        assert schema["additionalProperties"] is False
        assert {*schema.get("required", ())} <= {*schema["properties"]}
    else:
        assert [*body] == ([] if row.fields == "" else ["application/yaml"])


def test_a_token_is_needed_where_one_is_set() -> None:
    """With a token in the settings, a control route is described without the alternative of none."""
    none: list[Any] = []
    for token, alternatives in (("", [{}]), ("secret", none)):
        paths = document(Settings(control_token=token))["paths"]
        described = paths["/_emulator/clock"]["get"]["security"]
        assert described == [*alternatives, *({name: []} for name in control.SECURITY)]
        assert paths["/_emulator/health"]["get"]["security"] == [{}]


def test_the_pages_name_the_same_operations() -> None:
    """Each operation in a table of docs/ is described, and each path that is described stands in docs/."""
    rows = [line.split("|")[1] for page in PAGES for line in page.splitlines() if line.startswith("| ")]
    listed = {found for row in rows for found in re.findall(r"^ ((?:GET|PUT|POST|DELETE) /[\w/{}.]*)", row)}
    assert listed <= operations()
    unnamed = [path for path in DOCUMENT["paths"] if not any(f"{path}" in page for page in PAGES)]
    assert unnamed == []


READ_BY_NOBODY = {"cache_salt", "prompt_cache_key", "cache_control", "context_management", "service_tier"}
"""Parameters that are passed over whatever they are; `service_tier` on one surface."""


@pytest.mark.parametrize("endpoint", PARAMETERS)
def test_documented_parameters_are_described(endpoint: str) -> None:
    """What AkashML, OpenAI, Anthropic or vLLM document for a body is a property of the request."""
    method, path = endpoint.split()
    content = DOCUMENT["paths"][path][method.lower()]["requestBody"]["content"]
    name = named(content["application/json"]["schema"])
    for parameter in PARAMETERS[endpoint]:
        parts = parameter.name.split(".")
        if parameter.type == "header" or parameter.name == "*" or parts[0] in READ_BY_NOBODY:
            continue
        schema: Any = DOCUMENT["components"]["schemas"][name]
        for part in parts:
            schema = next(each["properties"][part] for each in within(schema) if part in each.get("properties", {}))


# ---------------------------------------------------------------------------------------------- what is answered

PARIS = "What is the weather in Paris for 3 days?"
SCHEMA = {"type": "json_schema", "json_schema": {"name": "weather", "schema": WEATHER}}
ASKED = {
    "chat": (CHAT, chat("Say hello.", max_tokens=12)),
    "two choices": (CHAT, chat("Say hello.", max_tokens=5, n=2)),
    "reasoning": (CHAT, chat("Say hello.", model=REASONING, max_tokens=200)),
    "a tool": (CHAT, chat(PARIS, tools=[CHAT_TOOL], tool_choice="required")),
    "a function": (CHAT, chat(PARIS, functions=[CHAT_TOOL["function"]], function_call={"name": "get_weather"})),
    "JSON": (CHAT, chat(PARIS, response_format=SCHEMA)),
    "log probabilities": (CHAT, chat("Say hello.", model=REASONING, max_tokens=30, logprobs=True, top_logprobs=2)),
    "a prompt": (COMPLETIONS, completion()),
    "two prompts": (COMPLETIONS, completion(["One", "Two"], n=2, max_tokens=3, echo=True)),
    "old log probabilities": (COMPLETIONS, completion(model=REASONING, max_tokens=2, logprobs=1, echo=True)),
    "a message": (MESSAGES, message("Say hello.", max_tokens=12)),
    "thinking": (MESSAGES, message("Say hello.", model="zai-org--GLM-5.3", thinking={"type": "adaptive"})),
    "a tool of a message": (MESSAGES, message(PARIS, tools=[MESSAGE_TOOL], tool_choice={"type": "any"})),
}
SETTINGS: list[dict[str, Any]] = [
    {},
    {"usage_details": True, "usage_null": True, "reasoning_field": "both", "error_shape": "flat"},
]


@pytest.mark.parametrize("settings", SETTINGS, ids=["default", "other settings"])
@pytest.mark.parametrize("name", ASKED)
def test_an_answer_is_as_described(name: str, settings: dict[str, Any]) -> None:
    """So are its request, and the data of each event of the same answer as a stream."""
    path, body = ASKED[name]
    engine = make_engine(**settings)
    app, told = create_app(engine), document(engine.settings)
    operation = told["paths"][path]["post"]
    answer = operation["responses"]["200"]["content"]
    validator(named(operation["requestBody"]["content"]["application/json"]["schema"]), told).validate(body)
    validator(named(answer["application/json"]["schema"]), told).validate(ask(app, "POST", path, body).json)
    usage = {} if path == MESSAGES else {"stream_options": {"include_usage": True}}
    stream = ask(app, "POST", path, {**body, "stream": True, **usage})
    data = answer["text/event-stream"]["schema"]["properties"]["data"]
    (name,) = {named(each["contentSchema"]) for each in within(data) if "contentSchema" in each}
    frames = [field(frame, b"data") for frame in split_frames(stream.body)]
    assert len(frames) > 1
    for frame in frames:
        if frame != b"[DONE]":
            validator(name, told).validate(json.loads(frame))


@pytest.mark.parametrize("path", [CHAT, COMPLETIONS, MESSAGES])
@pytest.mark.parametrize("kind", ["overloaded", "rate_limited", "unauthorized", "internal"])
@pytest.mark.parametrize("shape", ["openai", "flat"])
def test_an_error_is_as_described(path: str, kind: str, shape: str) -> None:
    """Each status that a scenario chooses by its kind has the schema that the settings give it."""
    engine = make_engine(error_shape=shape, auth_error_shape=shape)
    told = document(engine.settings)
    sample = dict(next(body for where, body in ASKED.values() if where == path))
    refused = ask(create_app(engine), "POST", path, sample, headers={"x-emulator-error": kind})
    place = named(told["paths"][path]["post"]["responses"][str(refused.status)])
    response = told["components"]["responses"][place]
    validator(named(response["content"]["application/json"]["schema"]), told).validate(refused.json)
    required = {name for name, header in response["headers"].items() if header.get("required")}
    assert required <= {*refused.headers}
    assert required


def test_settings_decide_what_is_described() -> None:
    """The largest n, and whether a key is needed."""
    told = document(Settings(max_n=4, auth="open"))
    request = told["components"]["schemas"]["ChatRequest"]["properties"]["n"]
    assert request["anyOf"][0]["maximum"] == 4
    assert {} in told["paths"][CHAT]["post"]["security"]
    assert {} not in DOCUMENT["paths"][CHAT]["post"]["security"]
    assert [*map(set, DOCUMENT["paths"][COUNT]["post"]["security"])] == [{"bearer"}, {"x_api_key"}]


def test_the_document_is_made_when_it_is_asked_for() -> None:
    """A server that is not asked for it imports nothing of it, and one that is asked makes it once."""
    code = "import sys; from support.asgi import *; create_app(make_engine()); print(*sys.modules)"
    environment = {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"}
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert not [name for name in loaded.stdout.split() if "openapi" in name or name.endswith(".schemas")]
    app = create_app(make_engine())
    first, second = (ask(app, "GET", "/_emulator/openapi.json", key=None) for _ in range(2))
    assert (first.status, first.headers["content-type"]) == (200, "application/json")
    assert first.json == DOCUMENT
    assert first.sends[0] is second.sends[0]
