"""Compiles templates with Jinja2's sandbox, and finds the mistakes in them.

A template can print values, branch, loop and set variables, with the filters and methods that are listed here and no
others. The steps of its loops and the size of its texts and numbers are limited.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

import jinja2
import msgspec
from jinja2 import StrictUndefined, TemplateSyntaxError, Undefined, nodes, pass_context
from jinja2.compiler import CodeGenerator, Frame
from jinja2.exceptions import SecurityError
from jinja2.meta import find_undeclared_variables
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from emulator.core.nearest import did_you_mean
from emulator.scenario import fakes
from emulator.scenario.reading.mistakes import quoted
from emulator.scenario.template import REQUEST_FIELDS, VARIABLES

MAX_CHARACTERS = 1 << 20
MAX_STEPS = 10_000
MAX_NUMBER = 10**15

_STEPS = "__steps__"
_PART = 10
"""The number of characters that a part of a value counts for, besides those of its text."""
_LISTED = 12
_FILTERS = (
    "abs capitalize count d default dictsort first float int items last length list lower map max min reject "
    "rejectattr reverse select selectattr sort sum title trim truncate unique upper urlencode wordcount"
)
_METHODS = {
    "str": "capitalize casefold count endswith find isalpha isdigit lower lstrip removeprefix removesuffix rstrip "
    "split splitlines startswith strip title upper",
    "dict": "get items keys values",
    "list": "count index",
    "datetime": "date isoformat isoweekday strftime time timestamp weekday",
    "LoopContext": "cycle",
}
_FORBIDDEN = (
    *(nodes.Macro, nodes.CallBlock, nodes.Import, nodes.FromImport, nodes.Include, nodes.Extends, nodes.Block),
    *(nodes.FilterBlock, nodes.AssignBlock, nodes.NSRef, nodes.Pow, nodes.Slice),
)


# ---------------------------------------------------------------------------------------------- mistakes


class TemplateMistake(msgspec.Struct, frozen=True):
    """A mistake in a template. `line` is that of the template, from 0."""

    line: int
    message: str


def mistakes(text: str, groups: frozenset[str]) -> Iterator[TemplateMistake]:
    """The mistakes in a template. `groups` are the named groups of the variable `match`."""
    environment = _environment()
    try:
        tree = environment.parse(text)
    except TemplateSyntaxError as error:
        yield TemplateMistake(error.lineno - 1, f"not a template: {error.message}")
        return
    for node in tree.find_all(nodes.Node):
        if message := _mistake(node, groups, environment):
            yield TemplateMistake(node.lineno - 1, message)
        if isinstance(node, nodes.Filter | nodes.Test):
            node.name = "string"  # an unknown one was reported, and would end the search for variables
    yield from _unknown_variables(tree)


def _unknown_variables(tree: nodes.Template) -> Iterator[TemplateMistake]:
    try:
        unknown = find_undeclared_variables(tree) - VARIABLES.keys() - {"range"}
    except TemplateSyntaxError as error:  # what only the compiler notices
        yield TemplateMistake(error.lineno - 1, f"not a template: {error.message}")
        return
    for node in tree.find_all(nodes.Name):
        if node.ctx == "load" and node.name in unknown:
            yield TemplateMistake(node.lineno - 1, f"unknown variable {quoted(node.name)}{_hint(node.name, VARIABLES)}")


def _mistake(node: nodes.Node, groups: frozenset[str], environment: "_Environment") -> str:
    """What is wrong with a node, or an empty string."""
    match node:
        case nodes.Filter(name=name) if name not in environment.filters:
            return f"unknown filter {quoted(name)}{_hint(name, environment.filters)}"
        case nodes.Test(name=name) if name not in environment.tests:
            return f"unknown test {quoted(name)}{_hint(name, environment.tests)}"
        case nodes.Getattr(node=nodes.Name(name=name), attr=attribute):
            return _unknown_attribute(name, attribute, groups)
        case nodes.Getitem(node=nodes.Name(name=name), arg=nodes.Const(value=str(attribute))):
            return _unknown_attribute(name, attribute, groups)
        case nodes.Name(name="self"):
            return 'unknown variable "self"'
        case nodes.For(recursive=True):
            return "a recursive loop cannot be used in a template"
        case _ if isinstance(node, _FORBIDDEN):
            return f"{type(node).__name__} cannot be used in a template"
    return ""


def _unknown_attribute(name: str, part: str, groups: frozenset[str]) -> str:
    """What is wrong with `name.part`, for the variables whose attributes are known, or an empty string."""
    if name == "fake":
        known: Iterable[str] = fakes.names()
    elif name in ("request", "match"):
        known = REQUEST_FIELDS if name == "request" else groups
    else:
        return ""
    if part in known:
        return ""
    if name == "match":
        return f"no regular expression in `when` has a group named {quoted(part)}{did_you_mean(part, known)}"
    return f"{name} has no {quoted(part)}{did_you_mean(part, known)}"


def _hint(word: str, known: Iterable[str]) -> str:
    words = sorted(name for name in known if name[0] != "_")
    return did_you_mean(word, words) or (f"; expected {', '.join(words)}" if len(words) <= _LISTED else "")


# ---------------------------------------------------------------------------------------------- rendering


class SandboxedTemplate:
    """A compiled template, which runs in the sandbox."""

    def __init__(self, template: jinja2.Template) -> None:
        self._template = template

    def render(self, values: Mapping[str, Any]) -> str:
        """The text. Raises whatever the template raises, and SecurityError if it exceeds a limit."""
        parts, size = [], 0
        for part in self._template.generate({**values, _STEPS: _StepBudget()}):
            size += len(part)
            _check_size(size)
            parts.append(part)
        return "".join(parts)

    def line_of(self, error: Exception) -> int:
        """The line of the template that raised the error, from 0."""
        line, frame = 1, error.__traceback__
        while frame is not None:
            if frame.tb_frame.f_code.co_filename == "<template>":
                line = frame.tb_lineno
            frame = frame.tb_next
        return line - 1


def compiled(text: str) -> SandboxedTemplate:
    """Compile a template that has no mistakes."""
    environment = _environment()
    tree = environment.parse(text)
    for loop in tree.find_all(nodes.For):
        loop.iter = nodes.Filter(loop.iter, "_counted", [], [], None, None, lineno=loop.lineno)
    return SandboxedTemplate(environment.from_string(tree))


class _StepBudget:
    """The number of steps that the loops of a template may still take."""

    def __init__(self) -> None:
        self._left = MAX_STEPS

    def take(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise SecurityError(f"more than {MAX_STEPS:,} steps")


class _Generator(CodeGenerator):
    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:  # noqa: N802 (the base class's name)
        self.write("environment.joined((")
        for part in node.nodes:
            self.visit(part, frame)
            self.write(", ")
        self.write("))")


class _Environment(ImmutableSandboxedEnvironment):
    """Jinja2's sandbox with fewer functions, limits of size, and an error for undefined values."""

    code_generator_class = _Generator
    intercepted_binops = frozenset(("+", "*", "%"))

    def __init__(self) -> None:
        super().__init__(undefined=StrictUndefined, finalize=_finalized, keep_trailing_newline=True)
        self.globals = {"range": _range}
        self.filters = {name: self.filters[name] for name in _FILTERS.split()} | {
            "_counted": _counted,
            "fromjson": json.loads,
            "join": _join,
            "replace": _replace,
            "round": round,
            "string": _text,
            "tojson": _json,
        }

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        if operator == "*" and not (isinstance(left, int | float) and isinstance(right, int | float)):
            raise SecurityError("only numbers can be multiplied")
        if operator == "%" and isinstance(left, str):
            raise SecurityError("% is for numbers; ~ joins texts")
        if operator == "+" and isinstance(left, str | list | tuple) and isinstance(right, str | list | tuple):
            _check_size(len(left) + len(right))
        made = super().call_binop(context, operator, left, right)
        if isinstance(made, int) and abs(made) > MAX_NUMBER:
            raise SecurityError("the number is too large")
        return made

    def is_safe_callable(self, obj: Any) -> bool:
        if obj is _range or isinstance(obj, fakes.Method | Undefined):  # calling Undefined raises its own error
            return True
        owners, name = type(getattr(obj, "__self__", None)).__mro__, getattr(obj, "__name__", type(obj).__name__)
        if not any(name in _METHODS.get(owner.__name__, "").split() for owner in owners):  # freezegun's is a subclass
            raise SecurityError(f"{name} cannot be called in a template")
        return True

    def joined(self, parts: Iterable[Any]) -> str:
        """The values joined by `~`."""
        return _join(parts)


@lru_cache(maxsize=1)
def _environment() -> _Environment:
    return _Environment()


# ---------------------------------------------------------------------------------------------- filters


def _check_size(size: int) -> None:
    if size > MAX_CHARACTERS:
        raise SecurityError(f"more than {MAX_CHARACTERS:,} characters")


def _range(*limits: int) -> range:
    numbers = range(*limits)
    if len(numbers) > MAX_STEPS:
        raise SecurityError(f"more than {MAX_STEPS:,} steps")
    return numbers


@pass_context
def _counted(context: Context, items: Iterable[Any]) -> Iterator[Any]:
    steps = context[_STEPS]
    for item in items:
        steps.take()
        yield item


def _text(value: Any) -> str:
    """A value as it is printed: a string as it is, a value of JSON as JSON, a number or datetime by `str()`."""
    if isinstance(value, str):
        return value
    if isinstance(value, Iterator):
        value = list(value)
    if value is None or isinstance(value, bool | list | tuple | Mapping):
        return _json(value)
    if isinstance(value, int | float | Decimal) or hasattr(value, "isoformat"):
        return str(value)
    raise SecurityError(f"a {type(value).__name__} cannot be printed; a method is called with ()")


def _finalized(value: Any) -> Any:
    return value if isinstance(value, Undefined) else _text(value)


def _json(value: Any) -> str:
    left = [MAX_CHARACTERS]
    _measure(value, left)
    return json.dumps(value, ensure_ascii=False, default=str)


def _measure(value: Any, left: list[int]) -> None:
    """Subtract the size of a value's JSON. A part that is referenced twice counts twice, since it is written twice."""
    left[0] -= _PART + (len(value) if isinstance(value, str) else 0)
    _check_size(MAX_CHARACTERS - left[0])
    if isinstance(value, Mapping | list | tuple):
        for item in value.values() if isinstance(value, Mapping) else value:
            _measure(item, left)


def _join(items: Iterable[Any], between: str = "") -> str:
    parts, size = [], 0
    for item in items:
        parts.append(_text(item))
        size += len(parts[-1]) + len(between)
        _check_size(size)
    return between.join(parts)


def _replace(text: Any, old: str, new: str) -> str:
    written = _text(text)
    _check_size(len(written) + written.count(old) * len(new))
    return written.replace(old, new)
