"""Lookups: comparisons of a value, such as `{contains: weather}`.

A lookup of several texts, such as the messages of a request, holds if it holds for one of them. Text lookups ignore
case unless `case: true`.
"""

import json
import operator
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias

from emulator import patterns
from emulator.scenario.language.comparisons import Groups, Lookup, Texts, ValueComparison, WordComparison, value_key
from emulator.scenario.language.foreign import hints_at_keys
from emulator.scenario.reading.mistakes import quoted
from emulator.scenario.reading.readers import (
    FLAG,
    TEXT,
    VALUE,
    Cursor,
    Reader,
    Section,
    SectionKey,
    by_kind,
    listed,
    number,
)
from emulator.scenario.subject import FoldedText

INFINITY = float("inf")
_SHOWN = 60


_TextPredicate: TypeAlias = Callable[[FoldedText], bool]


# ---------------------------------------------------------------------------------------------- operands


def _pattern(cursor: Cursor) -> str:
    text = TEXT.read(cursor)
    try:
        patterns.compile(text, ignore_case=True).check()
    except ValueError as error:
        raise cursor.report(str(error)) from None
    return text


PATTERN: Reader[str] = Reader("a regular expression", _pattern, {**TEXT.schema, "format": "regex"})
_TEXTS = listed(TEXT, "a list of texts", at_least=1)
NUMBER = number(-INFINITY, INFINITY, "a number")
_EQUALS_ANY = SectionKey("equals", VALUE, "is this value")
_ONE_OF_ANY = SectionKey("one_of", listed(VALUE, "a list of values", at_least=1), "is one of these values")
_TEXT_EQUALS = SectionKey("equals", TEXT, "is this text")
_TEXT_ONE_OF = SectionKey("one_of", _TEXTS, "is one of these texts")
_NUMBER_EQUALS = SectionKey("equals", NUMBER, "is this number")
_NUMBER_ONE_OF = SectionKey("one_of", listed(NUMBER, "a list of numbers", at_least=1), "is one of these numbers")
_TEXT_KEYS = (
    SectionKey("contains", TEXT, "contains this text"),
    SectionKey("matches", PATTERN, "has a match of this regular expression (Python's); named groups go to templates"),
    SectionKey("starts_with", TEXT, "begins with this text"),
    SectionKey("ends_with", TEXT, "ends with this text"),
)
_VALUE_TEXT_KEYS = (
    SectionKey("contains", TEXT, "is a text that contains this, or a list with this item"),
    *_TEXT_KEYS[1:],
)
_ORDER_KEYS = (
    SectionKey("gt", NUMBER, "is a number greater than this"),
    SectionKey("gte", NUMBER, "is a number of at least this"),
    SectionKey("lt", NUMBER, "is a number less than this"),
    SectionKey("lte", NUMBER, "is a number of at most this"),
)
_EXISTS = SectionKey("exists", FLAG, "true: it exists; false: it does not")
_CASE = SectionKey("case", FLAG, "true: upper and lower case are different")
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


def _not_empty(cursor: Cursor, given: Mapping[str, Cursor]) -> None:
    if not set(given) - {"case"}:
        cursor.report("this compares nothing; expected a lookup such as contains")


def _sentence(values: Mapping[str, Any]) -> str:
    parts = [f"{_WORDS[name]} {shown(operand)}" for name, operand in values.items() if name in _WORDS]
    parts += [f"to be {_ORDERS[name][1]} {shown(operand)}" for name, operand in values.items() if name in _ORDERS]
    if "exists" in values:
        parts.append("to exist" if values["exists"] else "not to exist")
    return " and ".join(parts)


def shown(value: Any) -> str:
    """A value as JSON, shortened, for messages."""
    if isinstance(value, str):
        return quoted(value)
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."


# ---------------------------------------------------------------------------------------------- texts


def _text_lookup(values: Mapping[str, Any]) -> Lookup:
    case = values.get("case", False)
    predicates = [_text_predicate(name, operand, case=case) for name, operand in values.items() if name in _WORDS]
    holds = _contains(values["contains"].casefold()) if values.keys() == {"contains"} else _for_any(predicates)
    if (exists := values.get("exists")) is not None:
        some = holds
        holds = lambda texts: bool(texts) is exists and (not predicates or some(texts))  # noqa: E731 (a case of `holds`)
    words = (values["equals"],) if "equals" in values else values.get("one_of", ())
    alone = _alone(values, words, case=case)
    return Lookup(holds, _sentence(values), *_groups_of(values, case=case), words, alone, _needed(values, case=case))


def _alone(values: Mapping[str, Any], words: Sequence[str], *, case: bool) -> WordComparison | None:
    fold = str if case else str.casefold
    match [*(values.keys() - {"case"})]:
        case ["contains"]:
            return WordComparison("contains", (fold(values["contains"]),), case)
        case ["equals" | "one_of"]:
            return WordComparison("equals", tuple(map(fold, words)), case)
    return None


def _needed(values: Mapping[str, Any], *, case: bool) -> str:
    """The longest text that any text for which the lookup holds has once it is `patterns.simplified`, if there is one.

    An operand with letters that are changed by this is not looked at.
    """
    operands = [values[name] for name in ("contains", "starts_with", "ends_with") if name in values]
    found = [operand.lower() for operand in operands if operand.isascii()]
    if "matches" in values:
        found.append(patterns.compile(values["matches"], ignore_case=not case).needed)
    return max(found, key=len, default="")


def _text_predicate(name: str, operand: Any, *, case: bool) -> _TextPredicate:
    if name == "matches":
        matches = patterns.compile(operand, ignore_case=not case).matches
        return lambda each: matches(each.text, each.masks)
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
    """The most frequent lookup, without the calls that the others share: a hundred rules may have it."""

    def holds(texts: Texts) -> bool:
        for text in texts:  # noqa: SIM110 (a loop takes a third of the time that any() takes)
            if needle in text.folded:
                return True
        return False

    return holds


def _for_any(predicates: Sequence[_TextPredicate]) -> Callable[[Texts], bool]:
    """Whether all predicates hold for one of the texts."""
    if len(predicates) > 1:
        return lambda texts: any(all(predicate(text) for predicate in predicates) for text in texts)
    predicate = predicates[0] if predicates else bool

    def holds(texts: Texts) -> bool:
        for text in texts:  # noqa: SIM110 (the same)
            if predicate(text):
                return True
        return False

    return holds


def _groups_of(values: Mapping[str, Any], *, case: bool) -> tuple[int, tuple[str, ...], Groups | None]:
    """The cost of a lookup, the names of its groups, and the function that finds them."""
    if "matches" not in values:
        return 1, (), None
    pattern = patterns.compile(values["matches"], ignore_case=not case)

    def groups(texts: Texts) -> Mapping[str, str]:
        found = (pattern.groups(text.text) for text in texts)
        return next((groups for groups in found if groups is not None), {})

    return 4, pattern.names, groups


TEXT_SECTION: Section[Lookup] = Section(
    "text_lookup",
    "a lookup",
    "{contains: weather}",
    lambda: (_TEXT_EQUALS, *_TEXT_KEYS, _TEXT_ONE_OF, _EXISTS, _CASE),
    lambda cursor, values: _text_lookup(values),
    _not_empty,
    hints=hints_at_keys("text_lookup"),
)
_EQUALS: Reader[Lookup] = Reader("text", lambda cursor: _text_lookup({"equals": TEXT.read(cursor)}), TEXT.schema)
TEXT_LOOKUP: Reader[Lookup] = by_kind(
    "a text, or a lookup such as {contains: ...}", scalar=_EQUALS, mapping=TEXT_SECTION.reader
)


def _glob(cursor: Cursor) -> Lookup:
    text = TEXT.read(cursor)
    try:
        matches = patterns.glob(text).matches
    except ValueError as error:
        raise cursor.report(str(error)) from None

    def holds(texts: Texts) -> bool:
        for each in texts:  # noqa: SIM110 (as in `_contains`)
            if matches(each.text):
                return True
        return False

    return Lookup(holds, f"to be {quoted(text)}", 1, words=(text,))


GLOB_LOOKUP: Reader[Lookup] = by_kind(
    "a glob such as *GLM*, or a text lookup", scalar=Reader("glob", _glob, TEXT.schema), mapping=TEXT_SECTION.reader
)


# ---------------------------------------------------------------------------------------------- values


def _value_lookup(values: Mapping[str, Any]) -> Lookup:
    """The lookup of a JSON value, which is None if it does not exist."""
    case = values.get("case", False)
    predicates = [_value_predicate(name, operand, case=case) for name, operand in values.items() if name != "case"]
    cost, names, groups = _groups_of(values, case=case)
    of_text = (lambda value: groups(_texts(value))) if groups else None
    return Lookup(
        lambda value: all(predicate(value) for predicate in predicates),
        _sentence(values),
        cost + 1,
        names,
        of_text,
        alone=_value_alone(values, case=case),
    )


def _value_alone(values: Mapping[str, Any], *, case: bool) -> ValueComparison | None:
    match [*(values.keys() - {"case"})]:
        case ["equals"]:
            operands = [values["equals"]]
        case ["one_of"]:
            operands = values["one_of"]
        case _:
            return None
    if any(isinstance(operand, list | Mapping) for operand in operands):
        return None
    return ValueComparison(tuple(value_key(operand, case=case) for operand in operands), case)


def _value_predicate(name: str, operand: Any, *, case: bool) -> Callable[[Any], bool]:
    if name == "exists":
        return lambda value: (value is not None) is operand
    if name in _ORDERS:
        compare = _ORDERS[name][0]
        return lambda value: type(value) in (int, float) and compare(value, operand)
    if name == "equals":
        return lambda value: _same(value, operand, case=case)
    if name == "one_of":
        return lambda value: any(_same(value, item, case=case) for item in operand)
    holds = _for_any([_text_predicate(name, operand, case=case)])
    if name == "contains":
        return lambda value: (
            holds(_texts(value)) or (isinstance(value, list) and any(_same(item, operand, case=case) for item in value))
        )
    return lambda value: holds(_texts(value))


def _texts(value: Any) -> Texts:
    return (FoldedText(value),) if isinstance(value, str) else ()


def _same(value: Any, expected: Any, *, case: bool) -> bool:
    """Whether two JSON values are equal. true and 1 are not."""
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
    lambda cursor, values: _value_lookup(values),
    _not_empty,
    hints=hints_at_keys("value_lookup"),
)
_BARE: Reader[Lookup] = Reader("a value", lambda cursor: _value_lookup({"equals": VALUE.read(cursor)}), {})
VALUE_LOOKUP: Reader[Lookup] = Reader(
    "a value, or a lookup such as {gt: 0.5}",
    lambda cursor: (VALUE_SECTION.reader if cursor.node.kind == "mapping" else _BARE).read(cursor),
    {"anyOf": [{"not": {"type": "object"}}, VALUE_SECTION.reader.schema]},
)
NUMBER_SECTION: Section[Lookup] = Section(
    "number_lookup",
    "a lookup",
    "{gt: 2}",
    lambda: (_NUMBER_EQUALS, _NUMBER_ONE_OF, *_ORDER_KEYS),
    lambda cursor, values: _value_lookup(values),
    _not_empty,
    hints=hints_at_keys("number_lookup"),
)
_BARE_NUMBER: Reader[Lookup] = Reader(
    "a number", lambda cursor: _value_lookup({"equals": NUMBER.read(cursor)}), NUMBER.schema
)
NUMBER_LOOKUP: Reader[Lookup] = by_kind(
    "a number, or a lookup such as {gt: 2}", scalar=_BARE_NUMBER, mapping=NUMBER_SECTION.reader
)
