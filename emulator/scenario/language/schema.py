"""The JSON Schema of scenarios, for editors, and the table of all keys, for the reference."""

from typing import Any

import msgspec

from emulator.scenario.language.choices import CHOICE, TOOL_CALL
from emulator.scenario.language.conditions import CONDITION
from emulator.scenario.language.criteria import RESULT_SECTION
from emulator.scenario.language.environment import ACCOUNT, AUTO_TOP_UP, BACKENDS, CLOCK, FLAPPING, POLICY, TRIAL
from emulator.scenario.language.errors import ERROR
from emulator.scenario.language.faults import AFTER, FAULT, SETTINGS
from emulator.scenario.language.lookups import NUMBER_SECTION, TEXT_SECTION, VALUE_SECTION
from emulator.scenario.language.raw import RAW
from emulator.scenario.language.replies import GENERATE, REPLY, USAGE
from emulator.scenario.language.scenarios import EXPECTATION, RULE, SCENARIO
from emulator.scenario.language.timing import DISTRIBUTION, PACE, SHAPES
from emulator.scenario.reading.readers import Section

SECTIONS: tuple[Section[Any], ...] = (
    *(SCENARIO, RULE, CONDITION, TEXT_SECTION, NUMBER_SECTION, VALUE_SECTION, RESULT_SECTION),
    *(REPLY, TOOL_CALL, CHOICE, GENERATE, ERROR, RAW, USAGE, PACE, DISTRIBUTION, *SHAPES),
    *(FAULT, AFTER),
    *SETTINGS.values(),
    *(ACCOUNT, TRIAL, AUTO_TOP_UP, POLICY, CLOCK, BACKENDS, FLAPPING, EXPECTATION),
)
"""All sections, in the order of the reference."""


class ReferenceRow(msgspec.Struct, frozen=True):
    """A key of the reference: its section, name, type and meaning."""

    section: str
    key: str
    type: str
    meaning: str


def reference() -> list[ReferenceRow]:
    """Every key, section by section."""
    rows = ((section.name, key) for section in SECTIONS for key in section.table())
    return [ReferenceRow(section, key.name, key.reader.what, key.meaning) for section, key in rows]


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a scenario. It does not cover what depends on several keys."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A scenario of the AkashML emulator",
        "$ref": f"#/$defs/{SCENARIO.name}",
        "$defs": {section.name: section.definition() for section in SECTIONS},
    }
