"""Runs templates in Jinja2's sandbox.

A template can print values, branch, loop and set variables, with the filters, tests and methods of `prices`. Each
operation is paid from the budget of the rendering before it happens; texts and numbers have a limit of their own.
"""

import json
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from functools import lru_cache, partial
from typing import Any, cast

import jinja2
from jinja2 import StrictUndefined, Undefined, nodes, pass_context
from jinja2.compiler import CodeGenerator, Frame
from jinja2.defaults import DEFAULT_FILTERS, DEFAULT_TESTS
from jinja2.exceptions import SecurityError
from jinja2.filters import make_attrgetter
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from emulator.scenario import fakes
from emulator.scenario.budget import Budget, check_length
from emulator.scenario.prices import (
    CHANGE,
    FILTERS,
    LAZY,
    METHODS,
    READ,
    TESTS,
    Price,
    arithmetic,
    free,
    names,
    search,
)

_MAX_NUMBER = 10**15
_MAX_BITS = 14_000
"""An integer with more bits has more digits than Python writes."""
_SMALL = frozenset((int, float, bool, type(None)))
_KEYS = (str, int, float, type(None), Undefined)
_OF_ENVIRONMENT = ("first", "last", "max", "min", "sort", "truncate", "unique")
_OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "lteq": operator.le,
    "gt": operator.gt,
    "gteq": operator.ge,
    "in": lambda value, container: value in container,
    "notin": lambda value, container: value not in container,
}


class SandboxedTemplate:
    """A compiled template, which runs in the sandbox. `steps` are those of all that is outside of loops."""

    def __init__(self, template: jinja2.Template, steps: int) -> None:
        self._template = template
        self._steps = steps

    def render(self, values: dict[str, Any], budget: Budget) -> str:
        """The text. Raises whatever the template raises, and LimitExceeded if it exceeds a limit."""
        budget.spend(self._steps)
        context = cast(_Context, self._template.new_context(values))
        context.budget = budget
        made, length = [], 0
        for part in self._template.root_render_func(context):
            length += len(part)
            check_length(length)
            made.append(part)
        return "".join(made)

    def line_of(self, error: Exception) -> int:
        """The line of the template that raised the error, from 0."""
        line, frame = 1, error.__traceback__
        while frame is not None:
            if frame.tb_frame.f_code.co_filename == "<template>":
                line = self._template.get_corresponding_lineno(frame.tb_lineno)
            frame = frame.tb_next
        return line - 1


class _Context(Context):
    """The variables of a template that is rendered, and what it may still do."""

    budget: Budget


class _Generator(CodeGenerator):
    """Writes the operators that Jinja writes as Python's as calls of the environment, which takes the price of each."""

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:  # noqa: N802 (the base class's name)
        self.write("environment.joined(context, (")
        for part in node.nodes:
            self.visit(part, frame)
            self.write(", ")
        self.write("))")

    def visit_Compare(self, node: nodes.Compare, frame: Frame) -> None:  # noqa: N802 (the same)
        self.write("(")
        before = ""
        for at, comparison in enumerate(node.ops):
            self.write(f"{' and ' if at else ''}environment.compared(context, {comparison.op!r}, {before}")
            if not before:
                self.visit(node.expr, frame)
            before = self.temporary_identifier()
            self.write(f", ({before} := ")
            self.visit(comparison.expr, frame)
            self.write("))")
        self.write(")")

    def visit_Dict(self, node: nodes.Dict, frame: Frame) -> None:  # noqa: N802 (the same)
        self.write("{")
        for pair in node.items:
            self.write("environment.key(")
            self.visit(pair.key, frame)
            self.write("): ")
            self.visit(pair.value, frame)
            self.write(", ")
        self.write("}")


class SandboxEnvironment(ImmutableSandboxedEnvironment):
    """Jinja2's sandbox with fewer functions, a price for each, and an error for undefined values.

    Nothing of a template runs before it is rendered: Jinja's optimizer would call filters when it compiles.
    """

    code_generator_class = _Generator
    context_class = _Context
    intercepted_binops = frozenset(("+", "-", "*", "/", "//", "%"))

    def __init__(self) -> None:
        super().__init__(undefined=StrictUndefined, finalize=_finalized, keep_trailing_newline=True, optimized=False)
        self.globals = {"range": range}
        self.filters = {name: _filter(name, price) for name, price in FILTERS.items()}
        self.filters |= {name: _lazy(name) for name in LAZY} | {"_counted": _counted}
        self.tests = {name: _test(name, price) for name, price in TESTS.items()}

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """The result of an arithmetic operator."""
        if operator == "*" and not (isinstance(left, int | float) and isinstance(right, int | float)):
            raise SecurityError("only numbers can be multiplied")
        if operator == "%" and isinstance(left, str):
            raise SecurityError("% is for numbers; ~ joins texts")
        if isinstance(left, str) and isinstance(right, str):
            check_length(len(left) + len(right))
        if not (type(left) in _SMALL and type(right) in _SMALL) or not -_MAX_NUMBER < left < _MAX_NUMBER:
            _spend(context, arithmetic, left, right)
        made = self.binop_table[operator](left, right)
        if isinstance(made, int) and abs(made) > _MAX_NUMBER:
            raise SecurityError("the number is too large")
        return made

    def compared(self, context: Context, name: str, left: Any, right: Any) -> Any:
        """The result of a comparison."""
        if not (type(left) in _SMALL and type(right) in _SMALL):
            if name in ("in", "notin"):
                _spend(context, search, right, left)
            else:
                _spend(context, READ, left, right)
        return _OPERATORS[name](left, right)

    def joined(self, context: Context, parts: Iterable[Any]) -> str:
        """The values joined by `~`."""
        made = "".join([part if type(part) is str else _text(context, part) for part in parts])
        check_length(len(made))
        if len(made) > 100:
            context.budget.spend(len(made) // 100)
        return made

    def key(self, value: Any) -> Any:
        """The key of a mapping. A list is none, and what is made of lists would take long to be found."""
        if isinstance(value, _KEYS):
            return value
        raise SecurityError(f"a {type(value).__name__} cannot be a key")

    def getitem(self, obj: Any, argument: Any) -> Any:
        """The item or attribute of this name. A method is none, so that filters which read attributes get only data."""
        found = super().getitem(obj, self.key(argument))
        return self.undefined(obj=obj, name=argument) if callable(found) else found

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N805 (as Jinja has it)
        """The result of a call. Raises SecurityError for what has no price."""
        kwargs.pop("_loop_vars", None)  # what Jinja gives to functions that take a context; none does
        if isinstance(__obj, fakes.Method):
            _spend(__context, __obj.price, *args, **kwargs)
        elif __obj is not range and not isinstance(__obj, Undefined):  # calling Undefined raises its own error
            owner, name = getattr(__obj, "__self__", None), getattr(__obj, "__name__", type(__obj).__name__)
            price = _method_price(type(owner), name)
            if price is None:
                raise SecurityError(f"{name} cannot be called in a template")
            _spend(__context, price, owner, *args, **kwargs)
        return __context.call(__obj, *args, **kwargs)


# ---------------------------------------------------------------------------------------------- prices


def _spend(context: Context, price: Price, *args: Any, **kwargs: Any) -> None:
    """Pay for a call with these arguments."""
    budget: Budget = context.budget  # type: ignore[attr-defined] (all are of the class above)
    if amount := price(budget.left, *args, **kwargs):
        budget.spend(amount)


def _filter(name: str, price: Price) -> Callable[..., Any]:
    """A filter that is paid for. What is read item by item is read first, so that its price is known."""
    call: Callable[..., Any] = _OWN.get(name) or DEFAULT_FILTERS[name]
    if price is free:
        return call
    own, of_environment = name in _OWN, name in _OF_ENVIRONMENT

    @pass_context
    def run(context: _Context, value: Any, *args: Any, **kwargs: Any) -> Any:
        if type(value) is not str and isinstance(value, Iterator):
            value = list(_counted(context, value))
        budget = context.budget
        budget.spend(price(budget.left, value, *args, **kwargs))
        if own:
            return call(context, value, *args, **kwargs)
        return call(context.environment, value, *args, **kwargs) if of_environment else call(value, *args, **kwargs)

    return run


def _lazy(name: str) -> Callable[..., Any]:
    """A filter that handles an item when the next one is asked for."""

    @pass_context
    def run(context: _Context, items: Any, *args: Any, **kwargs: Any) -> Any:
        return DEFAULT_FILTERS[name](context, _counted(context, items, 1 + names(*args, **kwargs)), *args, **kwargs)

    return run


def _test(name: str, price: Price) -> Callable[..., Any]:
    """A test that is paid for."""
    call: Callable[..., Any] = DEFAULT_TESTS[name]
    if price is free:
        return call

    @pass_context
    def run(context: _Context, *args: Any) -> Any:
        _spend(context, price, *args)
        return call(*args)

    return run


@lru_cache(maxsize=256)
def _method_price(owner: type, name: str) -> Price | None:
    """The price of a method; None if a template cannot call it. A class of freezegun is a subclass of the usual one."""
    return next((METHODS[of.__name__][name] for of in owner.__mro__ if name in METHODS.get(of.__name__, ())), None)


# ---------------------------------------------------------------------------------------------- filters


@pass_context
def _counted(context: _Context, items: Iterable[Any], price: int = 1) -> Iterator[Any]:
    """The items, each of which costs some steps."""
    spend = context.budget.spend
    for item in items:
        spend(price)
        yield item


@pass_context
def _text(context: _Context, value: Any) -> str:
    """A value as it is printed: a string as it is, a value of JSON as JSON, a number or datetime by `str()`."""
    if isinstance(value, str):
        return value
    if isinstance(value, Iterator):
        value = list(_counted(context, value))
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, list | tuple | Mapping):
        return _json(context, value)
    if isinstance(value, int | float | Decimal) or hasattr(value, "isoformat"):
        return str(value)
    raise SecurityError(f"a {type(value).__name__} cannot be printed; a method is called with ()")


@pass_context
def _finalized(context: _Context, value: Any) -> Any:
    kind = type(value)
    return value if kind is str or kind is int or isinstance(value, Undefined) else _text(context, value)


@pass_context
def _json(context: _Context, value: Any) -> str:
    _spend(context, CHANGE, value)
    text = json.dumps(value, ensure_ascii=False, default=partial(_text, context))
    check_length(len(text))
    return text


def _fromjson(context: _Context, text: str) -> Any:
    return json.loads(text)


def _int(context: _Context, value: Any, default: int = 0, base: int = 10) -> int:
    number: int = DEFAULT_FILTERS["int"](value, default, base)
    if isinstance(number, int) and number.bit_length() > _MAX_BITS:
        raise SecurityError("the number is too large")
    return number


def _join(context: _Context, items: Iterable[Any], between: str = "") -> str:
    made, length = [], 0
    for item in items:
        made.append(item if type(item) is str else _text(context, item))
        length += len(made[-1]) + len(between)
        check_length(length)
    context.budget.spend(length // 100)
    return between.join(made)


def _replace(context: _Context, text: Any, old: str, new: str) -> str:
    written = _text(context, text)
    length = len(written) + written.count(old) * len(new)
    check_length(length)
    context.budget.spend(length // 100)
    return written.replace(old, new)


def _list(context: _Context, items: Iterable[Any]) -> list[Any]:
    return list(items)


def _round(context: _Context, number: Any, precision: int | None = None) -> Any:
    """The number, rounded. Beyond the digits that a number can have, a precision changes nothing more."""
    return round(number, None if precision is None else max(-5_000, min(precision, 5_000)))


def _sum(context: _Context, items: Iterable[Any], attribute: Any = None, start: Any = 0) -> Any:
    total, add = start, context.environment.call_binop
    for item in items if attribute is None else map(make_attrgetter(context.environment, attribute), items):
        total = add(context, "+", total, item)
    return total


_OWN: Mapping[str, Callable[..., Any]] = {
    "fromjson": _fromjson,
    "int": _int,
    "list": _list,
    "join": _join,
    "replace": _replace,
    "round": _round,
    "string": _text,
    "sum": _sum,
    "tojson": _json,
}
"""The filters that Jinja does not have, or makes differently."""
