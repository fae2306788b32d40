"""Words of other tools: each is a mistake whose message says what to write, and what it says can be written."""

import re

import pytest

from emulator.core.catalog import Catalog
from emulator.scenario.language.foreign import SECTIONS, WORDS
from emulator.scenario.language.schema import SECTIONS as ALL_SECTIONS
from emulator.scenario.loader import load_text
from emulator.scenario.reading.mistakes import ScenarioError

CATALOG = Catalog.load()
PLACES = {
    "scenario": "{%}",
    "rule": "{rules: [{%}]}",
    "condition": "{rules: [{when: {%}, reply: {text: a}}]}",
    "text_lookup": "{rules: [{when: {last_user: {%}}, reply: {text: a}}]}",
    "number_lookup": "{rules: [{when: {turn: {%}}, reply: {text: a}}]}",
    "value_lookup": "{rules: [{when: {body: {n: {%}}}, reply: {text: a}}]}",
    "tool_result": "{rules: [{when: {tool_result: {%}}, reply: {text: a}}]}",
    "reply": "{rules: [{reply: {%}}]}",
    "choice": "{rules: [{reply: {choices: [{%}]}}]}",
    "tool_call": "{rules: [{reply: {tool_calls: [{%}]}}]}",
    "generate": "{rules: [{reply: {generate: {%}}}]}",
    "error": "{rules: [{reply: {error: {%}}}]}",
    "raw": "{rules: [{reply: {raw: {%}}}]}",
    "usage": "{rules: [{reply: {text: a, usage: {%}}}]}",
    "stream": "{rules: [{reply: {text: a, stream: {%}}}]}",
    "fault": "{rules: [{reply: {text: a, faults: [{%}]}}]}",
    "after": "{rules: [{reply: {text: a, faults: [{stall: 1s, after: {%}}]}}]}",
    "account": "{account: {%}}",
    "key": "{account: {keys: {default: {%}}}}",
    "clock": "{clock: {%}}",
    "backends": "{models: {zai-org/GLM-5.3: {backends: {%}}}}",
    "expectation": "{expect: [{%}]}",
}
"""A scenario for each section, with a place for keys of it."""
VALUES = {
    "error": "{rules: [{reply: {error: %}}]}",
    "hangup": "{rules: [{reply: {text: a, faults: [{hangup: %, after: {tokens: 1}}]}}]}",
    "fault": "{rules: [{reply: {text: a, faults: [%]}}]}",
    "unscripted": "{unscripted: %}",
    "then": "{rules: [{then: %, reply: {text: a}}]}",
    "finish": "{rules: [{reply: {text: a, finish: %}}]}",
    "endpoint": "{rules: [{when: {endpoint: %}, reply: {text: a}}]}",
    "drop": "{rules: [{reply: {text: a, faults: [{drop: %}]}}]}",
}
"""A scenario for each key that is an unknown word's, with a place for its value."""
KEYS = [(section, word, row) for section, rows in SECTIONS.items() for row in rows for word in row.words.split()]
KEY_VALUES = [(key, word, row) for key, rows in WORDS.items() for row in rows for word in row.words.split()]


def messages(text: str) -> list[str]:
    """What is wrong with a scenario."""
    with pytest.raises(ScenarioError) as caught:
        load_text(text, "story.yaml", catalog=CATALOG)
    return [mistake.message for mistake in caught.value.mistakes]


@pytest.mark.parametrize(("section", "word", "row"), KEYS, ids=[f"{section}.{word}" for section, word, _ in KEYS])
def test_a_foreign_key_leads_to_ours(section: str, word: str, row: object) -> None:
    """It is unknown, in every spelling, and the message says what to write instead."""
    for spelled in (word, word.replace("_", "-"), re.sub("_(.)", lambda found: found[1].upper(), word)):
        (told,) = [told for told in messages(PLACES[section].replace("%", f"{spelled}: 1")) if "unknown key" in told]
        assert told.startswith(f'unknown key "{spelled}"; write {row.write}')  # type: ignore[attr-defined]


@pytest.mark.parametrize(("key", "word", "row"), KEY_VALUES, ids=[f"{key}.{word}" for key, word, _ in KEY_VALUES])
def test_a_foreign_word_leads_to_ours(key: str, word: str, row: object) -> None:
    """It cannot be a value, and the message says which can."""
    (told,) = messages(VALUES[key].replace("%", f'"{word}"'))
    assert f"; write {row.write}" in told  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "text",
    [
        *(PLACES[section].replace("%", row.write) for section, rows in SECTIONS.items() for row in rows),
        *(VALUES[key].replace("%", row.write) for key, rows in WORDS.items() for row in rows),
    ],
)
def test_what_a_hint_says_can_be_written(text: str) -> None:
    """Every suggestion is valid in its place; a rule's condition gets the reply that each rule needs."""
    if text.startswith("{rules: [{when:") and "reply:" not in text:
        text = text.replace("}]}", ", reply: {text: a}}]}")
    if text.startswith("{rules: [{name:"):
        text = text.replace("}]}", ", reply: {text: a}}]}")
    assert load_text(text, "story.yaml", catalog=CATALOG)


def test_no_word_of_ours_is_foreign() -> None:
    """A hint at a key that exists would never be seen."""
    for section in ALL_SECTIONS:
        words = {word for row in SECTIONS.get(section.name, ()) for word in row.words.split()}
        assert words & {key.name for key in section.table()} == set()


def test_every_part_of_the_table_belongs_to_a_section() -> None:
    """No rows stand under a name that nothing looks up."""
    assert set(SECTIONS) <= {section.name for section in ALL_SECTIONS}
    assert set(SECTIONS) == set(PLACES)
    assert set(WORDS) == set(VALUES)
