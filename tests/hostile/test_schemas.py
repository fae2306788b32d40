"""Schemas that ask for more work than there is time for are answered or refused at once, whoever sends them."""

import json
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from support.asgi import Exchange, ask, chat, make_engine, message
from support.schemas import chain

from emulator.schema_values.nodes import Document
from emulator.schema_values.validation import valid
from emulator.web.app import create_app

COMPLEX = "this JSON Schema is too complex to find a value for it. Make it smaller"
REFUSED = "no value satisfies this JSON Schema"


class Case(NamedTuple):
    """A schema, and what its 400 says; nothing if it is answered."""

    id: str
    schema: dict[str, Any]
    told: str = ""


def nested(schema: Any, levels: int, **wrap: Any) -> dict[str, Any]:
    """The schema inside of as many others; `wrap` has their keywords, and ... where the inner one goes."""
    for _ in range(levels):
        schema = {key: [schema] if value == [...] else schema if value is ... else value for key, value in wrap.items()}
    found: dict[str, Any] = schema
    return found


def each(keyword: str, options: int, choices: int, **more: Any) -> dict[str, Any]:
    """Several independent choices between options."""
    parts = [
        {keyword: [{"properties": {f"p{at}": {"const": n}}, "required": [f"p{at}"]} for n in range(options)]}
        for at in range(choices)
    ]
    return {"type": "object", "allOf": parts, **more}


LAST = {"not": {"required": ["p11"]}}
MUTUAL = {
    f"d{at}": {"type": "object", "properties": {"x": {"anyOf": [{"$ref": f"#/$defs/d{to}"} for to in range(12)]}}}
    for at in range(12)
}
SHAPES = [
    Case("allOf of ten references, nine times", chain("allOf", 9, 10)),
    Case("anyOf of ten references, nine times", chain("anyOf", 9, 10)),
    Case("oneOf of ten references, nine times", chain("oneOf", 9, 10), REFUSED),
    Case("not of references, nine times", {"not": {"$ref": "#/$defs/d0"}, "$defs": chain("allOf", 9, 10)["$defs"]}),
    Case("a chain to nothing", chain("anyOf", 9, 10, last=False), COMPLEX),
    Case("60 diamonds of references", chain("allOf", 60, 2)),
    Case("500 diamonds of references", chain("allOf", 500, 2), COMPLEX),
    Case(
        "unevaluated properties over a chain",
        {**chain("allOf", 9, 10, last={"type": "object"}), "unevaluatedProperties": False},
    ),
    Case("a tree of references", chain("properties", 18, 2), COMPLEX),
    Case("a reference to itself", {"$ref": "#"}, REFUSED),
    Case("a choice of itself", {"anyOf": [{"$ref": "#"}, {"$ref": "#"}]}, REFUSED),
    Case(
        "a ring of 2,000 references",
        {"$ref": "#/$defs/0", "$defs": {f"{n}": {"$ref": f"#/$defs/{(n + 1) % 2000}"} for n in range(2000)}},
        COMPLEX,
    ),
    Case("twelve schemas that all lead to each other", {"$ref": "#/$defs/d0", "$defs": MUTUAL}),
    Case("a dynamic reference to itself", {"$dynamicAnchor": "a", "$dynamicRef": "#a"}, REFUSED),
    Case("choices that exclude each other in the end", each("oneOf", 10, 12, **LAST), COMPLEX),
    Case(
        "choices of conditions",
        {
            "type": "object",
            "allOf": [
                {"if": {"properties": {"k": {"minimum": n}}}, "then": {"properties": {"k": {"maximum": n - 1}}}}
                for n in range(300)
            ],
        },
        COMPLEX,
    ),
    Case("2,000 branches that overlap", {"oneOf": [{"type": "integer", "minimum": n} for n in range(2000)]}, REFUSED),
    Case("a branch in 50,000 empty ones", {"anyOf": [{}] * 50_000}, COMPLEX),
    Case("not, forty levels deep", nested({"type": "string"}, 40, **{"not": ...})),
    Case(
        "unevaluated properties, forty levels deep",
        nested({"type": "object"}, 40, allOf=[...], unevaluatedProperties=False),
    ),
    Case("20,000 required properties", {"type": "object", "required": [f"n{n}" for n in range(20_000)]}, COMPLEX),
    Case(
        "needed properties, each by the one before",
        {"type": "object", "required": ["0"], "dependentRequired": {f"{n}": [f"{n + 1}"] for n in range(5_000)}},
        COMPLEX,
    ),
    Case(
        "an enum of 20,000 without its members",
        {"enum": list(range(20_000)), "not": {"enum": list(range(20_000))}},
        COMPLEX,
    ),
    Case(
        "two long enums of objects",
        {"allOf": [{"enum": [{"a": n} for n in range(1_000)]}, {"enum": [{"a": -1 - n} for n in range(1_000)]}]},
        REFUSED,
    ),
    Case(
        "a thousand exclusions of one value",
        {
            "type": "object",
            "required": ["a"],
            "allOf": [{"properties": {"a": {"not": {"const": n}}}} for n in range(1_000)],
        },
        COMPLEX,
    ),
    Case("a billion items", {"type": "array", "minItems": 10**9}, REFUSED),
    Case("a billion characters", {"type": "string", "minLength": 10**9}, REFUSED),
    Case("a billion properties", {"type": "object", "minProperties": 10**9}, REFUSED),
    Case(
        "2,000 texts of 20,000 characters",
        {"type": "array", "minItems": 2000, "items": {"type": "string", "minLength": 20_000}},
        COMPLEX,
    ),
    Case(
        "a thousand different items of 999",
        {"type": "array", "minItems": 1000, "uniqueItems": True, "items": {"enum": list(range(999))}},
        COMPLEX,
    ),
    Case(
        "a hundred items that must be contained",
        {"type": "array", "allOf": [{"contains": {"const": n}} for n in range(100)]},
        COMPLEX,
    ),
    Case(
        "multiples of 1e-300",
        {"type": "array", "minItems": 100, "items": {"type": "number", "multipleOf": 1e-300, "minimum": 1}},
    ),
    Case("multiples of 1e308", {"type": "number", "multipleOf": 1e308, "minimum": 1, "maximum": 2}, REFUSED),
    Case(
        "multiples of every number",
        {"type": "integer", "minimum": 1, "allOf": [{"multipleOf": n} for n in range(2, 1500)]},
        COMPLEX,
    ),
    Case(
        "a name of 2,000 characters",
        {"type": "object", "required": ["1_" * 1_000], "properties": {"1_" * 1_000: {"type": "number"}}},
    ),
    Case(
        "a long base URI",
        {"$id": "http://a/" + "b/" * 20_000, "anyOf": [{"$ref": f"c{n}"} for n in range(1_000)]},
        COMPLEX,
    ),
    Case("an index of 5,000 digits", {"$ref": "#/allOf/" + "1" * 5_000, "allOf": [True]}, "this is not a JSON Schema"),
    Case("a pattern that nests deeply", {"type": "string", "pattern": "^" + "(" * 90 + "a" + ")" * 90 + "$"}),
    Case(
        "a hundred patterns at once", {"type": "string", "allOf": [{"pattern": f"^a*{n}"} for n in range(100)]}, REFUSED
    ),
    Case("a pattern for 1,000 characters", {"type": "string", "pattern": "^(ab){500}$"}),
]
SURFACES: dict[str, Callable[[Any], tuple[str, dict[str, Any]]]] = {
    "response_format.json_schema.schema": lambda schema: (
        "/v1/chat/completions",
        chat(response_format={"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}),
    ),
    "tools[0].function.parameters": lambda schema: (
        "/v1/chat/completions",
        chat(
            tools=[{"type": "function", "function": {"name": "f", "parameters": schema}}],
            tool_choice="required",
        ),
    ),
    "tools.0.input_schema": lambda schema: (
        "/anthropic/v1/messages",
        message(tools=[{"name": "f", "input_schema": schema}], tool_choice={"type": "any"}),
    ),
    "output_config.format.schema": lambda schema: (
        "/anthropic/v1/messages",
        message(output_config={"format": {"type": "json_schema", "schema": schema}}),
    ),
}


def sent(place: str, schema: Any) -> Exchange:
    """The exchange with a new app, which ends long before the time that such schemas used to take."""
    path, body = SURFACES[place](schema)
    app = create_app(make_engine())
    begin = time.process_time()
    found = ask(app, "POST", path, body)
    assert time.process_time() - begin < 5
    return found


@pytest.mark.parametrize("case", SHAPES, ids=lambda case: case.id)
def test_hostile_schemas_are_answered_or_refused_at_once(case: Case) -> None:
    """The answer is valid for the schema, or the 400 says where the schema is and what is wrong with it."""
    found = sent("response_format.json_schema.schema", case.schema)
    if case.told:
        error = found.json["error"]
        assert (found.status, error["param"]) == (400, "response_format.json_schema.schema")
        assert error["message"].startswith(f"response_format.json_schema.schema: {case.told}")
    else:
        assert found.status == 200, found.body
        assert valid(Document(case.schema).root, json.loads(found.json["choices"][0]["message"]["content"]))


@pytest.mark.parametrize("place", SURFACES)
def test_every_place_of_a_schema_is_bounded(place: str) -> None:
    """A schema is bounded wherever a request may have one, and the 400 names that place."""
    found = sent(place, each("oneOf", 10, 12, **LAST))
    assert found.status == 400
    assert found.json["error"]["message"].startswith(f"{place}: {COMPLEX}")
