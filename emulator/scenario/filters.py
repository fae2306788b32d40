"""The filters and tests of templates: Jinja2's, and others that print values as JSON. Each is paid for."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from functools import partial
from typing import Any

from jinja2 import Undefined, pass_context
from jinja2.exceptions import SecurityError
from jinja2.filters import FILTERS as JINJA_FILTERS
from jinja2.filters import make_attrgetter
from jinja2.runtime import Context
from jinja2.tests import TESTS as JINJA_TESTS

from emulator.scenario.budget import Budget, check_length
from emulator.scenario.prices import CHANGE, FILTERS, LAZY, TESTS, Price, free, names

_MAX_BITS = 14_000
"""An integer with more bits has more digits than Python writes."""
_OF_ENVIRONMENT = ("first", "last", "max", "min", "sort", "truncate", "unique")


class SandboxContext(Context):
    """The variables of a template that is rendered, and what it may still do."""

    budget: Budget


def spend(context: Any, price: Price, *args: Any, **kwargs: Any) -> None:
    """Pay for a call with these arguments."""
    budget: Budget = context.budget
    if amount := price(budget.left, *args, **kwargs):
        budget.spend(amount)


def _filter(name: str, price: Price) -> Callable[..., Any]:
    """A filter that is paid for. What is read item by item is read first, so that its price is known."""
    call: Callable[..., Any] = _OWN[name] if name in _OWN else JINJA_FILTERS[name]
    if price is free:
        return call
    own, of_environment = name in _OWN, name in _OF_ENVIRONMENT

    @pass_context
    def run(context: SandboxContext, value: Any, *args: Any, **kwargs: Any) -> Any:
        if type(value) is not str and isinstance(value, Iterator):
            value = list(counted(context, value))
        budget = context.budget
        budget.spend(price(budget.left, value, *args, **kwargs))
        if own:
            return call(context, value, *args, **kwargs)
        return call(context.environment, value, *args, **kwargs) if of_environment else call(value, *args, **kwargs)

    return run


def _lazy(name: str) -> Callable[..., Any]:
    """A filter that handles an item when the next one is asked for."""

    @pass_context
    def run(context: SandboxContext, items: Any, *args: Any, **kwargs: Any) -> Any:
        return JINJA_FILTERS[name](context, counted(context, items, 1 + names(*args, **kwargs)), *args, **kwargs)

    return run


def _test(name: str, price: Price) -> Any:
    """A test that is paid for."""
    call: Any = JINJA_TESTS[name]
    if price is free:
        return call

    @pass_context
    def run(context: SandboxContext, *args: Any) -> Any:
        spend(context, price, *args)
        return call(*args)

    return run


# ---------------------------------------------------------------------------------------------- filters


@pass_context
def counted(context: SandboxContext, items: Iterable[Any], price: int = 1) -> Iterator[Any]:
    """The items, each of which costs some steps."""
    pay = context.budget.spend
    for item in items:
        pay(price)
        yield item


@pass_context
def printed(context: SandboxContext, value: Any) -> str:
    """A value as it is printed: a string as it is, a value of JSON as JSON, a number or datetime by `str()`."""
    if isinstance(value, str):
        return value
    if isinstance(value, Iterator):
        value = list(counted(context, value))
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, list | tuple | Mapping):
        return _json(context, value)
    if isinstance(value, int | float | Decimal) or hasattr(value, "isoformat"):
        return str(value)
    raise SecurityError(f"a {type(value).__name__} cannot be printed; a method is called with ()")


@pass_context
def finalized(context: SandboxContext, value: Any) -> Any:
    """A value as it is printed, or an undefined one as it is: Jinja raises its error."""
    kind = type(value)
    return value if kind is str or kind is int or isinstance(value, Undefined) else printed(context, value)


@pass_context
def _json(context: SandboxContext, value: Any) -> str:
    spend(context, CHANGE, value)
    text = json.dumps(value, ensure_ascii=False, default=partial(printed, context))
    check_length(len(text))
    return text


def _fromjson(context: SandboxContext, text: str) -> Any:
    return json.loads(text)


def _int(context: SandboxContext, value: Any, default: int = 0, base: int = 10) -> int:
    number: int = JINJA_FILTERS["int"](value, default, base)
    if isinstance(number, int) and number.bit_length() > _MAX_BITS:
        raise SecurityError("the number is too large")
    return number


def _join(context: SandboxContext, items: Iterable[Any], between: str = "") -> str:
    made, length = [], 0
    for item in items:
        made.append(item if type(item) is str else printed(context, item))
        length += len(made[-1]) + len(between)
        check_length(length)
    context.budget.spend(length // 100)
    return between.join(made)


def _replace(context: SandboxContext, text: Any, old: str, new: str) -> str:
    written = printed(context, text)
    length = len(written) + written.count(old) * len(new)
    check_length(length)
    context.budget.spend(length // 100)
    return written.replace(old, new)


def _list(context: SandboxContext, items: Iterable[Any]) -> list[Any]:
    return list(items)


def _round(context: SandboxContext, number: Any, precision: int | None = None) -> Any:
    """The number, rounded. Beyond the digits that a number can have, a precision changes nothing more."""
    return round(number, None if precision is None else max(-5_000, min(precision, 5_000)))


def _sum(context: SandboxContext, items: Iterable[Any], attribute: Any = None, start: Any = 0) -> Any:
    environment: Any = context.environment
    total = start
    for item in items if attribute is None else map(make_attrgetter(environment, attribute), items):
        total = environment.call_binop(context, "+", total, item)
    return total


_OWN: Mapping[str, Callable[..., Any]] = {
    "fromjson": _fromjson,
    "int": _int,
    "list": _list,
    "join": _join,
    "replace": _replace,
    "round": _round,
    "string": printed,
    "sum": _sum,
    "tojson": _json,
}
"""The filters that Jinja does not have, or makes differently."""


def filters() -> dict[str, Any]:
    """The filters by their names."""
    made = {name: _filter(name, price) for name, price in FILTERS.items()}
    return made | {name: _lazy(name) for name in LAZY} | {"_counted": counted}


def tests() -> dict[str, Any]:
    """The tests by their names."""
    return {name: _test(name, price) for name, price in TESTS.items()}
