"""The house: rooms import only downwards, and time and chance enter by one door each."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "emulator"
LAYERS = {
    room: int(level)
    for level, rooms in re.findall(r"^\| (\d+) \| (.+?) \|", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE)
    for room in re.findall(r"`([\w.]+?)(?:\.py)?/?`", rooms)
}
DOORS = {
    "time": "clock.py",
    "random": "seeds.py",
    "secrets": "seeds.py",
    "uuid": "seeds.py",
    "sse_starlette": "event_source.py",
}
MODULES = sorted(PACKAGE.rglob("*.py"))


def room(path: Path) -> str:
    """The room of a module: its folder or file directly under the package."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path: Path) -> Iterator[str]:
    """Full names of the modules that a module imports, wherever in it the import stands."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names if node.module == "emulator")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_downwards(path: Path) -> None:
    """A module imports only from rooms below its own, or from its own."""
    own = room(path)
    if own == "__init__":
        return  # public names, each imported when it is first used
    for name in imported(path):
        other = name.split(".")[1] if name.startswith("emulator.") else own
        if other != own and other in LAYERS:
            assert LAYERS[other] < LAYERS[own], f"{own} ({LAYERS[own]}) imports {other} ({LAYERS[other]})"


def test_every_room_has_a_layer() -> None:
    """Each room is announced in CONTRIBUTING.md's table."""
    assert {room(path) for path in MODULES} - {"__init__"} <= set(LAYERS)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_the_clock_asks_what_time_it_is(path: Path) -> None:
    """Dates may be computed anywhere; the current one is read in one room."""
    asked = [
        node.attr
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and node.attr in ("now", "utcnow", "today")
        and isinstance(node.value, ast.Name)
        and node.value.id in ("datetime", "date")
    ]
    assert path.name == "clock.py" or asked == []


def promises_in(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """The test functions and methods of a module."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            yield node


@pytest.mark.parametrize("path", sorted(Path(__file__).parents[1].rglob("test_*.py")), ids=lambda path: path.name)
def test_every_test_states_its_promise(path: Path) -> None:
    """Each test says in a docstring what it promises."""
    assert [test.name for test in promises_in(path) if not ast.get_docstring(test)] == []


@pytest.mark.parametrize("module", DOORS)
def test_only_one_room_imports(module: str) -> None:
    """Time, chance and the event-source library are each imported by one room only."""
    importers = {path.name for path in MODULES if any(name.split(".")[0] == module for name in imported(path))}
    assert importers <= {DOORS[module]}
