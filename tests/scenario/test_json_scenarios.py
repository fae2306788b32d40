"""A scenario in JSON is one in YAML: whatever a JSON writer makes of it, it reads the same."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.core.catalog import Catalog
from emulator.scenario.loader import load_text
from emulator.scenario.reading.mistakes import MistakeCollector, ScenarioError
from emulator.scenario.reading.nodes import from_text

CATALOG = Catalog.load()
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x7f"), max_size=12)
VALUES = st.recursive(TEXTS | st.integers(-9, 9) | st.booleans() | st.none(), lambda of: st.lists(of, max_size=3))


def read(text: str) -> object:
    """The value of a YAML text."""
    collector = MistakeCollector("x")
    node = from_text(text, collector)
    collector.check()
    return node.plain() if node else None


@given(st.dictionaries(TEXTS, VALUES, max_size=4), st.sampled_from([None, 2, "\t"]))
def test_json_is_read_as_json(value: dict[str, object], indent: int | str | None) -> None:
    """Escaped characters beyond U+FFFF are pairs of escapes; indentation and separators do not matter."""
    separators = (",", ":") if indent is None else None
    assert read(json.dumps(value, indent=indent, separators=separators)) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r'"\ud83c\udf89"', "🎉"),
        (r'"\uD83C\uDF89 \uDBFF\udfff"', "🎉 \U0010ffff"),
        (r"'\ud83c\udf89 \uDBAA\uDcAA'", r"\ud83c\udf89 \uDBAA\uDcAA"),
        (r"\ud83c\udf89", r"\ud83c\udf89"),
        (r'["\ud83c\udf89", a\ud83c\udf89]', ["🎉", r"a\ud83c\udf89"]),
        (r'["\ud83c\udf89", "\ue03c\ue000"]', ["🎉", "\ue03c\ue000"]),
        (r'["\ud83c\udf89", "\uE03C \ua000"]', ["🎉", "\ue03c \ua000"]),
    ],
)
def test_a_pair_of_escapes_is_a_character_in_double_quotes(text: str, value: object) -> None:
    """Anywhere else it is the text that stands there."""
    assert read(text) == value


@pytest.mark.parametrize("text", [r'"\ud83c"', r'"\udf89\ud83c"', r'"\ud83c\udf89 \ud83c"', r'"\\ud83c\udf89"'])
def test_half_a_pair_is_a_mistake(text: str) -> None:
    """Alone, the wrong way around, beside a whole one, and behind a backslash that is escaped itself."""
    with pytest.raises(ScenarioError, match="half of a surrogate pair"):
        read(text)


def test_a_mistake_behind_a_pair_is_told_in_its_place() -> None:
    """The pair is as wide as it was written."""
    text = r'{"description": "\ud83c\udf89", "rulez": []}'
    with pytest.raises(ScenarioError) as caught:
        load_text(text, "party.json", catalog=CATALOG)
    (mistake,) = caught.value.mistakes
    assert (mistake.line, mistake.column) == (1, text.index('"rulez"') + 1)
    assert mistake.snippet.splitlines()[0].endswith(text)
