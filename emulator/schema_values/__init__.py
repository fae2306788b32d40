"""JSON Schema -> a believable value that validates against it, decided by a seed."""

from collections.abc import Mapping
from typing import Any

from emulator.core.seeds import Seed
from emulator.schema_values.builder import Building, Manner
from emulator.schema_values.checking import check_document
from emulator.schema_values.errors import Malformed, Unsatisfiable
from emulator.schema_values.nodes import Document

__all__ = ["Malformed", "Unsatisfiable", "check", "value"]

_MANNERS = (
    Manner(limit=6_000),
    Manner(careful=True),
    Manner(careful=True, exact=True),
    Manner(careful=True, sparse=True),
    Manner(careful=True, sparse=True, any_type=True),
    Manner(careful=True, any_type=True, formats=True),
)
"""How to try, one after the other. The first nearly always does; `format` is only asserted where nothing else helps."""


def value(schema: Mapping[str, Any] | bool, seed: Seed, *, hints: Mapping[str, str] | None = None) -> Any:
    """A value that is valid against the schema.

    The same schema, seed and hints give the same value. `hints` maps names of properties to words for them, such as
    the conversation has; one that the schema does not allow is not used. Raises Unsatisfiable when no value is found,
    within bounded work, and Malformed when what was given is not a schema.
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
    """Raise Malformed for what is not a JSON Schema: keywords of the wrong shape, bad patterns, dangling references."""
    check_document(Document(_root(schema)))


def _root(schema: Any) -> dict[str, Any] | bool:
    if isinstance(schema, bool):
        return schema
    if not isinstance(schema, Mapping):
        raise Malformed("#", "a schema must be an object or a boolean")
    return dict(schema)
