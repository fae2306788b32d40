"""Readers of values, each with the JSON Schema of what it accepts.

A reader returns the value that an author wrote, or reports what is wrong with it. A `Section` is a table of the keys of
a mapping, each with a reader. Loading, the JSON Schema and the reference all come from these tables.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeAlias, TypeVar, cast

import msgspec

from emulator.core.nearest import did_you_mean
from emulator.core.units import NUMBER, Notation
from emulator.scenario.reading.mistakes import MistakeCollector, Span, quoted
from emulator.scenario.reading.nodes import Node

T = TypeVar("T")
Schema = Mapping[str, Any]
Hints: TypeAlias = Callable[[str], str]
"""What to write instead of an unknown word, as the end of a message; empty if nothing is known of it."""
_MAX_PLAIN = 60
_LISTED = 8
"""A message lists so many words; if there are more, it names only the nearest one."""
_UNQUOTED = "; a text that contains a comma must be in quotes"


def _no_hints(word: str) -> str:
    return ""


class InvalidValue(Exception):
    """A value that cannot be used. Its mistakes have been reported."""


class Cursor(msgspec.Struct, frozen=True):
    """A node while it is read: its path, where its mistakes go, and the notes that all readers of a source share.

    What the notes are is up to the readers.
    """

    node: Node
    path: str
    collector: MistakeCollector
    notes: Any

    def key(self, name: str, node: Node) -> "Cursor":
        """The cursor of a key's value in this mapping."""
        plain = len(name) <= _MAX_PLAIN and re.fullmatch(r"[\w-]+", name)
        step = (f".{name}" if self.path else name) if plain else f"[{quoted(name)}]"
        return Cursor(node, f"{self.path}{step}", self.collector, self.notes)

    def key_spans(self) -> dict[str, Span]:
        """The span of each key in this mapping."""
        return {key.text: key.span for key, _ in self.node.value}

    def item(self, at: int, node: Node) -> "Cursor":
        """The cursor of an item of this list."""
        return Cursor(node, f"{self.path}[{at}]", self.collector, self.notes)

    def report(self, message: str, span: Span | None = None) -> InvalidValue:
        """Report a mistake here, or at a span inside. Returns the exception to raise if there is no usable value."""
        self.collector.add(span or self.node.span, self.path, message)
        return InvalidValue()

    def expected(self, what: str) -> InvalidValue:
        """Report that something else was expected here."""
        return self.report(f"expected {what}, got {self.node.describe()}")

    def pairs(self, what: str) -> list[tuple[str, "Cursor"]]:
        """The keys and values of this mapping. Raises InvalidValue if it is none; `what` says what was expected."""
        if self.node.kind != "mapping":
            raise self.expected(what)
        return [(key.text, self.key(key.text, value)) for key, value in self.node.value]


class Reader(msgspec.Struct, Generic[T], frozen=True):
    """Reads one kind of value.

    `what` names the kind in messages and in the reference. `read` raises InvalidValue. `schema` is the JSON Schema.
    """

    what: str
    read: Callable[[Cursor], T]
    schema: Schema


# ---------------------------------------------------------------------------------------------- scalars


def _read_text(cursor: Cursor) -> str:
    if cursor.node.kind != "scalar" or cursor.node.value is None:
        raise cursor.expected('a text ("" for an empty one)' if cursor.node.value is None else "a text")
    return cursor.node.text


TEXT: Reader[str] = Reader("text", _read_text, {"type": ["string", "number", "boolean"]})
"""Any scalar, as it was typed: `yes` and `1.10` need no quotes."""


def _read_flag(cursor: Cursor) -> bool:
    if not isinstance(cursor.node.value, bool):
        hint = {"yes": "true", "on": "true", "no": "false", "off": "false"}.get(cursor.node.text.lower())
        raise cursor.report(
            f"expected true or false, got {cursor.node.describe()}" + (f'; did you mean "{hint}"?' if hint else "")
        )
    return cursor.node.value


def nonempty(reader: Reader[T], what: str, schema: Schema | None = None) -> Reader[T]:
    """What another reader reads, except 0 and an empty text."""

    def read(cursor: Cursor) -> T:
        value = reader.read(cursor)
        if not value:
            raise cursor.expected(what)
        return value

    return Reader(what, read, {**reader.schema, **(schema or {})})


FLAG: Reader[bool] = Reader("true or false", _read_flag, {"type": "boolean"})


def whole(at_least: int, what: str | None = None, at_most: int = 10**12) -> Reader[int]:
    """A whole number from `at_least` to `at_most`."""
    limits = f"from {at_least} to {at_most}" if at_most < 10**12 else f"of at least {at_least}"
    what = what or f"a whole number {limits}"

    def read(cursor: Cursor) -> int:
        value = cursor.node.value
        if type(value) is not int or not at_least <= value <= at_most:
            raise cursor.expected(what)
        _check_ambiguous(cursor)
        return value

    return Reader(what, read, {"type": "integer", "minimum": at_least, "maximum": at_most})


def number(low: float, high: float, what: str, *, above: bool = False) -> Reader[float]:
    """A number from `low` to `high`; with `above`, greater than `low`."""

    def read(cursor: Cursor) -> float:
        value = cursor.node.value
        if type(value) not in (int, float) or not low <= value <= high or (above and value == low):
            raise cursor.expected(what)
        _check_ambiguous(cursor)
        return cast(float, value)

    limits = {"exclusiveMinimum" if above else "minimum": low, "maximum": high}
    finite = {name: limit for name, limit in limits.items() if math.isfinite(limit)}  # JSON has no other numbers
    return Reader(what, read, {"type": "number", **finite})


def parsed(notation: Notation[T]) -> Reader[T]:
    """A value in a notation: a text, or a bare number where the notation has a unit for it."""

    def read(cursor: Cursor) -> T:
        if cursor.node.kind != "scalar" or cursor.node.value is None:
            raise cursor.expected(notation.what)
        _check_ambiguous(cursor)
        try:
            return notation.of(cursor.node.text)
        except ValueError as error:
            raise cursor.report(f"{error}, got {cursor.node.describe()}") from None

    if not notation.unit:
        return Reader(notation.what, read, {"type": "string", "pattern": f"^(?:{notation.form})$"})
    schema = {"type": ["string", "number"], "pattern": f"^(?:{notation.form}|{NUMBER})$", "minimum": 0}
    return Reader(notation.what, read, schema)


def enum(*words: str, hints: Hints = _no_hints) -> Reader[Any]:
    """One of these words. `hints` knows those that are written by mistake."""
    what = f"{', '.join(words[:-1])} or {words[-1]}" if len(words) > 1 else words[0]

    def read(cursor: Cursor) -> str:
        text = cursor.node.text
        if cursor.node.kind != "scalar" or text not in words:
            near = hints(text) or did_you_mean(text, words)
            expected = "unknown word" if near and len(words) > _LISTED else f"expected {what}, got"
            raise cursor.report(f"{expected} {cursor.node.describe()}{near}")
        return text

    return Reader(what, read, {"enum": list(words)})


# ---------------------------------------------------------------------------------------------- any value


def _read_value(cursor: Cursor) -> Any:
    node = cursor.node
    if node.kind == "mapping":
        return read_all({key: (VALUE, inner) for key, inner in cursor.pairs("")})
    if node.kind == "sequence":
        return list(read_all({str(at): (VALUE, cursor.item(at, item)) for at, item in enumerate(node.value)}).values())
    _check_ambiguous(cursor)
    if isinstance(node.value, float) and not math.isfinite(node.value):
        raise cursor.expected("a number that JSON can hold")
    return node.value


def _check_ambiguous(cursor: Cursor) -> None:
    if cursor.node.ambiguous:
        raise cursor.report(f"{cursor.node.text} can mean two things: put it in quotes, or write it as JSON would")


VALUE: Reader[Any] = Reader("any JSON value", _read_value, {})


# ---------------------------------------------------------------------------------------------- collections


def read_all(parts: Mapping[str, tuple[Reader[Any], Cursor]]) -> dict[str, Any]:
    """Read all parts, so that the mistakes of each are reported. Raises InvalidValue if there was one."""
    values, broken = {}, False
    for key, (reader, cursor) in parts.items():
        try:
            values[key] = reader.read(cursor)
        except InvalidValue:
            broken = True
    if broken:
        raise InvalidValue
    return values


def listed(reader: Reader[T], what: str, *, at_least: int = 0) -> Reader[tuple[T, ...]]:
    """A list of values of one kind."""

    def read(cursor: Cursor) -> tuple[T, ...]:
        if cursor.node.kind != "sequence":
            raise cursor.expected(what)
        if len(cursor.node.value) < at_least:
            raise cursor.report(f"expected {what}, got an empty list")
        items = {str(at): (reader, cursor.item(at, node)) for at, node in enumerate(cursor.node.value)}
        return tuple(read_all(items).values())

    schema: dict[str, Any] = {"type": "array", "items": reader.schema}
    return Reader(what, read, schema | ({"minItems": at_least} if at_least else {}))


def mapped(
    reader: Reader[T], what: str, key: re.Pattern[str] | None = None, key_what: str = ""
) -> Reader[dict[str, T]]:
    """A mapping of names to values of one kind. Names must match `key`, which messages call `key_what`."""

    def read(cursor: Cursor) -> dict[str, T]:
        parts = {name: (reader, inner) for name, inner in cursor.pairs(what)}
        spans = cursor.key_spans()
        wrong = [
            cursor.report(f"{quoted(name)} is not {key_what}", spans[name])
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
    """A value of several kinds of node, with a reader for each: `scalar`, `sequence`, `mapping`."""

    def read(cursor: Cursor) -> Any:
        reader = readers.get(cursor.node.kind)
        if reader is None or (cursor.node.kind == "scalar" and cursor.node.value is None):
            raise cursor.expected(what)
        return reader.read(cursor)

    return Reader(what, read, {"anyOf": [reader.schema for reader in readers.values()]})


# ---------------------------------------------------------------------------------------------- sections


class SectionKey(msgspec.Struct, frozen=True):
    """A key of a section: its name, the reader of its value, and its meaning in words for the reference."""

    name: str
    reader: Reader[Any]
    meaning: str
    required: bool = False


class Section(msgspec.Struct, Generic[T], frozen=True):
    """A mapping with known keys.

    They are read in the order of the table, so that the reader of a key can use the notes of those before it. `what`
    and `example` describe the mapping in messages. `check` is called before the keys are read and reports what is wrong
    with their combination. `build` makes the value from theirs, or raises ValueError. `hints` knows keys that are
    written by mistake.
    """

    name: str
    what: str
    example: str
    table: Callable[[], Sequence[SectionKey]]
    build: Callable[[Cursor, dict[str, Any]], T]
    check: Callable[[Cursor, Mapping[str, Cursor]], None] = lambda cursor, given: None
    hints: Hints = _no_hints

    @property
    def reader(self) -> Reader[T]:
        """The reader of the section. Its schema refers to the definition of the same name."""
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

    def _read(self, cursor: Cursor) -> T:
        known = {key.name: key for key in self.table()}
        given = dict(cursor.pairs(self.reader.what))
        count = cursor.collector.count
        self.check(cursor, given)
        self._check_keys(cursor, known, given)
        values = read_all({name: (known[name].reader, given[name]) for name in known if name in given})
        if cursor.collector.count > count:
            raise InvalidValue
        try:
            return self.build(cursor, values)
        except ValueError as error:  # the value itself says what it cannot be
            raise cursor.report(str(error)) from None

    def _check_keys(self, cursor: Cursor, known: Mapping[str, SectionKey], given: Mapping[str, Cursor]) -> None:
        spans = cursor.key_spans()
        for name in given:
            if name not in known:
                hint = self.hints(name) or (_UNQUOTED if " " in name else did_you_mean(name, known))
                if not hint and given[name].node.value is None:
                    hint = _UNQUOTED
                hint = hint or f"; expected {', '.join(known)}"
                cursor.report(f"unknown key {quoted(name)}{hint}", spans[name])
        if missing := [key.name for key in known.values() if key.required and key.name not in given]:
            cursor.report(f"{self.what} needs {_and(missing)}")


def _and(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
