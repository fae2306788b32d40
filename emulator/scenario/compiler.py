"""Compiles templates for the sandbox, and finds the mistakes in them."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from itertools import islice

import msgspec
from jinja2 import TemplateSyntaxError, nodes
from jinja2.meta import TrackingCodeGenerator

from emulator.core.nearest import did_you_mean
from emulator.core.passages import passages
from emulator.scenario import fakes
from emulator.scenario.reading.mistakes import quoted
from emulator.scenario.sandbox import JoinedTexts, SandboxedTemplate, SandboxEnvironment
from emulator.scenario.template import REQUEST_FIELDS, VARIABLES, CompiledTemplate, Reads

_LISTED = 12
_PARTS = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.For, nodes.If, nodes.With, nodes.Assign, nodes.Const),
    *(nodes.Name, nodes.Tuple, nodes.List, nodes.Dict, nodes.Pair, nodes.Keyword, nodes.CondExpr, nodes.Filter),
    *(nodes.Test, nodes.Call, nodes.Getattr, nodes.Getitem, nodes.Concat, nodes.Compare, nodes.Operand, nodes.Add),
    *(nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Neg, nodes.Pos, nodes.Not, nodes.And, nodes.Or),
)
"""What a template can be made of."""
_WORK: Mapping[type[nodes.Node], int] = {
    nodes.Output: 0,
    nodes.TemplateData: 0,
    nodes.Operand: 0,
    nodes.Pair: 0,
    nodes.Keyword: 0,
    nodes.Name: 1,
    nodes.Const: 1,
    nodes.Filter: 4,
    nodes.Test: 4,
    nodes.Call: 8,
}
"""The time that parts of a template take, in halves of a step; others take one step."""


@lru_cache(maxsize=1)
def _environment() -> SandboxEnvironment:
    return SandboxEnvironment()


class _Variables(TrackingCodeGenerator):
    """Finds the variables of a template. Jinja's own search would compute what is constant in it, at any length."""

    def __init__(self, environment: SandboxEnvironment) -> None:
        super().__init__(environment)
        self.optimizer = None


class TemplateMistake(msgspec.Struct, frozen=True):
    """A mistake in a template. `line` is that of the template, from 0."""

    line: int
    message: str


class BrokenTemplate(Exception):
    """A template has mistakes, or is too complex to be compiled."""

    def __init__(self, found: Iterable[TemplateMistake]) -> None:
        super().__init__()
        self.mistakes = tuple(found)


def parts(text: str, limit: int) -> int:
    """The number of names, signs and texts in a template, found without compiling it, and some for compiling any.

    They are not counted beyond the limit.
    """
    count = 20
    with suppress(TemplateSyntaxError):
        for _ in islice(_environment().lexer.tokeniter(text, None), limit):
            count += 1
    return count


def compiled(text: str, groups: frozenset[str]) -> CompiledTemplate:
    """Compile a template. `groups` are the named groups of the variable `match`. Raises BrokenTemplate."""
    environment = _environment()
    try:
        tree = environment.parse(text)
        if found := list(_mistakes(tree, groups, environment)):
            raise BrokenTemplate(found)
        return _compiled(tree, environment)
    except TemplateSyntaxError as error:
        raise BrokenTemplate([TemplateMistake(error.lineno - 1, f"not a template: {error.message}")]) from None
    except (SyntaxError, RecursionError, MemoryError):
        raise BrokenTemplate([TemplateMistake(0, "not a template: nested too deeply")]) from None
    except ValueError:
        raise BrokenTemplate([TemplateMistake(0, "not a template: a number in it has too many digits")]) from None


def _mistakes(
    tree: nodes.Template, groups: frozenset[str], environment: SandboxEnvironment
) -> Iterator[TemplateMistake]:
    for node in _all(tree):
        if message := _mistake(node, groups, environment):
            yield TemplateMistake(node.lineno - 1, message)
            if isinstance(node, nodes.Filter | nodes.Test):
                node.name = "string"  # an unknown one would end the search for variables
    yield from _unknown_variables(tree, environment)


def _unknown_variables(tree: nodes.Template, environment: SandboxEnvironment) -> Iterator[TemplateMistake]:
    variables = _Variables(environment)
    try:
        variables.visit(tree)
    except TemplateSyntaxError as error:  # what only the compiler notices
        yield TemplateMistake(error.lineno - 1, f"not a template: {error.message}")
        return
    unknown = variables.undeclared_identifiers - VARIABLES.keys() - {"range"}
    for node in _all(tree) if unknown else ():
        if isinstance(node, nodes.Name) and node.ctx == "load" and node.name in unknown:
            yield TemplateMistake(node.lineno - 1, f"unknown variable {quoted(node.name)}{_hint(node.name, VARIABLES)}")


def _all(tree: nodes.Node) -> Iterator[nodes.Node]:
    """The nodes of a tree in their order. Jinja's own search takes quadratic time where they nest."""
    stack = [tree]
    while stack:
        node = stack.pop()
        yield node
        stack += reversed([*node.iter_child_nodes()])


def _mistake(node: nodes.Node, groups: frozenset[str], environment: SandboxEnvironment) -> str:
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
        case _ if not isinstance(node, _PARTS):
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


def _compiled(tree: nodes.Template, environment: SandboxEnvironment) -> CompiledTemplate:
    """The template. Its loops are counted: an item costs as much as all that is done with it."""
    reads, texts = _reads(tree), _texts(tree)
    fixed = passages(node.data for node in _all(tree) if isinstance(node, nodes.TemplateData))
    if texts is not None:
        return JoinedTexts(texts, _steps(tree), reads, fixed)
    for loop in [node for node in _all(tree) if isinstance(node, nodes.For)]:
        work = [*loop.body, *([loop.test] if loop.test else [])]
        price = nodes.Const(1 + sum(map(_steps, work)))
        loop.iter = nodes.Filter(loop.iter, "_counted", [price], [], None, None, lineno=loop.lineno)
    return SandboxedTemplate(environment.from_string(tree), _steps(tree), reads, fixed)


def _texts(tree: nodes.Template) -> list[str | tuple[str, str]] | None:
    """The parts of a template that is only fixed texts and variables that are texts; None for any other."""
    found: list[str | tuple[str, str]] = []
    for output in tree.body:
        for part in output.nodes if isinstance(output, nodes.Output) else (output,):
            match part:
                case nodes.TemplateData(data=text):
                    found.append(text)
                case nodes.Getattr(node=nodes.Name(name="request"), attr="model" | "last_user" | "system" as field):
                    found.append(("request", field))
                case nodes.Getattr(node=nodes.Name(name="match"), attr=group) if not hasattr(dict, group):
                    found.append(("match", group))
                case _:
                    return None
    return found


def _reads(tree: nodes.Template) -> Reads:
    """What the template reads: all attributes of `request`, unless it only names some of them."""
    names, fields, looked_into = set[str](), set[str](), set[int]()
    for node in _all(tree):
        match node:
            case (
                nodes.Getattr(node=nodes.Name(name="request") as request, attr=field)
                | nodes.Getitem(node=nodes.Name(name="request") as request, arg=nodes.Const(value=str(field)))
            ):
                fields.add(field)
                looked_into.add(id(request))
            case nodes.Name(name="request") if id(node) not in looked_into:
                fields.update(REQUEST_FIELDS)
            case nodes.Name(name=name):
                names.add(name)
    others = VARIABLES.keys() - {"request"}
    return Reads(tuple(name for name in REQUEST_FIELDS if name in fields), tuple(sorted(names & others)))


def _steps(node: nodes.Node) -> int:
    """The steps of a part of a template, without those of the values in it."""
    return (_halves(node) + 1) // 2


def _halves(node: nodes.Node) -> int:
    return _WORK.get(type(node), 2) + sum(map(_halves, node.iter_child_nodes()))
