"""Filling what a text says of nested objects and of the items of lists, so that they satisfy their schemas."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from emulator.core.seeds import Seed
from emulator.generator.saying.parameters import effective

if TYPE_CHECKING:
    from emulator.schema_values import Budget

_MOST = 24
"""So many items of a list are filled."""


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
