"""The positions of subschemas: which keywords have one, several in a list, or several by name."""

from collections.abc import Iterator
from typing import Any

_ONE = frozenset(
    [
        "additionalItems",
        "additionalProperties",
        "contains",
        "contentSchema",
        "else",
        "if",
        "items",
        "not",
        "propertyNames",
        "then",
        "unevaluatedItems",
        "unevaluatedProperties",
    ]
)
_SEVERAL = frozenset(["allOf", "anyOf", "items", "oneOf", "prefixItems"])
_NAMED = frozenset(["$defs", "definitions", "dependencies", "dependentSchemas", "patternProperties", "properties"])


def subschemas(schema: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The values in the positions of subschemas, each with its pointer from the schema."""
    for keyword, value in schema.items():
        if keyword in _SEVERAL and isinstance(value, list):
            yield from ((f"{keyword}/{at}", part) for at, part in enumerate(value))
        elif keyword in _ONE:
            yield keyword, value
        elif keyword in _NAMED and isinstance(value, dict):
            yield from ((f"{keyword}/{escape(name)}", part) for name, part in value.items())


def escape(name: str) -> str:
    """A name as a part of a JSON pointer (RFC 6901, section 3)."""
    return name.replace("~", "~0").replace("/", "~1") if "~" in name or "/" in name else name
