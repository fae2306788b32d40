"""`faults`: what goes wrong with an answer, and where. The faults themselves are the registry's."""

from collections.abc import Mapping
from typing import Any

from emulator.core.vocabulary import ApiError
from emulator.faults.registry import FAULTS, FaultType
from emulator.faults.where import PLACES, Where
from emulator.scenario.language.errors import ERRORS, api_error, default_message
from emulator.scenario.language.paces import DURATION, RATE
from emulator.scenario.reading.mistakes import did_you_mean, quoted
from emulator.scenario.reading.readers import TEXT, Key, Place, Reader, Section, by_kind, choice, whole
from emulator.scenario.template import Template
from emulator.scenario.types import FaultSpec

_COUNT = whole(1, "a number of at least 1")


def _error(place: Place) -> ApiError:
    spec = ERRORS.read(place)
    if isinstance(spec.message, Template):
        raise place.tell("a template cannot stand in a fault")
    return api_error(spec, default_message(spec.kind) if spec.message is None else spec.message)


def _text(place: Place) -> str:
    text = TEXT.read(place)
    if not text:
        raise place.expected("a text that is not empty")
    return text


def _flag(place: Place) -> bool:
    if place.node.value is not True:
        raise place.expected("true")
    return True


SLOW: Section[float] = Section(
    "slow",
    "a speed",
    "{tokens_per_second: 1}",
    lambda: (Key("tokens_per_second", RATE, "so many tokens a second", required=True),),
    lambda place, values: float(values["tokens_per_second"]),
)
_VALUES: Mapping[str, Reader[Any]] = {
    "error": Reader(ERRORS.what, _error, ERRORS.schema),
    "duration": DURATION,
    "rate": SLOW.reader,
    "flag": Reader("true", _flag, {"const": True}),
    "count": _COUNT,
    "text": Reader("a text that is not empty", _text, {**TEXT.schema, "minLength": 1}),
}


def _reader(fault: FaultType) -> Reader[Any]:
    return choice(*fault.choices) if fault.choices else _VALUES[fault.value]


# ---------------------------------------------------------------------------------------------- where


def _one_count(place: Place, given: Mapping[str, Place]) -> None:
    if len(given) != 1:
        place.tell(f"expected one of {', '.join(PLACES['after'])}, got {len(given) or 'none'}")


def _named(kind: Any) -> Reader[Where]:
    words = choice(*PLACES[kind])
    return Reader(words.what, lambda place: Where(kind, words.read(place)), words.schema)


def _counted(place: Place, values: Mapping[Any, int]) -> Where:
    name, count = next(iter(values.items()))
    return Where("after", name, count)


AFTER: Section[Where] = Section(
    "after",
    "a place",
    "{tokens: 2}",
    lambda: tuple(Key(name, _COUNT, f"after so many {name}") for name in PLACES["after"]),
    _counted,
    _one_count,
)
_WHERE = (
    Key("before", _named("before"), "before any header (response), or before the first token"),
    Key("after", AFTER.reader, "after so many tokens, events or bytes"),
    Key("at", _named("at"), "right before the first tool arguments, a finish reason, the usage, or the end"),
)


# ---------------------------------------------------------------------------------------------- the table


def _check(place: Place, given: Mapping[str, Place]) -> None:
    whats = [name for name in given if name in FAULTS]
    wheres = [name for name in given if name in PLACES]
    for other in whats[1:]:
        given[other].tell(f"a fault is one thing: {whats[0]} and {other} are two items of the list")
    for other in wheres[1:]:
        given[other].tell(f"a fault has one place, got {wheres[0]} and {other}")
    if not whats and len(wheres) == len(given):
        place.tell(f"a fault says what goes wrong: {', '.join(FAULTS)}")
    if whats:
        placing = FAULTS[whats[0]].placing
        if placing == "required" and not wheres:
            place.tell(f"{whats[0]} needs a place: before, after or at")
        if placing == "none" and wheres:
            given[wheres[0]].tell(f"{whats[0]} has no place")


def _build(place: Place, values: Mapping[str, Any]) -> FaultSpec:
    what = next((name for name in values if name in FAULTS), "")
    return FaultSpec(what, values.get(what), next((values[name] for name in PLACES if name in values), None))


FAULT: Section[FaultSpec] = Section(
    "fault",
    "a fault",
    "{stall: 30s, after: {tokens: 2}}",
    lambda: (*(Key(name, _reader(fault), fault.meaning) for name, fault in FAULTS.items()), *_WHERE),
    _build,
    _check,
)


def _bare(place: Place) -> FaultSpec:
    """`- corrupt` is short for `- {corrupt: true}`."""
    name = TEXT.read(place)
    fault = FAULTS.get(name)
    if fault is None:
        raise place.tell(f"unknown fault {quoted(name)}{did_you_mean(name, FAULTS)}")
    if fault.value != "flag" or fault.placing == "required":
        raise place.tell(f"{name} needs a value: {fault.expected}")
    return FaultSpec(name, True)


_FLAGS = [name for name, fault in FAULTS.items() if fault.value == "flag" and fault.placing != "required"]
FAULTY: Reader[FaultSpec] = by_kind(
    "a fault such as {stall: 30s, after: {tokens: 2}}",
    scalar=Reader("the name of a fault without a value", _bare, {"enum": _FLAGS}),
    mapping=FAULT.reader,
)
