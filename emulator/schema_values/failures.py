"""Merges into `Facts` the demands on a value that fails one keyword of a schema."""

from collections.abc import Callable

from emulator.schema_values.assertions import number, regular_expression, types
from emulator.schema_values.facts import Facts
from emulator.schema_values.nodes import SchemaNode
from emulator.schema_values.values import TYPES


def fail(facts: Facts, node: SchemaNode, keyword: str) -> None:
    """Merge the demand that the keyword of the node fails. Raises Unsatisfiable or Malformed."""
    _FAIL[keyword](facts, node)


def _const(facts: Facts, node: SchemaNode) -> None:
    facts.exclude([node.schema["const"]])


def _enum(facts: Facts, node: SchemaNode) -> None:
    facts.exclude(node.typed("enum", list, "an array"))


def _type(facts: Facts, node: SchemaNode) -> None:
    facts.narrow(TYPES - types(node))


def _pattern(facts: Facts, node: SchemaNode) -> None:
    facts.differ_from(regular_expression(node))


def _unique(facts: Facts, node: SchemaNode) -> None:
    facts.repeat()


def _multiple(keyword: str) -> "Fail":
    def fail(facts: Facts, node: SchemaNode) -> None:
        facts.add_not_step(abs(number(node, keyword)))

    return fail


def _property(keyword: str) -> "Fail":
    def fail(facts: Facts, node: SchemaNode) -> None:
        facts.narrow({"object"})
        facts.failing += ((node, keyword),)
        facts.min_properties = max(facts.min_properties, 1)

    return fail


Fail = Callable[[Facts, SchemaNode], None]

_FAIL: dict[str, Fail] = {
    "const": _const,
    "enum": _enum,
    "type": _type,
    "pattern": _pattern,
    "uniqueItems": _unique,
    "multipleOf": _multiple("multipleOf"),
    "divisibleBy": _multiple("divisibleBy"),
    "patternProperties": _property("patternProperties"),
    "additionalProperties": _property("additionalProperties"),
    "unevaluatedProperties": _property("unevaluatedProperties"),
    "propertyNames": _property("propertyNames"),
}
