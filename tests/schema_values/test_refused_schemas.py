"""What nothing satisfies, and what is not a schema, is an error that says where and why."""

import json
from typing import Any

import pytest
from support.schemas import make

from emulator.schema_values import Malformed, Unsatisfiable, check

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
    ({"oneOf": [{"type": "string"}, {"type": "string"}], "type": "string"}, "#/oneOf"),
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


def test_a_long_pattern_is_shown_in_part() -> None:
    """So that the message goes on to what is wrong with it."""
    with pytest.raises(Malformed, match=r"'\({79}\.\.\. is not a regular expression: it is nested too deeply"):
        check({"pattern": "(" * 3000})
