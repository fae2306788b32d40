"""Whatever keywords are put together, a schema that some value satisfies gets a valid value."""

from typing import Any

from hypothesis import given, reject, settings
from hypothesis import strategies as st
from support.schemas import judge, make

from emulator.schema_values import TooComplex, Unsatisfiable
from emulator.schema_values.assertions import divides
from emulator.schema_values.nodes import Document
from emulator.schema_values.validation import valid
from emulator.schema_values.values import TYPES, distinct

SCALARS = st.none() | st.booleans() | st.integers(-1000, 1000) | st.sampled_from(["", "a", "bc", "déf"]) | st.just(1.5)

VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | inner.map(lambda item: [item, item])
        | st.dictionaries(st.sampled_from(["a", "b", "c"]), inner, max_size=3)
    ),
    max_leaves=6,
)


def schemas_of(instance: Any) -> st.SearchStrategy[Any]:
    """Schemas that the instance satisfies, by construction."""
    types = {type(None): "null", bool: "boolean", int: "integer", float: "number", str: "string", list: "array"}
    kind = types.get(type(instance), "object")
    options: list[st.SearchStrategy[Any]] = [
        st.just({"type": kind}),
        st.just({"const": instance}),
        st.just({"type": [kind, "null"]}),
        VALUES.map(lambda other: {"enum": [other, instance]}),
        VALUES.filter(lambda other: not same(other, instance)).map(lambda other: {"not": {"const": other}}),
    ]
    options += BY_KIND.get(kind, lambda instance: [])(instance)
    return st.one_of(options)


def for_number(number: float) -> list[st.SearchStrategy[Any]]:
    gaps = st.integers(0, 5)
    return [
        gaps.map(lambda gap: {"type": "number", "minimum": number - gap, "maximum": number + gap}),
        gaps.map(lambda gap: {"type": "number", "exclusiveMinimum": number - gap - 1}),
        st.sampled_from([1, 2, 0.5]).map(
            lambda step: {"multipleOf": step} if divides(step, number) else {"not": {"multipleOf": step}}
        ),
    ]


def for_string(text: str) -> list[st.SearchStrategy[Any]]:
    return [
        st.just({"type": "string", "pattern": f"^{text}", "maxLength": len(text)}),
        st.just({"minLength": len(text), "not": {"pattern": "^zz"}}),
    ]


def for_array(items: list[Any]) -> list[st.SearchStrategy[Any]]:
    exact = st.tuples(*map(schemas_of, items))
    options: list[st.SearchStrategy[Any]] = [
        exact.map(lambda parts: {"prefixItems": list(parts), "items": False}),
        exact.map(lambda parts: {"prefixItems": list(parts), "unevaluatedItems": False}),
        st.just({"type": "array", "minItems": len(items), "maxItems": len(items) + 1}),
        st.just({"items": {"enum": items}} if items else {"items": {"type": "string"}}),
        st.sampled_from(sorted(TYPES)).map(lambda kind: counted({"type": kind}, items)),
    ]
    if items:
        options.append(schemas_of(items[-1]).map(lambda part: {"type": "array", "contains": part}))
        options.append(st.just(counted({"const": items[0]}, items)))
    if distinct(items):
        options.append(st.just({"uniqueItems": True, "minItems": len(items)}))
    else:
        options.append(st.just({"type": "array", "not": {"uniqueItems": True}}))
    return options


def for_object(members: dict[str, Any]) -> list[st.SearchStrategy[Any]]:
    parts = st.fixed_dictionaries({name: schemas_of(item) for name, item in members.items()})
    some = st.sampled_from(sorted(members)) if members else st.just("d")
    return [
        parts.map(closed),
        parts.map(lambda parts: {"patternProperties": {f"^{name}": part for name, part in parts.items()}}),
        parts.map(lambda parts: {"allOf": [{"properties": parts}], "unevaluatedProperties": False}),
        some.map(lambda name: {"properties": {name: True}, "additionalProperties": {"enum": [*members.values(), 0]}}),
        some.flatmap(lambda name: schemas_of(members).map(lambda part: {"dependentSchemas": {name: part}})),
        st.just({"required": sorted(members), "propertyNames": {"maxLength": 1}}),
        st.just({"dependentRequired": {name: sorted(members) for name in members}}),
        st.just({"type": "object", "minProperties": len(members), "maxProperties": len(members)}),
    ]


BY_KIND: dict[str, Any] = {
    "integer": for_number,
    "number": for_number,
    "string": for_string,
    "array": for_array,
    "object": for_object,
}


def counted(part: Any, items: list[Any]) -> dict[str, Any]:
    """That as many items are like the part as these are."""
    count = sum(valid(Document(part).root, item) for item in items)
    return {"contains": part, "minContains": count, "maxContains": count}


def closed(parts: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": parts, "required": sorted(parts), "additionalProperties": False}


def same(left: Any, right: Any) -> bool:
    return valid(Document({"const": left}).root, right)


@st.composite
def satisfiable(draw: st.DrawFn) -> dict[str, Any]:
    """A schema with an instance that satisfies all its parts."""
    instance = draw(VALUES)
    parts = draw(st.lists(schemas_of(instance), min_size=1, max_size=3))
    foreign = draw(st.lists(VALUES.flatmap(schemas_of), max_size=2))
    failing = [part for part in foreign if not valid(Document(part).root, instance)]
    condition = draw(VALUES.flatmap(schemas_of))
    holds = valid(Document(condition).root, instance)
    return {
        "allOf": parts,
        "anyOf": [*foreign, parts[0]],
        "not": {"anyOf": failing} if failing else False,
        "oneOf": [*failing, parts[-1]],
        "if": condition,
        "then": parts[0] if holds else False,
        "else": False if holds else parts[0],
    }


@settings(max_examples=150)
@given(satisfiable())
def test_what_some_value_satisfies_is_answered(schema: dict[str, Any]) -> None:
    """A schema that is satisfied by some instance is answered, and validly, unless it exceeds its budget."""
    try:
        found = make(schema)
    except TooComplex:
        reject()
    assert judge(schema, found) is None


@settings(max_examples=200)
@given(st.integers(-50, 50), st.integers(0, 30), st.sampled_from([1, 2, 7, 0.1, 0.25, 0.01, 1.5]), st.booleans())
def test_numbers_keep_to_their_bounds(low: int, span: int, step: float, whole: bool) -> None:
    """A number is within its bounds and a multiple of what it must be, or there is none."""
    schema = {"type": "integer" if whole else "number", "minimum": low, "maximum": low + span, "multipleOf": step}
    try:
        found = make(schema)
    except Unsatisfiable:
        multiples = [number for number in range(low, low + span + 1) if divides(step, number)]
        assert multiples == []
    else:
        assert judge(schema, found) is None
