"""Tests for the keywords that restrict a value itself: types, listed values, numbers and strings.

Each function takes a node and returns the test of its keyword, or None if the keyword has no effect.
"""

import sys
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from typing import Any, TypeAlias

from emulator.schema_values.errors import Malformed, malformed_pattern
from emulator.schema_values.format_checks import conforms
from emulator.schema_values.nodes import SchemaNode
from emulator.schema_values.values import TYPES, equal, weight

GREATEST = sys.float_info.max
"""Larger numbers are no bounds: the languages that read JSON could not keep to them."""

_DIVIDING = 4
"""The steps that an exact division takes."""

Assertion: TypeAlias = Callable[[Any], bool]
Maker: TypeAlias = Callable[[SchemaNode], Assertion | None]


def types(node: SchemaNode) -> frozenset[str]:
    """The types that `type` allows; number includes integer. Raises Malformed for an unknown type."""
    found: frozenset[str] | None = node.cache.get("types")
    if found is None:
        said = node.typed("type", (str, list), "a string or an array")
        names = {said} if isinstance(said, str) else set(map(str, said))
        if not names <= TYPES | {"any"}:
            raise Malformed(f"{node.pointer}/type", f"{said!r} is not a type")
        if node.schema.get("nullable") is True and None in node.schema.get("enum", ()):
            names |= {"null"}  # OpenAPI 3.0.3, "nullable": the list must have null, and then it is a value
        found = TYPES if "any" in names else frozenset(names | {"integer"} if "number" in names else names)
        node.cache["types"] = found
    return found


def number(node: SchemaNode, keyword: str) -> Any:
    """The number of a keyword. Raises Malformed if it is not a number."""
    value = node.typed(keyword, (int, float), "a number")
    if isinstance(value, bool):
        raise Malformed(f"{node.pointer}/{keyword}", "must be a number")
    if abs(value) > GREATEST:
        raise Malformed(f"{node.pointer}/{keyword}", "is too large a number")
    return value


def search(node: SchemaNode, keyword: str, pattern: Any) -> Callable[[str], bool]:
    """Whether a text matches a regular expression. Raises Malformed for an invalid one."""
    try:
        node.document.compiled(pattern)
    except (ValueError, TypeError) as error:
        raise malformed_pattern(f"{node.pointer}/{keyword}", pattern, error) from error
    return partial(node.document.matches, pattern)


def regular_expression(node: SchemaNode) -> str:
    """The `pattern` of a node. Raises Malformed for an invalid one."""
    pattern: str = node.typed("pattern", str, "a string")
    search(node, "pattern", pattern)
    return pattern


def divides(step: int | float, value: int | float) -> bool:
    """Whether the value is a multiple of the step, both in decimal notation and in floating point.

    >>> divides(0.01, 19.99), divides(0.1, 0.25)
    (False, False)
    """
    if not step:
        return True
    if isinstance(step, int) and isinstance(value, int):
        return value % step == 0
    try:
        return Fraction(str(value)) % Fraction(str(step)) == 0 and float(value / step).is_integer()
    except (OverflowError, ValueError):
        return False


def _enum(node: SchemaNode) -> Assertion:
    values = node.typed("enum", list, "an array")
    texts = frozenset(value for value in values if isinstance(value, str))
    others = [value for value in values if not isinstance(value, str)]
    spend, cost = node.document.budget.spend, _comparing(node, values)

    def test(value: Any) -> bool:
        if isinstance(value, str):
            return value in texts
        spend(cost)
        return any(equal(value, other) for other in others)

    return test


def _const(node: SchemaNode) -> Assertion:
    wanted = node.schema["const"]
    spend, cost = node.document.budget.spend, _comparing(node, wanted)

    def test(value: Any) -> bool:
        spend(cost)
        return equal(value, wanted)

    return test


def _comparing(node: SchemaNode, value: Any) -> int:
    """The steps that a comparison with the value takes at most. To find out is counted, too."""
    steps = weight(value) // 4
    node.document.budget.spend(steps)
    return steps


def _minimum(node: SchemaNode) -> Assertion:
    bound = number(node, "minimum")
    if node.schema.get("exclusiveMinimum") is True:
        return lambda value: bool(value > bound)
    return lambda value: bool(value >= bound)


def _maximum(node: SchemaNode) -> Assertion:
    bound = number(node, "maximum")
    if node.schema.get("exclusiveMaximum") is True:
        return lambda value: bool(value < bound)
    return lambda value: bool(value <= bound)


def _above(node: SchemaNode) -> Assertion | None:
    if isinstance(node.schema["exclusiveMinimum"], bool):
        return None
    bound = number(node, "exclusiveMinimum")
    return lambda value: bool(value > bound)


def _below(node: SchemaNode) -> Assertion | None:
    if isinstance(node.schema["exclusiveMaximum"], bool):
        return None
    bound = number(node, "exclusiveMaximum")
    return lambda value: bool(value < bound)


def _multiple(keyword: str) -> Maker:
    def make(node: SchemaNode) -> Assertion:
        step, spend = number(node, keyword), node.document.budget.spend

        def test(value: Any) -> bool:
            spend(_DIVIDING)
            return divides(step, value)

        return test

    return make


def _pattern(node: SchemaNode) -> Assertion:
    return search(node, "pattern", node.schema["pattern"])


def _format(node: SchemaNode) -> Assertion | None:
    name = node.schema["format"]
    if not node.document.formats or not isinstance(name, str):
        return None
    return lambda value: conforms(name, value)


def _at_least(keyword: str) -> Maker:
    def make(node: SchemaNode) -> Assertion:
        bound = number(node, keyword)
        return lambda value: len(value) >= bound

    return make


def _at_most(keyword: str) -> Maker:
    def make(node: SchemaNode) -> Assertion:
        bound = number(node, keyword)
        return lambda value: len(value) <= bound

    return make


_STRING, _NUMBERS, _ARRAY, _OBJECT = (str,), (int, float), (list,), (dict,)
_ALL = (str, int, float, bool, list, dict, type(None))

ASSERTIONS: dict[str, tuple[tuple[type, ...], Maker]] = {
    "enum": (_ALL, _enum),
    "const": (_ALL, _const),
    "format": (_STRING, _format),
    "pattern": (_STRING, _pattern),
    "minLength": (_STRING, _at_least("minLength")),
    "maxLength": (_STRING, _at_most("maxLength")),
    "minimum": (_NUMBERS, _minimum),
    "maximum": (_NUMBERS, _maximum),
    "exclusiveMinimum": (_NUMBERS, _above),
    "exclusiveMaximum": (_NUMBERS, _below),
    "multipleOf": (_NUMBERS, _multiple("multipleOf")),
    "divisibleBy": (_NUMBERS, _multiple("divisibleBy")),
    "minItems": (_ARRAY, _at_least("minItems")),
    "maxItems": (_ARRAY, _at_most("maxItems")),
    "minProperties": (_OBJECT, _at_least("minProperties")),
    "maxProperties": (_OBJECT, _at_most("maxProperties")),
}
"""Keyword -> the Python types of the values that it looks at, and its maker."""
