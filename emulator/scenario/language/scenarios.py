"""The keys of a scenario: its rules, its environment, and its expectations."""

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any, get_args

from emulator.scenario.index import RuleIndex
from emulator.scenario.language.conditions import CONDITION
from emulator.scenario.language.environment import ACCOUNT, CLOCK, MODELS
from emulator.scenario.language.foreign import hints_at_keys, hints_at_words
from emulator.scenario.language.notes import notes
from emulator.scenario.language.replies import REPLY
from emulator.scenario.names import NAME
from emulator.scenario.reading.mistakes import quoted
from emulator.scenario.reading.readers import (
    FLAG,
    TEXT,
    Cursor,
    Reader,
    Section,
    SectionKey,
    enum,
    listed,
    whole,
)
from emulator.scenario.types import (
    Condition,
    Expectation,
    Rule,
    Scenario,
    Then,
    Unscripted,
)

# ---------------------------------------------------------------------------------------------- rules


def _begin_rule(cursor: Cursor, given: Mapping[str, Cursor]) -> None:
    notes(cursor).groups = frozenset()
    if "reply" in given and "replies" in given:
        given["reply"].report("reply is short for a list of one; give one of reply and replies")
    if "reply" not in given and "replies" not in given:
        cursor.report("a rule needs reply or replies")


def _when(cursor: Cursor) -> Condition:
    condition = CONDITION.reader.read(cursor)
    notes(cursor).groups = frozenset(condition.names)
    return condition


def _rule_name(cursor: Cursor) -> str:
    name, names = TEXT.read(cursor), notes(cursor).rule_names
    if first := names.get(name):
        cursor.report(f"another rule has this name, {quoted(name)}{_in_line(first)}")
    names.setdefault(name, cursor)
    return name


def _in_line(cursor: Cursor) -> str:
    return f", in line {cursor.node.span.line + 1}" if cursor.node.span.line >= 0 else ""


def _rule(cursor: Cursor, values: Mapping[str, Any]) -> Rule:
    replies, then = values.get("replies") or (values["reply"],), values.get("then", "repeat")
    rule = Rule(
        values.get("name", cursor.path),
        values.get("when", Condition()),
        replies,
        then,
        cursor.node.span.line + 1,
        replies[0] if len(replies) == 1 and replies[0].probability is None and then == "repeat" else None,
    )
    notes(cursor).rules.append((cursor, rule))
    return rule


RULE: Section[Rule] = Section(
    "rule",
    "a rule",
    "{when: {last_user: hello}, reply: {text: Hello}}",
    lambda: (
        SectionKey(
            "name", Reader("text", _rule_name, TEXT.schema), "the name of the rule in explanations and in `expect`"
        ),
        SectionKey(
            "when",
            Reader(CONDITION.what, _when, CONDITION.reader.schema),
            "the requests that it matches; default: every request",
        ),
        SectionKey(
            "replies", listed(REPLY.reader, "a list of replies", at_least=1), "the answers to successive requests"
        ),
        SectionKey("reply", REPLY.reader, "short for `replies` with one reply"),
        SectionKey(
            "then",
            enum(*get_args(Then), hints=hints_at_words("then")),
            "what happens after the last reply: repeat (the last one), loop, unscripted, fail",
        ),
    ),
    _rule,
    _begin_rule,
    hints=hints_at_keys("rule"),
)


# ---------------------------------------------------------------------------------------------- expect


def _expectation(cursor: Cursor, values: Mapping[str, Any]) -> Expectation:
    return Expectation(**values, line=cursor.node.span.line + 1)


def _check_expectation(cursor: Cursor, given: Mapping[str, Cursor]) -> None:
    if "times" in given and "rule" not in given:
        cursor.report("times needs the name of a rule")
    if not given:
        cursor.report("this expects nothing")


def _expected_rule(cursor: Cursor) -> str:
    name = TEXT.read(cursor)
    notes(cursor).expected_rules.append((cursor, name))
    return name


EXPECTATION: Section[Expectation] = Section(
    "expectation",
    "an expectation",
    "{rule: weather, times: 3}",
    lambda: (
        SectionKey("rule", Reader("a rule's name", _expected_rule, TEXT.schema), "this rule answered"),
        SectionKey("times", whole(0, "a number of times"), "exactly so many times; without it, at least once"),
        SectionKey(
            "no_request_within_retry_after", FLAG, "no request came before the Retry-After of the one before was over"
        ),
    ),
    _expectation,
    _check_expectation,
    hints=hints_at_keys("expectation"),
)


# ---------------------------------------------------------------------------------------------- the scenario


def _name(cursor: Cursor) -> str:
    name = TEXT.read(cursor)
    if not NAME.fullmatch(name):
        raise cursor.report(
            "a scenario's name has letters and digits, with single - _ . between them, as an API key can have"
        )
    return name


_NAME = Reader("text", _name, {**TEXT.schema, "pattern": f"^{NAME.pattern}$"})
_NAMES = listed(_NAME, "a list of names")


def _aliases(cursor: Cursor) -> tuple[str, ...]:
    names = _NAMES.read(cursor)
    seen = set[str]()
    for at, name in enumerate(names):
        if name in seen:
            cursor.item(at, cursor.node.value[at]).report(f"{quoted(name)} is given twice")
        seen.add(name)
    return names


def _check_names(cursor: Cursor, given: Mapping[str, Cursor]) -> None:
    if "name" in given and "aliases" in given and given["aliases"].node.kind == "sequence":
        for at, node in enumerate(given["aliases"].node.value):
            if node.kind == "scalar" and node.text == given["name"].node.text:
                given["aliases"].item(at, node).report("this is the scenario's name")


def _scenario(cursor: Cursor, values: dict[str, Any]) -> Scenario:
    models, backends = values.pop("models", ({}, {}))
    source = cursor.collector.source
    name = values.pop("name", None) or PurePath(source).stem
    if not NAME.fullmatch(name):
        raise cursor.report(f"a name is needed, since {quoted(name)} cannot be one")
    index, lines = RuleIndex(values.get("rules", ())), _lines(cursor)
    return Scenario(name=name, models=models, backends=backends, source=source, matching=index, lines=lines, **values)


def _lines(cursor: Cursor) -> dict[str, int]:
    """The line of the name and of each alias, the name first."""
    given = dict(cursor.pairs(""))
    nodes = [given["name"].node] if "name" in given else []
    nodes += given["aliases"].node.value if "aliases" in given else []
    return {node.text: node.span.line + 1 for node in nodes if node.span.line >= 0}


SCENARIO: Section[Scenario] = Section(
    "scenario",
    "a scenario",
    "{name: hello, rules: [...]}",
    lambda: (
        SectionKey("name", _NAME, "default: the name of the file without its ending"),
        SectionKey("aliases", Reader(_NAMES.what, _aliases, _NAMES.schema), "further names of the scenario"),
        SectionKey("description", TEXT, "a description in one sentence"),
        SectionKey(
            "models",
            MODELS,
            "fields of the catalogue's models, and their `backends`; or globs of names that are `like` one of them",
        ),
        SectionKey("account", ACCOUNT.reader, "credits and keys"),
        SectionKey("clock", CLOCK.reader, "the time, and its speed"),
        SectionKey("rules", listed(RULE.reader, "a list of rules"), "the first rule that matches a request answers it"),
        SectionKey(
            "unscripted",
            enum(*get_args(Unscripted), hints=hints_at_words("unscripted")),
            "the answer if no rule matches: generate, fail (404 with the reason), echo",
        ),
        SectionKey("expect", listed(EXPECTATION.reader, "a list of expectations"), "what must be true at the end"),
    ),
    _scenario,
    _check_names,
    hints=hints_at_keys("scenario"),
)
