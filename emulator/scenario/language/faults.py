"""The key `faults` of a reply: the faults of `emulator.faults`, and the place of each."""

from collections.abc import Mapping
from typing import Any

from emulator.core.errors import ApiError
from emulator.core.nearest import did_you_mean
from emulator.faults.fault_type import FaultSettings, FaultType, ScalarValue, ValueKind
from emulator.faults.registry import FAULTS
from emulator.faults.where import PLACES, Where
from emulator.scenario.errors import api_error, default_message
from emulator.scenario.language.errors import ERRORS
from emulator.scenario.language.foreign import hints_at_keys, hints_at_words
from emulator.scenario.language.raw import HEADER_TEXT
from emulator.scenario.language.timing import DURATION, RATE
from emulator.scenario.reading.mistakes import quoted
from emulator.scenario.reading.readers import TEXT, Cursor, Reader, Section, SectionKey, by_kind, enum, nonempty, whole
from emulator.scenario.template import Template
from emulator.scenario.types import FaultSpec

_COUNT = whole(1, "a number of at least 1")


# ---------------------------------------------------------------------------------------------- values


def _error(cursor: Cursor) -> ApiError:
    spec = ERRORS.read(cursor)
    if isinstance(spec.message, Template):
        raise cursor.report("a template cannot stand in a fault")
    return api_error(spec, default_message(spec.kind) if spec.message is None else spec.message)


def _flag(cursor: Cursor) -> bool:
    if cursor.node.value is not True:
        raise cursor.expected("true")
    return True


_KINDS: Mapping[ValueKind, Reader[Any]] = {
    "error": Reader(ERRORS.what, _error, ERRORS.schema),
    "duration": DURATION,
    "rate": RATE,
    "flag": Reader("true", _flag, {"const": True}),
    "count": whole(1, "an integer from 1 to 1000000", 1_000_000),
    "text": nonempty(TEXT, "a text that is not empty", {"minLength": 1}),
}
_HEADER = nonempty(HEADER_TEXT, "a text that is not empty", {"minLength": 1})


def _scalar(value: ScalarValue, name: str) -> Reader[Any]:
    return enum(*value, hints=hints_at_words(name)) if isinstance(value, tuple) else _KINDS[value]


def _section(name: str, settings: FaultSettings) -> Section[dict[str, Any]]:
    keys = tuple(
        SectionKey(key, _scalar(setting.value, key), setting.meaning, required=True)
        for key, setting in settings.keys.items()
    )
    return Section(name, settings.what, settings.example, lambda: keys, lambda cursor, values: values)


SETTINGS: Mapping[str, Section[dict[str, Any]]] = {
    name: _section(name, fault.value) for name, fault in FAULTS.items() if isinstance(fault.value, FaultSettings)
}
"""The section of each fault whose value is a mapping."""


def _value(name: str, fault: FaultType) -> Reader[Any]:
    if fault.level == "header":
        return _HEADER
    return SETTINGS[name].reader if isinstance(fault.value, FaultSettings) else _scalar(fault.value, name)


# ---------------------------------------------------------------------------------------------- places


def _check_one_count(cursor: Cursor, given: Mapping[str, Cursor]) -> None:
    if len(given) != 1:
        cursor.report(f"expected one of {', '.join(PLACES['after'])}, got {len(given) or 'none'}")


def _named(kind: Any) -> Reader[Where]:
    words = enum(*PLACES[kind])
    return Reader(words.what, lambda cursor: Where(kind, words.read(cursor)), words.schema)


def _counted(cursor: Cursor, values: Mapping[Any, int]) -> Where:
    name, count = next(iter(values.items()))
    return Where("after", name, count)


AFTER: Section[Where] = Section(
    "after",
    "a place",
    "{tokens: 2}",
    lambda: tuple(SectionKey(name, _COUNT, f"after so many {name}") for name in PLACES["after"]),
    _counted,
    _check_one_count,
    hints=hints_at_keys("after"),
)
_PLACE_KEYS = (
    SectionKey("before", _named("before"), "before any header (response), or before the first token"),
    SectionKey("after", AFTER.reader, "after this number of tokens, events or bytes"),
    SectionKey("at", _named("at"), "right before the first tool arguments, a finish reason, the usage, or the end"),
)


# ---------------------------------------------------------------------------------------------- faults


def _check(cursor: Cursor, given: Mapping[str, Cursor]) -> None:
    faults = [name for name in given if name in FAULTS]
    places = [name for name in given if name in PLACES]
    for other in faults[1:]:
        given[other].report(f"a fault is one thing: {faults[0]} and {other} are two items of the list")
    for other in places[1:]:
        given[other].report(f"a fault has one place, got {places[0]} and {other}")
    if not faults and len(places) == len(given):
        cursor.report(f"a fault says what goes wrong: {', '.join(FAULTS)}")
    if faults:
        placing = FAULTS[faults[0]].placing
        if placing == "required" and not places:
            cursor.report(f"{faults[0]} needs a place: before, after or at")
        if placing == "none" and places:
            given[places[0]].report(f"{faults[0]} has no place")


def _build(cursor: Cursor, values: Mapping[str, Any]) -> FaultSpec:
    what = next((name for name in values if name in FAULTS), "")
    return FaultSpec(what, values.get(what), next((values[name] for name in PLACES if name in values), None))


FAULT: Section[FaultSpec] = Section(
    "fault",
    "a fault",
    "{stall: 30s, after: {tokens: 2}}",
    lambda: (*(SectionKey(name, _value(name, fault), fault.meaning) for name, fault in FAULTS.items()), *_PLACE_KEYS),
    _build,
    _check,
    hints=hints_at_keys("fault"),
)


_hint = hints_at_words("fault")


def _by_name(cursor: Cursor) -> FaultSpec:
    """`- corrupt` is short for `- {corrupt: true}`."""
    name = TEXT.read(cursor)
    fault = FAULTS.get(name)
    if fault is None:
        raise cursor.report(f"unknown fault {quoted(name)}{_hint(name) or did_you_mean(name, FAULTS)}")
    if fault.value != "flag" or fault.placing == "required":
        raise cursor.report(f"{name} needs a value: {fault.expected}")
    return FaultSpec(name, True)


_FLAGS = [name for name, fault in FAULTS.items() if fault.value == "flag" and fault.placing != "required"]
FAULT_OR_NAME: Reader[FaultSpec] = by_kind(
    "a fault such as {stall: 30s, after: {tokens: 2}}",
    scalar=Reader("the name of a fault without a value", _by_name, {"enum": _FLAGS}),
    mapping=FAULT.reader,
)
