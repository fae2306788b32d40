"""Condensed forms of the published metaschemas, for values that are themselves schemas.

A schema that refers to a metaschema requires a schema as its value. A few plain schemas are valid in every draft.
"""

from typing import Any

_HOSTS = ("http://json-schema.org/", "https://json-schema.org/")


def _each(schema: Any, *names: str) -> dict[str, Any]:
    return dict.fromkeys(names, schema)


_COUNT = {"type": "integer", "minimum": 0}
_TEXT = {"type": "string"}
_PLAIN = [
    {"type": "string"},
    {"type": "integer", "minimum": 0},
    {"type": "object", "properties": {"name": {"type": "string"}}},
    {"type": "array", "items": {"type": "string"}},
]
_SCHEMA = {"type": "object", "enum": _PLAIN}
_SCHEMAS = {"type": "array", "minItems": 1, "items": _SCHEMA}
_TYPES = ["array", "boolean", "integer", "null", "number", "object", "string"]
_NAMES = {"type": "array", "items": _TEXT, "uniqueItems": True, "minItems": 1}
_BY_NAME = {"type": "object", "additionalProperties": _SCHEMA}
_DEFINITIONS = {
    "nonNegativeInteger": _COUNT,
    "nonNegativeIntegerDefault0": _COUNT,
    "positiveInteger": _COUNT,
    "positiveIntegerDefault0": _COUNT,
    "simpleTypes": {"enum": _TYPES},
    "stringArray": _NAMES,
    "schemaArray": _SCHEMAS,
}

_METASCHEMA: dict[str, Any] = {
    "enum": _PLAIN,
    "definitions": _DEFINITIONS,
    "$defs": _DEFINITIONS,
    "properties": {
        **_each({"type": "string", "format": "uri-reference"}, "$id", "$schema", "$ref", "id"),
        **_each(_TEXT, "$comment", "title", "description", "format", "contentMediaType", "contentEncoding"),
        "pattern": {"type": "string", "format": "regex"},
        **_each(True, "default", "const"),
        **_each({"type": "boolean"}, "readOnly", "writeOnly", "uniqueItems", "deprecated"),
        **_each({"type": "array", "minItems": 1, "uniqueItems": True}, "examples", "enum"),
        "multipleOf": {"type": "number", "exclusiveMinimum": 0},
        **_each({"type": "number"}, "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
        **_each(_COUNT, "minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"),
        "required": _NAMES,
        "type": {"enum": _TYPES},
        **_each(_SCHEMAS, "allOf", "anyOf", "oneOf"),
        **_each(_BY_NAME, "properties", "patternProperties", "definitions", "$defs", "dependentSchemas"),
        **_each(_SCHEMA, "items", "additionalItems", "additionalProperties", "contains", "propertyNames"),
        **_each(_SCHEMA, "not", "if", "then", "else"),
    },
}


_BOOLEAN = {"type": "boolean"}
_EARLY = {
    **_METASCHEMA,
    "properties": {**_METASCHEMA["properties"], **_each(_BOOLEAN, "exclusiveMinimum", "exclusiveMaximum")},
}


def metaschema(uri: str) -> dict[str, Any]:
    """The condensed metaschema of this URI; before draft 6, exclusive bounds were booleans."""
    return _EARLY if "draft-03" in uri or "draft-04" in uri else _METASCHEMA


def is_metaschema(uri: str) -> bool:
    """Whether the URI, without its fragment, names a published metaschema or one of its vocabularies.

    >>> is_metaschema("http://json-schema.org/draft-07/schema"), is_metaschema("https://example.com/schema")
    (True, False)
    """
    return uri.startswith(_HOSTS) and ("/schema" in uri or "/meta/" in uri)
