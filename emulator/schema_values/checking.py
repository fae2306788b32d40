"""Checks that a document is a JSON Schema: that its keywords have valid values, and its references have targets.

The rules are those of the metaschemas of draft 4 to 2020-12. Unknown keywords may have any value.
"""

from collections.abc import Callable
from typing import Any

from emulator.schema_values.assertions import GREATEST
from emulator.schema_values.errors import Malformed, malformed_pattern
from emulator.schema_values.nodes import Document, SchemaNode
from emulator.schema_values.positions import escape, subschemas
from emulator.schema_values.values import TYPES


def check_document(document: Document) -> None:
    """Check every schema of the document. Raises Malformed for the first invalid one."""
    seen: set[int] = set()
    todo = [document.root]
    while todo:
        node = todo.pop()
        if isinstance(node.schema, bool) or id(node.schema) in seen:
            continue
        seen.add(id(node.schema))
        document.budget.spend(1 + len(node.schema) // 2)
        for keyword, value in node.schema.items():
            _check_keyword(node, keyword, value)
        parts = [document.node(part, node, key) for key, part in subschemas(node.schema) if not _is_list(key, part)]
        todo += reversed(parts)


def _is_list(key: str, part: Any) -> bool:
    """Whether this is a list of names, which `dependencies` may have instead of a schema."""
    return key.startswith("dependencies/") and isinstance(part, list | str)


def _check_keyword(node: SchemaNode, keyword: str, value: Any) -> None:
    shape, words = _SHAPES.get(keyword, (None, ""))
    if shape and not shape(value):
        raise Malformed(f"{node.pointer}/{keyword}", f"must be {words}")
    if keyword == "pattern":
        _check_regex(node, keyword, value)
    elif keyword == "patternProperties":
        for pattern in value:
            _check_regex(node, f"{keyword}/{escape(pattern)}", pattern)
    elif keyword in ("$ref", "$dynamicRef", "$recursiveRef"):
        node.target(keyword)


def _check_regex(node: SchemaNode, key: str, pattern: str) -> None:
    try:
        node.document.compiled(pattern)
    except ValueError as error:
        raise malformed_pattern(f"{node.pointer}/{key}", pattern, error) from error


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= GREATEST


def _is_count(value: Any) -> bool:
    return _is_number(value) and value >= 0 and value == int(value)


def _is_step(value: Any) -> bool:
    return _is_number(value) and value > 0


def _is_bound(value: Any) -> bool:
    return isinstance(value, bool) or _is_number(value)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_array(value: Any) -> bool:
    return isinstance(value, list)


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


def _is_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def _is_type(value: Any) -> bool:
    names = [value] if isinstance(value, str) else value
    return isinstance(names, list) and bool(names) and all(isinstance(name, str) and name in TYPES for name in names)


def _is_filled(value: Any) -> bool:
    return isinstance(value, list) and bool(value)


def _is_names_by_name(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_is_names, value.values()))


_Shape = tuple[Callable[[Any], bool], str]


def _shaped(names: str, shape: Callable[[Any], bool], words: str) -> dict[str, _Shape]:
    return dict.fromkeys(names.split(), (shape, words))


_SHAPES: dict[str, _Shape] = {
    **_shaped("$ref $dynamicRef $recursiveRef $id $schema $anchor $dynamicAnchor", _is_text, "a string"),
    **_shaped("title description $comment format pattern", _is_text, "a string"),
    **_shaped("type", _is_type, f"one of {', '.join(sorted(TYPES))}, or an array of them"),
    **_shaped("enum examples", _is_array, "an array"),
    **_shaped("prefixItems", _is_array, "an array of schemas"),
    **_shaped("allOf anyOf oneOf", _is_filled, "an array of at least one schema"),
    **_shaped("properties patternProperties $defs definitions dependentSchemas dependencies", _is_object, "an object"),
    **_shaped("required", _is_names, "an array of strings"),
    **_shaped("dependentRequired", _is_names_by_name, "an object of arrays of strings"),
    **_shaped("minimum maximum", _is_number, "a number"),
    **_shaped("exclusiveMinimum exclusiveMaximum", _is_bound, "a number"),
    **_shaped("multipleOf", _is_step, "a number above 0"),
    **_shaped(
        "minLength maxLength minItems maxItems minProperties maxProperties", _is_count, "a whole number, 0 or more"
    ),
    **_shaped("minContains maxContains", _is_count, "a whole number, 0 or more"),
    **_shaped("uniqueItems nullable", _is_flag, "true or false"),
}
