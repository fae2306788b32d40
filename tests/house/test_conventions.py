"""What holds for each module, test and page: its size, its words, and that it says what it is for."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from support.house import MOST_LINES, PACKAGE, ROOT
from support.imports import Module, read_modules

MODULES = list(read_modules(ROOT / PACKAGE, ROOT))
TESTS = list(read_modules(ROOT / "tests", ROOT))
BENCHMARKS = list(read_modules(ROOT / "benchmarks", ROOT))
THEATRE = {"director", "performer", "reel", "rehearsal", "dry_run", "scene", "sin", "sins"}
"""Words that are no terms of the field."""
DATA = {Path(__file__).name, "lexicon.py"}
"""Files whose words are data: this list itself, and the names of fields that schemas have."""
OTHER_FOLDERS = {
    "benchmarks",
    "clients",
    "console",
    "docs",
    "fuzz",
    "hostile",
    "house",
    "suites",
    "support",
    "wrong_inputs",
}
"""Folders of tests/ that are no room's."""


def words(text: str) -> Iterator[str]:
    """The words of a text in lower case, those of identifiers too: "FrameReel" has two, and so has "frame_reel"."""
    return (word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", text))


def pages() -> Iterator[Path]:
    """Texts for people: the pages, the scenarios, and the modules."""
    yield from (path for path in ROOT.glob("*.md") if path.name != "CHANGELOG.md")  # it tells of what was renamed
    yield from (ROOT / "docs").glob("*.md")
    yield from (ROOT / PACKAGE).rglob("*.md")
    yield from (ROOT / "scenarios").glob("*.yaml")
    yield from (module.path for module in [*MODULES, *TESTS, *BENCHMARKS])


def definitions(module: Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    """The functions and classes directly in a module."""
    return (n for n in module.tree.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef))


def test_no_module_is_long() -> None:
    """A module that is read at one sitting has at most this many lines."""
    assert {module.name for module in MODULES if len(module.lines) > MOST_LINES} == set()


def test_no_word_is_of_the_theatre() -> None:
    """Code, docstrings, messages and pages use the field's terms."""
    used = {word for path in pages() if path.name not in DATA for word in words(path.read_text("utf-8"))}
    assert THEATRE & used == set()


def test_each_test_states_its_promise() -> None:
    """Each test says in a docstring what it promises."""
    silent = [
        f"{module.path.name}: {function.name}"
        for module in TESTS
        for function in module.functions()
        if function.name.startswith("test_") and not ast.get_docstring(function)
    ]
    assert silent == []


def test_each_helper_says_what_it_does() -> None:
    """Each module of tests/ has a docstring, and so has each public function and class of tests/support/."""
    assert [module.name for module in [*TESTS, *BENCHMARKS] if not ast.get_docstring(module.tree)] == []
    silent = [
        f"{module.path.name}: {node.name}"
        for module in TESTS
        if module.path.parent.name == "support"
        for node in definitions(module)
        if not node.name.startswith("_") and not ast.get_docstring(node)
    ]
    assert silent == []


def test_tests_are_in_the_folders_of_the_rooms() -> None:
    """Each folder of the package has its folder in tests/; beside them are only those named above."""
    rooms = {path.parent.name for path in (ROOT / PACKAGE).glob("*/__init__.py")}
    folders = {module.path.relative_to(ROOT).parts[1] for module in TESTS}
    assert folders == rooms | OTHER_FOLDERS | {"conftest.py"}


def test_no_test_imports_a_test() -> None:
    """What several tests need is in tests/support/, for a test file may move or go."""
    importing = [
        module.name
        for module in TESTS
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in [getattr(node, "module", None) or "", *(alias.name for alias in node.names)]
        if any(part.startswith("test_") or part == "conftest" for part in name.split("."))
    ]
    assert importing == []


def test_clients_are_closed() -> None:
    """A client in a variable is that of a `with` block: one that is left open fails some later test by a warning."""
    left = {
        f"{module.name}:{node.lineno}"
        for module in TESTS
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Call)
        and isinstance(made := node.value.func, ast.Attribute)
        and made.attr in {"OpenAI", "AsyncOpenAI", "Anthropic", "AsyncAnthropic", "Client", "AsyncClient"}
        and not node.targets[0].id.isupper()  # a constant lives as long as the tests
    }
    assert left == set()
