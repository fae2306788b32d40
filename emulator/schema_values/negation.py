"""The ways in which a value can fail to satisfy a schema, each written as schemas again.

A schema fails where one of its keywords does. Keywords whose failing cannot be written as a schema are left out: then
the generated value is tested, and another one is tried.
"""

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any, TypeAlias

from emulator.schema_values.nodes import SchemaNode

Option: TypeAlias = tuple[tuple[SchemaNode, bool], ...]


def refutations(node: SchemaNode) -> tuple[Option, ...]:
    """The ways in which a value can fail the node's schema, the least intrusive first."""
    found: tuple[Option, ...] | None = node.cache.get("refutations")
    if found is None:
        schema = node.schema
        keywords = ("$ref",) if "$ref" in schema and node.resource.legacy else _REFUTE
        found = tuple(option for keyword in keywords if keyword in schema for option in _REFUTE[keyword](node))
        node.cache["refutations"] = found
    return found


def _say(node: SchemaNode, schema: dict[str, Any], wanted: bool = True) -> Option:
    return ((node.document.derived(schema, node), wanted),)


def _alone(keyword: str) -> "Refute":
    """The keyword by itself, not satisfied."""

    def refute(node: SchemaNode) -> Iterator[Option]:
        yield _say(node, {keyword: node.schema[keyword]}, False)

    return refute


def _opposite(keyword: str, kind: str, other: str, step: float = 0) -> "Refute":
    def refute(node: SchemaNode) -> Iterator[Option]:
        bound = node.schema[keyword]
        if isinstance(bound, int | float) and not isinstance(bound, bool) and (kind == "number" or bound + step >= 0):
            yield _say(node, {"type": kind, other: bound + step})

    return refute


def _properties(node: SchemaNode) -> Iterator[Option]:
    for name, part in node.members("properties").items():
        if part.schema is not True:
            failing: dict[str, Any] = {"not": part.schema}
            derived = {"type": "object", "required": [name], "properties": {name: failing}}
            yield _say(node, derived)


def _by_pattern(node: SchemaNode) -> Iterator[Option]:
    for pattern, part in node.members("patternProperties").items():
        failing: dict[str, Any] = {"not": part.schema}
        yield _say(node, {"type": "object", "minProperties": 1, "patternProperties": {pattern: failing}})


def _required(node: SchemaNode) -> Iterator[Option]:
    for name in node.names("required"):
        yield _say(node, {"type": "object", "properties": {name: False}})


def _names(node: SchemaNode) -> Iterator[Option]:
    yield _say(node, {"type": "object", "minProperties": 1, "propertyNames": {"not": node.schema["propertyNames"]}})


def _dependent(keyword: str) -> "Refute":
    def refute(node: SchemaNode) -> Iterator[Option]:
        for name, others in node.needs(keyword).items():
            for other in others:
                yield _say(node, {"type": "object", "required": [name], "properties": {other: False}})
        for name, part in node.dependents(keyword).items():
            yield (*_say(node, {"type": "object", "required": [name]}), (part, False))

    return refute


def _items(node: SchemaNode) -> Iterator[Option]:
    items = node.schema["items"]
    if isinstance(items, list):
        yield from _first(node, items)
    elif items is False:
        yield _say(node, {"type": "array", "minItems": len(node.children("prefixItems")) + 1})
    elif items is not True:
        yield _say(node, {"type": "array", "contains": {"not": items}})


def _prefix(node: SchemaNode) -> Iterator[Option]:
    yield from _first(node, [part.schema for part in node.children("prefixItems")])


def _first(node: SchemaNode, schemas: list[Any]) -> Iterator[Option]:
    for at, schema in enumerate(schemas):
        if schema is not True:
            prefix = [*[True] * at, {"not": schema}]
            yield _say(node, {"type": "array", "minItems": at + 1, "prefixItems": prefix})


def _contains(node: SchemaNode) -> Iterator[Option]:
    if "minContains" not in node.schema:
        yield _say(node, {"type": "array", "items": {"not": node.schema["contains"]}})


def _reference(keyword: str) -> "Refute":
    def refute(node: SchemaNode) -> Iterator[Option]:
        yield ((node.target(keyword), False),)

    return refute


def _all_of(node: SchemaNode) -> Iterator[Option]:
    for part in node.children("allOf"):
        yield ((part, False),)


def _any_of(keyword: str) -> "Refute":
    def refute(node: SchemaNode) -> Iterator[Option]:
        yield tuple((part, False) for part in node.children(keyword))

    return refute


def _one_of(node: SchemaNode) -> Iterator[Option]:
    """None of the branches, or two of them."""
    yield from _any_of("oneOf")(node)
    for one, other in pairwise(node.children("oneOf")):
        yield ((one, True), (other, True))


def _not(node: SchemaNode) -> Iterator[Option]:
    yield ((node.child("not"), True),)


def _if(node: SchemaNode) -> Iterator[Option]:
    for keyword, held in (("then", True), ("else", False)):
        if keyword in node.schema:
            yield ((node.child("if"), held), (node.child(keyword), False))


def _additional(node: SchemaNode) -> Iterator[Option]:
    known = node.members("properties")
    if node.schema["additionalProperties"] is False and "patternProperties" not in node.schema:
        yield _say(node, {"type": "object", "minProperties": 1, "propertyNames": {"not": {"enum": list(known)}}})


def _unevaluated(node: SchemaNode) -> Iterator[Option]:
    if node.schema["unevaluatedProperties"] is False:
        yield _say(node, {"type": "object", "minProperties": 1})


Refute: TypeAlias = Callable[[SchemaNode], Iterator[Option]]

_REFUTE: dict[str, Refute] = {
    "enum": _alone("enum"),
    "const": _alone("const"),
    "pattern": _alone("pattern"),
    "minimum": _opposite("minimum", "number", "exclusiveMaximum"),
    "maximum": _opposite("maximum", "number", "exclusiveMinimum"),
    "exclusiveMinimum": _opposite("exclusiveMinimum", "number", "maximum"),
    "exclusiveMaximum": _opposite("exclusiveMaximum", "number", "minimum"),
    "minLength": _opposite("minLength", "string", "maxLength", -1),
    "maxLength": _opposite("maxLength", "string", "minLength", 1),
    "minItems": _opposite("minItems", "array", "maxItems", -1),
    "maxItems": _opposite("maxItems", "array", "minItems", 1),
    "minProperties": _opposite("minProperties", "object", "maxProperties", -1),
    "maxProperties": _opposite("maxProperties", "object", "minProperties", 1),
    "properties": _properties,
    "patternProperties": _by_pattern,
    "required": _required,
    "uniqueItems": _alone("uniqueItems"),
    "propertyNames": _names,
    "dependentRequired": _dependent("dependentRequired"),
    "dependentSchemas": _dependent("dependentSchemas"),
    "dependencies": _dependent("dependencies"),
    "prefixItems": _prefix,
    "items": _items,
    "contains": _contains,
    "not": _not,
    "$ref": _reference("$ref"),
    "$dynamicRef": _reference("$dynamicRef"),
    "$recursiveRef": _reference("$recursiveRef"),
    "allOf": _all_of,
    "anyOf": _any_of("anyOf"),
    "oneOf": _one_of,
    "if": _if,
    "additionalProperties": _additional,
    "unevaluatedProperties": _unevaluated,
    "type": _alone("type"),
}
