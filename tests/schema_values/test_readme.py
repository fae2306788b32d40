"""The README of the package: its examples run, and its budgets are those of the code."""

import doctest
from pathlib import Path

from emulator import patterns, schema_values
from emulator.schema_values import budget, builder, item_plans, objects, phrases, search

README = Path(schema_values.__file__).with_name("README.md")


def test_the_examples_are_true() -> None:
    """Every example runs as it is written."""
    failed, tried = doctest.testfile(str(README), module_relative=False)
    assert failed == 0 < tried


def test_the_budgets_are_those_of_the_code() -> None:
    """Each figure of the table stands in the row of its budget."""
    rows = {line.split("|")[1].strip(): line.split("|")[2] for line in README.read_text().splitlines() if "|" in line}
    for start, *figures in (
        ("steps", budget.STEPS),
        ("values", builder._ROOM, builder._FRUGAL),
        ("levels", builder._NESTED),
        ("items", item_plans.LARGEST, objects._LARGEST),
        ("characters of a description", phrases.LONGEST),
        ("characters of all patterns", search._CHARACTERS, patterns.MAX_LENGTH),
    ):
        said = next(what for name, what in rows.items() if name.startswith(start))
        assert said.split(" of ")[0].strip(" ").startswith(", ".join(f"{figure:,}" for figure in figures)), start
