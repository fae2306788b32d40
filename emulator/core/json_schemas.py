"""JSON Schemas (draft 2020-12) of what is sent over HTTP: the few forms that the OpenAPI document is made of.

A schema is a dict. Named ones are components of the document, and `ref` refers to them.
"""

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import msgspec

from emulator.core.fields import INT64, Limits

Schema: TypeAlias = dict[str, Any]

_COMPONENT = "#/components/schemas/{name}"

ANYTHING: Schema = {}
NULL: Schema = {"type": "null"}
STRING: Schema = {"type": "string"}
NONEMPTY: Schema = {"type": "string", "minLength": 1}
BOOLEAN: Schema = {"type": "boolean"}
NUMBER: Schema = {"type": "number"}
COUNT: Schema = {"type": "integer", "minimum": 0}
OBJECT: Schema = {"type": "object"}


def ref(name: str) -> Schema:
    """A reference to a component."""
    return {"$ref": _COMPONENT.format(name=name)}


def word(*words: str) -> Schema:
    """One of these words."""
    return {"enum": list(words)}


def any_of(*schemas: Schema) -> Schema:
    """What one of the schemas describes."""
    return {"anyOf": list(schemas)}


def nullable(schema: Schema) -> Schema:
    """The same, or null."""
    return any_of(schema, NULL) if schema else schema


def array(items: Schema, at_least: int = 0, at_most: int | None = None) -> Schema:
    """An array."""
    limits = {"minItems": at_least, "maxItems": at_most}
    return {"type": "array", "items": items, **{name: limit for name, limit in limits.items() if limit}}


def number(within: Limits) -> Schema:
    """A number within its limits."""
    return {"type": "number", "exclusiveMinimum" if within.above else "minimum": within.low, "maximum": within.high}


def integer(within: Limits = INT64) -> Schema:
    """An integer within its limits; 64 bits by default."""
    return {"type": "integer", "minimum": within.low, "maximum": within.high}


def asked(required: Mapping[str, Schema], optional: Mapping[str, Schema] | None = None) -> Schema:
    """An object in a request: null is the same as leaving an optional field out, and other fields are passed over."""
    fields = {name: nullable(schema) for name, schema in (optional or {}).items()}
    schema: Schema = {"type": "object", "properties": {**required, **fields}}
    return schema | ({"required": list(required)} if required else {})


def answered(required: Mapping[str, Schema], optional: Mapping[str, Schema] | None = None) -> Schema:
    """An object in an answer: it has these fields and no others."""
    schema: Schema = {"type": "object", "properties": {**required, **(optional or {})}, "additionalProperties": False}
    return schema | ({"required": list(required)} if required else {})


def json_text(name: str) -> Schema:
    """JSON in a string, of the schema of a component."""
    return STRING | {"contentMediaType": "application/json", "contentSchema": ref(name)}


def event(data: Schema, **fields: Schema) -> Schema:
    """A server-sent event. In OpenAPI 3.1 the schema of a stream is that of each of its events."""
    return answered({"data": data, **fields}, {"event": STRING})


def structs(kinds: Iterable[type[msgspec.Struct]]) -> dict[str, Schema]:
    """Components for structs, and for those in them, as answers write them: with all their fields."""
    _, found = msgspec.json.schema_components(kinds, ref_template=_COMPONENT)
    for schema in found.values():
        for field in schema["properties"].values():
            field.pop("default", None)
        schema |= {"required": list(schema["properties"]), "additionalProperties": False}
    return found
