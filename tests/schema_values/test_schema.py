"""What JSON Schema -> value promises: valid, filled, believable, decided by the seed, and an end to every search."""

import copy
import json
import os
import re
import string
import subprocess
import sys
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema.validators import validator_for

from emulator.core.seeds import Seed
from emulator.schema_values import Malformed, Unsatisfiable, check, value
from emulator.schema_values.assertions import divides
from emulator.schema_values.formats import conforms, written
from emulator.schema_values.nodes import Document
from emulator.schema_values.persona import Persona
from emulator.schema_values.regex import compiled, parse
from emulator.schema_values.spelling import matching
from emulator.schema_values.validation import valid

DATA = Path(__file__).parent / "schemas"
REAL = ("configs", "cloud", "kubernetes", "sdk", "tools")
DRAFTS: Mapping[str, Any] = {
    "draft4": jsonschema.Draft4Validator,
    "draft6": jsonschema.Draft6Validator,
    "draft7": jsonschema.Draft7Validator,
    "draft2019-09": jsonschema.Draft201909Validator,
    "draft2020-12": jsonschema.Draft202012Validator,
}
SEED = Seed.of("test")


def load(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (DATA / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


def judge(schema: Any, found: Any, draft: Any = None) -> str | None:
    """What the reference validator has against a value."""
    kind = draft or validator_for(schema, default=jsonschema.Draft202012Validator)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of Python's `re`, about patterns of the schemas
        error = next(kind(schema, format_checker=kind.FORMAT_CHECKER).iter_errors(found), None)
    return f"{error.json_path}: {error.message[:100]}" if error else None


def make(schema: Any, *parts: str | int, **hints: str) -> Any:
    return value(schema, SEED.child(*parts), hints=hints)


# ---------------------------------------------------------------------------------------------- real schemas


@pytest.mark.parametrize("name", REAL)
def test_real_schemas_get_valid_values(name: str) -> None:
    """Every value for a real-world schema is valid, formats included, whatever the seed."""
    wrong = [
        (row["name"], problem)
        for row in load(name)
        for seed in range(2)
        if (problem := judge(row["schema"], make(row["schema"], seed)))
    ]
    assert wrong == []


def declared(schema: Any, root: Any) -> dict[str, Any]:
    """The properties that a schema declares for its objects, by itself, by `$ref` and by `allOf`."""
    if not isinstance(schema, dict):
        return {}
    found = dict(schema.get("properties", {}))
    parts = list(schema.get("allOf", ()))
    reference = schema.get("$ref", "")
    if reference.startswith("#/"):
        target = root
        for key in reference[2:].split("/"):
            target = target[key]
        parts.append(target)
    for part in parts:
        found = declared(part, root) | found
    return found


def fullness(schema: Any, root: Any, found: Any) -> Iterator[tuple[int, int]]:
    """For each object within a value: how many properties it has of those that are declared for it."""
    if isinstance(found, dict) and (names := declared(schema, root)):
        yield len(names.keys() & found.keys()), len(names)
        for name, part in names.items():
            yield from fullness(part, root, found.get(name))
    elif isinstance(found, list) and isinstance(schema, dict):
        for item in found:
            yield from fullness(schema.get("items"), root, item)


def test_objects_are_filled() -> None:
    """On average at least nine in ten declared properties are there: values are not minimal ones."""
    shares = []
    for row in (row for name in REAL for row in load(name)):
        counts = list(fullness(row["schema"], row["schema"], make(row["schema"])))
        if counts:
            shares.append(sum(there for there, _ in counts) / sum(all_ for _, all_ in counts))
    assert len(shares) > 300
    assert sum(shares) / len(shares) > 0.9


@pytest.mark.parametrize("name", REAL)
def test_real_schemas_pass_the_check(name: str) -> None:
    """No schema that is in use is rejected as malformed."""
    for row in load(name):
        check(row["schema"])


# ---------------------------------------------------------------------------------------------- the official suite

DYNAMIC = {
    "draft2019-09 recursiveRef: multiple dynamic paths to the $recursiveRef keyword",
    "draft2019-09 recursiveRef: dynamic $recursiveRef destination (not predictable at schema compile time)",
    "draft2020-12 dynamicRef: multiple dynamic paths to the $dynamicRef keyword",
    "draft2020-12 dynamicRef: after leaving a dynamic scope, it is not used by a $dynamicRef",
}
"""A dynamic reference means the root's extension point here, by whatever path it is reached."""

METASCHEMAS = ("remote ref, containing refs itself", "validate definition against metaschema")
"""The published metaschemas are condensed to a few of their values."""

UNDECLARED = ("prevents a sibling id", "prevents a sibling $id")
"""Without `$schema`, an `$id` beside a `$ref` counts, as it does in the current draft."""


def test_the_validator_gives_the_official_verdicts() -> None:
    """The validator that values are tested with agrees with the official suite, but for two named limits."""
    wrong = set()
    for row in load("suite"):
        schema = row["schema"]
        if isinstance(schema, dict) and "$schema" not in schema:
            schema = {
                "$schema": DRAFTS[row["draft"]].META_SCHEMA.get("$id", DRAFTS[row["draft"]].META_SCHEMA.get("id"))
            }
            schema |= row["schema"]
        for instance, verdict in row["tests"]:
            if valid(Document(schema, exact=True).root, instance) is not verdict:
                wrong.add(row["name"])
    assert {name for name in wrong if not name.endswith(METASCHEMAS)} == DYNAMIC


def test_satisfiable_schemas_of_the_official_suite_get_valid_values() -> None:
    """Every object schema of the suite that some instance satisfies is answered validly, but for named limits."""
    rows = [row for row in load("suite") if isinstance(row["schema"], dict) and any(ok for _, ok in row["tests"])]
    wrong = {row["name"] for row in rows if judge(row["schema"], make(row["schema"]), DRAFTS[row["draft"]])}
    assert len(rows) > 1_000
    assert {name for name in wrong if not any(limit in name for limit in UNDECLARED)} <= DYNAMIC


def test_unsatisfiable_schemas_of_the_official_suite_are_refused_or_satisfied() -> None:
    """A schema that no instance of the suite satisfies gets an error, or a value that is valid after all."""
    for row in load("suite"):
        if not any(ok for _, ok in row["tests"]):
            try:
                found = make(row["schema"])
            except Unsatisfiable:
                continue
            assert judge(row["schema"], found, DRAFTS[row["draft"]]) is None, row["name"]


# ---------------------------------------------------------------------------------------------- hard corners

HARD: list[Any] = [
    # numbers
    {"type": "number", "multipleOf": 0.01, "minimum": 0.1, "maximum": 0.2},
    {"allOf": [{"multipleOf": 0.6}, {"multipleOf": 0.4}, {"type": "number", "minimum": 13}]},
    {"allOf": [{"multipleOf": 6}, {"multipleOf": 4}, {"type": "integer", "minimum": 13}]},
    {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1e-12},
    {"type": "number", "minimum": 1e300},
    {"type": "number", "maximum": -1e300},
    {"type": "integer", "minimum": 10**30},
    {"type": "integer", "exclusiveMinimum": 4.5, "exclusiveMaximum": 5.5},
    {"type": "number", "exclusiveMinimum": 3, "maximum": 4, "not": {"type": "integer"}},
    {"type": "integer", "not": {"multipleOf": 2}, "minimum": 2, "maximum": 3},
    {"$schema": "http://json-schema.org/draft-04/schema#", "type": "number", "minimum": 5, "exclusiveMinimum": True},
    {"$schema": "http://json-schema.org/draft-04/schema#", "type": "number", "maximum": 5, "exclusiveMaximum": True},
    # strings
    {"type": "string", "pattern": "^(?=.*\\d)(?=.*[a-z])(?=.*[A-Z]).{8,}$"},
    {"type": "string", "pattern": "^(?!.*--)[a-z][a-z0-9-]{1,20}[a-z0-9]$"},
    {"type": "string", "pattern": "^(?!foo)[a-z]{3}$"},
    {"type": "string", "pattern": "^(([a-z]+,)*[a-z]+)$", "minLength": 30, "maxLength": 40},
    {"type": "string", "pattern": "^([a-zA-Z0-9]+\\s?)*$", "minLength": 10},
    {"type": "string", "pattern": "^(.)x\\1$"},
    {"type": "string", "pattern": "^[\\u4e00-\\u9fa5]{2,4}$"},
    {"type": "string", "pattern": "^((25[0-5]|(2[0-4]|1\\d|[1-9]|)\\d)\\.?\\b){4}$"},
    {"type": "string", "pattern": "^P(?!$)(\\d+Y)?(\\d+M)?(\\d+D)?(T(?=\\d)(\\d+H)?(\\d+M)?(\\d+S)?)?$"},
    {"type": "string", "allOf": [{"pattern": "^a"}, {"pattern": "z$"}, {"minLength": 5}]},
    {"type": "string", "allOf": [{"pattern": "[0-9]"}, {"pattern": "[A-Z]"}, {"pattern": "[!@#]"}], "minLength": 8},
    {"type": "string", "pattern": "^.{3}$", "not": {"pattern": "a"}},
    {"type": "string", "pattern": "a", "minLength": 40},
    {"type": "string", "format": "uri", "pattern": "^https://github\\.com/"},
    {"type": "string", "format": "email", "maxLength": 10},
    {"type": "string", "format": "email", "minLength": 60},
    {"type": "string", "format": "uri", "minLength": 80, "maxLength": 90},
    {"type": "string", "format": "date", "pattern": "^20"},
    {"type": "string", "format": "no-such-format", "maxLength": 3},
    {"type": "string", "minLength": 5000, "maxLength": 5000},
    {"type": "string", "maxLength": 0},
    {"oneOf": [{"type": "string", "format": "ipv4"}, {"type": "string", "format": "ipv6"}]},
    # arrays
    {"type": "array", "items": {"enum": [1, 2, 3]}, "minItems": 3, "uniqueItems": True},
    {"type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 9}, "minItems": 10, "uniqueItems": True},
    {"type": "array", "items": {"pattern": "^[ab]{2}$", "type": "string"}, "minItems": 4, "uniqueItems": True},
    {"type": "array", "contains": {"const": 5}, "minContains": 2, "maxContains": 2, "prefixItems": [{"const": 1}]},
    {"type": "array", "allOf": [{"contains": {"const": 1}}, {"contains": {"const": 2}}], "maxItems": 2},
    {"type": "array", "allOf": [{"contains": {"minimum": 4}}, {"contains": {"maximum": 6}}], "maxItems": 1},
    {"type": "array", "contains": {"minimum": 5}, "maxContains": 1, "minItems": 4, "items": {"type": "integer"}},
    {"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}], "items": False, "minItems": 2},
    {"type": "array", "prefixItems": [True, False, True]},
    {"type": "array", "prefixItems": [{"type": "string"}], "unevaluatedItems": False, "minItems": 1},
    {"$schema": "http://json-schema.org/draft-07/schema#", "items": [{"type": "string"}], "additionalItems": False},
    {"type": "array", "minItems": 300, "items": {"type": "integer"}},
    # objects
    {"type": "object", "patternProperties": {"^[a-z]{3}$": {"type": "integer"}}, "minProperties": 4},
    {"type": "object", "propertyNames": {"pattern": "^[A-Z]{2}$"}, "minProperties": 3, "maxProperties": 3},
    {"type": "object", "propertyNames": {"enum": ["a", "b", "c"]}, "minProperties": 3},
    {"type": "object", "propertyNames": {"not": {"pattern": "a"}}, "minProperties": 5},
    {"type": "object", "minProperties": 30},
    {"type": "object", "properties": {"a": {}, "b": {}, "c": {}}, "maxProperties": 1},
    {"type": "object", "properties": {"a": True}, "dependentRequired": {"a": ["c"]}, "additionalProperties": False},
    {"type": "object", "required": ["a"], "dependentRequired": {"a": ["c"], "c": ["d"]}},
    {"type": "object", "properties": {"a": True, "b": False}, "dependentSchemas": {"a": {"required": ["b"]}}},
    {"type": "object", "properties": {"a": True}, "dependentSchemas": {"a": {"required": ["b"]}}},
    {"type": "object", "properties": {"a": {"type": "string"}}, "patternProperties": {"^a": {"minLength": 8}}},
    {"type": "object", "allOf": [{"properties": {"a": {"type": "string"}}}], "unevaluatedProperties": False},
    {"type": "object", "patternProperties": {"^x": True}, "unevaluatedProperties": {"type": "integer"}},
    {"type": "object", "properties": {"a": {"type": "string"}, "b": {"allOf": [{"type": "string"}, {"type": "null"}]}}},
    {"type": "object", "properties": {"kind": {"required": True, "type": "string"}}},
    {"$schema": "http://json-schema.org/draft-03/schema#", "properties": {"kind": {"required": True, "type": "any"}}},
    {"type": "object", "required": ["a/b", "a~b", " ", "__proto__"]},
    {"type": "object", "properties": {"a": True, "b": {"enum": []}}, "dependentRequired": {"a": ["b"]}},
    {"type": "object", "additionalProperties": {"type": "string", "minLength": 5, "maxLength": 1}},
    {"type": "object", "propertyNames": {"type": "integer"}, "additionalProperties": True},
    # choices
    {"oneOf": [{"type": "number"}, {"type": "integer"}]},
    {"oneOf": [{"type": "integer"}, {"type": "number", "minimum": 2}]},
    {"oneOf": [{"type": "string", "maxLength": 5}, {"type": "string", "minLength": 3}]},
    {
        "oneOf": [{"properties": {"a": {"type": "string"}}}, {"properties": {"a": {"type": "integer"}}}],
        "type": "object",
    },
    {"oneOf": [{"required": ["a"]}, {"required": ["b"]}], "properties": {"a": True, "b": True, "c": True}},
    {"anyOf": [{"required": ["a"]}, {"required": ["b"]}], "properties": {"a": True, "b": False}, "type": "object"},
    {"anyOf": [{"const": "x"}, {"const": 1}], "not": {"const": "x"}},
    {"not": {"type": ["string", "null", "object", "array", "boolean"]}},
    {"not": {"not": {"type": "integer"}}},
    {"not": {"oneOf": [True, True]}},
    {"not": {"allOf": [{"type": "string"}, {"minLength": 3}]}, "type": "string"},
    {"not": {"if": {"type": "string"}, "then": {"maxLength": 3}}},
    {"not": {"items": {"type": "string"}}, "type": "array"},
    {"not": {"contains": {"type": "string"}}, "type": "array", "minItems": 1},
    {"not": {"additionalProperties": False, "properties": {"a": True}}, "type": "object"},
    {"not": {"unevaluatedProperties": False}, "type": "object"},
    {"not": {"uniqueItems": True}, "type": "array", "items": {"const": 1}, "minItems": 2},
    {"not": {"minimum": 5}, "type": "integer"},
    {"not": {"propertyNames": {"maxLength": 3}}, "type": "object"},
    {"not": {"patternProperties": {"^a": {"type": "string"}}}, "type": "object"},
    {"not": {"dependentRequired": {"a": ["b"]}}, "type": "object", "properties": {"a": True, "b": True}},
    {"not": {"dependentSchemas": {"a": {"required": ["b"]}}}, "type": "object"},
    {"not": {"prefixItems": [True, {"type": "string"}]}, "type": "array"},
    {"not": {"prefixItems": [True], "items": False}, "type": "array", "items": {"type": "integer"}},
    {"$schema": "http://json-schema.org/draft-07/schema#", "not": {"items": [{"type": "string"}]}, "type": "array"},
    {"type": "object", "properties": {"a": {"const": 1}}, "additionalProperties": False, "not": {"const": {"a": 1}}},
    {"type": "object", "not": {"enum": [{}, {"primary": "x"}]}},
    {"type": "array", "not": {"const": []}, "items": {"const": 1}},
    {"not": {"enum": ["a"], "type": "string", "minLength": 1, "pattern": "^a"}, "type": "string"},
    {"minimum": 5, "maximum": 4, "type": ["integer", "null"]},
    {"properties": {"a": {"const": 1}}, "allOf": [{"properties": {"a": {"not": {"const": 1}}}}], "type": "object"},
    {"not": {"maxLength": 5}, "type": "string"},
    {"not": {"$ref": "#/$defs/a"}, "type": ["string", "integer"], "$defs": {"a": {"type": "string"}}},
    {"type": "boolean", "not": {"const": True}},
    {"type": "object", "not": {"required": ["a"]}, "properties": {"a": True, "b": True}},
    {
        "type": "object",
        "required": ["a"],
        "properties": {"a": {"type": "integer"}},
        "not": {"properties": {"a": {"minimum": 5}}},
    },
    {"allOf": [{"enum": [1, 2, 3, 4]}, {"enum": [3, 4, 5]}, {"not": {"const": 3}}]},
    {"enum": [{"a": 1}, {"b": 2}], "required": ["b"]},
    {"enum": [None, False, 0, ""]},
    {"const": {"a": [1, 2, {"b": None}]}},
    {
        "properties": {"country": {"enum": ["US", "CA"]}, "code": {"type": "string"}},
        "required": ["country", "code"],
        "if": {"properties": {"country": {"const": "US"}}},
        "then": {"properties": {"code": {"pattern": "^[0-9]{5}$"}}},
        "else": {"properties": {"code": {"pattern": "^[A-Z]\\d[A-Z]$"}}},
    },
    {
        "type": "object",
        "properties": {"kind": {"enum": [f"k{number}" for number in range(40)]}},
        "required": ["kind"],
        "allOf": [
            {"if": {"properties": {"kind": {"const": f"k{number}"}}}, "then": {"required": [f"v{number}"]}}
            for number in range(40)
        ],
    },
    {
        "type": "object",
        "properties": {"target": {"type": "string"}, **{name: {"type": "object"} for name in "abcdef"}},
        "required": ["target"],
        "dependencies": {name: {"properties": {"target": {"pattern": f"^{name}:"}}} for name in "abcdef"},
    },
    # recursion
    {"$ref": "#/$defs/a", "$defs": {"a": {"properties": {"a": {"$ref": "#/$defs/a"}}, "type": "object"}}},
    {"type": "object", "properties": {"kids": {"type": "array", "items": {"$ref": "#"}}}, "required": ["kids"]},
    {
        "$ref": "#/$defs/sum",
        "$defs": {
            "sum": {
                "anyOf": [
                    {"type": "object", "properties": {"l": {"$ref": "#/$defs/sum"}}, "required": ["l"]},
                    {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/sum"}},
                    {"type": "integer"},
                ]
            }
        },
    },
    {"properties": {"a": {"$ref": "#"}}, "required": ["a"]},
    {
        "$ref": "#/$defs/rule",
        "$defs": {
            "rule": {"oneOf": [{"$ref": "#/$defs/more"}, {"$ref": "#/$defs/last"}]},
            "more": {"properties": {"kind": {"const": "more"}, "rule": {"$ref": "#/$defs/rule"}}, "required": ["rule"]},
            "last": {"properties": {"kind": {"const": "last"}, "rule": False}, "required": ["kind"], "type": "object"},
        },
    },
    # nothing much
    True,
    {},
    {"type": ["string", "null"], "nullable": True},
    {"examples": [8080], "description": "A port."},
]


@pytest.mark.parametrize("schema", HARD, ids=lambda schema: json.dumps(schema)[:60])
def test_hard_corners_are_answered(schema: Any) -> None:
    """What keywords make of each other is satisfied, by several seeds."""
    for seed in range(4):
        assert judge(schema, make(schema, seed)) is None


UNSATISFIABLE: list[tuple[Any, str]] = [
    (False, "#"),
    ({"not": {}}, "#/not"),
    ({"allOf": [{"type": "string"}, {"type": "integer"}]}, "#/allOf/1"),
    ({"type": "integer", "minimum": 5, "maximum": 4}, "#"),
    ({"type": "integer", "exclusiveMinimum": 4, "exclusiveMaximum": 5}, "#"),
    ({"type": "integer", "multipleOf": 10, "minimum": 1, "maximum": 9}, "#"),
    ({"type": "string", "minLength": 5, "maxLength": 4}, "#"),
    ({"type": "string", "minLength": 10**9}, "#"),
    ({"type": "string", "pattern": "^a$", "not": {"pattern": "^a$"}}, "#/not"),
    ({"type": "string", "pattern": "^a$", "minLength": 2}, "#"),
    ({"type": "string", "pattern": "^(?=.*\\d)(a+)+$", "minLength": 60}, "#"),
    ({"type": "string", "pattern": "^a+b$", "minLength": 60, "not": {"pattern": "^(a|a)+b$"}}, "#"),
    ({"type": "array", "items": {"type": "boolean"}, "minItems": 3, "uniqueItems": True}, "#/items"),
    ({"type": "array", "items": False, "minItems": 1}, "#"),
    ({"type": "array", "minItems": 10**9, "items": True}, "#"),
    ({"type": "array", "contains": {"type": "string"}, "items": {"type": "integer"}}, "#"),
    ({"type": "array", "contains": True, "maxItems": 0}, "#"),
    (
        {
            "type": "object",
            "properties": {"a": {"type": "array", "minItems": 1, "items": False}},
            "required": ["a"],
        },
        "#/properties/a",
    ),
    ({"type": "object", "required": ["a"], "additionalProperties": False}, "#"),
    ({"type": "object", "properties": {"a": True}, "additionalProperties": False, "minProperties": 2}, "#"),
    ({"type": "object", "maxProperties": 1, "required": ["a", "b"]}, "#"),
    ({"type": "object", "required": ["a"], "dependentRequired": {"a": ["b"]}, "properties": {"b": False}}, "#"),
    ({"type": "boolean", "allOf": [{"not": {"const": True}}, {"not": {"const": False}}]}, "#/allOf/1/not"),
    ({"type": "object", "additionalProperties": {"enum": []}, "minProperties": 1}, "#"),
    ({"type": "object", "properties": {"a": {"enum": []}}, "required": ["a"]}, "#/properties/a"),
    ({"type": "object", "properties": {"a": {"type": "object", "$ref": "#"}}, "required": ["a"]}, "#"),
    ({"enum": []}, "#"),
    ({"const": 1, "type": "string"}, "#"),
    ({"oneOf": [{"type": "string"}, {"type": "string"}], "type": "string"}, "#/oneOf/0"),
    ({"$ref": "#"}, "#"),
    ({"anyOf": [{"$ref": "#"}, {"type": "string"}]}, "#"),
    ({"type": "object", "required": ["a"], "allOf": [{"properties": {"a": False}}]}, "#/allOf/0"),
    ({"type": "object", "properties": {"a": {"const": 1}}, "not": {"properties": {"a": {"const": 1}}}}, "#"),
    ({"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]}, "#"),
    (
        {
            "type": "object",
            "not": {"required": ["a13"]},
            "allOf": [
                {"required": [f"a{n}"], "anyOf": [{"properties": {f"a{n}": {"type": t}}} for t in ("string", "null")]}
                for n in range(14)
            ],
        },
        "#",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "where"), UNSATISFIABLE, ids=lambda part: json.dumps(part)[:60])
def test_unsatisfiable_schemas_are_clear_errors(schema: Any, where: str) -> None:
    """What nothing satisfies is an error that says where and why, after bounded work."""
    with pytest.raises(Unsatisfiable) as caught:
        make(schema)
    assert caught.value.where.startswith(where)
    assert str(caught.value) == f"{caught.value.where}: {caught.value.why}"


MALFORMED: list[tuple[Any, str]] = [
    ("x", "#"),
    (None, "#"),
    ({"type": "strng"}, "#/type"),
    ({"type": 5}, "#/type"),
    ({"properties": []}, "#/properties"),
    ({"properties": {"a/b": 3}, "required": ["a/b"]}, "#/properties/a~1b"),
    ({"required": "a"}, "#/required"),
    ({"required": [1]}, "#/required"),
    ({"type": "integer", "minimum": "5"}, "#/minimum"),
    ({"type": "integer", "minimum": True}, "#/minimum"),
    ({"type": "integer", "minimum": 10**400}, "#/minimum"),
    ({"type": "number", "multipleOf": "x"}, "#/multipleOf"),
    ({"type": "string", "minLength": "a"}, "#/minLength"),
    ({"type": "string", "pattern": "("}, "#/pattern"),
    ({"type": "string", "pattern": 1}, "#/pattern"),
    ({"type": "object", "patternProperties": {"[": {}}}, "#/patternProperties"),
    ({"$ref": "#/nope"}, "#/$ref"),
    ({"$ref": "#nope"}, "#/$ref"),
    ({"$ref": 3}, "#/$ref"),
    ({"anyOf": {}}, "#/anyOf"),
    ({"allOf": [3]}, "#/allOf/0"),
    ({"enum": "a"}, "#/enum"),
    ({"items": 4, "type": "array"}, "#/items"),
    ({"not": 5}, "#/not"),
    ({"type": "object", "dependentRequired": {"a": [1]}}, "#/dependentRequired"),
]


@pytest.mark.parametrize(("schema", "where"), MALFORMED, ids=lambda part: json.dumps(part)[:60])
def test_malformed_schemas_are_clear_errors(schema: Any, where: str) -> None:
    """What is not a schema is an error that says where, both when it is checked and when it is to be answered."""
    for ask in (check, make):
        with pytest.raises(Malformed) as caught:
            ask(schema)
        assert caught.value.where.startswith(where)


@pytest.mark.parametrize(
    "schema",
    [
        {"multipleOf": 0},
        {"minLength": -1},
        {"allOf": []},
        {"required": True},
        {"uniqueItems": "yes"},
        {"properties": {"a": {"items": {"pattern": "("}}}},
        {"patternProperties": {"(": {}}},
        {"$defs": {"a": {"$ref": "#/$defs/b"}}},
        {"dependencies": {"a": {"type": 1}}},
        {"title": 1},
    ],
)
def test_the_check_reads_what_an_answer_would_not(schema: Any) -> None:
    """Strict checking finds what is wrong anywhere in a schema, used or not."""
    with pytest.raises(Malformed):
        check(schema)


def test_the_check_lets_lists_of_names_be_dependencies() -> None:
    """`dependencies` may have names instead of schemas, as up to draft 7."""
    check({"dependencies": {"a": ["b"], "c": {"required": ["d"]}, "e": "f"}, "$defs": {"x": True}})


def test_a_multiple_of_nothing_is_any_number() -> None:
    """A step of zero, which strict checking refuses, asks for nothing."""
    assert isinstance(make({"type": "integer", "multipleOf": 0}), int)


def test_a_malformed_part_that_is_not_needed_is_left_out() -> None:
    """An optional property whose schema is broken does not spoil the answer."""
    schema = {"type": "object", "properties": {"good": {"type": "integer"}, "bad": {"$ref": "#/nowhere"}}}
    assert make(schema).keys() == {"good"}


# ---------------------------------------------------------------------------------------------- seeds and hints

PERSON = {
    "type": "object",
    "properties": {
        "full_name": {"type": "string"},
        "email": {"type": "string", "format": "email"},
        "start_date": {"type": "string", "format": "date"},
        "end_date": {"type": "string", "format": "date"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "age": {"type": "integer"},
    },
}


def test_the_seed_decides() -> None:
    """The same seed gives the same value, another one another."""
    assert make(PERSON, 1) == make(PERSON, 1)
    assert len({json.dumps(make(PERSON, seed)) for seed in range(20)}) == 20


def test_values_do_not_depend_on_the_process() -> None:
    """Another process, with another salt for its hashes, gives the same values."""
    schemas = [PERSON, *(row["schema"] for row in load("tools"))]
    code = (
        "import json, sys; from emulator.schema_values import value; from emulator.core.seeds import Seed\n"
        "print(json.dumps([value(schema, Seed.of('test')) for schema in json.load(sys.stdin)]))"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            input=json.dumps(schemas),
            env={**os.environ, "PYTHONHASHSEED": salt},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for salt in ("1", "2")
    }
    assert outputs == {json.dumps([value(schema, SEED) for schema in schemas]) + "\n"}


def test_schemas_are_left_as_they_were() -> None:
    """Asking for a value changes nothing in the schema."""
    for row in load("tools"):
        before = copy.deepcopy(row["schema"])
        make(row["schema"])
        assert row["schema"] == before


def test_hints_are_used_where_they_are_valid() -> None:
    """A word of the conversation becomes the property's value, as text, number, boolean or listed value."""
    schema = {
        "type": "object",
        "properties": {
            "city": {"type": "string"},
            "days": {"type": "integer", "maximum": 14},
            "metric": {"type": "boolean"},
            "unit": {"enum": ["celsius", "fahrenheit"]},
            "code": {"type": "string", "pattern": "^[A-Z]{3}$"},
        },
    }
    found = make(schema, city="Ghent", days="3", metric="true", unit="Fahrenheit", code="not a code")
    assert {name: found[name] for name in ("city", "days", "metric", "unit")} == {
        "city": "Ghent",
        "days": 3,
        "metric": True,
        "unit": "fahrenheit",
    }
    assert judge(schema, found) is None
    assert make(schema, days="many", metric="perhaps").keys() == found.keys()


# ---------------------------------------------------------------------------------------------- believable

BELIEVABLE = [
    ("email", r".+@example\.(com|org|net)"),
    ("contactEmail", r".+@example\.(com|org|net)"),
    ("phone_number", r"\+\d{8,15}"),
    ("homepage", r"https://.+"),
    ("created_at", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"),
    ("birthDate", r"(19|20)\d\d-\d\d-\d\d"),
    ("ipAddress", r"192\.0\.2\.\d+"),
    ("customer_id", r"cus_[0-9a-f]{8}"),
    ("totalPrice", r"\d+\.\d\d"),
    ("version", r"\d+\.\d+\.\d+"),
    ("countrycode", r"[A-Z]{2}"),
    ("iban", r"[A-Z]{2}\d\d\w+"),
    ("summary", r"[A-Z].+\."),
    ("sha256", r"[0-9a-f]{40}"),
]


@pytest.mark.parametrize(("name", "form"), BELIEVABLE)
def test_names_tell_what_a_text_is(name: str, form: str) -> None:
    """A property's name decides what kind of text it has."""
    for seed in range(5):
        found = make({"type": "object", "properties": {name: {"type": "string"}}}, seed)[name]
        assert re.fullmatch(form, found), found


@pytest.mark.parametrize(
    ("name", "low", "high"), [("age", 18, 80), ("latitude", -60, 60), ("port", 1024, 49151), ("max_age", 49, 80)]
)
def test_names_tell_where_a_number_lies(name: str, low: float, high: float) -> None:
    """A property's name decides the usual size of its number."""
    for seed in range(10):
        assert low <= make({"type": "object", "properties": {name: {"type": "number"}}}, seed)[name] <= high


@pytest.mark.parametrize(
    ("description", "form"),
    [
        ("The city and state, e.g. San Francisco, CA", "San Francisco, CA"),
        ("The mode, such as 'dark'.", "dark"),
        ("When, as YYYY-MM-DD", r"\d{4}-\d\d-\d\d"),
        ("The time (HH:MM)", r"\d\d:\d\d"),
        ("The email address of the person", r".+@.+"),
    ],
)
def test_descriptions_tell_what_a_text_is(description: str, form: str) -> None:
    """What a description gives as an example, or says the text is, is what the text is."""
    schema = {"type": "object", "properties": {"x": {"type": "string", "description": description}}}
    assert re.fullmatch(form, make(schema)["x"])


@pytest.mark.parametrize(
    ("parent", "known"),
    [
        ("author", str.istitle),
        ("company", str.istitle),
        ("product", str.istitle),
        ("city", str.istitle),
        ("country", str.istitle),
        ("rule", str.islower),
    ],
)
def test_a_name_is_that_of_what_it_is_in(parent: str, known: Any) -> None:
    """A `name` in a person is a person's, in a company a company's, and so on."""
    schema = {"type": "object", "properties": {parent: {"type": "object", "properties": {"name": {"type": "string"}}}}}
    assert known(make(schema)[parent]["name"])


def test_a_person_is_one_person() -> None:
    """Name and address of mail go together, and what ends does so after it starts."""
    for seed in range(10):
        found = make(PERSON, seed)
        assert found["email"].split("@")[0] == found["full_name"].lower().replace(" ", ".")
        assert found["start_date"] < found["end_date"]
        assert len(set(found["tags"])) == len(found["tags"])


def test_untyped_properties_are_what_their_names_say() -> None:
    """A property without a type is a boolean, a number or a text, by its name."""
    found = make({"type": "object", "properties": {"is_open": {}, "age": {}, "email": {}}})
    assert [type(found[name]) for name in ("is_open", "age", "email")] == [bool, int, str]


def test_maps_have_entries() -> None:
    """An object that declares no property, but what others are like, has some."""
    found = make(
        {"type": "object", "properties": {"labels": {"type": "object", "additionalProperties": {"type": "string"}}}}
    )
    assert set(found["labels"]) <= {"app", "tier", "component", "version"}
    assert len(found["labels"]) == 2


def test_samples_of_the_schema_are_used() -> None:
    """Examples and defaults that are valid are what values are made of."""
    assert make({"type": "string", "examples": ["alpha"]}) == "alpha"
    assert make({"type": "string", "default": "not\x00allowed", "pattern": "^a+$"}).strip("a") == ""
    assert {make({"type": "integer", "default": 7}, seed) == 7 for seed in range(20)} == {True, False}


def test_what_is_elsewhere_is_left_out_or_anything() -> None:
    """A schema in another document is unknown: optional parts of it are left out, required ones are some value."""
    schema = {
        "type": "object",
        "properties": {
            "known": {"anyOf": [{"$ref": "https://example.com/elsewhere.json"}, {"const": 1}]},
            "optional": {"$ref": "https://example.com/elsewhere.json#/definitions/a"},
            "required": {"allOf": [{"$ref": "other.json"}]},
            "list": {"type": "array", "items": {"$ref": "other.json"}},
            "nonsense": {"$ref": "http://[no"},
        },
        "required": ["required"],
    }
    found = make(schema)
    assert found.keys() == {"known", "required", "list"}
    assert (found["known"], found["list"]) == (1, [])


def test_a_schema_may_be_asked_for() -> None:
    """A reference to a published metaschema is answered with a schema, a part of one with what stands there."""
    schema = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": {
            "schema": {"$ref": "http://json-schema.org/draft-07/schema#"},
            "count": {"$ref": "http://json-schema.org/draft-07/schema#/definitions/nonNegativeInteger"},
            "bound": {"$ref": "http://json-schema.org/draft-04/schema#/properties/exclusiveMinimum"},
        },
    }
    found = make(schema)
    assert judge(schema, found) is None
    assert isinstance(found["schema"], dict)
    assert isinstance(found["bound"], bool)


def test_a_keyword_that_the_draft_lacks_is_meant_but_not_relied_on() -> None:
    """`const` in a schema of draft 4 is obeyed; where that draft's validators would object, the part is left out."""
    schema = {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "type": "object",
        "properties": {"plain": {"const": "a"}, "either": {"oneOf": [{"const": "a"}, {"const": "b"}]}},
    }
    found = make(schema)
    assert found == {"plain": "a"}
    assert judge(schema, found) is None


def test_references_may_go_by_any_name() -> None:
    """Anchors, embedded resources and relative URIs lead to what they name."""
    schema = {
        "$id": "https://example.com/root.json",
        "$defs": {
            "a": {"$anchor": "here", "const": 1},
            "b": {"$id": "embedded.json", "$defs": {"c": {"const": 2}}, "properties": {"x": {"$ref": "#/$defs/c"}}},
            "d": {"$dynamicAnchor": "node", "const": 3},
            "%": {"const": 4},
        },
        "type": "object",
        "properties": {
            "one": {"$ref": "#here"},
            "two": {"$ref": "embedded.json#/$defs/c"},
            "three": {"$dynamicRef": "#node"},
            "four": {"$ref": "#/$defs/%25"},
            "five": {"$ref": "https://example.com/root.json#here"},
            "six": {"$ref": "embedded.json"},
        },
    }
    found = make(schema)
    assert [found[name] for name in ("one", "two", "three", "four", "five")] == [1, 2, 3, 4, 1]
    assert found["six"] == {"x": 2}


def test_large_objects_leave_out_rather_than_overflow() -> None:
    """What is optional and deep is left out before an answer gets out of hand."""
    wide = {
        f"p{number}": {"type": "object", "properties": {f"q{n}": {"type": "string"} for n in range(40)}}
        for number in range(200)
    }
    assert len(json.dumps(make({"type": "object", "properties": wide}))) < 20_000


def test_recursion_ends_soon() -> None:
    """What may nest without end is ended after a few levels, by leaving out, by null or by the shortest branch."""
    node = {
        "type": "object",
        "properties": {"next": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}},
        "required": ["next"],
    }
    tree = {"type": "object", "properties": {"kids": {"type": "array", "items": {"$ref": "#"}}}, "required": ["kids"]}
    free = {"type": "object", "properties": {"more": {"$ref": "#"}, "name": {"type": "string"}}}
    for schema in (node, tree, free):
        for seed in range(10):
            assert json.dumps(make(schema, seed)).count("{") < 20


def test_deep_callers_are_served() -> None:
    """A value is built within what the stack of a busy server leaves."""
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(15):
        schema = {"type": "object", "properties": {"a": schema}, "required": ["a"]}

    def call(depth: int) -> Any:
        return call(depth - 1) if depth else make(schema)

    assert judge(schema, call(400)) is None


def test_faker_is_loaded_only_when_wanted() -> None:
    """Importing the package, and most values, do without Faker."""
    code = (
        "import sys; from emulator.schema_values import value; from emulator.core.seeds import Seed\n"
        "ask = lambda name: value({'type': 'object', 'properties': {name: {'type': 'string'}}}, Seed.of(1))\n"
        "ask('email'); before = 'faker' in sys.modules; ask('iban'); print(before, 'faker' in sys.modules)"
    )
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        == "False True\n"
    )


# ---------------------------------------------------------------------------------------------- properties

SCALARS = st.none() | st.booleans() | st.integers(-1000, 1000) | st.sampled_from(["", "a", "bc", "déf"]) | st.just(1.5)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "c"]), inner, max_size=3),
    max_leaves=6,
)


def schemas_of(instance: Any) -> st.SearchStrategy[Any]:
    """Schemas that the instance satisfies, by construction."""
    types = {type(None): "null", bool: "boolean", int: "integer", float: "number", str: "string", list: "array"}
    kind = types.get(type(instance), "object")
    options: list[st.SearchStrategy[Any]] = [
        st.just({"type": kind}),
        st.just({"const": instance}),
        st.just({"type": [kind, "null"]}),
        VALUES.map(lambda other: {"enum": [other, instance]}),
        VALUES.filter(lambda other: not same(other, instance)).map(lambda other: {"not": {"const": other}}),
    ]
    if kind in ("integer", "number"):
        options.append(
            st.integers(0, 5).map(lambda gap: {"type": kind, "minimum": instance - gap, "maximum": instance + gap})
        )
        options.append(st.integers(1, 5).map(lambda gap: {"type": "number", "exclusiveMinimum": instance - gap}))
    if kind == "string":
        options.append(st.just({"type": kind, "pattern": f"^{instance}", "maxLength": len(instance)}))
        options.append(st.just({"minLength": len(instance), "not": {"pattern": "^zz"}}))
    if kind == "array":
        exact = st.tuples(*map(schemas_of, instance))
        options.append(exact.map(lambda parts: {"prefixItems": list(parts), "items": False}))
        options.append(st.just({"type": kind, "minItems": len(instance), "maxItems": len(instance) + 1}))
        if instance:
            options.append(schemas_of(instance[-1]).map(lambda part: {"type": kind, "contains": part}))
        if len({json.dumps(item) for item in instance}) == len(instance):
            options.append(st.just({"uniqueItems": True, "minItems": len(instance)}))
    if kind == "object":
        members = st.fixed_dictionaries({name: schemas_of(item) for name, item in instance.items()})
        options.append(members.map(closed))
        options.append(
            members.map(lambda parts: {"patternProperties": {f"^{name}": part for name, part in parts.items()}})
        )
        options.append(st.just({"required": sorted(instance), "propertyNames": {"maxLength": 1}}))
        options.append(st.just({"dependentRequired": {name: sorted(instance) for name in instance}}))
        options.append(st.just({"type": kind, "minProperties": len(instance), "maxProperties": len(instance)}))
    return st.one_of(options)


def closed(parts: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": parts, "required": sorted(parts), "additionalProperties": False}


def same(left: Any, right: Any) -> bool:
    return valid(Document({"const": left}).root, right)


@st.composite
def satisfiable(draw: st.DrawFn) -> dict[str, Any]:
    """A schema with an instance that satisfies all its parts."""
    instance = draw(VALUES)
    parts = draw(st.lists(schemas_of(instance), min_size=1, max_size=3))
    foreign = draw(st.lists(VALUES.flatmap(schemas_of), max_size=2))
    failing = [part for part in foreign if not valid(Document(part).root, instance)]
    condition = draw(VALUES.flatmap(schemas_of))
    holds = valid(Document(condition).root, instance)
    return {
        "allOf": parts,
        "anyOf": [*foreign, parts[0]],
        "not": {"anyOf": failing} if failing else False,
        "oneOf": [*failing, parts[-1]],
        "if": condition,
        "then": parts[0] if holds else False,
        "else": False if holds else parts[0],
    }


@settings(max_examples=150)
@given(satisfiable())
def test_what_some_value_satisfies_is_answered(schema: dict[str, Any]) -> None:
    """A schema that is satisfied by some instance, however it was put together, is answered, and validly."""
    assert judge(schema, make(schema)) is None


@settings(max_examples=200)
@given(st.integers(-50, 50), st.integers(0, 30), st.sampled_from([1, 2, 7, 0.1, 0.25, 0.01, 1.5]), st.booleans())
def test_numbers_keep_to_their_bounds(low: int, span: int, step: float, whole: bool) -> None:
    """A number is within its bounds and a multiple of what it must be, or there is none."""
    schema = {"type": "integer" if whole else "number", "minimum": low, "maximum": low + span, "multipleOf": step}
    try:
        found = make(schema)
    except Unsatisfiable:
        multiples = [number for number in range(low, low + span + 1) if divides(step, number)]
        assert multiples == []
    else:
        assert judge(schema, found) is None


LITERALS = st.sampled_from(["a", "b", "-", "\\d", "\\w", "[a-f]", "[^a]", "\\.", "x", "[A-Z_]"])
PATTERNS = st.recursive(
    LITERALS,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda pair: f"(?:{pair[0]}|{pair[1]})"),
        st.tuples(inner, st.sampled_from(["?", "*", "+", "{2}", "{1,3}", "{2,}"])).map(
            lambda pair: f"({pair[0]}){pair[1]}"
        ),
    ),
    max_leaves=6,
)


@settings(max_examples=200)
@given(PATTERNS, st.booleans())
def test_texts_match_their_patterns(pattern: str, anchored: bool) -> None:
    """What is written for a pattern matches it."""
    pattern = f"^{pattern}$" if anchored else pattern
    texts = list(matching(pattern, SEED.random(), 0, 60))
    assert texts
    assert all(re.search(pattern, text) for text in texts)


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        (r"(?i)^ab$", "AB", "c"),
        (r"^\p{L}+$", "héé", "h1"),
        (r"^\p{Lu}\P{Lu}$", "Ab", "AB"),
        (r"^[\p{L}\d]+$", "é1", "-"),
        (r"^(?<year>\d{4})-\k<year>$", "2024-2024", "2024-2025"),
        (r"^\cA$", "\x01", "A"),
        (r"^\u{1F600}$", "\U0001f600", "u"),
        (r"^[^]$", "\n", "ab"),
        (r"^[\d--]+$", "1-", "a"),
        (r"^a{,2}(?=b)b|\/$", "aab", "c"),
    ],
)
def test_patterns_that_python_does_not_read_are_translated(pattern: str, yes: str, no: str) -> None:
    """ECMAScript's own spellings mean what they mean there."""
    assert compiled(pattern).search(yes)
    assert not compiled(pattern).search(no)
    assert any(compiled(pattern).search(text) for text in matching(pattern, SEED.random(), 0, 20))


@pytest.mark.parametrize("pattern", ["(", "a)", "[a", "*a", "a{2,1}", "(?x", "[z-a]", "\\", "(?P<n"])
def test_bad_patterns_are_told(pattern: str) -> None:
    """What is not a regular expression is an error that says so."""
    with pytest.raises(ValueError, match="is not a regular expression"):
        compiled(pattern)
    with pytest.raises(ValueError, match="is not a regular expression"):
        parse(pattern)


FORMATS = (
    *(
        "date-time",
        "date",
        "time",
        "duration",
        "email",
        "idn-email",
        "hostname",
        "ipv4",
        "ipv6",
        "uri",
        "uri-reference",
    ),
    *("iri", "iri-reference", "uri-template", "uuid", "json-pointer", "relative-json-pointer", "regex"),
)


@pytest.mark.parametrize("name", FORMATS)
def test_formats_are_written_as_they_are_read(name: str) -> None:
    """A text that is written in a format is recognised as of that format, and another text is not."""
    for seed in range(5):
        chance = SEED.child(seed).random()
        text = written(name, chance, Persona(chance), ())
        assert text
        assert conforms(name, text)
    wrong = "~2 (" if "pointer" in name else "(" if name == "regex" else "{ é"
    assert not conforms(name, wrong)


def test_letters_outside_of_words_are_drawn_from_their_class() -> None:
    """A class without letters or digits is spelled with what it has."""
    for pattern in (r"^[!#]{3}$", r"^[\u2190-\u2199]{4}$", r"^\s$", r"^[^\x20-\x7e]$"):
        assert all(re.search(pattern, text) for text in matching(pattern, SEED.random(), 0, 10))
    assert set(next(matching("^[A-Z]{8}$", SEED.random(), 0, 10))) <= set(string.ascii_uppercase)
