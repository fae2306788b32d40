"""The JSON Schema and the reference: made of the same keys that the loader reads."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from emulator.core.catalog import Catalog
from emulator.scenario.language.schema import SECTIONS, json_schema, reference
from emulator.scenario.loader import load_objects
from emulator.scenario.reading import nodes
from emulator.scenario.reading.mistakes import MistakeCollector, ScenarioError

ROOT = Path(__file__).parents[2]
CATALOG = Catalog.load()
SCHEMA = json_schema()
VALIDATOR = Draft202012Validator(SCHEMA)


def test_the_committed_schema_is_current() -> None:
    """scenario.schema.json is what the language is now."""
    assert json.loads((ROOT / "scenario.schema.json").read_text(encoding="utf-8")) == SCHEMA


def test_the_schema_is_one() -> None:
    """By the rules of draft 2020-12; every definition is used, and every one that is used is there."""
    Draft202012Validator.check_schema(SCHEMA)
    used = {part.split('"')[0] for part in json.dumps(SCHEMA).split('"#/$defs/')[1:]}
    assert used == set(SCHEMA["$defs"])


@pytest.mark.parametrize("path", sorted((ROOT / "scenarios").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_scenario_is_valid(path: Path) -> None:
    """An editor shows no mistake in it."""
    node = nodes.from_text(path.read_text(encoding="utf-8"), MistakeCollector(path.name))
    assert node is not None
    assert [error.message for error in VALIDATOR.iter_errors(node.plain())] == []


WRONG = [
    {"rulez": []},
    {"rules": {}},
    {"rules": [{"reply": {"txt": "a"}}]},
    {"rules": [{"reply": {"text": ["a"]}}]},
    {"rules": [{"reply": {"error": "overload"}}]},
    {"rules": [{"reply": {"text": "a", "retry_after": -2}}]},
    {"rules": [{"reply": {"text": "a", "times": 0}}]},
    {"rules": [{"reply": {"text": "a", "faults": [{"hangup": "rst", "at": "done"}]}}]},
    {"rules": [{"when": {"any": [{"not": {"trun": 1}}]}, "reply": {"text": "a"}}]},
    {"rules": [{"when": {"last_user": {"contians": "a"}}, "reply": {"text": "a"}}]},
    {"rules": [{"when": {"body": {"a": {"gt": "b"}}}, "reply": {"text": "a"}}]},
    {"account": {"credits": "5 EUR"}},
    {"clock": {"mode": "fast"}},
    {"name": "two words"},
    {"expect": [{"rule": "a", "times": -1}]},
]


@pytest.mark.parametrize("value", WRONG, ids=[str(value)[:60] for value in WRONG])
def test_an_editor_shows_what_the_loader_refuses(value: Any) -> None:
    """Unknown keys, wrong types, words and forms are wrong in both."""
    assert not VALIDATOR.is_valid(value)
    with pytest.raises(ScenarioError):
        load_objects(value, catalog=CATALOG)


TEXT = st.sampled_from(["hello", "2s", "5 USD", "true", "{{ now }}", "", "overloaded", "done", "chat", "a|b"])
LEAF = st.none() | st.booleans() | st.integers(-1, 3) | st.sampled_from([0.5, 2.5]) | TEXT
VALUE = st.recursive(
    LEAF,
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(sorted({row.key for row in reference()})), inner, max_size=2)
    ),
    max_leaves=4,
)


def keyed(section: str) -> st.SearchStrategy[dict[str, Any]]:
    """Mappings with keys of a section, and values of all sorts."""
    keys = [row.key for row in reference() if row.section == section]
    return st.dictionaries(st.sampled_from(keys), VALUE, max_size=2)


SCENARIOS = st.one_of(
    keyed("scenario"),
    keyed("reply").map(lambda reply: {"rules": [{"reply": reply}]}),
    keyed("fault").map(lambda fault: {"rules": [{"reply": {"faults": [fault]}}]}),
    keyed("condition").map(lambda when: {"rules": [{"when": when, "reply": {}}]}),
    keyed("stream").map(lambda pace: {"rules": [{"reply": {"stream": pace}}]}),
    st.tuples(keyed("value_lookup"), keyed("text_lookup")).map(
        lambda both: {"rules": [{"when": {"body": {"a": both[0]}, "last_user": both[1]}, "reply": {}}]}
    ),
)


@given(SCENARIOS)
def test_what_the_loader_takes_is_valid(value: dict[str, Any]) -> None:
    """The schema never calls wrong what works."""
    try:
        load_objects(value, catalog=CATALOG)
    except ScenarioError:
        return
    assert [error.message for error in VALIDATOR.iter_errors(value)] == []


def test_the_reference_has_every_key_with_a_type_and_a_meaning() -> None:
    """Each section's keys in their order, and no key twice in a section."""
    rows = reference()
    assert [row.section for row in rows] == [section.name for section in SECTIONS for _ in section.table()]
    assert len({(row.section, row.key) for row in rows}) == len(rows) > 100
    assert all(row.type and row.meaning for row in rows)
