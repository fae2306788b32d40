"""Finds the properties and items that a schema has evaluated, for `unevaluatedProperties` and `unevaluatedItems`.

By JSON Schema 2020-12, section 11, in-place applicators count if they apply and the value is valid.
"""

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from emulator.schema_values.assertions import search
from emulator.schema_values.nodes import SchemaNode

Valid: TypeAlias = Callable[[SchemaNode, Any], bool]


def unevaluated_names(node: SchemaNode, value: dict[str, Any], valid: Valid) -> list[str]:
    """The properties of the value that no other keyword of the schema has evaluated."""
    seen: set[str] = set()
    for part in _own_parts(node, value, valid):
        seen |= _names(part, value, valid, part is node)
    return [name for name in value if name not in seen]


def unevaluated_items(node: SchemaNode, value: list[Any], valid: Valid) -> list[int]:
    """The positions of the items that no other keyword of the schema has evaluated."""
    seen: set[int] = set()
    for part in _own_parts(node, value, valid):
        seen |= _positions(part, value, valid, part is node)
    return [at for at in range(len(value)) if at not in seen]


def _own_parts(node: SchemaNode, value: Any, valid: Valid) -> Iterator[SchemaNode]:
    """The schema and the schemas that it applies to the same value, if the value is valid for them."""
    todo, seen = [node], set()
    while todo:
        part = todo.pop()
        if not isinstance(part.schema, dict) or id(part) in seen:
            continue
        seen.add(id(part))
        part.document.budget.spend(1 + len(value) // 16)
        yield part
        todo += [branch for branch, sure in applied(part, value, valid) if sure or valid(branch, value)]


def applied(node: SchemaNode, value: Any, valid: Valid) -> Iterator[tuple[SchemaNode, bool]]:
    """The schemas that this one applies to the same value, and whether they hold whenever this one holds."""
    schema = node.schema
    for keyword in ("$ref", "$dynamicRef", "$recursiveRef"):
        if keyword in schema:
            yield node.target(keyword), True
    for keyword in ("allOf", "anyOf", "oneOf"):
        if keyword in schema:
            yield from ((part, keyword == "allOf") for part in node.children(keyword))
    if "if" in schema:
        held = valid(node.child("if"), value)
        if held:
            yield node.child("if"), True
        branch = "then" if held else "else"
        if branch in schema:
            yield node.child(branch), True
    if isinstance(value, dict):
        for keyword in ("dependentSchemas", "dependencies"):
            if keyword in schema:
                yield from ((part, True) for name, part in node.dependents(keyword).items() if name in value)


def _names(node: SchemaNode, value: dict[str, Any], valid: Valid, own: bool) -> set[str]:
    schema = node.schema
    if "additionalProperties" in schema or ("unevaluatedProperties" in schema and not own):
        return set(value)
    seen = {name for name in value if name in node.members("properties")}
    for pattern in node.members("patternProperties"):
        find = search(node, "patternProperties", pattern)
        seen |= {name for name in value if find(name)}
    return seen


def _positions(node: SchemaNode, value: list[Any], valid: Valid, own: bool) -> set[int]:
    schema = node.schema
    items = schema.get("items")
    everything = "additionalItems" in schema if isinstance(items, list) else items is not None
    if everything or ("unevaluatedItems" in schema and not own):
        return set(range(len(value)))
    first = len(items) if isinstance(items, list) else len(node.children("prefixItems"))
    seen = set(range(min(first, len(value))))
    if "contains" in schema:
        part = node.child("contains")
        seen |= {at for at, item in enumerate(value) if valid(part, item)}
    return seen
