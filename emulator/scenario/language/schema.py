"""The language as JSON Schema, for editors, and as a table, for people: both made of the keys that the loader reads."""

from typing import Any

import msgspec

from emulator.scenario.language.choices import CALL, CHOICE
from emulator.scenario.language.conditions import CONDITION, RESULT_SECTION
from emulator.scenario.language.errors import ERROR
from emulator.scenario.language.faulty import AFTER, FAULT, SLOW
from emulator.scenario.language.lookups import NUMBER_SECTION, TEXT_SECTION, VALUE_SECTION
from emulator.scenario.language.paces import DISTRIBUTION, PACE, SHAPES
from emulator.scenario.language.raw import RAW
from emulator.scenario.language.replies import GENERATE, REPLY, USAGE
from emulator.scenario.language.stories import EXPECTATION, RULE, SCENARIO
from emulator.scenario.language.world import ACCOUNT, AUTO_TOP_UP, BACKENDS, CLOCK, FLAPPING, POLICY, TRIAL
from emulator.scenario.reading.readers import Section

SECTIONS: tuple[Section[Any], ...] = (
    *(SCENARIO, RULE, CONDITION, TEXT_SECTION, NUMBER_SECTION, VALUE_SECTION, RESULT_SECTION),
    *(REPLY, CALL, CHOICE, GENERATE, ERROR, RAW, USAGE, PACE, DISTRIBUTION, *SHAPES),
    *(FAULT, AFTER, SLOW, ACCOUNT, TRIAL, AUTO_TOP_UP, POLICY, CLOCK, BACKENDS, FLAPPING, EXPECTATION),
)
"""All sections of the language, in the order in which they are explained."""


class Row(msgspec.Struct, frozen=True):
    """One key: the section it is in, its name, what its value is, and what it means."""

    section: str
    key: str
    type: str
    meaning: str


def reference() -> list[Row]:
    """Every key of the language, section by section."""
    rows = ((section.name, key) for section in SECTIONS for key in section.table())
    return [Row(section, key.name, key.reader.what, key.meaning) for section, key in rows]


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a scenario: its keys and forms. The loader tells what depends on others."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A scenario of the AkashML emulator",
        "$ref": f"#/$defs/{SCENARIO.name}",
        "$defs": {section.name: section.definition() for section in SECTIONS},
    }
