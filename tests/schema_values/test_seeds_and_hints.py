"""The seed decides a value, and hints are used where they are valid."""

import copy
import json
import os
import subprocess
import sys

from support.schemas import PERSON, SEED, judge, load, make

from emulator.schema_values import value


def test_the_seed_decides() -> None:
    """The same seed gives the same value, another one another."""
    assert make(PERSON, 1) == make(PERSON, 1)
    assert len({json.dumps(make(PERSON, seed)) for seed in range(20)}) == 20


def test_values_do_not_depend_on_the_process() -> None:
    """Another process, with another salt for its hashes, gives the same values."""
    schemas = [PERSON, *(row["schema"] for row in load("tools"))]
    code = (
        "import json, sys; from emulator.schema_values import value; from emulator.core.seeds import Seed\n"
        "print(json.dumps([value(schema, Seed.of('test')) for schema in json.load(sys.stdin)]))"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            input=json.dumps(schemas),
            env={**os.environ, "PYTHONHASHSEED": salt},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for salt in ("1", "2")
    }
    assert outputs == {json.dumps([value(schema, SEED) for schema in schemas]) + "\n"}


def test_schemas_are_left_as_they_were() -> None:
    """Asking for a value changes nothing in the schema."""
    for row in load("tools"):
        before = copy.deepcopy(row["schema"])
        make(row["schema"])
        assert row["schema"] == before


def test_hints_are_used_where_they_are_valid() -> None:
    """A word of the conversation becomes the property's value, as text, number, boolean or listed value."""
    schema = {
        "type": "object",
        "properties": {
            "city": {"type": "string"},
            "days": {"type": "integer", "maximum": 14},
            "metric": {"type": "boolean"},
            "unit": {"enum": ["celsius", "fahrenheit"]},
            "code": {"type": "string", "pattern": "^[A-Z]{3}$"},
        },
    }
    found = make(schema, city="Ghent", days="3", metric="true", unit="Fahrenheit", code="not a code")
    assert {name: found[name] for name in ("city", "days", "metric", "unit")} == {
        "city": "Ghent",
        "days": 3,
        "metric": True,
        "unit": "fahrenheit",
    }
    assert judge(schema, found) is None
    assert make(schema, days="many", metric="perhaps").keys() == found.keys()
