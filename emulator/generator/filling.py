"""Filling what a text says of nested objects and of the items of lists, so that they satisfy their schemas."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, Any

from emulator.core.seeds import Seed
from emulator.generator.saying.parameters import effective

if TYPE_CHECKING:
    from emulator.schema_values import Budget

_MOST = 24
"""So many items of a list are filled."""


_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}
_KEYS = frozenset(["type", "description", "title", "default", "enum", "items", "properties", "required"])
_DEEPEST = 8


def said_in_full(
    schema: Mapping[str, Any] | bool, values: Mapping[str, Any], omitted: AbstractSet[str]
) -> dict[str, Any] | None:
    """The values in the order of a simple schema, if all others are `omitted` and optional. They need no search."""
    if not isinstance(schema, Mapping) or not _is_simple(schema) or not schema.get("required"):
        return None
    properties = schema.get("properties", {})
    known = {name: values[name] for name in properties if name in values}
    whole = len(known) == len(values) and properties.keys() <= known.keys() | omitted
    return known if whole and _fits(schema, known) else None


def _is_simple(schema: Any, depth: int = 0) -> bool:
    """Whether a schema only says types, listed values, and what objects and arrays consist of."""
    if not isinstance(schema, Mapping) or not _KEYS.issuperset(schema) or depth > _DEEPEST:
        return False
    kind, properties, required = schema.get("type"), schema.get("properties", {}), schema.get("required", [])
    if not isinstance(kind, str) or kind not in _TYPES or not isinstance(properties, Mapping):
        return False
    listed = isinstance(required, list) and all(isinstance(name, str) for name in required)
    noted = all(isinstance(schema.get(key, ""), str) for key in ("description", "title"))
    if not (listed and noted and isinstance(schema.get("enum", []), list)):
        return False
    inner = [*properties.values(), *([schema["items"]] if "items" in schema else [])]
    return all(_is_simple(each, depth + 1) for each in inner)


def _fits(schema: Mapping[str, Any], value: Any) -> bool:
    """Whether a value is one of a simple schema, with no other properties than it names."""
    if type(value) not in _TYPES[schema["type"]]:
        return False
    if "enum" in schema and not any(type(each) is type(value) and each == value for each in schema["enum"]):
        return False
    if isinstance(value, list):
        return all(_fits(schema["items"], each) for each in value) if "items" in schema else not value
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        whole = all(name in value for name in schema.get("required", ()))
        return whole and all(name in properties and _fits(properties[name], each) for name, each in value.items())
    return True


def filled(
    schema: Mapping[str, Any] | bool, values: Mapping[str, Any], seed: Seed, budget: "Budget"
) -> Mapping[str, Any]:
    """The values, with what objects and items among them lack. Raises what `emulator.schema_values.value` raises."""
    properties = schema.get("properties") if isinstance(schema, Mapping) else None
    if not isinstance(schema, Mapping) or not isinstance(properties, Mapping):
        return values
    made = dict(values)
    for name, given in values.items():
        if isinstance(given, dict):
            made[name] = _filled(properties.get(name), schema, given, seed.child("filled", name), budget)
        elif isinstance(given, list):
            items = effective(properties.get(name), schema).get("items")
            made[name] = [
                _filled(items, schema, each, seed.child("filled", name, at), budget) if isinstance(each, dict) else each
                for at, each in enumerate(given[:_MOST])
            ]
    return made


def _filled(
    given: Any, root: Mapping[str, Any], values: Mapping[str, Any], seed: Seed, budget: "Budget"
) -> Mapping[str, Any]:
    """An object with these values, and values for what else it must have."""
    from emulator.schema_values import value  # noqa: PLC0415 - most answers do not pay its import

    schema = effective(given, root)
    properties, required = schema.get("properties"), schema.get("required")
    if not isinstance(properties, Mapping) or not isinstance(required, list):
        return values
    inner = {key: root[key] for key in ("$defs", "definitions") if key in root} | dict(schema)
    hints = filled(inner, values, seed, budget)
    if all(not isinstance(name, str) or name in values for name in required):
        return hints
    omitted = frozenset(properties) - values.keys()
    made = value(inner, seed, hints=hints, omitted=omitted, budget=budget)
    return made if isinstance(made, dict) else values
