"""Read modules without importing them: what they are, and what they import in any way that stands in their source."""

import ast
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple, TypeAlias

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
_DYNAMIC = re.compile("import_module|__import__")


class Import(NamedTuple):
    """An import of the module `name`: `late` if it stands inside a function, `typing` if under TYPE_CHECKING."""

    name: str
    line: int
    late: bool = False
    typing: bool = False


@dataclass(frozen=True)
class Module:
    """A module: its dotted name, its file and its source."""

    name: str
    path: Path
    source: str

    @cached_property
    def tree(self) -> ast.Module:
        """The parsed source."""
        return ast.parse(self.source)

    @property
    def package(self) -> str:
        """The package that its relative imports begin at."""
        return self.name if self.path.name == "__init__.py" else self.name.rpartition(".")[0]

    @property
    def lines(self) -> list[str]:
        """All its lines."""
        return self.source.splitlines()

    def functions(self) -> list[Function]:
        """Its functions and methods, those inside others included."""
        return [node for node in ast.walk(self.tree) if isinstance(node, Function)]

    def imports(self, modules: Collection[str]) -> Iterator[Import]:
        """What it imports. `modules` are the names that `from package import name` and `import_module` may mean.

        A module that uses `import_module` imports, late, each of `modules` that a text in it names, and where a text is
        put together, as f"{__name__}.{name}" is, each whose name begins so.
        """
        for node, late, typing in _nodes(self.tree):
            match node:
                case ast.Import():
                    yield from (Import(alias.name, node.lineno, late, typing) for alias in node.names)
                case ast.ImportFrom():
                    origin = self._absolute("." * node.level + (node.module or ""))
                    full = [f"{origin}.{alias.name}" for alias in node.names]
                    for name in dict.fromkeys(name if name in modules else origin for name in full):
                        yield Import(name, node.lineno, late, typing)
                case ast.Call(args=[ast.Constant(value=str(name)), *_]) if _DYNAMIC.search(ast.unparse(node.func)):
                    yield Import(self._absolute(name), node.lineno, late)
        if _DYNAMIC.search(self.source):
            for node in ast.walk(self.tree):
                if isinstance(node, ast.Constant | ast.JoinedStr | ast.BinOp):
                    named = self._named(node, modules)
                    yield from (Import(name, node.lineno, late=True) for name in named)

    def _absolute(self, name: str) -> str:
        """A name without the dots by which it is relative to the package."""
        level = len(name) - len(name.lstrip("."))
        above = self.package.split(".")[: self.package.count(".") + 2 - level] if level else []
        return ".".join([*above, *([name[level:]] if name[level:] else [])])

    def _named(self, node: ast.expr, modules: Collection[str]) -> Iterable[str]:
        """The modules that a text names, or may name."""
        text, whole = self._text(node)
        if whole:
            return {text.partition(":")[0]} & set(modules)
        return [name for name in modules if "." in text and name.startswith(text)]

    def _text(self, node: ast.expr) -> tuple[str, bool]:
        """What is known of a text from its beginning, and whether it is all."""
        match node:
            case ast.Constant(value=str(text)):
                return text, True
            case ast.Name(id="__name__"):
                return self.name, True
            case ast.Name(id="__package__"):
                return self.package, True
            case ast.FormattedValue(value=value):
                return self._text(value)
            case ast.JoinedStr(values=parts):
                pass
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                parts = [left, right]
            case _:
                return "", False
        found = ""
        for part in parts:
            text, whole = self._text(part)
            found += text
            if not whole:
                return found, False
        return found, True


def read_modules(folder: Path, root: Path) -> Iterator[Module]:
    """The modules under a folder, named from the root."""
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        yield Module(".".join(parts[:-1] if parts[-1] == "__init__" else parts), path, path.read_text("utf-8"))


def _nodes(node: ast.AST, late: bool = False, typing: bool = False) -> Iterator[tuple[ast.AST, bool, bool]]:
    """All nodes below one, with whether they stand inside a function and whether under TYPE_CHECKING."""
    inside = late or isinstance(node, Function | ast.Lambda)
    guarded = node.body if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING") else []
    for child in ast.iter_child_nodes(node):
        types = typing or child in guarded
        yield child, inside, types
        yield from _nodes(child, inside, types)
