"""Runs templates in Jinja2's sandbox.

A template can print values, branch, loop and set variables, with the filters, tests and methods of `prices`. Each
operation is paid from the budget of the rendering before it happens; texts and numbers have a limit of their own.
"""

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import jinja2
from jinja2 import StrictUndefined, Undefined, nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from emulator.core.passages import Passage
from emulator.core.regexes import late
from emulator.scenario import fakes
from emulator.scenario.budget import Budget, check_length
from emulator.scenario.filters import SandboxContext, filters, finalized, printed, spend, tests
from emulator.scenario.prices import METHODS, READ, Price, arithmetic, search
from emulator.scenario.template import Reads

_MAX_NUMBER = 10**15
_LONE = late("[\ud800-\udfff]")
_SMALL = frozenset((int, float, bool, type(None)))
_KEYS = (str, int, float, type(None), Undefined)
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


class JoinedTexts:
    """A template of which nothing has to be run: texts, and variables that are texts, as two names each."""

    def __init__(
        self, parts: Sequence[str | tuple[str, str]], steps: int, reads: Reads, passages: Mapping[str, Passage]
    ) -> None:
        self._parts = parts
        self._steps = steps
        self.reads = reads
        self.passages = passages

    def run(self, values: dict[str, Any], budget: Budget) -> tuple[str, Sequence[str]]:
        """The text, and its parts. Raises LimitExceeded if it exceeds a limit."""
        budget.spend(self._steps)
        made = [part if type(part) is str else values[part[0]][part[1]] for part in self._parts]
        check_length(sum(map(len, made)))
        return _joined(made), made

    def line_of(self, error: Exception) -> int:
        """The line of the template that raised the error: the first."""
        return 0


class SandboxedTemplate:
    """A compiled template, which runs in the sandbox.

    `steps` are those of all that is outside of loops; `reads` are the variables in it, and `passages` its fixed texts.
    """

    def __init__(self, template: jinja2.Template, steps: int, reads: Reads, passages: Mapping[str, Passage]) -> None:
        self._template = template
        self._steps = steps
        self.reads = reads
        self.passages = passages

    def run(self, values: dict[str, Any], budget: Budget) -> tuple[str, Sequence[str]]:
        """The text, and its parts. Raises whatever the template raises, and LimitExceeded if it exceeds a limit."""
        budget.spend(self._steps)
        environment, blocks = self._template.environment, self._template.blocks
        context = SandboxContext(environment, {**environment.globals, **values}, None, blocks)
        context.budget = budget
        made, length = list[str](), 0
        for part in self._template.root_render_func(context):
            length += len(part)
            check_length(length)
            made.append(part)
        return _joined(made), made

    def line_of(self, error: Exception) -> int:
        """The line of the template that raised the error, from 0."""
        line, frame = 1, error.__traceback__
        while frame is not None:
            if frame.tb_frame.f_code.co_filename == "<template>":
                line = self._template.get_corresponding_lineno(frame.tb_lineno)
            frame = frame.tb_next
        return line - 1


def _joined(parts: Iterable[str]) -> str:
    text = "".join(parts)
    if not (text.isascii() or _LONE.search(text) is None):
        raise ValueError("there is half of a surrogate pair in the text, which is no character")
    return text


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
    context_class = SandboxContext
    intercepted_binops = frozenset(("+", "-", "*", "/", "//", "%"))

    def __init__(self) -> None:
        super().__init__(undefined=StrictUndefined, finalize=finalized, keep_trailing_newline=True, optimized=False)
        self.globals = {"range": range}
        self.filters = filters()
        self.tests = tests()

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """The result of an arithmetic operator."""
        if operator == "*" and not (isinstance(left, int | float) and isinstance(right, int | float)):
            raise SecurityError("only numbers can be multiplied")
        if operator == "%" and isinstance(left, str):
            raise SecurityError("% is for numbers; ~ joins texts")
        if isinstance(left, str) and isinstance(right, str):
            check_length(len(left) + len(right))
        if not (type(left) in _SMALL and type(right) in _SMALL) or not -_MAX_NUMBER < left < _MAX_NUMBER:
            spend(context, arithmetic, left, right)
        made = self.binop_table[operator](left, right)
        if isinstance(made, int) and abs(made) > _MAX_NUMBER:
            raise SecurityError("the number is too large")
        return made

    def compared(self, context: Any, name: str, left: Any, right: Any) -> Any:
        """The result of a comparison."""
        if not (type(left) in _SMALL and type(right) in _SMALL):
            if name in ("in", "notin"):
                spend(context, search, right, left)
            else:
                spend(context, READ, left, right)
        return _OPERATORS[name](left, right)

    def joined(self, context: Any, parts: Iterable[Any]) -> str:
        """The values joined by `~`."""
        made = "".join([part if type(part) is str else printed(context, part) for part in parts])
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

    def call(__self, __context: Any, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N805 (as Jinja has it)
        """The result of a call. Raises SecurityError for what has no price."""
        kwargs.pop("_loop_vars", None)  # what Jinja gives to functions that take a context; none does
        if isinstance(__obj, fakes.Method):
            spend(__context, __obj.price, *args, **kwargs)
        elif __obj is not range and not isinstance(__obj, Undefined):  # calling Undefined raises its own error
            name = getattr(__obj, "__name__", type(__obj).__name__)
            owner: Any = getattr(__obj, "__self__", None)
            price = _method_price(owner.__class__, name)
            if price is None:
                raise SecurityError(f"{name} cannot be called in a template")
            spend(__context, price, owner, *args, **kwargs)
        return __context.call(__obj, *args, **kwargs)


@lru_cache(maxsize=256)
def _method_price(owner: type, name: str) -> Price | None:
    """The price of a method; None if a template cannot call it. A class of freezegun is a subclass of the usual one."""
    return next((METHODS[of.__name__][name] for of in owner.__mro__ if name in METHODS.get(of.__name__, ())), None)
