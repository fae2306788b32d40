"""Lookups: how a value is compared. `{contains: weather}` holds for a text that has "weather" in it.

A text is compared as a `FoldedText`. A lookup of something with several texts (messages, tools) holds if it holds for
one of them. Text lookups ignore case unless `case: true`.
"""

import json
import operator
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias

import msgspec

from emulator.core import patterns
from emulator.scenario.reading.mistakes import quoted
from emulator.scenario.reading.readers import FLAG, TEXT, VALUE, Key, Place, Reader, Section, by_kind, listed, number

INFINITY = float("inf")
_SHOWN = 60


class FoldedText(msgspec.Struct, frozen=True):
    """A text, and the same without regard to case."""

    text: str
    folded: str


def folded_text(text: str) -> FoldedText:
    """The text, ready to be compared."""
    return FoldedText(text, text.casefold())


Texts: TypeAlias = tuple[FoldedText, ...]
Groups: TypeAlias = Callable[[Any], Mapping[str, str]]
_TextTest: TypeAlias = Callable[[FoldedText], bool]


class Lookup(msgspec.Struct, frozen=True):
    """A comparison: whether it holds, and in words what it expects.

    `groups` gives the named groups of its regular expression, `names` are theirs; `words` are the texts of which the
    whole must be one, if it says so.
    """

    holds: Callable[[Any], bool]
    expected: str
    cost: int = 0
    names: tuple[str, ...] = ()
    groups: Groups | None = None
    words: tuple[str, ...] = ()


# ---------------------------------------------------------------------------------------------- operands


def _pattern(place: Place) -> str:
    text = TEXT.read(place)
    try:
        patterns.compile(text)
    except ValueError as error:
        raise place.tell(str(error)) from None
    return text


PATTERN: Reader[str] = Reader("a regular expression", _pattern, {**TEXT.schema, "format": "regex"})
_TEXTS = listed(TEXT, "a list of texts", at_least=1)
NUMBER = number(-INFINITY, INFINITY, "a number")
_EQUALS_ANY = Key("equals", VALUE, "is this value")
_ONE_OF_ANY = Key("one_of", listed(VALUE, "a list of values", at_least=1), "is one of these values")
_TEXT_EQUALS = Key("equals", TEXT, "is this text")
_TEXT_ONE_OF = Key("one_of", _TEXTS, "is one of these texts")
_NUMBER_EQUALS = Key("equals", NUMBER, "is this number")
_NUMBER_ONE_OF = Key("one_of", listed(NUMBER, "a list of numbers", at_least=1), "is one of these numbers")
_TEXT_KEYS = (
    Key("contains", TEXT, "has this text in it"),
    Key("matches", PATTERN, "has a match of this regular expression (Python's); named groups go to templates"),
    Key("starts_with", TEXT, "begins with this text"),
    Key("ends_with", TEXT, "ends with this text"),
)
_VALUE_TEXT_KEYS = (Key("contains", TEXT, "is a text with this in it, or a list with this item"), *_TEXT_KEYS[1:])
_ORDER_KEYS = (
    Key("gt", NUMBER, "is a number greater than this"),
    Key("gte", NUMBER, "is a number greater than this, or this"),
    Key("lt", NUMBER, "is a number less than this"),
    Key("lte", NUMBER, "is a number less than this, or this"),
)
_EXISTS = Key("exists", FLAG, "whether there is one at all")
_CASE = Key("case", FLAG, "true: upper and lower case differ")
_ORDERS: Mapping[str, tuple[Callable[[Any, Any], bool], str]] = {
    "gt": (operator.gt, "greater than"),
    "gte": (operator.ge, "at least"),
    "lt": (operator.lt, "less than"),
    "lte": (operator.le, "at most"),
}
_WORDS = {
    "equals": "to be",
    "contains": "to contain",
    "matches": "to match",
    "starts_with": "to start with",
    "ends_with": "to end with",
    "one_of": "to be one of",
}


def _not_empty(place: Place, given: Mapping[str, Place]) -> None:
    if not set(given) - {"case"}:
        place.tell("this compares nothing; expected a lookup such as contains")


def _sentence(values: Mapping[str, Any]) -> str:
    parts = [f"{_WORDS[name]} {shown(operand)}" for name, operand in values.items() if name in _WORDS]
    parts += [f"to be {_ORDERS[name][1]} {shown(operand)}" for name, operand in values.items() if name in _ORDERS]
    if "exists" in values:
        parts.append("to exist" if values["exists"] else "not to exist")
    return " and ".join(parts)


def shown(value: Any) -> str:
    """A value as messages show it: as JSON, shortened."""
    if isinstance(value, str):
        return quoted(value)
    told = json.dumps(value, ensure_ascii=False, default=str)
    return told if len(told) <= _SHOWN else f"{told[: _SHOWN - 3]}..."


# ---------------------------------------------------------------------------------------------- texts


def _text_lookup(values: Mapping[str, Any]) -> Lookup:
    case = values.get("case", False)
    tests = [_text_test(name, operand, case=case) for name, operand in values.items() if name in _WORDS]
    holds = _contains(values["contains"].casefold()) if values.keys() == {"contains"} else _any_of(tests)
    if (exists := values.get("exists")) is not None:
        some = holds
        holds = lambda texts: bool(texts) is exists and (not tests or some(texts))  # noqa: E731 (a case of `holds`)
    words = (values["equals"],) if "equals" in values else values.get("one_of", ())
    return Lookup(holds, _sentence(values), *_named(values, case=case), words)


def _text_test(name: str, operand: Any, *, case: bool) -> _TextTest:
    if name == "matches":
        search = patterns.compile(operand, ignore_case=not case).search
        return lambda each: search(each.text) is not None
    of = operator.attrgetter("text" if case else "folded")
    if name == "one_of":
        words = frozenset(operand if case else map(str.casefold, operand))
        return lambda each: of(each) in words
    needle = operand if case else operand.casefold()
    match name:
        case "equals":
            return lambda each: of(each) == needle
        case "contains":
            return lambda each: needle in of(each)
        case "starts_with":
            return lambda each: of(each).startswith(needle)
        case _:
            return lambda each: of(each).endswith(needle)


def _contains(needle: str) -> Callable[[Texts], bool]:
    """The commonest lookup, without the calls that all others share: a hundred rules may have it."""

    def holds(texts: Texts) -> bool:
        for text in texts:  # noqa: SIM110 (a loop takes a third of the time that any() takes)
            if needle in text.folded:
                return True
        return False

    return holds


def _any_of(tests: Sequence[_TextTest]) -> Callable[[Texts], bool]:
    """Whether all tests hold for one of the texts."""
    if len(tests) > 1:
        return lambda texts: any(all(test(text) for test in tests) for text in texts)
    test = tests[0] if tests else bool

    def holds(texts: Texts) -> bool:
        for text in texts:  # noqa: SIM110 (the same)
            if test(text):
                return True
        return False

    return holds


def _named(values: Mapping[str, Any], *, case: bool) -> tuple[int, tuple[str, ...], Groups | None]:
    """The cost, the names of the groups, and what finds them."""
    if "matches" not in values:
        return 1, (), None
    pattern = patterns.compile(values["matches"], ignore_case=not case)

    def groups(texts: Texts) -> Mapping[str, str]:
        found = next(filter(None, (pattern.search(text.text) for text in texts)), None)
        return found.groupdict("") if found else {}

    return 4, pattern.names, groups


TEXT_SECTION: Section[Lookup] = Section(
    "text_lookup",
    "a lookup",
    "{contains: weather}",
    lambda: (_TEXT_EQUALS, *_TEXT_KEYS, _TEXT_ONE_OF, _EXISTS, _CASE),
    lambda place, values: _text_lookup(values),
    _not_empty,
)
_EQUALS: Reader[Lookup] = Reader("text", lambda place: _text_lookup({"equals": TEXT.read(place)}), TEXT.schema)
TEXT_LOOKUP: Reader[Lookup] = by_kind(
    "a text, or a lookup such as {contains: ...}", scalar=_EQUALS, mapping=TEXT_SECTION.reader
)


def _glob(place: Place) -> Lookup:
    text = TEXT.read(place)
    match = patterns.glob(text).match

    def holds(texts: Texts) -> bool:
        for each in texts:  # noqa: SIM110 (as in `_contains`)
            if match(each.text):
                return True
        return False

    return Lookup(holds, f"to be {quoted(text)}", 1)


GLOB_LOOKUP: Reader[Lookup] = by_kind(
    "a glob such as *GLM*, or a text lookup", scalar=Reader("glob", _glob, TEXT.schema), mapping=TEXT_SECTION.reader
)


# ---------------------------------------------------------------------------------------------- values


def _value_lookup(values: Mapping[str, Any]) -> Lookup:
    """Compares one JSON value, None for one that is not there."""
    case = values.get("case", False)
    tests = [_value_test(name, operand, case=case) for name, operand in values.items() if name != "case"]
    cost, names, groups = _named(values, case=case)
    of_text = (lambda value: groups(_texts(value))) if groups else None
    return Lookup(lambda value: all(test(value) for test in tests), _sentence(values), cost + 1, names, of_text)


def _value_test(name: str, operand: Any, *, case: bool) -> Callable[[Any], bool]:
    if name == "exists":
        return lambda value: (value is not None) is operand
    if name in _ORDERS:
        compare = _ORDERS[name][0]
        return lambda value: type(value) in (int, float) and compare(value, operand)
    if name == "equals":
        return lambda value: _same(value, operand, case=case)
    if name == "one_of":
        return lambda value: any(_same(value, item, case=case) for item in operand)
    holds = _any_of([_text_test(name, operand, case=case)])
    if name == "contains":
        return lambda value: (
            holds(_texts(value)) or (isinstance(value, list) and any(_same(item, operand, case=case) for item in value))
        )
    return lambda value: holds(_texts(value))


def _texts(value: Any) -> Texts:
    return (folded_text(value),) if isinstance(value, str) else ()


def _same(value: Any, expected: Any, *, case: bool) -> bool:
    """Whether two JSON values are equal; true is not 1."""
    if isinstance(value, str) and isinstance(expected, str):
        return value == expected if case else value.casefold() == expected.casefold()
    if isinstance(value, bool) or isinstance(expected, bool):
        return value is expected
    if isinstance(value, list) and isinstance(expected, list):
        return len(value) == len(expected) and all(map(partial(_same, case=case), value, expected))
    if isinstance(value, Mapping) and isinstance(expected, Mapping):
        return value.keys() == expected.keys() and all(_same(value[key], expected[key], case=case) for key in value)
    return bool(value == expected)


VALUE_SECTION: Section[Lookup] = Section(
    "value_lookup",
    "a lookup",
    "{gt: 0.5}",
    lambda: (_EQUALS_ANY, *_VALUE_TEXT_KEYS, _ONE_OF_ANY, *_ORDER_KEYS, _EXISTS, _CASE),
    lambda place, values: _value_lookup(values),
    _not_empty,
)
_BARE: Reader[Lookup] = Reader("a value", lambda place: _value_lookup({"equals": VALUE.read(place)}), {})
VALUE_LOOKUP: Reader[Lookup] = Reader(
    "a value, or a lookup such as {gt: 0.5}",
    lambda place: (VALUE_SECTION.reader if place.node.kind == "mapping" else _BARE).read(place),
    {"anyOf": [{"not": {"type": "object"}}, VALUE_SECTION.reader.schema]},
)
NUMBER_SECTION: Section[Lookup] = Section(
    "number_lookup",
    "a lookup",
    "{gt: 2}",
    lambda: (_NUMBER_EQUALS, _NUMBER_ONE_OF, *_ORDER_KEYS),
    lambda place, values: _value_lookup(values),
    _not_empty,
)
_BARE_NUMBER: Reader[Lookup] = Reader(
    "a number", lambda place: _value_lookup({"equals": NUMBER.read(place)}), NUMBER.schema
)
NUMBER_LOOKUP: Reader[Lookup] = by_kind(
    "a number, or a lookup such as {gt: 2}", scalar=_BARE_NUMBER, mapping=NUMBER_SECTION.reader
)
