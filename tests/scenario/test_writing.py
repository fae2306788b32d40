"""Scenarios as they are written: what is written is what is read, and what cannot be written is refused."""

import math
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from support.texts import TEXTS, TRICKY

from emulator.core import retry_after
from emulator.core.catalog import Catalog
from emulator.scenario.budget import Budget
from emulator.scenario.compiler import compiled
from emulator.scenario.loader import load_text
from emulator.scenario.reading.mistakes import MistakeCollector
from emulator.scenario.reading.nodes import from_text
from emulator.scenario.template import is_template
from emulator.scenario.writing import BlockMapping, Blocks, Unwritable, dump, dump_rule, duration, literal, wait

CATALOG = Catalog.load()
SCALARS = (
    st.none() | st.booleans() | st.integers(-(10**290), 10**290) | st.floats(allow_nan=False, allow_infinity=False)
)
VALUES = st.recursive(
    SCALARS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


def read(text: str) -> Any:
    """What the reader of scenarios makes of YAML."""
    report = MistakeCollector("it", text)
    node = from_text(text, report)
    assert node is not None, report.mistakes()
    assert report.mistakes() == []
    return node.plain()


def nested(levels: int) -> list[Any]:
    """A list in a list, and so on."""
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


@settings(max_examples=200, deadline=None)
@given(VALUES)
def test_what_is_template_is_read_back(value: Any) -> None:
    """Whatever texts, numbers and keys there are, scenarios and parsers of YAML 1.1 read what was written."""
    whole = {"value": value, "beside": {"value": value}, "listed": [value]}
    for written in (whole, BlockMapping(whole), Blocks([BlockMapping(whole)])):
        text = dump(written)
        assert read(text) == yaml.safe_load(text) == written


@pytest.mark.parametrize("text", TRICKY)
def test_every_tricky_text_is_read_back(text: str) -> None:
    """As a value, as an item, as a key, and inside a rule."""
    value = {"value": text, text: [text], "deeper": {text: {text: text}}}
    assert read(dump(BlockMapping(value))) == value
    rule = {"name": "r", "when": {"body": {"a": {"equals": value}}}, "replies": [{"text": text}, {"text": "b"}]}
    assert read("rules:\n" + dump_rule(rule)) == {"rules": [rule]}


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("\ud800", "half of a surrogate pair"),
        ({"a\udfff": 1}, "half of a surrogate pair"),
        (10**400, "would be read as another value"),
        (math.nan, "would be read as another value"),
        (-math.inf, "would be read as another value"),
        ("x" * (1 << 20), "longer than 1,048,576 bytes"),
        ([0] * 60_000, "more than 50,000 values"),
        (nested(100), "nested deeper than 50 levels"),
        (nested(100_000), "nested too deep"),
    ],
    ids=range(9),
)
def test_what_cannot_be_written_is_refused(value: Any, why: str) -> None:
    """Nothing is written that would be read as something else: an error says why, in words."""
    with pytest.raises(Unwritable, match=why):
        dump({"value": value})


@settings(max_examples=300, deadline=None)
@given(TEXTS)
def test_a_literal_is_no_template(text: str) -> None:
    """What is written as a literal is rendered as the text that it was made of, tags, breaks and all."""
    written = literal(text)
    assert (compiled(written, frozenset()).run({}, Budget())[0] if is_template(written) else written) == text


@given(st.floats(0, 366 * 24 * 3600.0))
def test_a_duration_is_read_to_the_millisecond(seconds: float) -> None:
    """A duration is written as the loader reads it."""
    scenario = load_text(f"rules: [{{reply: {{retry_after: {duration(seconds)}, text: a}}}}]", "it", catalog=CATALOG)
    (reply,) = scenario.rules[0].replies
    assert reply.retry_after is not None
    assert abs(reply.retry_after - seconds) <= 0.0005 + 1e-6


@given(st.integers(0, 10**12).map(str) | st.decimals(0, 10**6, places=3).map(str) | TEXTS)
def test_a_wait_sends_the_header_that_it_was_made_of(header: str) -> None:
    """Where a Retry-After has a duration, that duration sends the very same header; a text that has none gets None."""
    after = wait(header)
    if after is not None:
        scenario = load_text(f"rules: [{{reply: {{retry_after: {after}, text: a}}}}]", "it", catalog=CATALOG)
        (reply,) = scenario.rules[0].replies
        assert reply.retry_after is not None
        assert retry_after.write(reply.retry_after) == header
