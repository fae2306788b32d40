"""JSON Schema -> value: how many values are valid, how full they are, and how long they take.

    python benchmarks/bench_schema.py [file.jsonl ...]

Files have one `{"name": ..., "schema": ...}` a line; without any, the test data is measured. Valid means valid for
`jsonschema`, formats included; a value with a part whose schema is in a document that is not at hand is not judged, and
counted apart. The share of filled properties is, per value, that of the declared properties that are
there in all its objects. Times are processor time of each schema's first value, compiling included.
"""

import json
import statistics
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import referencing.exceptions
from jsonschema.validators import validator_for

sys.path.insert(0, str(Path(__file__).parent.parent))

from emulator.core.seeds import Seed
from emulator.schema_values import Malformed, Unsatisfiable, value

DATA = Path(__file__).parent.parent / "tests" / "schema_values" / "schemas"
REAL = ("configs", "cloud", "kubernetes", "sdk", "tools")


def rows(paths: list[Path]) -> Iterator[tuple[str, Any]]:
    for path in paths:
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            yield f"{path.stem} {row.get('name', row.get('id'))}", row["schema"]


def declared(schema: Any, root: Any) -> dict[str, Any]:
    if not isinstance(schema, dict):
        return {}
    parts = list(schema.get("allOf", ()))
    if str(schema.get("$ref", "")).startswith("#/"):
        target = root
        for key in schema["$ref"][2:].split("/"):
            target = target.get(key.replace("~1", "/").replace("~0", "~")) if isinstance(target, dict) else None
        parts.append(target)
    found: dict[str, Any] = {}
    for part in parts:
        found |= declared(part, root)
    properties: dict[str, Any] = schema.get("properties", {})
    return found | properties


def filled(schema: Any, root: Any, found: Any) -> Iterator[tuple[int, int]]:
    if isinstance(found, dict) and (names := declared(schema, root)):
        yield len(names.keys() & found.keys()), len(names)
        for name, part in names.items():
            yield from filled(part, root, found.get(name))
    elif isinstance(found, list) and isinstance(schema, dict):
        for item in found:
            yield from filled(schema.get("items"), root, item)


def problem(schema: Any, found: Any) -> str | None:
    kind = validator_for(schema, default=jsonschema.Draft202012Validator)
    error = next(kind(schema, format_checker=kind.FORMAT_CHECKER).iter_errors(found), None)
    return f"invalid: {error.json_path} {error.message[:80]}" if error else None


def main(paths: list[Path]) -> None:
    times: list[float] = []
    shares: list[float] = []
    failures: list[str] = []
    unjudged: list[str] = []
    for name, schema in rows(paths):
        begin = time.process_time()
        try:
            found = value(schema, Seed.of("bench"))
        except (Unsatisfiable, Malformed) as error:
            failures.append(f"{name}: {error}")
            continue
        finally:
            times.append((time.process_time() - begin) * 1000)
        try:
            if wrong := problem(schema, found):
                failures.append(f"{name}: {wrong}")
        except referencing.exceptions.Unresolvable as error:
            unjudged.append(f"{name}: it needs {error.ref}")
        counts = list(filled(schema, schema, found))
        if counts:
            shares.append(sum(there for there, _ in counts) / sum(number for _, number in counts))
    times.sort()
    print(f"schemas      {len(times)}")
    judged = len(times) - len(unjudged)
    print(f"valid        {1 - len(failures) / max(1, judged):.2%} of {judged} judged")
    print(f"filled       {statistics.mean(shares):.1%} of the declared properties, on average")
    print(f"median       {statistics.median(times):.2f} ms")
    print(f"p95          {times[int(len(times) * 0.95)]:.2f} ms")
    print(f"max          {times[-1]:.2f} ms")
    for reason in unjudged:
        print("not judged  ", reason)
    for failure in failures:
        print("failed      ", failure)


if __name__ == "__main__":
    warnings.simplefilter("ignore", FutureWarning)  # of Python's `re`, about patterns of the schemas
    main([Path(path) for path in sys.argv[1:]] or [DATA / f"{name}.jsonl" for name in REAL])
