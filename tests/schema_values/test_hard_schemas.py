"""Schemas whose keywords depend on each other get valid values."""

import json
from typing import Any

import pytest
from support.schemas import judge, make

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
