"""Finds the ways in which a value can be invalid for a schema, each as a list of demands.

A schema fails if one of its keywords fails. Keywords whose failure cannot be expressed as demands are omitted; then the
generated value is tested, and another one is tried.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import combinations, islice
from typing import Any, TypeAlias

from emulator.schema_values.assertions import number
from emulator.schema_values.facts import Demands
from emulator.schema_values.nodes import SchemaNode

_PAIRS = 100
"""How many pairs of branches of a `oneOf` are considered."""


def refutations(node: SchemaNode) -> tuple[Demands, ...]:
    """The ways in which a value can fail the node's schema, the least demanding first."""
    found: tuple[Demands, ...] | None = node.cache.get("refutations")
    if found is None:
        schema = node.schema
        keywords = ("$ref",) if "$ref" in schema and node.resource.legacy else _REFUTE
        found = tuple(_options(node, keywords))
        node.cache["refutations"] = found
    return found


def _options(node: SchemaNode, keywords: Iterable[str]) -> Iterator[Demands]:
    for keyword in keywords:
        if keyword in node.schema:
            for option in _REFUTE[keyword](node):
                node.document.budget.spend(1 + len(option) // 8)
                yield option


def _say(node: SchemaNode, schema: dict[str, Any]) -> Demands:
    return ((node.document.derived(schema, node), True),)


def _keyword(keyword: str) -> "Refute":
    """A keyword whose failure is a single demand."""

    def refute(node: SchemaNode) -> Iterator[Demands]:
        yield ((node, keyword),)

    return refute


def _applied(keyword: str) -> "Refute":
    """A keyword that applies a schema to properties or names: one of them must fail it."""

    def refute(node: SchemaNode) -> Iterator[Demands]:
        if node.child(keyword).schema is not True:
            yield ((node, keyword),)

    return refute


def _by_pattern(node: SchemaNode) -> Iterator[Demands]:
    if any(part.schema is not True for part in node.members("patternProperties").values()):
        yield ((node, "patternProperties"),)


def _unique(node: SchemaNode) -> Iterator[Demands]:
    if node.schema["uniqueItems"] is True:
        yield ((node, "uniqueItems"),)


def _minimum(node: SchemaNode) -> Iterator[Demands]:
    below = "maximum" if node.schema.get("exclusiveMinimum") is True else "exclusiveMaximum"
    yield _say(node, {"type": "number", below: number(node, "minimum")})


def _maximum(node: SchemaNode) -> Iterator[Demands]:
    above = "minimum" if node.schema.get("exclusiveMaximum") is True else "exclusiveMinimum"
    yield _say(node, {"type": "number", above: number(node, "maximum")})


def _open_limit(keyword: str, outside: str) -> "Refute":
    """An exclusive limit: a number at it or beyond it. In draft 4 the keyword is a boolean beside the limit."""

    def refute(node: SchemaNode) -> Iterator[Demands]:
        if not isinstance(node.schema[keyword], bool):
            yield _say(node, {"type": "number", outside: number(node, keyword)})

    return refute


def _count(keyword: str, kind: str, other: str, step: int) -> "Refute":
    def refute(node: SchemaNode) -> Iterator[Demands]:
        count = number(node, keyword) + step
        if count >= 0:
            yield _say(node, {"type": kind, other: count})

    return refute


def _properties(node: SchemaNode) -> Iterator[Demands]:
    for name, part in node.members("properties").items():
        if part.schema is not True:
            failing: dict[str, Any] = {"not": part.schema}
            yield _say(node, {"type": "object", "required": [name], "properties": {name: failing}})


def _required(node: SchemaNode) -> Iterator[Demands]:
    for name in node.names("required"):
        yield _say(node, {"type": "object", "properties": {name: False}})


def _dependent(keyword: str) -> "Refute":
    def refute(node: SchemaNode) -> Iterator[Demands]:
        for name, others in node.needs(keyword).items():
            for other in others:
                yield _say(node, {"type": "object", "required": [name], "properties": {other: False}})
        for name, part in node.dependents(keyword).items():
            yield (*_say(node, {"type": "object", "required": [name]}), (part, False))

    return refute


def _items(node: SchemaNode) -> Iterator[Demands]:
    items = node.schema["items"]
    if isinstance(items, list):
        yield from _first(node, items)
    else:
        yield from _rest(node, len(node.children("prefixItems")), items)


def _additional_items(node: SchemaNode) -> Iterator[Demands]:
    if isinstance(node.schema.get("items"), list):
        yield from _rest(node, len(node.schema["items"]), node.schema["additionalItems"])


def _unevaluated_items(node: SchemaNode) -> Iterator[Demands]:
    items = node.schema.get("items")
    if items is None or (isinstance(items, list) and "additionalItems" not in node.schema):
        first = len(items or node.children("prefixItems"))
        yield from _rest(node, first, node.schema["unevaluatedItems"])


def _rest(node: SchemaNode, first: int, schema: Any) -> Iterator[Demands]:
    """One of the items from `first` on fails the schema."""
    if schema is False:
        yield _say(node, {"type": "array", "minItems": first + 1})
    elif schema is not True:
        if first:
            yield _at(node, first, schema)
        yield _say(node, {"type": "array", "contains": {"not": schema}})


def _prefix(node: SchemaNode) -> Iterator[Demands]:
    yield from _first(node, [part.schema for part in node.children("prefixItems")])


def _first(node: SchemaNode, schemas: list[Any]) -> Iterator[Demands]:
    for at, schema in enumerate(schemas):
        if schema is not True:
            yield _at(node, at, schema)


def _at(node: SchemaNode, at: int, schema: Any) -> Demands:
    """The item at this position fails the schema."""
    node.document.budget.spend(at // 64)
    return _say(node, {"type": "array", "minItems": at + 1, "prefixItems": [*[True] * at, {"not": schema}]})


def _contains(node: SchemaNode) -> Iterator[Demands]:
    """Too few or too many items satisfy `contains`."""
    part = node.schema["contains"]
    low = number(node, "minContains") if "minContains" in node.schema else 1
    if low == 1:
        yield _say(node, {"type": "array", "items": {"not": part}})
    elif low > 1:
        yield _say(node, {"type": "array", "contains": part, "minContains": 0, "maxContains": low - 1})
    if "maxContains" in node.schema:
        yield _say(node, {"type": "array", "contains": part, "minContains": number(node, "maxContains") + 1})


def _reference(keyword: str) -> "Refute":
    def refute(node: SchemaNode) -> Iterator[Demands]:
        yield ((node.target(keyword), False),)

    return refute


def _all_of(node: SchemaNode) -> Iterator[Demands]:
    for part in node.children("allOf"):
        yield ((part, False),)


def _any_of(keyword: str) -> "Refute":
    def refute(node: SchemaNode) -> Iterator[Demands]:
        yield tuple((part, False) for part in node.children(keyword))

    return refute


def _one_of(node: SchemaNode) -> Iterator[Demands]:
    """No branch holds, or two branches hold."""
    yield from _any_of("oneOf")(node)
    for one, other in islice(combinations(node.children("oneOf"), 2), _PAIRS):
        yield ((one, True), (other, True))


def _not(node: SchemaNode) -> Iterator[Demands]:
    yield ((node.child("not"), True),)


def _if(node: SchemaNode) -> Iterator[Demands]:
    for keyword, held in (("then", True), ("else", False)):
        if keyword in node.schema:
            yield ((node.child("if"), held), (node.child(keyword), False))


Refute: TypeAlias = Callable[[SchemaNode], Iterator[Demands]]

_REFUTE: dict[str, Refute] = {
    "enum": _keyword("enum"),
    "const": _keyword("const"),
    "pattern": _keyword("pattern"),
    "minimum": _minimum,
    "maximum": _maximum,
    "exclusiveMinimum": _open_limit("exclusiveMinimum", "maximum"),
    "exclusiveMaximum": _open_limit("exclusiveMaximum", "minimum"),
    "multipleOf": _keyword("multipleOf"),
    "divisibleBy": _keyword("divisibleBy"),
    "minLength": _count("minLength", "string", "maxLength", -1),
    "maxLength": _count("maxLength", "string", "minLength", 1),
    "minItems": _count("minItems", "array", "maxItems", -1),
    "maxItems": _count("maxItems", "array", "minItems", 1),
    "minProperties": _count("minProperties", "object", "maxProperties", -1),
    "maxProperties": _count("maxProperties", "object", "minProperties", 1),
    "properties": _properties,
    "patternProperties": _by_pattern,
    "required": _required,
    "uniqueItems": _unique,
    "propertyNames": _applied("propertyNames"),
    "dependentRequired": _dependent("dependentRequired"),
    "dependentSchemas": _dependent("dependentSchemas"),
    "dependencies": _dependent("dependencies"),
    "prefixItems": _prefix,
    "items": _items,
    "additionalItems": _additional_items,
    "unevaluatedItems": _unevaluated_items,
    "contains": _contains,
    "not": _not,
    "$ref": _reference("$ref"),
    "$dynamicRef": _reference("$dynamicRef"),
    "$recursiveRef": _reference("$recursiveRef"),
    "allOf": _all_of,
    "anyOf": _any_of("anyOf"),
    "oneOf": _one_of,
    "if": _if,
    "additionalProperties": _applied("additionalProperties"),
    "unevaluatedProperties": _applied("unevaluatedProperties"),
    "type": _keyword("type"),
}
