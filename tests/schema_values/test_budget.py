"""All work on a schema is counted in one budget, whatever its keywords ask for."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.schemas import REAL, SEED, chain, load

from emulator.schema_values import Budget, Malformed, TooComplex, Unsatisfiable, check, value
from emulator.schema_values.nodes import Document
from emulator.schema_values.validation import valid

PLENTY = 10_000_000
NAMES = st.sampled_from(["a", "b", "c"])
REFERENCES = st.sampled_from(["#", "#/$defs/a", "#/$defs/b", "#/$defs/c"]).map(lambda to: {"$ref": to})
LEAVES: st.SearchStrategy[Any] = st.one_of(
    REFERENCES,
    REFERENCES,
    st.booleans(),
    st.sampled_from(["string", "integer", "null", "object", "array"]).map(lambda kind: {"type": kind}),
    st.sampled_from([{"const": 1}, {"enum": ["a", 1, None]}, {"minLength": 3}, {"minimum": 5}, {"multipleOf": 1e-300}]),
    st.lists(NAMES, max_size=3).map(lambda names: {"type": "object", "required": names}),
)


def around(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Schemas with subschemas."""
    several = st.lists(inner, min_size=1, max_size=4)
    keywords = {
        **dict.fromkeys(("allOf", "anyOf", "oneOf", "prefixItems"), several),
        **dict.fromkeys(("not", "if", "then", "else", "items", "contains", "additionalProperties"), inner),
        **dict.fromkeys(("unevaluatedProperties", "unevaluatedItems", "propertyNames"), inner),
        **dict.fromkeys(
            ("properties", "dependentSchemas", "patternProperties"), st.dictionaries(NAMES, inner, max_size=3)
        ),
        **dict.fromkeys(("minItems", "minProperties"), st.sampled_from([0, 2, 30])),
    }
    return st.fixed_dictionaries({}, optional=keywords)


SCHEMAS = st.recursive(LEAVES, around, max_leaves=12)
DOCUMENTS = st.builds(
    lambda schema, definitions: {"allOf": [schema], "$defs": definitions},
    SCHEMAS,
    st.fixed_dictionaries(dict.fromkeys("abc", SCHEMAS)),
)


@settings(max_examples=100)
@given(DOCUMENTS)
def test_every_schema_is_answered_or_refused_within_its_budget(schema: Any) -> None:
    """Whatever refers to what, the value is valid or the schema is refused, with no step beyond the budget."""
    budget = Budget()
    try:
        found = value(schema, SEED, budget=budget)
    except (Malformed, TooComplex, Unsatisfiable):
        found = None
    else:
        assert valid(Document(schema, Budget(PLENTY)).root, found)
    assert budget.left >= 0


def steps(schema: Any) -> int:
    """The steps that the check of a schema and a value for it take."""
    budget = Budget(PLENTY)
    check(schema, budget=budget)
    value(schema, SEED, budget=budget)
    return PLENTY - budget.left


def test_schemas_in_use_are_far_from_the_limit() -> None:
    """The largest schemas in use take less than half of a budget."""
    assert max(steps(row["schema"]) for name in REAL for row in load(name)) < Budget().left / 2


@pytest.mark.parametrize("keyword", ["allOf", "anyOf"])
def test_the_target_of_references_is_tested_once(keyword: str) -> None:
    """Ten references to each next definition take work in proportion to their number, not a power of it."""
    assert steps(chain(keyword, 8, 10)) < 3 * steps(chain(keyword, 4, 10))


def test_a_budget_is_shared() -> None:
    """What one schema has taken of a budget is missing for the next, and the same work takes the same steps."""
    schema = {"type": "array", "items": {"type": "string"}, "minItems": 50}
    assert steps(schema) == steps(schema)
    budget = Budget(steps(schema) * 2)
    value(schema, SEED, budget=budget)
    with pytest.raises(TooComplex):
        value(schema | {"minItems": 500}, SEED, budget=budget)
