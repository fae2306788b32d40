"""Properties of a schema that are known without building a value: its types, its listed values, and its depth."""

import math
from typing import Any, NamedTuple

from emulator.schema_values.assertions import types
from emulator.schema_values.errors import Malformed
from emulator.schema_values.nodes import SchemaNode
from emulator.schema_values.values import TYPES, common, is_a, weight

DEEPEST = 20
"""A schema whose values all nest deeper than this counts as one without values."""

_SCALARS = TYPES - {"array", "object"}
_OBJECT, _ARRAY = frozenset({"object"}), frozenset({"array"})
_IN_PLACE = frozenset(["$ref", "$dynamicRef", "$recursiveRef", "allOf", "anyOf", "oneOf"])
_HOPS = 4


class Outline(NamedTuple):
    """The types that a value may have, and the values themselves if they are listed."""

    types: frozenset[str]
    values: tuple[Any, ...] | None


_ANY = Outline(TYPES, None)


def outline(node: SchemaNode, hops: int = _HOPS) -> Outline:
    """The outline of a schema, with references and `allOf` followed a few steps."""
    found: Outline | None = node.cache.get("outline")
    if found is None:
        try:
            found = _outline(node, hops)
        except Malformed:
            found = _ANY
        node.cache["outline"] = found
    return found


def _outline(node: SchemaNode, hops: int) -> Outline:
    schema = node.schema
    if not isinstance(schema, dict):
        return _ANY if schema else Outline(frozenset(), ())
    values: list[Any] | None = node.typed("enum", list, "an array") if "enum" in schema else None
    if "const" in schema:
        values = [schema["const"]]
    if values is not None:
        node.document.budget.spend(weight(values) // 4)
    found = Outline(_types(node), tuple(values) if values is not None else None)
    if not hops:
        return found
    if "$ref" in schema:
        found = both(found, outline(node.target("$ref"), hops - 1))
    for part in node.children("allOf") if "allOf" in schema else ():
        found = both(found, outline(part, hops - 1))
    return found


def _types(node: SchemaNode) -> frozenset[str]:
    return types(node) if node.says("type") else TYPES


def _spoken_of(node: SchemaNode) -> frozenset[str]:
    """The types that a schema allows, or if it allows all, the type that its other keywords concern."""
    schema = node.schema
    if "type" in schema:
        return types(node)
    if "properties" in schema or "required" in schema:
        return _OBJECT
    return _ARRAY if "items" in schema else TYPES


def both(left: Outline, right: Outline) -> Outline:
    """The intersection of two outlines."""
    values = left.values
    if values is None:
        values = right.values
    elif right.values is not None:
        values = tuple(common(values, right.values))
    return Outline(left.types & right.types, values)


def agree(nodes: list[SchemaNode]) -> bool:
    """Whether the outlines of these schemas have any value in common."""
    whole = _ANY
    for node in nodes:
        node.document.budget.spend(2 + len(whole.values or ()) // 4)
        whole = both(whole, outline(node))
    return any_left(whole, ())


def any_left(left: Outline, banned: tuple[Any, ...]) -> bool:
    """Whether an outline has a value that is not banned."""
    if left.values is None:
        return bool(left.types)
    possible = [value for value in left.values if is_a(value, left.types)]
    return bool(possible) and (not banned or len(common(possible, banned)) < len(possible))


def is_plain(node: SchemaNode) -> bool:
    """Whether no value of the schema is an array or an object."""
    kinds, values = outline(node)
    return kinds <= _SCALARS or values is not None


def subject(node: SchemaNode) -> SchemaNode:
    """The target of the schema's reference, if it has no other keyword; otherwise the schema itself."""
    hops = _HOPS
    while node.refers and hops:
        node, hops = node.target("$ref"), hops - 1
    return node


def bare(node: SchemaNode) -> SchemaNode:
    """The end of the chain of references that starts at this schema, if they have no other keywords."""
    hops = _HOPS
    while node.refers and (len(node.schema) == 1 or node.hides_siblings) and hops:
        node, hops = node.target("$ref"), hops - 1
    return node


def is_unknown(node: SchemaNode) -> bool:
    """Whether the schema is in another document. Raises Malformed for a reference without a target."""
    found: bool | None = node.cache.get("unknown")
    if found is None:
        node.document.budget.spend()
        found = node.cache["unknown"] = False
        found = subject(node) is node.document.anything
        found = found or (node.says("allOf") and any(map(is_unknown, node.children("allOf"))))
        node.cache["unknown"] = found
    return found


def depth(node: SchemaNode, *, any_type: bool = False) -> int:
    """The nesting depth of the shallowest value; `DEEPEST + 1` if it is deeper or endless.

    Values have the types that keywords of the schema concern; with `any_type`, those that it allows. A schema that is
    malformed or allows nothing counts as shallow, so that building it raises the error.
    """
    found: int | None = node.cache.get(("depth", any_type))
    if found is None:
        found = 0
        if not _is_scalar(node):
            fits = _Search(any_type).fits
            found = next((levels for levels in range(DEEPEST + 1) if fits(node, levels)), DEEPEST + 1)
        node.cache["depth", any_type] = found
    return found


def _is_scalar(node: SchemaNode) -> bool:
    """Whether the schema itself says that no value is an array or an object, and applies no other to it."""
    kind = node.schema.get("type") if isinstance(node.schema, dict) else None
    return isinstance(kind, str) and kind in _SCALARS and _IN_PLACE.isdisjoint(node.schema)


class _Search:
    """Finds whether some value of a schema has at most a given depth.

    A schema that leads back to itself on the same level has no value on that path. That none was found may therefore
    depend on unfinished schemas, of which `_reach` is the outermost that was met. Such a result is kept in `_assumed`
    until one of them turns out to have a value, and is final when the outermost has none.
    """

    def __init__(self, any_type: bool) -> None:
        self._any_type = any_type
        self._open: dict[tuple[SchemaNode, int], int] = {}
        self._reach: float = math.inf
        self._assumed: dict[tuple[SchemaNode, int], float] = {}

    def fits(self, node: SchemaNode, levels: int) -> bool:
        key = ("fits", self._any_type, levels)
        known: bool | None = node.cache.get(key)
        if known is not None:
            return known
        node.document.budget.spend(4)
        at = node, levels
        if at in self._open or at in self._assumed:
            self._reach = min(self._reach, self._open.get(at, math.inf), self._assumed.get(at, math.inf))
            return False
        own = self._open[at] = len(self._open)
        outer, self._reach, before = self._reach, math.inf, len(self._assumed)
        try:
            found = levels >= 0 and self._fits(node, levels)
        except Malformed:
            found = True
        del self._open[at]
        if found or self._reach >= own:
            node.cache[key] = found
            while len(self._assumed) > before:
                (other, level), _ = self._assumed.popitem()
                if not found:
                    other.cache["fits", self._any_type, level] = False
            self._reach = outer
        else:
            self._assumed[at] = self._reach
            self._reach = min(outer, self._reach)
        return found

    def _fits(self, node: SchemaNode, levels: int) -> bool:
        schema = node.schema
        if not isinstance(schema, dict):
            return True
        for keyword in ("$ref", "$dynamicRef", "$recursiveRef"):
            if keyword in schema and not self.fits(node.target(keyword), levels):
                return False
        if "allOf" in schema and not all(self.fits(part, levels) for part in node.children("allOf")):
            return False
        for keyword in ("anyOf", "oneOf"):
            if keyword in schema and not any(self.fits(part, levels) for part in node.children(keyword)):
                return False
        return "const" in schema or "enum" in schema or self._some_type_fits(node, levels)

    def _some_type_fits(self, node: SchemaNode, levels: int) -> bool:
        allowed = _types(node) if self._any_type else _spoken_of(node)
        return (
            not allowed
            or not allowed.isdisjoint(_SCALARS)
            or ("object" in allowed and self._object_fits(node, levels))
            or ("array" in allowed and self._array_fits(node, levels))
        )

    def _object_fits(self, node: SchemaNode, levels: int) -> bool:
        if "required" not in node.schema:
            return True
        members = node.members("properties")
        return all(self.fits(members[name], levels - 1) for name in node.names("required") if name in members)

    def _array_fits(self, node: SchemaNode, levels: int) -> bool:
        if not node.schema.get("minItems") or not isinstance(node.schema.get("items"), dict):
            return True
        return self.fits(node.child("items"), levels - 1)
