"""The official JSON Schema test suite: verdicts on its instances, and values for its schemas."""

from collections.abc import Mapping
from typing import Any

from support.schemas import DRAFTS, judge, load, make

from emulator.schema_values import Unsatisfiable
from emulator.schema_values.nodes import Document
from emulator.schema_values.validation import valid

DYNAMIC = {
    "draft2019-09 recursiveRef: multiple dynamic paths to the $recursiveRef keyword",
    "draft2019-09 recursiveRef: dynamic $recursiveRef destination (not predictable at schema compile time)",
    "draft2020-12 dynamicRef: multiple dynamic paths to the $dynamicRef keyword",
}
"""A dynamic reference means the root's extension point here, by whatever path it is reached."""

METASCHEMAS = ("remote ref, containing refs itself", "validate definition against metaschema")
"""The published metaschemas are condensed to a few of their values."""


def declared(row: Mapping[str, Any]) -> Any:
    """The schema of a row, with the `$schema` of the draft whose suite it is from."""
    schema, draft = row["schema"], DRAFTS[row["draft"]].META_SCHEMA
    return {"$schema": draft.get("$id", draft.get("id"))} | schema if isinstance(schema, dict) else schema


def test_the_validator_gives_the_official_verdicts() -> None:
    """The validator that values are tested with agrees with the official suite, but for two named limits."""
    wrong = set()
    for row in load("suite"):
        for instance, verdict in row["tests"]:
            if valid(Document(declared(row), exact=True).root, instance) is not verdict:
                wrong.add(row["name"])
    assert {name for name in wrong if not name.endswith(METASCHEMAS)} == DYNAMIC


def test_satisfiable_schemas_of_the_official_suite_get_valid_values() -> None:
    """Every object schema of the suite that some instance satisfies is answered validly, but for named limits."""
    rows = [row for row in load("suite") if isinstance(row["schema"], dict) and any(ok for _, ok in row["tests"])]
    wrong = {row["name"] for row in rows if judge(row["schema"], make(declared(row)), DRAFTS[row["draft"]])}
    assert len(rows) > 1_000
    assert wrong <= DYNAMIC


def test_unsatisfiable_schemas_of_the_official_suite_are_refused_or_satisfied() -> None:
    """A schema that no instance of the suite satisfies gets an error, or a value that is valid after all."""
    for row in load("suite"):
        if not any(ok for _, ok in row["tests"]):
            try:
                found = make(row["schema"])
            except Unsatisfiable:
                continue
            assert judge(row["schema"], found, DRAFTS[row["draft"]]) is None, row["name"]
