"""Schemas whose patterns ask for endless work are answered or refused all the same."""

from contextlib import suppress
from typing import Any

import pytest
from support.schemas import make

from emulator.schema_values import Unsatisfiable

TRAP = "^(a+)+$"
BAIT = "a" * 60 + "!"


@pytest.mark.parametrize(
    "schema",
    [
        {"enum": [BAIT], "pattern": TRAP},
        {"type": "object", "required": [BAIT], "patternProperties": {TRAP: True}},
        {"enum": ["a" * 3000 + "!"], "pattern": "^a*a*a*a*a*$"},
        {"type": "string", "pattern": "^(a?){4000000000}$"},
        {"type": "string", "pattern": "^" + "(" * 10 + "a?" + "){2,}" * 10 + "$"},
        {"type": "string", "pattern": "^" + "(" * 10 + "a?" + "){0,8}" * 10 + "b$"},
        {"type": "array", "not": {"uniqueItems": False}},
    ],
    ids=lambda schema: str(schema)[:60],
)
def test_no_schema_asks_for_endless_work(schema: Any) -> None:
    """A value is found, or the schema is refused, whatever the patterns and the texts that they are tried on."""
    with suppress(Unsatisfiable):
        make(schema)
