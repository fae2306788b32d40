"""Real-world schemas get valid, filled values."""

from collections.abc import Iterator
from typing import Any

import pytest
from support.schemas import REAL, judge, load, make

from emulator.schema_values import check


@pytest.mark.parametrize("name", REAL)
def test_real_schemas_get_valid_values(name: str) -> None:
    """Every value for a real-world schema is valid, formats included, whatever the seed."""
    wrong = [
        (row["name"], problem)
        for row in load(name)
        for seed in range(2)
        if (problem := judge(row["schema"], make(row["schema"], seed)))
    ]
    assert wrong == []


def declared(schema: Any, root: Any) -> dict[str, Any]:
    """The properties that a schema declares for its objects, by itself, by `$ref` and by `allOf`."""
    if not isinstance(schema, dict):
        return {}
    found = dict(schema.get("properties", {}))
    parts = list(schema.get("allOf", ()))
    reference = schema.get("$ref", "")
    if reference.startswith("#/"):
        target = root
        for key in reference[2:].split("/"):
            target = target[key]
        parts.append(target)
    for part in parts:
        found = declared(part, root) | found
    return found


def fullness(schema: Any, root: Any, found: Any) -> Iterator[tuple[int, int]]:
    """For each object within a value: how many properties it has of those that are declared for it."""
    if isinstance(found, dict) and (names := declared(schema, root)):
        yield len(names.keys() & found.keys()), len(names)
        for name, part in names.items():
            yield from fullness(part, root, found.get(name))
    elif isinstance(found, list) and isinstance(schema, dict):
        for item in found:
            yield from fullness(schema.get("items"), root, item)


def test_objects_are_filled() -> None:
    """On average at least nine in ten declared properties are there: values are not minimal ones."""
    shares = []
    for row in (row for name in REAL for row in load(name)):
        counts = list(fullness(row["schema"], row["schema"], make(row["schema"])))
        if counts:
            shares.append(sum(there for there, _ in counts) / sum(all_ for _, all_ in counts))
    assert len(shares) > 300
    assert sum(shares) / len(shares) > 0.9


@pytest.mark.parametrize("name", REAL)
def test_real_schemas_pass_the_check(name: str) -> None:
    """No schema that is in use is rejected as malformed."""
    for row in load(name):
        check(row["schema"])
