"""Validates values. Each schema is compiled to closures when a value first reaches it.

The rules are those of JSON Schema 2020-12; keywords of older drafts have their old meaning. `format` is an annotation,
which is the default of the specification, unless the document says otherwise.
"""

from typing import Any

from emulator.schema_values.assertions import ASSERTIONS, Assertion, Maker, number, search, types
from emulator.schema_values.errors import Unsatisfiable
from emulator.schema_values.evaluated import unevaluated_items, unevaluated_names
from emulator.schema_values.nodes import SchemaNode
from emulator.schema_values.values import distinct, weight

_BY_TYPE: dict[type, str] = {
    str: "string",
    int: "integer",
    bool: "boolean",
    list: "array",
    dict: "object",
    type(None): "null",
}


def valid(node: SchemaNode, value: Any) -> bool:
    """Whether the value is valid. Raises Malformed for an invalid schema, and Unsatisfiable for one that is endless.

    The value must not change afterwards, since verdicts on the targets of references are kept.
    """
    test = node.test
    if test is None:
        test = node.test = _compile(node)
    return test(value)


def _compile(node: SchemaNode) -> Assertion:
    """A test of the schema. What it asks of values of a type is compiled when the first of them is tested."""
    schema, spend = node.schema, node.document.budget.spend
    if isinstance(schema, bool):
        return lambda value: spend() or schema
    spend(4 + len(schema))
    by_type: dict[type, list[Assertion]] = {}

    def run(value: Any) -> bool:
        kind = type(value)
        spend(1 + len(value) // 16 if kind is dict or kind is list else 1)
        tests = by_type.get(kind)
        if tests is None:
            tests = by_type[kind] = _tests(node, kind)
        for test in tests:  # noqa: SIM110 - a generator takes twice as long, and time goes here
            if not test(value):
                return False
        return True

    return run


def _tests(node: SchemaNode, kind: type) -> list[Assertion]:
    """The tests of a value of this Python type."""
    hides = node.hides_siblings
    tests = [] if hides or "type" not in node.schema else _tests_of_type(types(node), kind)
    if _never in tests:
        return tests
    shares = node.resource.legacy and "$ref" in node.schema and not hides
    makers = _MAKERS[kind]
    for keyword in ("$ref",) if hides else node.schema:
        make = makers.get(keyword)
        if make is None:
            continue
        if keyword not in node.resource.keywords or (shares and keyword != "$ref"):
            node.document.mixed = True
            if node.document.exact:
                continue
        test = make(node)
        if test is not None:
            tests.append(test)
    return tests


def _tests_of_type(allowed: frozenset[str], kind: type) -> list[Assertion]:
    if kind is float and "number" not in allowed:
        return [float.is_integer] if "integer" in allowed else [_never]
    return [] if kind is float or _BY_TYPE[kind] in allowed else [_never]


def _never(value: Any) -> bool:
    return False


# ---------------------------------------------------------------------------------------------- any type


def _reference(keyword: str) -> Maker:
    """A reference: the target is tested once with the same value, by whatever path it is reached."""

    def make(node: SchemaNode) -> Assertion:
        verdicts = node.document.verdicts

        def test(value: Any) -> bool:
            target = node.target(keyword)
            key = (id(target), id(value))
            if key in verdicts:
                verdict = verdicts[key][1]
                if verdict is None:
                    raise Unsatisfiable(node.pointer, "it refers to itself without end")
                return verdict
            verdict, verdicts[key] = None, (value, None)
            try:
                verdict = valid(target, value)
            finally:
                if verdict is None:
                    del verdicts[key]
            verdicts[key] = value, verdict
            return verdict

        return test

    return make


def _all_of(node: SchemaNode) -> Assertion:
    parts = node.children("allOf")
    return lambda value: all(valid(part, value) for part in parts)


def _any_of(node: SchemaNode) -> Assertion:
    parts = node.children("anyOf")
    return lambda value: any(valid(part, value) for part in parts)


def _one_of(node: SchemaNode) -> Assertion:
    parts = node.children("oneOf")

    def test(value: Any) -> bool:
        held = (part for part in parts if valid(part, value))
        return next(held, None) is not None and next(held, None) is None

    return test


def _not(node: SchemaNode) -> Assertion:
    part = node.child("not")
    return lambda value: not valid(part, value)


def _if(node: SchemaNode) -> Assertion:
    condition = node.child("if")
    then = node.child("then") if "then" in node.schema else node.document.anything
    otherwise = node.child("else") if "else" in node.schema else node.document.anything
    return lambda value: valid(then if valid(condition, value) else otherwise, value)


# ---------------------------------------------------------------------------------------------- arrays


def _items(node: SchemaNode) -> Assertion:
    """`items`: applies to every further item, or in its older form to the first ones."""
    if isinstance(node.schema["items"], list):
        return _first(node.children("items"))
    return _rest(node.child("items"), len(node.children("prefixItems")))


def _additional_items(node: SchemaNode) -> Assertion | None:
    items = node.schema.get("items")
    return _rest(node.child("additionalItems"), len(items)) if isinstance(items, list) else None


def _first(parts: list[SchemaNode]) -> Assertion:
    return lambda value: all(valid(part, item) for part, item in zip(parts, value, strict=False))


def _rest(part: SchemaNode, first: int) -> Assertion:
    return lambda value: all(valid(part, item) for item in (value[first:] if first else value))


def _contains(node: SchemaNode) -> Assertion:
    part = node.child("contains")
    low = number(node, "minContains") if "minContains" in node.schema else 1
    high = number(node, "maxContains") if "maxContains" in node.schema else float("inf")
    return lambda value: bool(low <= sum(valid(part, item) for item in value) <= high)


def _unique_items(node: SchemaNode) -> Assertion | None:
    if node.schema["uniqueItems"] is not True:
        return None
    spend = node.document.budget.spend

    def test(value: list[Any]) -> bool:
        spend(weight(value))
        return distinct(value)

    return test


def _unevaluated_items(node: SchemaNode) -> Assertion:
    part = node.child("unevaluatedItems")
    return lambda value: all(valid(part, value[at]) for at in unevaluated_items(node, value, valid))


# ---------------------------------------------------------------------------------------------- objects


def _properties(node: SchemaNode) -> Assertion:
    members = node.members("properties")
    must = required_by_themselves(node)
    spend, cost = node.document.budget.spend, len(must) // 16

    def test(value: dict[str, Any]) -> bool:
        for name, item in value.items():
            part = members.get(name)
            if part is not None and not valid(part, item):
                return False
        spend(cost)
        return all(name in value for name in must)

    return test


def required_by_themselves(node: SchemaNode) -> list[str]:
    """The properties with `required: true` in their own schema, as in draft 3."""
    members = node.members("properties")
    return [
        name for name, part in members.items() if isinstance(part.schema, dict) and part.schema.get("required") is True
    ]


def _pattern_properties(node: SchemaNode) -> Assertion:
    members = [
        (search(node, "patternProperties", pattern), part)
        for pattern, part in node.members("patternProperties").items()
    ]
    return lambda value: all(valid(part, item) for find, part in members for name, item in value.items() if find(name))


def _additional_properties(node: SchemaNode) -> Assertion | None:
    part = node.child("additionalProperties")
    if part.schema is True:
        return None
    known = node.members("properties")
    finds = [search(node, "patternProperties", pattern) for pattern in node.members("patternProperties")]

    def test(value: dict[str, Any]) -> bool:
        return all(
            valid(part, item)
            for name, item in value.items()
            if name not in known and not any(find(name) for find in finds)
        )

    return test


def _property_names(node: SchemaNode) -> Assertion:
    part = node.child("propertyNames")
    return lambda value: all(valid(part, name) for name in value)


def _required(node: SchemaNode) -> Assertion:
    names = node.names("required")
    spend, cost = node.document.budget.spend, len(names) // 16

    def test(value: dict[str, Any]) -> bool:
        spend(cost)
        return all(name in value for name in names)

    return test


def _dependencies(keyword: str) -> Maker:
    """For each existing property: a schema for the object, or a list of other required properties."""

    def make(node: SchemaNode) -> Assertion:
        lists, parts = node.needs(keyword), node.dependents(keyword)
        spend, cost = node.document.budget.spend, (len(parts) + sum(map(len, lists.values()))) // 16

        def test(value: dict[str, Any]) -> bool:
            spend(cost)
            return all(other in value for name, others in lists.items() if name in value for other in others) and all(
                valid(part, value) for name, part in parts.items() if name in value
            )

        return test

    return make


def _unevaluated_properties(node: SchemaNode) -> Assertion:
    part = node.child("unevaluatedProperties")
    return lambda value: all(valid(part, value[name]) for name in unevaluated_names(node, value, valid))


_ALL = (dict, list, str, int, float, bool, type(None))
_ARRAY, _OBJECT = (list,), (dict,)

_KEYWORDS: dict[str, tuple[tuple[type, ...], Maker]] = {
    **ASSERTIONS,
    "$ref": (_ALL, _reference("$ref")),
    "$dynamicRef": (_ALL, _reference("$dynamicRef")),
    "$recursiveRef": (_ALL, _reference("$recursiveRef")),
    "allOf": (_ALL, _all_of),
    "anyOf": (_ALL, _any_of),
    "oneOf": (_ALL, _one_of),
    "not": (_ALL, _not),
    "if": (_ALL, _if),
    "prefixItems": (_ARRAY, lambda node: _first(node.children("prefixItems"))),
    "items": (_ARRAY, _items),
    "additionalItems": (_ARRAY, _additional_items),
    "contains": (_ARRAY, _contains),
    "uniqueItems": (_ARRAY, _unique_items),
    "unevaluatedItems": (_ARRAY, _unevaluated_items),
    "properties": (_OBJECT, _properties),
    "patternProperties": (_OBJECT, _pattern_properties),
    "additionalProperties": (_OBJECT, _additional_properties),
    "propertyNames": (_OBJECT, _property_names),
    "required": (_OBJECT, _required),
    "dependentRequired": (_OBJECT, _dependencies("dependentRequired")),
    "dependentSchemas": (_OBJECT, _dependencies("dependentSchemas")),
    "dependencies": (_OBJECT, _dependencies("dependencies")),
    "unevaluatedProperties": (_OBJECT, _unevaluated_properties),
}

_MAKERS = {kind: {keyword: make for keyword, (kinds, make) in _KEYWORDS.items() if kind in kinds} for kind in _ALL}
"""The makers of tests by the Python type of a value, then by keyword."""
