"""The whole of a scenario: rules, the world around them, and what is expected in the end."""

import re
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any, get_args

from emulator.scenario.language.conditions import CONDITION
from emulator.scenario.language.replies import REPLY
from emulator.scenario.language.world import ACCOUNT, CLOCK, MODELS
from emulator.scenario.match import sharing
from emulator.scenario.reading.mistakes import quoted
from emulator.scenario.reading.readers import (
    FLAG,
    TEXT,
    Key,
    Place,
    Reader,
    Section,
    choice,
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

NAME = re.compile(r"[A-Za-z0-9]+(?:[-_.][A-Za-z0-9]+)*")


# ---------------------------------------------------------------------------------------------- rules


def _begin_rule(place: Place, given: Mapping[str, Place]) -> None:
    place.loading.groups = frozenset()
    if "reply" in given and "replies" in given:
        given["reply"].tell("reply is short for a list of one; give one of reply and replies")
    if "reply" not in given and "replies" not in given:
        place.tell("a rule needs reply or replies")


def _when(place: Place) -> Condition:
    condition = CONDITION.reader.read(place)
    place.loading.groups = frozenset(condition.names)
    return condition


def _rule_name(place: Place) -> str:
    name, names = TEXT.read(place), place.loading.names
    if first := names.get(name):
        place.tell(f"another rule has this name, {quoted(name)}{_in_line(first)}")
    names.setdefault(name, place)
    return name


def _in_line(place: Place) -> str:
    return f", in line {place.node.span.line + 1}" if place.node.span.line >= 0 else ""


def _rule(place: Place, values: Mapping[str, Any]) -> Rule:
    replies, then = values.get("replies") or (values["reply"],), values.get("then", "repeat")
    rule = Rule(
        values.get("name", place.path),
        values.get("when", Condition()),
        replies,
        then,
        place.node.span.line + 1,
        replies[0] if len(replies) == 1 and replies[0].probability is None and then == "repeat" else None,
    )
    place.loading.rules.append((place, rule))
    return rule


RULE: Section[Rule] = Section(
    "rule",
    "a rule",
    "{when: {last_user: hello}, reply: {text: Hello}}",
    lambda: (
        Key("name", Reader("text", _rule_name, TEXT.schema), "what explanations and `expect` call it"),
        Key("when", Reader(CONDITION.what, _when, CONDITION.reader.schema), "what it matches; without it, everything"),
        Key("replies", listed(REPLY.reader, "a list of replies", at_least=1), "what successive requests are answered"),
        Key("reply", REPLY.reader, "short for a list of one"),
        Key(
            "then",
            choice(*get_args(Then)),
            "what comes after the last reply: repeat (the last one), loop, unscripted, fail",
        ),
    ),
    _rule,
    _begin_rule,
)


# ---------------------------------------------------------------------------------------------- expect


def _expectation(place: Place, values: Mapping[str, Any]) -> Expectation:
    return Expectation(**values, line=place.node.span.line + 1)


def _check_expectation(place: Place, given: Mapping[str, Place]) -> None:
    if "times" in given and "rule" not in given:
        place.tell("times needs the name of a rule")
    if not given:
        place.tell("this expects nothing")


def _expected_rule(place: Place) -> str:
    name = TEXT.read(place)
    place.loading.expected.append((place, name))
    return name


EXPECTATION: Section[Expectation] = Section(
    "expectation",
    "an expectation",
    "{rule: weather, times: 3}",
    lambda: (
        Key("rule", Reader("a rule's name", _expected_rule, TEXT.schema), "this rule answered"),
        Key("times", whole(0, "a number of times"), "exactly so many times; without it, at least once"),
        Key("no_request_within_retry_after", FLAG, "no request came before the Retry-After of the one before was over"),
    ),
    _expectation,
    _check_expectation,
)


# ---------------------------------------------------------------------------------------------- the scenario


def _name(place: Place) -> str:
    name = TEXT.read(place)
    if not NAME.fullmatch(name):
        raise place.tell(
            "a scenario's name has letters and digits, with single - _ . between them, as an API key can have"
        )
    return name


def _scenario(place: Place, values: dict[str, Any]) -> Scenario:
    models, backends = values.pop("models", ({}, {}))
    source = place.loading.report.source
    name = values.pop("name", None) or PurePath(source).stem
    if not NAME.fullmatch(name):
        raise place.tell(f"a name is needed, since {quoted(name)} cannot be one")
    shared = sharing(values.get("rules", ()))
    return Scenario(name=name, models=models, backends=backends, source=source, sharing=shared, **values)


SCENARIO: Section[Scenario] = Section(
    "scenario",
    "a scenario",
    "{name: hello, rules: [...]}",
    lambda: (
        Key("name", Reader("text", _name, {**TEXT.schema, "pattern": f"^{NAME.pattern}$"}), "without it, the file's"),
        Key("description", TEXT, "what it is about, in a sentence"),
        Key("models", MODELS, "fields of the catalogue's models, and their `backends`"),
        Key("account", ACCOUNT.reader, "credits and keys"),
        Key("clock", CLOCK.reader, "what time it is, and how it passes"),
        Key("rules", listed(RULE.reader, "a list of rules"), "the first that matches a request answers it"),
        Key("unscripted", choice(*get_args(Unscripted)), "what no rule answers: generate, fail (404 and why), echo"),
        Key("expect", listed(EXPECTATION.reader, "a list of expectations"), "what is to be true in the end"),
    ),
    _scenario,
)
