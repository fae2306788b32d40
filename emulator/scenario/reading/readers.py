"""Readers: each takes a value that an author wrote, or says what is wrong with it; and knows its JSON Schema.

The language is a table of keys with readers (conditions.py, replies.py, stories.py). The loader, the JSON Schema and
the reference are all made of it.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar, cast

import msgspec

from emulator.core.catalog import Catalog
from emulator.core.units import Notation
from emulator.scenario.reading.mistakes import MistakeCollector, Span, did_you_mean, quoted
from emulator.scenario.reading.nodes import Node
from emulator.scenario.types import Rule, Test

T = TypeVar("T")
Schema = Mapping[str, Any]
_LISTED = 8
"""So many words, a message can list; of more it only names a near one."""


class Unreadable(Exception):
    """A value that cannot be used; the report already says why."""


class Loading:
    """What readers know while a scenario is read, and what they note for the checks at the end."""

    def __init__(self, report: MistakeCollector, catalog: Catalog) -> None:
        self.report = report
        self.catalog = catalog
        self.groups: frozenset[str] = frozenset()
        self.names: dict[str, Place] = {}
        self.tests: dict[tuple[str, str], list[Test]] = {}
        self.states_set: dict[str, list[str]] = {}
        self.states_asked: list[tuple[Place, str, tuple[str, ...]]] = []
        self.tools_offered: dict[str, None] = {}
        self.tools_called: list[tuple[Place, str]] = []
        self.tools_answered: list[tuple[Place, tuple[str, ...]]] = []
        self.expected: list[tuple[Place, str]] = []
        self.rules: list[tuple[Place, Rule]] = []


class Place(msgspec.Struct, frozen=True):
    """A node, how it is reached, and the loading it is a part of."""

    node: Node
    path: str
    loading: Loading

    def key(self, name: str, node: Node) -> "Place":
        """The value of a key in this mapping."""
        plain = re.fullmatch(r"[\w-]+", name)
        step = (f".{name}" if self.path else name) if plain else f"[{quoted(name)}]"
        return Place(node, f"{self.path}{step}", self.loading)

    def key_spans(self) -> dict[str, Span]:
        """Where the keys of this mapping stand."""
        return {key.text: key.span for key, _ in self.node.value}

    def item(self, at: int, node: Node) -> "Place":
        """An item of this list."""
        return Place(node, f"{self.path}[{at}]", self.loading)

    def tell(self, message: str, span: Span | None = None) -> Unreadable:
        """Note a mistake here, or at a span in here. Returns what to raise if nothing can be made of the value."""
        self.loading.report.add(span or self.node.span, self.path, message)
        return Unreadable()

    def expected(self, what: str) -> Unreadable:
        """Note that something else was expected."""
        return self.tell(f"expected {what}, got {self.node.describe()}")

    def pairs(self, what: str) -> list[tuple[str, "Place"]]:
        """Keys and values of a mapping. Raises Unreadable for anything else."""
        if self.node.kind != "mapping":
            raise self.expected(what)
        return [(key.text, self.key(key.text, value)) for key, value in self.node.value]


class Reader(msgspec.Struct, Generic[T], frozen=True):
    """How a value is read. `what` names it in messages and in the reference; `read` raises Unreadable."""

    what: str
    read: Callable[[Place], T]
    schema: Schema


# ---------------------------------------------------------------------------------------------- scalars


def _read_text(place: Place) -> str:
    if place.node.kind != "scalar" or place.node.value is None:
        raise place.expected('a text ("" for an empty one)' if place.node.value is None else "a text")
    return place.node.text


TEXT: Reader[str] = Reader("text", _read_text, {"type": ["string", "number", "boolean"]})
"""A text as it was typed: `yes` and `1.10` need no quotes."""


def _read_flag(place: Place) -> bool:
    if not isinstance(place.node.value, bool):
        hint = {"yes": "true", "on": "true", "no": "false", "off": "false"}.get(place.node.text.lower())
        raise place.tell(
            f"expected true or false, got {place.node.describe()}" + (f'; did you mean "{hint}"?' if hint else "")
        )
    return place.node.value


FLAG: Reader[bool] = Reader("true or false", _read_flag, {"type": "boolean"})


def whole(at_least: int, what: str | None = None, at_most: int = 10**12) -> Reader[int]:
    """A whole number between two."""
    limits = f"from {at_least} to {at_most}" if at_most < 10**12 else f"of at least {at_least}"
    what = what or f"a whole number {limits}"

    def read(place: Place) -> int:
        value = place.node.value
        if type(value) is not int or not at_least <= value <= at_most:
            raise place.expected(what)
        _check_ambiguous(place)
        return value

    return Reader(what, read, {"type": "integer", "minimum": at_least, "maximum": at_most})


def number(low: float, high: float, what: str, *, above: bool = False) -> Reader[float]:
    """A number from `low` (or with `above`, more than that) to `high`."""

    def read(place: Place) -> float:
        value = place.node.value
        if type(value) not in (int, float) or not low <= value <= high or (above and value == low):
            raise place.expected(what)
        _check_ambiguous(place)
        return cast(float, value)

    limit = {"exclusiveMinimum" if above else "minimum": low}
    return Reader(what, read, {"type": "number", **limit, **({} if math.isinf(high) else {"maximum": high})})


def parsed(notation: Notation[T]) -> Reader[T]:
    """A text of a notation. A bare number is told that it lacks the unit."""

    def read(place: Place) -> T:
        if place.node.kind != "scalar" or place.node.value is None:
            raise place.expected(notation.what)
        try:
            return notation(place.node.text)
        except ValueError as error:
            bare = notation.unit and type(place.node.value) in (int, float)
            meant = f'; did you mean "{place.node.text}{notation.unit}"?' if bare else ""
            raise place.tell(f"{error}, got {place.node.describe()}{meant}") from None

    return Reader(notation.what, read, {"type": "string", "pattern": f"^(?:{notation.form})$"})


def choice(*words: str) -> Reader[Any]:
    """One of these words."""
    what = f"{', '.join(words[:-1])} or {words[-1]}" if len(words) > 1 else words[0]

    def read(place: Place) -> str:
        text = place.node.text
        if place.node.kind != "scalar" or text not in words:
            near = did_you_mean(text, words)
            expected = "unknown word" if near and len(words) > _LISTED else f"expected {what}, got"
            raise place.tell(f"{expected} {place.node.describe()}{near}")
        return text

    return Reader(what, read, {"enum": list(words)})


# ---------------------------------------------------------------------------------------------- any value


def _read_value(place: Place) -> Any:
    node = place.node
    if node.kind == "mapping":
        return read_all({key: (VALUE, inner) for key, inner in place.pairs("")})
    if node.kind == "sequence":
        return list(read_all({str(at): (VALUE, place.item(at, item)) for at, item in enumerate(node.value)}).values())
    _check_ambiguous(place)
    if isinstance(node.value, float) and not math.isfinite(node.value):
        raise place.expected("a number that JSON can hold")
    return node.value


def _check_ambiguous(place: Place) -> None:
    if place.node.ambiguous:
        raise place.tell(f"{place.node.text} can mean two things: put it in quotes, or write it as JSON would")


VALUE: Reader[Any] = Reader("any JSON value", _read_value, {})


# ---------------------------------------------------------------------------------------------- collections


def read_all(parts: Mapping[str, tuple[Reader[Any], Place]]) -> dict[str, Any]:
    """Read each part, so that the mistakes of all are told. Raises Unreadable if there was one."""
    values, broken = {}, False
    for key, (reader, place) in parts.items():
        try:
            values[key] = reader.read(place)
        except Unreadable:
            broken = True
    if broken:
        raise Unreadable
    return values


def listed(reader: Reader[T], what: str, *, at_least: int = 0) -> Reader[tuple[T, ...]]:
    """A list of values of one kind."""

    def read(place: Place) -> tuple[T, ...]:
        if place.node.kind != "sequence":
            raise place.expected(what)
        if len(place.node.value) < at_least:
            raise place.tell(f"expected {what}, got an empty list")
        items = {str(at): (reader, place.item(at, node)) for at, node in enumerate(place.node.value)}
        return tuple(read_all(items).values())

    schema: dict[str, Any] = {"type": "array", "items": reader.schema}
    return Reader(what, read, schema | ({"minItems": at_least} if at_least else {}))


def mapped(
    reader: Reader[T], what: str, key: re.Pattern[str] | None = None, key_what: str = ""
) -> Reader[dict[str, T]]:
    """A mapping of names to values of one kind; `key` is what a name must look like."""

    def read(place: Place) -> dict[str, T]:
        parts = {name: (reader, inner) for name, inner in place.pairs(what)}
        spans = place.key_spans()
        wrong = [
            place.tell(f"{quoted(name)} is not {key_what}", spans[name])
            for name in parts
            if key and not key.fullmatch(name)
        ]
        values = read_all(parts)
        if wrong:
            raise wrong[0]
        return values

    schema: dict[str, Any] = {"type": "object", "additionalProperties": reader.schema}
    return Reader(what, read, schema | ({"propertyNames": {"pattern": f"^(?:{key.pattern})$"}} if key else {}))


def by_kind(what: str, **readers: Reader[Any]) -> Reader[Any]:
    """One reader for a `scalar`, one for a `sequence`, one for a `mapping`."""

    def read(place: Place) -> Any:
        reader = readers.get(place.node.kind)
        if reader is None or (place.node.kind == "scalar" and place.node.value is None):
            raise place.expected(what)
        return reader.read(place)

    return Reader(what, read, {"anyOf": [reader.schema for reader in readers.values()]})


# ---------------------------------------------------------------------------------------------- sections


class Key(msgspec.Struct, frozen=True):
    """A key of a section: how its value is read, and what it means, in a sentence for the reference."""

    name: str
    reader: Reader[Any]
    meaning: str
    required: bool = False


class Section(msgspec.Struct, Generic[T], frozen=True):
    """A mapping with known keys. They are read in the order of the table, so a later one may rely on an earlier one.

    `what` names it and `example` shows one, in messages. `check` is called first, to tell what is wrong with the keys
    together; `build` makes the value.
    """

    name: str
    what: str
    example: str
    table: Callable[[], Sequence[Key]]
    build: Callable[[Place, dict[str, Any]], T]
    check: Callable[[Place, Mapping[str, Place]], None] = lambda place, given: None

    @property
    def reader(self) -> Reader[T]:
        """The reader of the section; its schema is a reference to the definition of the same name."""
        return Reader(f"{self.what} such as {self.example}", self._read, {"$ref": f"#/$defs/{self.name}"})

    def definition(self) -> dict[str, Any]:
        """The JSON Schema of the section."""
        keys = self.table()
        required = [key.name for key in keys if key.required]
        return {
            "type": "object",
            "properties": {key.name: {"description": key.meaning, **key.reader.schema} for key in keys},
            "additionalProperties": False,
            **({"required": required} if required else {}),
        }

    def _read(self, place: Place) -> T:
        known = {key.name: key for key in self.table()}
        given = dict(place.pairs(self.reader.what))
        told = place.loading.report.told
        self.check(place, given)
        spans = place.key_spans()
        for name in given:
            if name not in known:
                hint = did_you_mean(name, known) or f"; expected {', '.join(known)}"
                place.tell(f"unknown key {quoted(name)}{hint}", spans[name])
        if missing := [key.name for key in known.values() if key.required and key.name not in given]:
            place.tell(f"{self.what} needs {_and(missing)}")
        values = read_all({name: (known[name].reader, given[name]) for name in known if name in given})
        if place.loading.report.told > told:
            raise Unreadable
        return self.build(place, values)


def _and(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
