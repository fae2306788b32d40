"""Generates a believable value that is valid against a JSON Schema. The value depends on a seed."""

from collections.abc import Mapping
from typing import Any

from emulator.core.seeds import Seed
from emulator.schema_values.builder import Building, BuildOptions
from emulator.schema_values.checking import check_document
from emulator.schema_values.errors import Malformed, Unsatisfiable
from emulator.schema_values.nodes import Document

__all__ = ["Malformed", "Unsatisfiable", "check", "value"]

_MANNERS = (
    BuildOptions(limit=6_000),
    BuildOptions(careful=True),
    BuildOptions(careful=True, exact=True),
    BuildOptions(careful=True, sparse=True),
    BuildOptions(careful=True, sparse=True, any_type=True),
    BuildOptions(careful=True, any_type=True, formats=True),
)
"""How to try, one after the other. The first nearly always does; `format` is only asserted where nothing else helps."""


def value(schema: Mapping[str, Any] | bool, seed: Seed, *, hints: Mapping[str, str] | None = None) -> Any:
    """Generate a value that is valid against the schema.

    The same schema, seed and hints give the same value. `hints` maps names of properties to values for them, such as
    words of the conversation; a hint that the schema does not allow is ignored. Raises Unsatisfiable if no value is
    found within bounded work, and Malformed if `schema` is not a JSON Schema.
    """
    root = _root(schema)
    problem: Exception | None = None
    for attempt, manner in enumerate(_MANNERS):
        building = Building(root, seed.child(attempt), dict(hints or {}), manner)
        try:
            return building.whole()
        except (Unsatisfiable, Malformed) as error:
            problem = problem or error
        except RecursionError:
            problem = problem or Unsatisfiable("#", "it refers to itself without end")
    raise problem or Unsatisfiable("#", "no value was found")


def check(schema: Mapping[str, Any] | bool) -> None:
    """Raise Malformed if this is not a JSON Schema: for invalid keywords, patterns or references."""
    check_document(Document(_root(schema)))


def _root(schema: Any) -> dict[str, Any] | bool:
    if isinstance(schema, bool):
        return schema
    if not isinstance(schema, Mapping):
        raise Malformed("#", "a schema must be an object or a boolean")
    return dict(schema)
