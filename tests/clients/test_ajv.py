"""Ajv, the validator of most JavaScript clients, agrees with what the values promise."""

import json
from pathlib import Path
from typing import Any

import pytest
from support.node import finds, ran
from support.schemas import DRAFTS, REAL, load, make

SCRIPT = Path(__file__).with_name("ajv.cjs")
PACKAGES = ("ajv", "ajv-formats", "ajv-draft-04")
NEEDED = pytest.mark.skipif(
    not finds(SCRIPT.parent, *PACKAGES), reason=f"needs Node.js with these packages: npm install {' '.join(PACKAGES)}"
)
DIFFERENT = (
    "dynamicRef",
    "recursiveRef",
    "$ref prevents a sibling",
    "then not defined",
    "unevaluatedItems with nested items",
)
"""Groups of the official suite in which Ajv's own verdicts differ from it."""


def refused(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows whose values Ajv refuses."""
    ended = ran(SCRIPT, given="\n".join(map(json.dumps, rows)))
    assert ended.returncode == 0, ended.stderr
    return [json.loads(line) for line in ended.stdout.splitlines()]


@NEEDED
def test_values_of_real_schemas_are_valid() -> None:
    """Every value for a real schema is valid for Ajv, its formats included."""
    schemas = [row["schema"] for name in REAL for row in load(name)]
    rows = [
        {"name": f"{at} {seed}", "schema": schema, "value": make(schema, seed)}
        for at, schema in enumerate(schemas)
        for seed in range(2)
    ]
    assert [row for row in refused(rows) if "errors" in row] == []
    assert len(rows) > 800


@NEEDED
def test_values_of_the_official_suite_are_valid() -> None:
    """So is every value for a schema of the official suite, but where Ajv and the suite differ."""
    rows = []
    for row in load("suite"):
        if isinstance(row["schema"], dict) and any(ok for _, ok in row["tests"]):
            draft = DRAFTS[row["draft"]].META_SCHEMA
            schema = {"$schema": draft.get("$id", draft.get("id"))} | row["schema"]
            if not any(different in row["name"] for different in DIFFERENT):
                rows.append({"name": row["name"], "schema": schema, "value": make(schema)})
    assert [row for row in refused(rows) if "errors" in row] == []
    assert len(rows) > 1_000
