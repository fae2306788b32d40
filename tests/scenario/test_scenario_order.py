"""The order of the modules of the scenario room."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import emulator.scenario

ROOT = Path(emulator.scenario.__file__).parent
ROWS = re.findall(r"^\| (`.+`) \| ", emulator.scenario.__doc__ or "", re.MULTILINE)
ORDER = [module for row in ROWS for module in re.findall(r"`([\w.]+)`", row)]
MODULES = {
    str(path.relative_to(ROOT).with_suffix("")).replace("/", "."): path
    for path in ROOT.rglob("*.py")
    if path.name != "__init__.py"
}


def imported(path: Path) -> Iterator[str]:
    """Modules of the room that a module imports anywhere, also inside functions and for types only."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{name.name}" for name in node.names]
            full = [node.module] if node.module.removeprefix("emulator.scenario.") in MODULES else names
            yield from (
                name.removeprefix("emulator.scenario.") for name in full if name.startswith("emulator.scenario.")
            )


def test_the_table_lists_every_module_once() -> None:
    """A new module is added to the table in the package's docstring."""
    assert sorted(ORDER) == sorted(MODULES)


@pytest.mark.parametrize("module", ORDER)
def test_a_module_imports_only_earlier_ones(module: str) -> None:
    """Late imports and those for types included, so that there is no circle."""
    assert [other for other in imported(MODULES[module]) if ORDER.index(other) >= ORDER.index(module)] == []


def test_readers_know_nothing_of_scenarios() -> None:
    """The modules in reading/ import each other and nothing else of the room, and the meaning knows no reading."""
    for module in ORDER[: ORDER.index("reading.mistakes")]:
        assert not [other for other in imported(MODULES[module]) if other.startswith(("reading", "language"))]
    for module in (module for module in ORDER if module.startswith("reading.")):
        assert all(other.startswith("reading.") for other in imported(MODULES[module]))
