"""`when`: what a rule looks at in a request. Each key becomes tests; all must hold."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any

from emulator.account.secrets import carries_secret
from emulator.core.catalog import alias
from emulator.scenario.language.lookups import (
    GLOB_LOOKUP,
    NUMBER_LOOKUP,
    TEXT_LOOKUP,
    VALUE_LOOKUP,
    FoldedText,
    Lookup,
    folded_text,
    shown,
)
from emulator.scenario.language.raw import HEADER_NAME
from emulator.scenario.match import Subject, differences, groups, match
from emulator.scenario.reading.mistakes import did_you_mean, quoted
from emulator.scenario.reading.readers import FLAG, TEXT, Key, Place, Reader, Section, by_kind, choice, listed, mapped
from emulator.scenario.types import Condition, Test

ENDPOINTS = ("chat", "completions", "messages")
_SHOWN_OF_A_SECRET = 9
_DEAR = 20
"""The cost of what looks at all that was said; that of a header or a state is in between."""


def _test(name: str, lookup: Lookup, get: Callable[[Subject], Any], cost: int, tell: Callable[[Any], str]) -> Test:
    holds, found = lookup.holds, lookup.groups
    return Test(
        name,
        lookup.expected,
        cost + lookup.cost,
        lambda subject: holds(get(subject)),
        lambda subject: tell(get(subject)),
        (lambda subject: found(get(subject))) if found else None,
        lookup.names,
    )


def _told(texts: Sequence[FoldedText]) -> str:
    return " and ".join(quoted(text.text) for text in texts[:3]) + (" ..." if len(texts) > 3 else "") or "nothing"


def _masked(texts: Sequence[FoldedText]) -> str:
    return " and ".join(quoted(f"{text.text[:_SHOWN_OF_A_SECRET]}...") for text in texts) or "nothing"


# ---------------------------------------------------------------------------------------------- one key, one test


def _looks_at(
    name: str, cost: int, lookup: Reader[Lookup] = TEXT_LOOKUP, tell: Callable[[Any], str] = _told
) -> Reader[list[Test]]:
    """A key that compares an attribute of the subject."""
    get = attrgetter(name)
    return Reader(lookup.what, lambda place: [_test(name, lookup.read(place), get, cost, tell)], lookup.schema)


def _tools(name: str, cost: int) -> Reader[list[Test]]:
    """A key that compares names of tools, which are noted: a reply that nearly calls one of them is a mistake."""

    def read(place: Place) -> list[Test]:
        lookup = TEXT_LOOKUP.read(place)
        place.loading.tools_offered.update(dict.fromkeys(lookup.words))
        return [_test(name, lookup, attrgetter(name), cost, _told)]

    return Reader(TEXT_LOOKUP.what, read, TEXT_LOOKUP.schema)


def _model(place: Place) -> list[Test]:
    lookup = GLOB_LOOKUP.read(place)
    ids = list(place.loading.catalog.models)
    if not any(lookup.holds((folded_text(id), folded_text(alias(id)))) for id in ids):
        place.tell(f"no model is known {lookup.expected}{did_you_mean(place.node.text, [*ids, *map(alias, ids)])}")
    return [_test("model", lookup, attrgetter("model"), 1, lambda texts: quoted(texts[0].text))]


def _endpoint(place: Place) -> list[Test]:
    words: Sequence[str] = _ENDPOINTS.read(place)
    expected = f"to be {' or '.join(map(quoted, words))}"
    return [
        Test(
            "endpoint",
            expected,
            0,
            lambda subject: subject.request.endpoint in words,
            lambda subject: quoted(subject.request.endpoint),
        )
    ]


_ENDPOINT = choice(*ENDPOINTS)
_ENDPOINTS: Reader[Sequence[str]] = by_kind(
    f"{_ENDPOINT.what}, or a list of them",
    scalar=Reader(_ENDPOINT.what, lambda place: (_ENDPOINT.read(place),), _ENDPOINT.schema),
    sequence=listed(_ENDPOINT, "a list of endpoints", at_least=1),
)


def _stream(place: Place) -> list[Test]:
    wanted = FLAG.read(place)
    return [
        Test(
            "stream",
            f"to be {shown(wanted)}",
            0,
            lambda subject: subject.request.stream is wanted,
            lambda subject: shown(subject.request.stream),
        )
    ]


# ---------------------------------------------------------------------------------------------- many of a kind

_LOOKUPS = mapped(TEXT_LOOKUP, "a mapping of names to lookups")
_HEADERS = mapped(TEXT_LOOKUP, "a mapping of header names to lookups", HEADER_NAME, "the name of a header")
_PATHS = mapped(VALUE_LOOKUP, "a mapping of paths to lookups")


def _header(place: Place) -> list[Test]:
    return [_header_test(name.lower(), lookup) for name, lookup in _HEADERS.read(place).items()]


def _header_test(name: str, lookup: Lookup) -> Test:
    def get(subject: Subject) -> tuple[FoldedText, ...]:
        value = subject.request.headers.get(name)
        return () if value is None else (folded_text(value),)

    return _test(f"header.{name}", lookup, get, 4, _masked if carries_secret(name) else _told)


def _body(place: Place) -> list[Test]:
    return [_body_test(path, lookup) for path, lookup in _PATHS.read(place).items()]


def _body_test(path: str, lookup: Lookup) -> Test:
    steps = path.split(".")
    return _test(f"body.{path}", lookup, lambda subject: _follow(subject.request.body, steps), 8, _value)


def _follow(value: Any, steps: Sequence[str]) -> Any:
    """What lies at the end of a path through mappings and lists, or None."""
    for step in steps:
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, list) and re.fullmatch(r"-?[0-9]{1,9}", step) and -len(value) <= int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def _value(value: Any) -> str:
    return "nothing" if value is None else shown(value)


def _state(place: Place) -> list[Test]:
    lookups = _LOOKUPS.read(place)
    for machine, inner in place.pairs(""):
        place.loading.states_asked.append((inner, machine, lookups[machine].words))
    return [_state_test(machine, lookup) for machine, lookup in lookups.items()]


def _state_test(machine: str, lookup: Lookup) -> Test:
    def get(subject: Subject) -> tuple[FoldedText, ...]:
        state = subject.states.get(machine)
        return () if state is None else (folded_text(state),)

    return _test(f"state.{machine}", lookup, get, 3, _told)


# ---------------------------------------------------------------------------------------------- tool results


def _tool_result(place: Place) -> list[Test]:
    return [_RESULT.read(place)]


def _answered(place: Place, values: Mapping[str, Any]) -> Test:
    """One result must have both the name and the content."""
    name, content, exists = values.get("name"), values.get("content"), values.get("exists", True)

    def fits(result: tuple[str, str]) -> bool:
        return all(
            lookup is None or lookup.holds((folded_text(text),))
            for lookup, text in zip((name, content), result, strict=True)
        )

    def found(subject: Subject) -> Mapping[str, str]:
        result = next(filter(fits, subject.tool_results), ("", ""))
        pairs = [
            (lookup, text) for lookup, text in zip((name, content), result, strict=True) if lookup and lookup.groups
        ]
        return {group: value for lookup, text in pairs for group, value in lookup.groups((folded_text(text),)).items()}

    wanted = [f"{key} {lookup.expected}" for key, lookup in (("name", name), ("content", content)) if lookup]
    return Test(
        "tool_result",
        ("to exist" if exists else "not to exist") + (f" with {' and '.join(wanted)}" if wanted else ""),
        _DEAR,
        lambda subject: any(map(fits, subject.tool_results)) is exists,
        lambda subject: ", ".join(f"{quoted(text)} of {name}" for name, text in subject.tool_results[:3]) or "none",
        found if exists else None,
        tuple(group for lookup in (name, content) if lookup and exists for group in lookup.names),
    )


def _answering(place: Place) -> Lookup:
    lookup = TEXT_LOOKUP.read(place)
    place.loading.tools_answered.append((place, lookup.words))
    return lookup


_ANSWERING = Reader(TEXT_LOOKUP.what, _answering, TEXT_LOOKUP.schema)
RESULT_SECTION: Section[Test] = Section(
    "tool_result",
    "a tool result",
    "{name: get_weather, content: {contains: sunny}}",
    lambda: (
        Key("name", _ANSWERING, "the tool's name"),
        Key("content", TEXT_LOOKUP, "what the tool answered"),
        Key("exists", FLAG, "false: there is no such result"),
    ),
    _answered,
)
_BY_NAME: Reader[Test] = Reader(
    "the name of a tool", lambda place: _answered(place, {"name": _ANSWERING.read(place)}), TEXT.schema
)
_RESULT: Reader[Test] = by_kind(
    "the name of a tool, or {name, content}", scalar=_BY_NAME, mapping=RESULT_SECTION.reader
)


# ---------------------------------------------------------------------------------------------- combinations


def _not(place: Place) -> list[Test]:
    inner = CONDITION.reader.read(place)
    return [
        Test(
            "not",
            f"no match of: {_description(inner)}",
            _cost(inner),
            lambda subject: match(inner, subject) is None,
            lambda subject: "a match",
        )
    ]


def _any(place: Place) -> list[Test]:
    options = _CONDITIONS.read(place)

    def found(subject: Subject) -> Mapping[str, str]:
        first = next(option for option in options if match(option, subject))
        return groups(first, subject)

    return [
        Test(
            "any",
            " or ".join(_description(option) for option in options),
            sum(map(_cost, options)),
            lambda subject: any(match(option, subject) is not None for option in options),
            lambda subject: "; ".join(str(each) for option in options for each in differences(option, subject)),
            found,
            tuple(name for option in options for name in option.names),
        )
    ]


def _every(place: Place) -> list[Test]:
    return [test for condition in _CONDITIONS.read(place) for test in condition.tests]


def _description(condition: Condition) -> str:
    return " and ".join(f"{test.name} {test.expected}" for test in condition.tests) or "everything"


def _cost(condition: Condition) -> int:
    return sum(test.cost for test in condition.tests)


# ---------------------------------------------------------------------------------------------- the table


def _condition(place: Place, values: Mapping[str, list[Test]]) -> Condition:
    written = place.node.plain()
    shared = [_shared(place, name, written.get(name), tests) for name, tests in values.items()]
    tests = sorted((test for tests in shared for test in tests), key=lambda test: test.cost)
    names = dict.fromkeys(name for test in tests for name in test.names)
    return Condition(tuple(tests), tuple(names), written, frozenset(tests))


def _shared(place: Place, name: str, written: Any, tests: list[Test]) -> list[Test]:
    """The tests that another rule has already for the same words: what they find of a request is then found once."""
    return place.loading.tests.setdefault((name, json.dumps(written, sort_keys=True, default=str)), tests)


def _keys() -> tuple[Key, ...]:
    return (
        Key("endpoint", Reader(_ENDPOINTS.what, _endpoint, _ENDPOINTS.schema), "chat, completions or messages"),
        Key(
            "model", Reader(GLOB_LOOKUP.what, _model, GLOB_LOOKUP.schema), "the catalogue's id, in either form; a glob"
        ),
        Key("last_user", _looks_at("last_user", 8), "the text of the last user message"),
        Key("system", _looks_at("system", 8), "a system message"),
        Key("any_message", _looks_at("any_message", _DEAR), "one of the messages"),
        Key("prompt", _looks_at("prompt", _DEAR), "all that is said, as one text"),
        Key("turn", _looks_at("turn", 2, NUMBER_LOOKUP, str), "how many assistant messages the request has already"),
        Key("tools", _tools("tools", 4), "the name of a tool that is offered"),
        Key("tool_choice", _tools("tool_choice", 1), "the tool that is demanded by name, or none, auto, required"),
        Key("tool_result", Reader(_RESULT.what, _tool_result, _RESULT.schema), "a tool was just answered"),
        Key("stream", Reader(FLAG.what, _stream, FLAG.schema), "whether the answer is to be streamed"),
        Key("key", _looks_at("key", 1, tell=_masked), "the API key"),
        Key("header", Reader(_HEADERS.what, _header, _HEADERS.schema), "request headers by name"),
        Key("body", Reader(_PATHS.what, _body, _PATHS.schema), "fields of the body by dotted paths; items by number"),
        Key("state", Reader(_LOOKUPS.what, _state, _LOOKUPS.schema), "machines of the scenario, and their states"),
        Key("not", Reader(CONDITION.what, _not, CONDITION.reader.schema), "this condition does not hold"),
        Key("any", Reader(_CONDITIONS.what, _any, _CONDITIONS.schema), "one of these conditions holds"),
        Key("all", Reader(_CONDITIONS.what, _every, _CONDITIONS.schema), "all of these conditions hold"),
    )


CONDITION: Section[Condition] = Section(
    "condition", "a condition", "{last_user: {contains: weather}}", _keys, _condition
)
_CONDITIONS = listed(CONDITION.reader, "a list of conditions", at_least=1)
