"""References, drafts, and how deep and large a value gets."""

import json
from typing import Any

import pytest
from support.schemas import judge, make


def test_what_is_elsewhere_is_left_out_or_anything() -> None:
    """A schema in another document is unknown: optional parts of it are left out, required ones are some value."""
    schema = {
        "type": "object",
        "properties": {
            "known": {"anyOf": [{"$ref": "https://example.com/elsewhere.json"}, {"const": 1}]},
            "optional": {"$ref": "https://example.com/elsewhere.json#/definitions/a"},
            "required": {"allOf": [{"$ref": "other.json"}]},
            "list": {"type": "array", "items": {"$ref": "other.json"}},
            "nonsense": {"$ref": "http://[no"},
        },
        "required": ["required"],
    }
    found = make(schema)
    assert found.keys() == {"known", "required", "list"}
    assert (found["known"], found["list"]) == (1, [])


def test_what_is_elsewhere_is_chosen_last() -> None:
    """A choice that requires what is in another document is made only where no other can be."""
    schema = {
        "type": "object",
        "oneOf": [{"required": ["id"]}, {"required": ["name"]}],
        "properties": {"id": {"$ref": "spdx.schema.json"}, "name": {"type": "string"}},
    }
    assert all(make(schema, seed).keys() == {"name"} for seed in range(8))
    assert make(schema | {"oneOf": [{"required": ["id"]}]}).keys() == {"id", "name"}


def test_a_schema_may_be_asked_for() -> None:
    """A reference to a published metaschema is answered with a schema, a part of one with what stands there."""
    schema = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": {
            "schema": {"$ref": "http://json-schema.org/draft-07/schema#"},
            "count": {"$ref": "http://json-schema.org/draft-07/schema#/definitions/nonNegativeInteger"},
            "bound": {"$ref": "http://json-schema.org/draft-04/schema#/properties/exclusiveMinimum"},
        },
    }
    found = make(schema)
    assert judge(schema, found) is None
    assert isinstance(found["schema"], dict)
    assert isinstance(found["bound"], bool)


def test_a_keyword_that_the_draft_lacks_is_meant_but_not_relied_on() -> None:
    """`const` in a schema of draft 4 is obeyed; where that draft's validators would object, the part is left out."""
    schema = {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "type": "object",
        "properties": {"plain": {"const": "a"}, "either": {"oneOf": [{"const": "a"}, {"const": "b"}]}},
    }
    found = make(schema)
    assert found == {"plain": "a"}
    assert judge(schema, found) is None


def test_references_may_go_by_any_name() -> None:
    """Anchors, embedded resources and relative URIs lead to what they name."""
    schema = {
        "$id": "https://example.com/root.json",
        "$defs": {
            "a": {"$anchor": "here", "const": 1},
            "b": {"$id": "embedded.json", "$defs": {"c": {"const": 2}}, "properties": {"x": {"$ref": "#/$defs/c"}}},
            "d": {"$dynamicAnchor": "node", "const": 3},
            "%": {"const": 4},
        },
        "type": "object",
        "properties": {
            "one": {"$ref": "#here"},
            "two": {"$ref": "embedded.json#/$defs/c"},
            "three": {"$dynamicRef": "#node"},
            "four": {"$ref": "#/$defs/%25"},
            "five": {"$ref": "https://example.com/root.json#here"},
            "six": {"$ref": "embedded.json"},
        },
    }
    found = make(schema)
    assert [found[name] for name in ("one", "two", "three", "four", "five")] == [1, 2, 3, 4, 1]
    assert found["six"] == {"x": 2}


def test_large_objects_leave_out_rather_than_overflow() -> None:
    """What is optional and deep is left out before an answer gets out of hand."""
    wide = {
        f"p{number}": {"type": "object", "properties": {f"q{n}": {"type": "string"} for n in range(40)}}
        for number in range(200)
    }
    assert len(json.dumps(make({"type": "object", "properties": wide}))) < 20_000


def test_recursion_ends_soon() -> None:
    """What may nest without end is ended after a few levels, by leaving out, by null or by the shortest branch."""
    node = {
        "type": "object",
        "properties": {"next": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}},
        "required": ["next"],
    }
    tree = {"type": "object", "properties": {"kids": {"type": "array", "items": {"$ref": "#"}}}, "required": ["kids"]}
    free = {"type": "object", "properties": {"more": {"$ref": "#"}, "name": {"type": "string"}}}
    for schema in (node, tree, free):
        for seed in range(10):
            assert json.dumps(make(schema, seed)).count("{") < 20


def test_deep_callers_are_served() -> None:
    """A value is built within what the stack of a busy server leaves."""
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(15):
        schema = {"type": "object", "properties": {"a": schema}, "required": ["a"]}

    def call(depth: int) -> Any:
        return call(depth - 1) if depth else make(schema)

    assert judge(schema, call(400)) is None


INTEGER = {"type": "integer"}
LIST = {"$id": "list", "type": "array", "minItems": 2, "items": {"$dynamicRef": "#items"}}
LIST["$defs"] = {"any": {"$dynamicAnchor": "items"}}


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"a": {"id": "x", "anyOf": [{"$ref": "#/$defs/a"}]}}, "$defs": {"a": INTEGER}},
        {"properties": {"id": {"const": "x"}, "a": {"$ref": "#/$defs/a"}}, "$defs": {"a": INTEGER}},
        {
            "$schema": "http://json-schema.org/draft-04/schema#",
            "properties": {"a": {"$id": "http://example.com/", "allOf": [{"$ref": "#/definitions/a"}]}},
            "definitions": {"a": INTEGER},
        },
        {
            "$schema": "http://json-schema.org/draft-04/schema#",
            "properties": {"a": {"$ref": "#here"}},
            "definitions": {"a": {"id": "#here", **INTEGER}},
        },
        {
            "$schema": "http://json-schema.org/draft-07/schema#",
            "properties": {"a": {"$ref": "#here"}},
            "definitions": {"a": {"$id": "#here", **INTEGER}},
        },
        {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": "https://example.com/root",
            "properties": {"a": {"$ref": "between"}},
            "$defs": {
                "between": {"$id": "between", "$ref": "list", "$defs": {"i": {"$dynamicAnchor": "items", **INTEGER}}},
                "list": LIST,
            },
        },
    ],
)
def test_an_identifier_is_that_of_its_draft(schema: dict[str, Any]) -> None:
    """A reference leads where the declared draft says: `id` and `$id` count only where the draft has them."""
    schema = schema | {"type": "object", "required": ["a"]}
    for seed in range(5):
        found = make(schema, seed)
        assert judge(schema, found) is None
        assert isinstance(found["a"][0] if isinstance(found["a"], list) else found["a"], int)


@pytest.mark.parametrize("draft", ["draft-04", "draft-06", "draft-07"])
def test_what_stands_beside_a_reference_is_kept_to_where_that_is_possible(draft: str) -> None:
    """Up to draft 7, `$ref` hides its neighbours, but some validators read them; a value is valid for both."""
    beside: dict[str, Any] = {"$ref": "#/definitions/a", "minLength": 30, "maxLength": 40}
    schema = {
        "$schema": f"http://json-schema.org/{draft}/schema#",
        "type": "object",
        "properties": {"a": beside},
        "required": ["a"],
        "definitions": {"a": {"type": "string"}},
    }
    assert 30 <= len(make(schema)["a"]) <= 40
    beside["maxLength"] = 3
    assert judge(schema, make(schema)) is None
