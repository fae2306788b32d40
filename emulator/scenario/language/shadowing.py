"""Rules that no request reaches, since an earlier one matches whatever they match.

A condition implies another one if each of the other's criteria follows from one of its own. What is not known to follow
does not: every finding is certain, but for one assumption, that a client which sends a tool's result offers the tool.
"""

import json
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from emulator import patterns
from emulator.scenario.reading.mistakes import Mistake
from emulator.scenario.types import Condition, Rule, Scenario


class Criterion(NamedTuple):
    """A key of a condition, with the name inside for `header`, `body` and `state`, and the value as it was written."""

    key: str
    name: str
    value: Any


class Shadowed(NamedTuple):
    """A rule that no request reaches, and the earlier one that answers them all; both by their number."""

    number: int
    earlier: int


class TooManyRules(Exception):
    """The rules from a number on were not compared with all others, because that takes too long."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


_MAX_STEPS = 10_000_000
"""Of at most a microsecond: what comparing the rules of a scenario may take together."""
_IMPLYING = 100
_NAMED = ("header", "body", "state")
_TEXTS = ("last_user", "system", "any_message", "prompt", "tools", "tool_choice", "key")
_GLOB = frozenset("*?")
_POSITIVE = ("equals", "contains", "matches", "starts_with", "ends_with", "one_of")


def shadowed(scenario: Scenario) -> Iterator[Shadowed]:
    """The rules of a scenario that no request reaches, each with the first rule that hides it.

    Rules are only compared if the later one has a text that the earlier one needs. Raises TooManyRules.
    """
    answering: list[tuple[int, Sequence[Criterion], str]] = []
    left = _MAX_STEPS
    for number, rule in enumerate(scenario.rules):
        criteria = _criteria(rule.when)
        words = "\n".join(_written(each.value) for each in criteria)
        for at, earlier, needed in answering:
            left -= 1 + len(words) // 1000
            if needed in words:
                left -= _IMPLYING
                if implies(criteria, earlier):
                    yield Shadowed(number, at)
                    break
            if left < 0:
                raise TooManyRules(number)
        if rule.always_answers:
            answering.append((number, criteria, max(map(_needed, criteria), key=len, default="")))


def _needed(criterion: Criterion) -> str:
    """A text that is written in every condition from which the criterion follows; empty if none is known."""
    if criterion.key not in (*_TEXTS, "header", "state", "body"):
        return ""
    lookup = _lookup(criterion.value)
    operands = [lookup[name] for name in ("equals", "contains", "starts_with", "ends_with") if name in lookup]
    return max((_written(each).strip('"') for each in operands if isinstance(each, str)), key=len, default="")


def _written(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False).casefold()


def warnings(scenario: Scenario) -> Iterator[Mistake]:
    """A warning for each of these rules, with the places of both, and one where too many rules are left."""
    try:
        for number, earlier in shadowed(scenario):
            before = _place(scenario, earlier)
            offered = "tools" in scenario.rules[earlier].when.written
            offered = offered and "tool_result" in scenario.rules[number].when.written
            why = " (a client that sends a tool's result offers the tool)" if offered else ""
            message = f"no request reaches this rule: {before} answers whatever it matches{why}; put this one first"
            yield _warning(scenario, number, message)
    except TooManyRules as stopped:
        message = "this rule and those behind it were not checked for rules that hide them: there are too many"
        yield _warning(scenario, stopped.number, message)


def _warning(scenario: Scenario, number: int, message: str) -> Mistake:
    line = scenario.rules[number].line
    return Mistake(scenario.source, line, 1 if line else 0, f"rules[{number}]", message)


def _place(scenario: Scenario, number: int) -> str:
    """A rule as messages call it: its path, its name if it has one, and its line."""
    rule: Rule = scenario.rules[number]
    path = f"rules[{number}]"
    name = f' "{rule.name}"' if rule.name != path else ""
    return f"{path}{name} (line {rule.line})" if rule.line else f"{path}{name}"


def implies(criteria: Sequence[Criterion], others: Sequence[Criterion]) -> bool:
    """Whether every request that meets the criteria meets the others as well."""
    return all(_follows(other, criteria) for other in others)


def _criteria(condition: Condition) -> Sequence[Criterion]:
    return tuple(_listed(condition.written))


def _listed(written: Mapping[str, Any]) -> Iterator[Criterion]:
    for key, value in written.items():
        if key == "all":
            for inner in value:
                yield from _listed(inner)
        elif key in _NAMED:
            yield from (Criterion(key, name.lower() if key == "header" else name, of) for name, of in value.items())
        else:
            yield Criterion(key, "", value)


def _follows(wanted: Criterion, given: Sequence[Criterion]) -> bool:
    """Whether one criterion follows from others."""
    if any(wanted[:2] == each[:2] and _same(wanted.value, each.value) for each in given):
        return True
    if wanted.key == "any":
        return any(implies(given, tuple(_listed(option))) for option in wanted.value)
    options = [each.value for each in given if each.key == "any"]
    if any(all(_follows(wanted, tuple(_listed(option))) for option in each) for each in options):
        return True
    return any(_one_follows(wanted, each) for each in given)


def _one_follows(wanted: Criterion, given: Criterion) -> bool:
    """Whether a criterion follows from another one."""
    if wanted.key == "tools" and given.key == "tool_result":
        return _offered(wanted.value, _result(given.value))
    if (wanted.key, wanted.name) != (given.key, given.name):
        return False
    match wanted.key:
        case "not":
            return implies(tuple(_listed(wanted.value)), tuple(_listed(given.value)))
        case "endpoint":
            return set(_list(given.value)) <= set(_list(wanted.value))
        case "model":
            return _model_follows(wanted.value, given.value)
        case "turn" | "body":
            return _value_follows(_lookup(wanted.value), _lookup(given.value))
        case "tool_result":
            return _result_follows(_result(wanted.value), _result(given.value))
        case key if key in _TEXTS or key in ("header", "state"):
            return _text_follows(_lookup(wanted.value), _lookup(given.value))
    return False


def _same(one: Any, other: Any) -> bool:
    """Whether two values are written alike; 1 and true are not."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


# ---------------------------------------------------------------------------------------------- tools


def _result(written: Any) -> Mapping[str, Any]:
    return written if isinstance(written, Mapping) else {"name": written}


def _result_follows(wanted: Mapping[str, Any], given: Mapping[str, Any]) -> bool:
    if not (wanted.get("exists", True) and given.get("exists", True)):
        return False
    return all(
        key in given and _text_follows(_lookup(wanted[key]), _lookup(given[key]))
        for key in ("name", "content")
        if key in wanted
    )


def _offered(wanted: Any, given: Mapping[str, Any]) -> bool:
    """Whether the tool whose result is asked for is one that has to be offered."""
    return given.get("exists", True) and "name" in given and _text_follows(_lookup(wanted), _lookup(given["name"]))


# ---------------------------------------------------------------------------------------------- texts


def _lookup(written: Any) -> Mapping[str, Any]:
    return written if isinstance(written, Mapping) else {"equals": written}


def _list(written: Any) -> Sequence[Any]:
    return written if isinstance(written, list) else [written]


def _text_follows(wanted: Mapping[str, Any], given: Mapping[str, Any]) -> bool:
    """Whether a text for which one lookup holds is one for which the other does."""
    exact = wanted.get("case", False)
    if (exact and not given.get("case", False)) or "exists" in given:
        return _same(wanted, given)
    known = {name: operand for name, operand in given.items() if name in _POSITIVE}
    return bool(known) and all(_known(name, operand, known, exact=exact) for name, operand in wanted.items())


def _known(wanted: str, operand: Any, known: Mapping[str, Any], *, exact: bool) -> bool:
    if wanted in ("case", "exists"):
        return wanted == "case" or operand is True
    return any(_operand_follows(wanted, operand, *each, exact=exact) for each in known.items())


def _operand_follows(wanted: str, operand: Any, given: str, known: Any, *, exact: bool) -> bool:
    if wanted == given and _same(operand, known):
        return True
    if given == "one_of":
        return bool(known) and all(_operand_follows(wanted, operand, "equals", each, exact=exact) for each in known)
    if wanted == "one_of":
        return given == "equals" and any(
            _operand_follows("equals", each, given, known, exact=exact) for each in operand
        )
    if not (isinstance(operand, str) and isinstance(known, str)) or given == "matches":
        return False
    if wanted == "matches":
        return given == "equals" and exact and patterns.compile(operand).matches(known)
    one, other = (operand, known) if exact else (operand.casefold(), known.casefold())
    match wanted:
        case "equals":
            return given == "equals" and one == other
        case "contains":
            return one in other
        case "starts_with":
            return given in ("equals", "starts_with") and other.startswith(one)
        case _:
            return given in ("equals", "ends_with") and other.endswith(one)


def _model_follows(wanted: Any, given: Any) -> bool:
    """A text is a glob here; whatever matches one without signs matches any glob that this one matches."""
    if wanted == "*":
        return True
    if isinstance(wanted, str) and isinstance(given, str):
        return not _GLOB & set(given) and patterns.glob(wanted).matches(given)
    return isinstance(wanted, Mapping) and isinstance(given, Mapping) and _text_follows(wanted, given)


# ---------------------------------------------------------------------------------------------- values

_BOUNDS = ("gt", "gte", "lt", "lte")


def _value_follows(wanted: Mapping[str, Any], given: Mapping[str, Any]) -> bool:
    """The same for JSON values, which are compared by number, text or existence."""
    if _same(wanted, given):
        return True
    if any(isinstance(value, str) for value in (*wanted.values(), *given.values())):
        return "contains" not in given and _text_follows(wanted, given)
    if wanted == {"exists": True}:
        return any(name in given and given[name] is not None for name in ("equals", *_BOUNDS))
    if not _numbers(wanted) or not _numbers(given):
        return False
    values = [given["equals"]] if "equals" in given else given.get("one_of")
    if values is not None:
        return all(_holds(wanted, value) for value in values)
    return all(name in _BOUNDS and _bounded(name, operand, given) for name, operand in wanted.items())


def _numbers(lookup: Mapping[str, Any]) -> bool:
    operands = [each for value in lookup.values() for each in _list(value)]
    return bool(operands) and all(type(each) in (int, float) for each in operands)


_HOLDS: Mapping[str, Callable[[Any, Any], bool]] = {
    "equals": operator.eq,
    "one_of": lambda value, operand: value in operand,
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}


def _holds(wanted: Mapping[str, Any], value: float) -> bool:
    return all(name in _HOLDS and _HOLDS[name](value, operand) for name, operand in wanted.items())


def _bounded(name: str, operand: float, given: Mapping[str, Any]) -> bool:
    """Whether a bound follows from the bounds of another lookup."""
    strict, loose = f"{name[0]}t", f"{name[0]}te"
    beyond = _HOLDS[strict]
    return any(
        beyond(given[bound], operand) or (given[bound] == operand and (bound == strict or name == loose))
        for bound in (strict, loose)
        if bound in given
    )
