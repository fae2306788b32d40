"""Write docs/api.md from the docstrings of the public names: `make api`.

A class is described by its docstring; by the signature of its constructor, if the docstring names what that takes (else
users are given its objects and make none); and by its attributes and methods. What a class inherits from another public
class is described there.
"""

import ast
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
from click.testing import CliRunner

import emulator
from emulator import cli, pytest_plugin

PAGE = Path(__file__).parents[2] / "docs" / "api.md"
PUBLIC = {name: getattr(emulator, name) for name in emulator.__all__ if not name.startswith("_")}
_WIDTH = 120
_OPERATORS = {"__call__", "__bool__"}
"""The special methods that are described, where they have a docstring."""
_HEAD = """# The Python API

The public API consists of the names in the module `emulator` and the pytest plugin; this page lists all of them. Every
other module is private and may change at any time. [testing.md](testing.md), [account.md](account.md) and
[inferences.md](inferences.md) show how to use the API.

Times are in Unix seconds and durations in seconds, both of the emulator's clock. `emulator.__version__` is the version.

`make api` generates this page from the docstrings.
"""
_PLUGIN = "## The pytest plugin\n\npytest loads it by itself if the package is installed.\n"
_SETTINGS = "## Settings\n\nKeywords of `Emulator` and `InProcess`, as `akashml-emulator settings` lists them:\n"


def page() -> str:
    """The whole page."""
    settings = CliRunner().invoke(cli.main, ["settings"]).output
    marker, _, meaning = pytest_plugin.MARKER.partition(": ")
    return "\n".join(
        [
            _HEAD,
            *(
                _class(name, each) if inspect.isclass(each) else _function(name, each, 2)
                for name, each in PUBLIC.items()
            ),
            _PLUGIN,
            *_fixtures(),
            f"### The marker akashml\n\n{_fenced(f'@pytest.mark.{marker}')}\n{textwrap.fill(meaning, _WIDTH)}\n",
            _SETTINGS,
            _fenced(settings.rstrip(), "text"),
        ]
    )


def is_constructed(kind: type) -> bool:
    """Whether users make objects of this class: its docstring names what its constructor takes."""
    return not issubclass(kind, msgspec.Struct | BaseException) and bool(set(parameters(kind)) & quoted(kind))


def parameters(function: Callable[..., Any]) -> list[str]:
    """The names of the parameters that a caller gives."""
    return [name for name in inspect.signature(function).parameters if name != "self"]


def quoted(documented: object) -> set[str]:
    """The words between backticks in a docstring."""
    return set(re.findall(r"\w+", " ".join(re.findall(r"`([^`]*)`", inspect.getdoc(documented) or ""))))


def public_bases(kind: type) -> list[str]:
    """The names of the public classes that a class inherits from."""
    return [
        name for name, each in PUBLIC.items() if inspect.isclass(each) and each is not kind and issubclass(kind, each)
    ]


def methods(kind: type) -> Iterator[tuple[str, Callable[..., Any]]]:
    """The public methods of a class that no public base has; as they are called, without `self`."""
    for each in _ancestors(kind):
        for name, member in vars(each).items():
            found = inspect.unwrap(getattr(kind, name))
            if inspect.isroutine(found) and (not name.startswith("_") or (name in _OPERATORS and member.__doc__)):
                yield name, found


def attributes(kind: type) -> dict[str, tuple[Any, str]]:
    """The public attributes of a class that no public base has: the type of each, and its docstring."""
    found: dict[str, tuple[Any, str]] = {}
    for each in _ancestors(kind):
        docstrings = _docstrings_of_attributes(each)
        for name, annotation in inspect.get_annotations(each).items():
            found.setdefault(name, (annotation, docstrings.get(name, "")))
        for name, member in vars(each).items():
            if isinstance(member, property) and member.fget:
                annotation = inspect.signature(member.fget).return_annotation
                found.setdefault(name, (annotation, inspect.getdoc(member) or ""))
    return {name: told for name, told in found.items() if not name.startswith("_")}


def shown_type(annotation: Any) -> str:
    """A type as the page shows it: without the modules of its names."""
    text = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    text = re.sub(r"\b(?:[A-Za-z_]\w*\.)+(?=\w)|~", "", text)
    return re.sub(r"^ClassVar\[(.*)\]$", r"\1", text).replace("module |", "ModuleType |")


def _ancestors(kind: type) -> list[type]:
    """A class, and those classes of this package that it inherits from and that are not public."""
    own = [each for each in kind.__mro__ if each.__module__.split(".")[0] == emulator.__name__]
    return [each for each in own if each is kind or each.__name__ not in PUBLIC]


def _docstrings_of_attributes(kind: type) -> dict[str, str]:
    """The texts below the attributes of a class."""
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    body = definition.body if isinstance(definition, ast.ClassDef) else []
    return {
        node.target.id: inspect.cleandoc(below.value.value)
        for node, below in pairwise(body)
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
        if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant) and isinstance(below.value.value, str)
    }


def _class(name: str, kind: type) -> str:
    bases = public_bases(kind) or [each.__name__ for each in kind.__bases__ if issubclass(each, Exception)]
    head = f"class {name}({', '.join(bases)})" if bases else f"class {name}"
    constructor = f"\n\n{_signature(name, kind)}" if is_constructed(kind) else ""
    parts = [f"## {name}\n", _fenced(head + constructor), _prose(kind)]
    if found := attributes(kind):
        parts += ["| attribute | type | |", "| --- | --- | --- |"]
        for attribute, (annotation, docstring) in found.items():
            shown = shown_type(annotation).replace("|", r"\|")
            parts.append(f"| `{attribute}` | `{shown}` | {' '.join(docstring.split())} |")
        parts.append("")
    return "\n".join([*parts, *(_function(f"{name}.{method}", each, 3) for method, each in methods(kind))])


def _function(title: str, function: Callable[..., Any], level: int) -> str:
    asynchronous = "await " if inspect.iscoroutinefunction(function) else ""
    signature = asynchronous + _signature(title.rpartition(".")[2], function)
    return f"{'#' * level} {title}\n\n{_fenced(signature)}\n{_prose(function)}"


def _fixtures() -> Iterator[str]:
    for name, found in vars(pytest_plugin).items():
        if type(found).__name__ == "FixtureFunctionDefinition":
            fixture = inspect.unwrap(found)
            kind = shown_type(inspect.signature(fixture).return_annotation)
            head = _fenced(f"{name}: {kind.removeprefix('Iterator[').removesuffix(']')}")
            yield f"### The fixture {name}\n\n{head}\n{_prose(fixture)}"


def _prose(documented: object) -> str:
    """A docstring, whose examples are Markdown's."""
    docstring = f"{inspect.getdoc(documented) or ''}\n"
    docstring = re.sub(r"(?m)^>>> (?:.+\n)+", lambda found: f"{_fenced(found[0].rstrip(), 'pycon')}", docstring)
    return re.sub(r"(?m)(?:^ {4}.*\n)+", lambda found: f"{_fenced(textwrap.dedent(found[0]).rstrip())}", docstring)


def _fenced(code: str, language: str = "python") -> str:
    return f"```{language}\n{code}\n```\n"


def _signature(name: str, function: Callable[..., Any]) -> str:
    """How it is called: on one line if that is not long, else with a line for each parameter."""
    signature = inspect.signature(function)
    given = [each.replace(annotation=_Shown(each.annotation)) for each in signature.parameters.values()]
    given = [each for each in given if each.name != "self"]
    returned = "" if inspect.isclass(function) else f" -> {shown_type(signature.return_annotation)}"
    text = str(inspect.Signature(given))
    if len(name + text + returned) > _WIDTH - 20:
        text = "(\n    " + re.sub(r", (?=\*|\w+: )", ",\n    ", text[1:-1]) + ",\n)"
    return f"{name}{text}{returned}"


class _Shown:
    """A type in a signature."""

    def __init__(self, annotation: Any) -> None:
        self._text = shown_type(annotation)

    def __repr__(self) -> str:
        return self._text


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
