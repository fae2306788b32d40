"""Fields as developers write them, and a rule for each: the share of values that a reader would believe.

    python benchmarks/bench_believable.py [--half 0|1] [--seeds 5] [--failures] [--table fields.tsv]

Each row of the table is a field: its group, name, type, description (or `title:` and a title) and the rule that its
value must hold. Rows that join several names by " + " are fields of one object, whose values belong together. A name
may be a path: `vendor.name`, or `items[].price` for the first of a list. A row counts as the share of seeds with which
its rule holds. The halves are the odd and the even rows: what is mended is
looked up in the first, and the second shows whether the mending holds for fields that nobody looked at. The rows from
line 497 on, the first of "review", are no such test: what did not hold in either of their halves was mended.
"""

import argparse
import csv
import json
import re
import statistics
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).parent.parent))

from emulator.core.seeds import Seed
from emulator.schema_values import value

TABLE = Path(__file__).parent / "fields.tsv"


class Field(NamedTuple):
    """A row of the table."""

    group: str
    name: str
    type: str
    description: str
    rule: str

    @property
    def schema(self) -> Mapping[str, Any]:
        """The schema of an object with this field, or with these fields."""
        names, types = self.name.split(" + "), self.type.split(" + ")
        whole: dict[str, Any] = {"type": "object", "properties": {}, "required": []}
        for name, kind in zip(names, types, strict=True):
            _put(whole, name.split("."), _schema(kind, self.description))
        return whole


def _put(schema: dict[str, Any], path: list[str], leaf: Mapping[str, Any]) -> None:
    """Put the schema of a field where its path says."""
    key, *rest = path
    name = key.removesuffix("[]")
    if name not in schema["required"]:
        inner = {"type": "object", "properties": {}, "required": []} if rest else leaf
        schema["properties"][name] = {"type": "array", "items": inner} if key != name else inner
        schema["required"].append(name)
    if rest:
        found = schema["properties"][name]
        _put(found["items"] if key != name else found, rest, leaf)


def _at(found: Any, path: str) -> Any:
    """The value at the path of a field; None where a list on the way is empty."""
    for key in path.split("."):
        found = found[key.removesuffix("[]")]
        if key.endswith("[]"):
            found = found[0] if found else {}
    return found


def _schema(kind: str, description: str) -> Mapping[str, Any]:
    said: dict[str, Any] = {"type": "array", "items": {"type": kind[:-2]}} if kind.endswith("[]") else {"type": kind}
    key, _, text = description.partition(": ")
    if key in ("title", "format"):
        return {**said, key: text}
    return {**said, "description": description} if description else said


def _sentence(found: Any) -> bool:
    return _is_text(found) and found[:1].isupper() and len(found.split()) >= 5 and found.rstrip()[-1:] in ".!?…"


def _is_text(found: Any) -> bool:
    return isinstance(found, str) and bool(found.strip())


def _is_number(found: Any) -> bool:
    return isinstance(found, int | float) and not isinstance(found, bool)


def _reads(found: Any, *layouts: str) -> bool:
    return any(_is_written(found, layout) for layout in layouts)


def _is_written(found: Any, layout: str) -> bool:
    try:
        datetime.strptime(found, layout)
    except (TypeError, ValueError):
        return False
    return True


def _matches(pattern: str) -> Callable[[Any], bool]:
    return lambda found: _is_text(found) and re.fullmatch(pattern, found) is not None


def _regex(found: Any) -> bool:
    try:
        re.compile(found)
    except (TypeError, re.error):
        return False
    return bool(re.search(r"[\\^$\[(*+?]", found))


def _json(found: Any) -> bool:
    try:
        json.loads(found)
    except (TypeError, ValueError):
        return False
    return True


def _increasing(values: list[Any]) -> bool:
    return all(left < right for left, right in pairwise(values))


def _candle(values: list[Any]) -> bool:
    """Whether the prices of a day are ordered: open, high, low, close."""
    opened, high, low, closed = values
    return bool(low <= min(opened, closed) and max(opened, closed) <= high)


def _alike(values: list[Any]) -> bool:
    """Whether an address contains the last name of the person beside it."""
    return values[0].split()[-1].lower() in values[1].lower()


WORDS: Mapping[str, Callable[[Any], bool]] = {
    "sentence": _sentence,
    "question": lambda found: _is_text(found) and found.endswith("?") and len(found.split()) >= 3,
    "boolean": lambda found: isinstance(found, bool),
    "date": lambda found: _reads(found, "%Y-%m-%d"),
    "datetime": lambda found: _reads(found, "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z"),
    "time": lambda found: _reads(found, "%H:%M", "%H:%M:%S"),
    "email": _matches(r"[\w.+-]+@[\w-]+(\.[\w-]+)+"),
    "url": _matches(r"https?://[\w-]+(\.[\w-]+)+(:\d+)?(/\S*)?"),
    "person": _matches(r"(Dr\.? )?[A-Z][\w.'-]+( [A-Z][\w.'-]+){1,2}"),
    "regex": _regex,
    "json": _json,
    "increasing": _increasing,
    "decreasing": lambda values: _increasing(values[::-1]),
    "nondecreasing": lambda values: all(left <= right for left, right in pairwise(values)),
    "candle": _candle,
    "sum": lambda values: abs(sum(values[:-1]) - values[-1]) < 0.011,
    "product": lambda values: abs(values[0] * values[1] - values[2]) < 0.011,
    "alike": _alike,
    "joined": lambda values: values[2] == f"{values[0]} {values[1]}",
    "different": lambda values: len(set(values)) == len(values),
}


def holds(rule: str, found: Any) -> bool:
    """Whether a value holds a rule of the table."""
    if " and " in rule:
        return all(holds(part, found) for part in rule.split(" and "))
    if rule in WORDS:
        return WORDS[rule](found)
    word, _, rest = rule.partition(" ")
    match word:
        case "one":
            return str(found) in rest.removeprefix("of ").split("|")
        case "matches":
            return _matches(rest)(found)
        case "each" | "each_or_none":
            return isinstance(found, list) and bool(found or word != "each") and all(holds(rest, it) for it in found)
        case "multiple":
            return _is_number(found) and found % float(rest) == 0
        case "whole":
            return _is_number(found) and float(found).is_integer() and _within(found, rest)
        case "words":
            return _is_text(found) and _within(len(found.split()), rest)
        case "length" | "count":
            return isinstance(found, str if word == "length" else list) and _within(len(found), rest)
    return _is_number(found) and _within(found, rule)


def _within(number: float, span: str) -> bool:
    low, high = map(float, span.split(".."))
    return low <= number <= high


def values(field: Field, seeds: int) -> list[Any]:
    """The values of a field, or the lists of those that belong together, with some seeds."""
    found = [value(field.schema, Seed.of("believable", seed)) for seed in range(seeds)]
    names = field.name.split(" + ")
    return [[_at(each, name) for name in names] if len(names) > 1 else _at(each, field.name) for each in found]


def read(path: Path) -> list[Field]:
    """The rows of a table."""
    with path.open(encoding="utf-8", newline="") as lines:
        rows = csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        next(rows)
        return [Field(*row) for row in rows]


def main() -> None:
    parser = argparse.ArgumentParser(description="The share of believable values.")
    parser.add_argument("--half", type=int, choices=(0, 1), help="only the odd (0) or the even (1) rows")
    parser.add_argument("--seeds", type=int, default=5, help="how many values of each field")
    parser.add_argument("--failures", action="store_true", help="list the values that do not hold their rule")
    parser.add_argument("--table", type=Path, default=TABLE, help="another table of the same columns")
    said = parser.parse_args()
    groups: dict[str, list[float]] = defaultdict(list)
    fields = read(said.table)
    for field in fields if said.half is None else fields[said.half :: 2]:
        found = values(field, said.seeds)
        wrong = [each for each in found if not holds(field.rule, each)]
        groups[field.group].append(1 - len(wrong) / len(found))
        if wrong and said.failures:
            print(f"{field.group}: {field.name} ({field.type}) {field.description!r} is not {field.rule}: {wrong[0]!r}")
    for group, shares in groups.items():
        print(f"{group:<12}{len(shares):>4}  {statistics.mean(shares):>6.1%}")
    everything = [share for shares in groups.values() for share in shares]
    print(f"{'all':<12}{len(everything):>4}  {statistics.mean(everything):>6.1%}")


if __name__ == "__main__":
    main()
