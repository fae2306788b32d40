"""The JSON Schemas that tests of generated values share, and the reference validator's verdict on a value."""

import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema
from jsonschema.validators import validator_for

from emulator.core.seeds import Seed
from emulator.schema_values import value

DATA = Path(__file__).parents[1] / "schema_values" / "schemas"

REAL = ("configs", "cloud", "kubernetes", "sdk", "tools")

SEED = Seed.of("test")

DRAFTS: Mapping[str, Any] = {
    "draft4": jsonschema.Draft4Validator,
    "draft6": jsonschema.Draft6Validator,
    "draft7": jsonschema.Draft7Validator,
    "draft2019-09": jsonschema.Draft201909Validator,
    "draft2020-12": jsonschema.Draft202012Validator,
}
PERSON = {
    "type": "object",
    "properties": {
        "full_name": {"type": "string"},
        "email": {"type": "string", "format": "email"},
        "start_date": {"type": "string", "format": "date"},
        "end_date": {"type": "string", "format": "date"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "age": {"type": "integer"},
    },
}


def load(name: str) -> list[dict[str, Any]]:
    """The schemas of a file, each with its name."""
    return [json.loads(line) for line in (DATA / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


def judge(schema: Any, found: Any, draft: Any = None) -> str | None:
    """What the reference validator has against a value."""
    kind = draft or validator_for(schema, default=jsonschema.Draft202012Validator)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of Python's `re`, about patterns of the schemas
        error = next(kind(schema, format_checker=kind.FORMAT_CHECKER).iter_errors(found), None)
    return f"{error.json_path}: {error.message[:100]}" if error else None


def make(schema: Any, *parts: str | int, **hints: str) -> Any:
    """A value for a schema, from the seed of these parts."""
    return value(schema, SEED.child(*parts), hints=hints)


def chain(keyword: str, levels: int, width: int, last: Any = None) -> dict[str, Any]:
    """Definitions, each with references to the next one only: as many as `width`, under the keyword."""
    parts: dict[str, Any] = {
        "$ref": "#/$defs/d0",
        "$defs": {f"d{levels}": {"type": "string"} if last is None else last},
    }
    for level in range(levels):
        references = [{"$ref": f"#/$defs/d{level + 1}"} for _ in range(width)]
        part: dict[str, Any] = {keyword: references}
        if keyword == "properties":
            part = {"type": "object", "properties": dict(zip("abcdefghij", references, strict=False))}
            part["required"] = list(part["properties"])
        parts["$defs"][f"d{level}"] = part
    return parts
