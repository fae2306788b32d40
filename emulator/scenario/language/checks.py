"""Checks of a whole scenario: names that do not exist, and rules that no request reaches."""

from collections import Counter
from itertools import islice

from emulator.core.nearest import did_you_mean
from emulator.scenario.language.notes import Notes
from emulator.scenario.reading.mistakes import quoted
from emulator.scenario.reading.readers import Cursor
from emulator.scenario.types import Criterion, Rule

_NEARLY = 0.85
_MAX_COMPARED = 100
"""So many names of tools are compared with all that are offered, since that takes long."""


def check(notes: Notes) -> None:
    """Report the mistakes."""
    _check_expected_rules(notes)
    _check_states(notes)
    _check_tools(notes)
    _check_reachable(notes.rules)


def _check_expected_rules(notes: Notes) -> None:
    for cursor, name in notes.expected_rules:
        if name not in notes.rule_names:
            cursor.report(f"there is no rule of this name, {quoted(name)}{did_you_mean(name, notes.rule_names)}")


def _check_states(notes: Notes) -> None:
    folded = {machine: frozenset(map(str.casefold, states)) for machine, states in notes.states_set.items()}
    for cursor, machine, states in notes.states_matched:
        if machine not in folded:
            cursor.report(f"no reply sets the state of {quoted(machine)}{did_you_mean(machine, notes.states_set)}")
            continue
        for state in states:
            if state.casefold() not in folded[machine]:
                hint = did_you_mean(state, notes.states_set[machine])
                cursor.report(f"no reply sets {quoted(machine)} to {quoted(state)}{hint}")


def _check_tools(notes: Notes) -> None:
    """Report tool results without a call, and calls whose name is nearly that of an offered tool.

    A call of a quite different tool may be intended: models do that.
    """
    called = dict.fromkeys(name for _, name in notes.tools_called)
    known = called | notes.tools_offered
    for cursor, names in notes.tools_answered:
        for name in names:
            if called and name not in known:
                cursor.report(f"no reply calls a tool {quoted(name)}{did_you_mean(name, known)}")
    unknown = ((cursor, name) for cursor, name in notes.tools_called if name not in notes.tools_offered)
    for cursor, name in islice(unknown, _MAX_COMPARED):
        if near := did_you_mean(name, notes.tools_offered, _NEARLY):
            cursor.report(f"no rule is about a tool {quoted(name)}{near}")


def _check_reachable(rules: list[tuple[Cursor, Rule]]) -> None:
    """Report rules whose criteria include all of an earlier rule that answers every request it matches.

    An earlier rule is looked for among those that share a criterion, by the one of its criteria that fewest rules have.
    """
    counts = Counter(criterion for _, rule in rules for criterion in rule.when.distinct)
    answering: dict[Criterion | None, list[int]] = {}
    for number, (cursor, rule) in enumerate(rules):
        criteria = rule.when.distinct
        earlier = (at for criterion in (None, *criteria) for at in answering.get(criterion, ()))
        first = min((at for at in earlier if rules[at][1].when.distinct <= criteria), default=None)
        if first is not None:
            before, hiding = rules[first]
            what = "the same" if hiding.when.distinct == criteria else "all that it matches"
            cursor.report(f"no request reaches this rule: {before.path} answers {what}{_line(before)}")
        elif rule.always_answers:
            answering.setdefault(min(criteria, key=counts.__getitem__, default=None), []).append(number)


def _line(cursor: Cursor) -> str:
    return f" (line {cursor.node.span.line + 1})" if cursor.node.span.line >= 0 else ""
