"""What can only be told when the whole scenario was read: names that nothing has, and rules that nothing reaches."""

from emulator.scenario.reading.mistakes import did_you_mean, quoted
from emulator.scenario.reading.readers import Loading, Place
from emulator.scenario.types import Rule

_NEARLY = 0.85


def check(loading: Loading) -> None:
    """Tell the mistakes."""
    _check_expected(loading)
    _check_states(loading)
    _check_tools(loading)
    _check_reachable(loading.rules)


def _check_expected(loading: Loading) -> None:
    for place, name in loading.expected:
        if name not in loading.names:
            place.tell(f"there is no rule of this name, {quoted(name)}{did_you_mean(name, loading.names)}")


def _check_states(loading: Loading) -> None:
    for place, machine, states in loading.states_asked:
        known = loading.states_set.get(machine)
        if known is None:
            place.tell(f"no reply sets the state of {quoted(machine)}{did_you_mean(machine, loading.states_set)}")
            continue
        for state in states:
            if state.casefold() not in map(str.casefold, known):
                place.tell(f"no reply sets {quoted(machine)} to {quoted(state)}{did_you_mean(state, known)}")


def _check_tools(loading: Loading) -> None:
    """Tell of results that no call can have, and of calls that nearly, but not quite, call a tool that is offered.

    A call of something quite different may be meant: models do that.
    """
    called = dict.fromkeys(name for _, name in loading.tools_called)
    known = called | loading.tools_offered
    for place, names in loading.tools_answered:
        for name in names:
            if called and name not in known:
                place.tell(f"no reply calls a tool {quoted(name)}{did_you_mean(name, known)}")
    for place, name in loading.tools_called:
        if name not in loading.tools_offered and (near := did_you_mean(name, loading.tools_offered, _NEARLY)):
            place.tell(f"no rule is about a tool {quoted(name)}{near}")


def _check_reachable(rules: list[tuple[Place, Rule]]) -> None:
    """Tell of rules whose tests include all tests of an earlier rule that lets no request pass."""
    answering: list[tuple[Place, Rule]] = []
    for place, rule in rules:
        tests = rule.when.distinct
        for before, earlier in answering:
            if earlier.when.distinct <= tests:
                what = "the same" if earlier.when.distinct == tests else "all that it matches"
                place.tell(f"no request reaches this rule: {before.path} answers {what}{_line(before)}")
                break
        if rule.always_answers:
            answering.append((place, rule))


def _line(place: Place) -> str:
    return f" (line {place.node.span.line + 1})" if place.node.span.line >= 0 else ""
