"""The keys of a condition that look at one property of a request, such as `last_user`, `header` or `tool_result`."""

import re
from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any

import msgspec

from emulator.account.secrets import carries_secret
from emulator.core.catalog import Catalog, alias
from emulator.core.nearest import did_you_mean
from emulator.dialects.endpoints import ENDPOINTS
from emulator.patterns import simplified
from emulator.scenario.language.comparisons import Lookup, ValueComparison, WordComparison, value_key
from emulator.scenario.language.foreign import hints_at_keys, hints_at_words
from emulator.scenario.language.lookups import (
    GLOB_LOOKUP,
    NUMBER_LOOKUP,
    TEXT_LOOKUP,
    VALUE_LOOKUP,
    shown,
)
from emulator.scenario.language.notes import notes
from emulator.scenario.language.raw import HEADER_NAME
from emulator.scenario.reading.mistakes import quoted
from emulator.scenario.reading.readers import (
    FLAG,
    TEXT,
    Cursor,
    Reader,
    Section,
    SectionKey,
    by_kind,
    enum,
    listed,
    mapped,
)
from emulator.scenario.subject import FoldedText, Subject
from emulator.scenario.types import Comparison, Criterion

_SHOWN_OF_A_SECRET = 9
_EXPENSIVE = 20
"""The cost of looking at all messages; that of a header or a state is far lower."""


def _criterion(
    name: str, lookup: Lookup, get: Callable[[Subject], Any], cost: int, show: Callable[[Any], str]
) -> Criterion:
    """The criterion that a lookup holds for what `get` returns; `show` describes that in differences."""
    holds, found = lookup.holds, lookup.groups
    return Criterion(
        name,
        lookup.expected,
        cost + lookup.cost,
        lambda subject: holds(get(subject)),
        lambda subject: show(get(subject)),
        (lambda subject: found(get(subject))) if found else None,
        lookup.names,
        _comparison(lookup, get),
    )


def _comparison(lookup: Lookup, get: Callable[[Subject], Any]) -> Comparison | None:
    """What is compared, where that tells whether the lookup holds, or that it does not."""
    match lookup.alone:
        case WordComparison(how, words, case):
            of = attrgetter("text" if case else "folded")
            return Comparison(how, lambda subject: [*map(of, get(subject))], words, case)
        case ValueComparison(keys, case):
            return Comparison("equals", lambda subject: (value_key(get(subject), case=case),), keys, case)
    if not lookup.needed:
        return None
    return Comparison("needs", lambda subject: [simplified(text.folded) for text in get(subject)], (lookup.needed,))


def _shown_texts(texts: Sequence[FoldedText]) -> str:
    return " and ".join(quoted(text.text) for text in texts[:3]) + (" ..." if len(texts) > 3 else "") or "nothing"


def _masked(texts: Sequence[FoldedText]) -> str:
    return " and ".join(quoted(f"{text.text[:_SHOWN_OF_A_SECRET]}...") for text in texts) or "nothing"


# ---------------------------------------------------------------------------------------------- keys with one criterion


def _attribute(
    path: str, cost: int, lookup: Reader[Lookup] = TEXT_LOOKUP, show: Callable[[Any], str] = _shown_texts
) -> Reader[list[Criterion]]:
    """The reader of a key that compares the attribute of the subject with the same name.

    `path` may lead to it through others: `request.sampling.max_tokens` is the attribute of a key `max_tokens`.
    """
    get, name = attrgetter(path), path.rpartition(".")[2]
    return Reader(lookup.what, lambda cursor: [_criterion(name, lookup.read(cursor), get, cost, show)], lookup.schema)


def _tool_names(name: str, cost: int) -> Reader[list[Criterion]]:
    """The same for names of tools. They are noted, since a call of nearly the same name is a mistake."""

    def read(cursor: Cursor) -> list[Criterion]:
        lookup = TEXT_LOOKUP.read(cursor)
        notes(cursor).tools_offered.update(dict.fromkeys(lookup.words))
        return [_criterion(name, lookup, attrgetter(name), cost, _shown_texts)]

    return Reader(TEXT_LOOKUP.what, read, TEXT_LOOKUP.schema)


def _model(cursor: Cursor) -> list[Criterion]:
    lookup = GLOB_LOOKUP.read(cursor)
    catalog = notes(cursor).catalog
    ids = list(catalog.models)
    if not any(lookup.holds((FoldedText(id), FoldedText(alias(id)))) for id in ids) and not _may_be_named(
        lookup, catalog
    ):
        near = did_you_mean(cursor.node.text, [*ids, *map(alias, ids)])
        other = near or "; the name of another needs an entry in models, such as {gpt-4o: {like: zai-org/GLM-5.3}}"
        cursor.report(f"no model is known {lookup.expected}{other}")
    criterion = _criterion("model", lookup, attrgetter("model"), 1, lambda texts: quoted(texts[0].text))
    return [msgspec.structs.replace(criterion, comparison=_SAME_MODEL)]


_SAME_MODEL = Comparison("value", lambda subject: (subject.request.model,))


def _may_be_named(lookup: Lookup, catalog: Catalog) -> bool:
    """Whether a model may answer to a name for which the lookup holds, as far as its words tell."""
    if not catalog.names or not lookup.words:
        return bool(catalog.names)
    return any("*" in word or catalog.named(word, aliased=True) is not None for word in lookup.words)


def _endpoint(cursor: Cursor) -> list[Criterion]:
    words: Sequence[str] = _ENDPOINTS.read(cursor)
    expected = f"to be {' or '.join(map(quoted, words))}"
    return [
        Criterion(
            "endpoint",
            expected,
            0,
            lambda subject: subject.request.endpoint in words,
            lambda subject: quoted(subject.request.endpoint),
        )
    ]


_ENDPOINT = enum(*ENDPOINTS, hints=hints_at_words("endpoint"))
_ENDPOINTS: Reader[Sequence[str]] = by_kind(
    f"{_ENDPOINT.what}, or a list of them",
    scalar=Reader(_ENDPOINT.what, lambda cursor: (_ENDPOINT.read(cursor),), _ENDPOINT.schema),
    sequence=listed(_ENDPOINT, "a list of endpoints", at_least=1),
)


def _stream(cursor: Cursor) -> list[Criterion]:
    wanted = FLAG.read(cursor)
    return [
        Criterion(
            "stream",
            f"to be {shown(wanted)}",
            0,
            lambda subject: subject.request.stream is wanted,
            lambda subject: shown(subject.request.stream),
        )
    ]


# ---------------------------------------------------------------------------------------------- keys with many criteria

_LOOKUPS = mapped(TEXT_LOOKUP, "a mapping of names to lookups")
_HEADERS = mapped(TEXT_LOOKUP, "a mapping of header names to lookups", HEADER_NAME, "the name of a header")
_PATHS = mapped(VALUE_LOOKUP, "a mapping of paths to lookups")


def _header(cursor: Cursor) -> list[Criterion]:
    return [_header_criterion(name.lower(), lookup) for name, lookup in _HEADERS.read(cursor).items()]


def _header_criterion(name: str, lookup: Lookup) -> Criterion:
    def get(subject: Subject) -> tuple[FoldedText, ...]:
        value = subject.request.headers.get(name)
        return () if value is None else (FoldedText(value),)

    return _criterion(f"header.{name}", lookup, get, 4, _masked if carries_secret(name) else _shown_texts)


def _body(cursor: Cursor) -> list[Criterion]:
    return [_body_criterion(path, lookup) for path, lookup in _PATHS.read(cursor).items()]


def _body_criterion(path: str, lookup: Lookup) -> Criterion:
    steps = path.split(".")
    return _criterion(f"body.{path}", lookup, lambda subject: _follow(subject.request.body, steps), 8, _shown_value)


def _follow(value: Any, steps: Sequence[str]) -> Any:
    """The value at the end of a path through mappings and lists, or None if there is none."""
    for step in steps:
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, list) and re.fullmatch(r"-?[0-9]{1,9}", step) and -len(value) <= int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def _shown_value(value: Any) -> str:
    return "nothing" if value is None else shown(value)


def _state(cursor: Cursor) -> list[Criterion]:
    lookups = _LOOKUPS.read(cursor)
    for machine, inner in cursor.pairs(""):
        notes(cursor).states_matched.append((inner, machine, lookups[machine].words))
    return [_state_criterion(machine, lookup) for machine, lookup in lookups.items()]


def _state_criterion(machine: str, lookup: Lookup) -> Criterion:
    def get(subject: Subject) -> tuple[FoldedText, ...]:
        state = subject.states.get(machine)
        return () if state is None else (FoldedText(state),)

    return _criterion(f"state.{machine}", lookup, get, 3, _shown_texts)


# ---------------------------------------------------------------------------------------------- tool results


def _tool_result(cursor: Cursor) -> list[Criterion]:
    return [_RESULT.read(cursor)]


def _result_criterion(cursor: Cursor, values: Mapping[str, Any]) -> Criterion:
    """The criterion that one tool result has both the name and the content."""
    lookups: dict[str, Lookup | None] = {"name": values.get("name"), "content": values.get("content")}
    exists = values.get("exists", True)

    def fits(result: tuple[str, str]) -> bool:
        return all(
            lookup is None or lookup.holds((FoldedText(text),))
            for lookup, text in zip(lookups.values(), result, strict=True)
        )

    def found(subject: Subject) -> Mapping[str, str]:
        result = next(filter(fits, subject.tool_results), ("", ""))
        pairs = [
            (lookup.groups, text)
            for lookup, text in zip(lookups.values(), result, strict=True)
            if lookup and lookup.groups
        ]
        return {group: value for groups, text in pairs for group, value in groups((FoldedText(text),)).items()}

    wanted = [f"{key} {lookup.expected}" for key, lookup in lookups.items() if lookup]
    return Criterion(
        "tool_result",
        ("to exist" if exists else "not to exist") + (f" with {' and '.join(wanted)}" if wanted else ""),
        _EXPENSIVE,
        lambda subject: any(map(fits, subject.tool_results)) is exists,
        lambda subject: ", ".join(f"{quoted(text)} of {name}" for name, text in subject.tool_results[:3]) or "none",
        found if exists else None,
        tuple(group for lookup in lookups.values() if lookup and exists for group in lookup.names),
    )


def _result_name(cursor: Cursor) -> Lookup:
    lookup = TEXT_LOOKUP.read(cursor)
    notes(cursor).tools_answered.append((cursor, lookup.words))
    return lookup


_RESULT_NAME = Reader(TEXT_LOOKUP.what, _result_name, TEXT_LOOKUP.schema)
RESULT_SECTION: Section[Criterion] = Section(
    "tool_result",
    "a tool result",
    "{name: get_weather, content: {contains: sunny}}",
    lambda: (
        SectionKey("name", _RESULT_NAME, "the tool's name"),
        SectionKey("content", TEXT_LOOKUP, "the result of the tool"),
        SectionKey("exists", FLAG, "false: there is no such result"),
    ),
    _result_criterion,
    hints=hints_at_keys("tool_result"),
)
_RESULT_BY_NAME: Reader[Criterion] = Reader(
    "the name of a tool",
    lambda cursor: _result_criterion(cursor, {"name": _RESULT_NAME.read(cursor)}),
    TEXT.schema,
)
_RESULT: Reader[Criterion] = by_kind(
    "the name of a tool, or {name, content}", scalar=_RESULT_BY_NAME, mapping=RESULT_SECTION.reader
)


# ---------------------------------------------------------------------------------------------- the table

PROPERTY_KEYS = (
    SectionKey("endpoint", Reader(_ENDPOINTS.what, _endpoint, _ENDPOINTS.schema), _ENDPOINT.what),
    SectionKey(
        "model",
        Reader(GLOB_LOOKUP.what, _model, GLOB_LOOKUP.schema),
        "the name that was asked: an id, in either form; a glob",
    ),
    SectionKey("last_user", _attribute("last_user", 8), "the text of the last user message"),
    SectionKey(
        "first_user", _attribute("first_user", 8), "the text of the first user message, which begins a conversation"
    ),
    SectionKey("system", _attribute("system", 8), "a system message"),
    SectionKey("any_message", _attribute("any_message", _EXPENSIVE), "one of the messages"),
    SectionKey("prompt", _attribute("prompt", _EXPENSIVE), "all text of the request, as one text"),
    SectionKey("turn", _attribute("turn", 2, NUMBER_LOOKUP, str), "the number of assistant messages in the request"),
    SectionKey("tools", _tool_names("tools", 4), "the name of an offered tool"),
    SectionKey("tool_choice", _tool_names("tool_choice", 1), "the name of the required tool, or none, auto, required"),
    SectionKey(
        "tool_result",
        Reader(_RESULT.what, _tool_result, _RESULT.schema),
        "a tool result since the last assistant message",
    ),
    SectionKey("stream", Reader(FLAG.what, _stream, FLAG.schema), "whether the request asks for a stream"),
    SectionKey("key", _attribute("key", 1, show=_masked), "the API key"),
    SectionKey("header", Reader(_HEADERS.what, _header, _HEADERS.schema), "request headers by name"),
    SectionKey(
        "body", Reader(_PATHS.what, _body, _PATHS.schema), "fields of the body by dotted paths; items by number"
    ),
    SectionKey(
        "state", Reader(_LOOKUPS.what, _state, _LOOKUPS.schema), "states that replies have set with `set_state`"
    ),
)
