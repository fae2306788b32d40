"""The house: rooms import only downwards and in no circle, and what the machine says enters by one door each."""

import ast

import pytest
from support.house import FACE, PACKAGE, ROOT, House

HOUSE = House(ROOT)
DOORS = {
    "time": {"emulator/core/clock.py"},
    "random": {"emulator/core/seeds.py"},
    "secrets": {"emulator/core/seeds.py"},
    "uuid": {"emulator/core/seeds.py"},
    "re2": {"emulator/patterns/linear.py"},
    "difflib": {"emulator/core/nearest.py"},
    "sse_starlette": {"emulator/wire/event_source.py"},
    "yaml": {
        "emulator/core/models_file.py",
        "emulator/scenario/reading/comments.py",
        "emulator/scenario/reading/nodes.py",
        "emulator/scenario/writing.py",
    },
    "httpx": {"emulator/recording/", "emulator/testing/"},
}
"""Packages, and the files and folders that import them."""


def door(path: str, places: set[str]) -> str:
    """The file or folder of `places` in which a file is, or the file itself."""
    return next((place for place in places if path == place or (place.endswith("/") and path.startswith(place))), path)


def test_each_room_is_announced() -> None:
    """CONTRIBUTING.md's table has every room, and nothing else."""
    assert set(HOUSE.levels()) == set(HOUSE.room_graph())


def test_imports_point_downwards() -> None:
    """A room imports only rooms of a smaller number, late and for types too."""
    assert HOUSE.upward() == []


def test_rooms_import_in_no_circle() -> None:
    """No room reaches itself by imports, and neither does the package's own `__init__`."""
    assert HOUSE.circles_between_rooms() == []


def test_the_public_names_are_for_users() -> None:
    """No module of the package imports the package's own `__init__`, which leads to all of it."""
    assert [name for name, others in HOUSE.module_graph().items() if PACKAGE in others] == []


def test_modules_import_in_no_circle() -> None:
    """No module reaches itself by imports, late and for types too."""
    assert HOUSE.circles_inside_rooms() == []


def test_the_only_loose_modules_are_entrances() -> None:
    """Beside the rooms that are folders there are only the modules by which others come in."""
    loose = {path.stem for path in HOUSE.folder.glob("*.py")}
    assert loose == {FACE, "__main__", "cli", "pytest_plugin"}


@pytest.mark.parametrize("package", DOORS)
def test_a_package_is_imported_by_one_door(package: str) -> None:
    """Time, chance, RE2, event streams, YAML, HTTP and the like are imported where it says here, and nowhere else."""
    importers = {
        HOUSE.modules[name].path.relative_to(ROOT).as_posix()
        for name, imports in HOUSE.imports.items()
        if any(each.name.split(".")[0] == package for each in imports)
    }
    assert {door(path, DOORS[package]) for path in importers} in (set(), DOORS[package])


def test_only_the_clock_asks_what_time_it_is() -> None:
    """Dates may be computed anywhere; the current one is read in one module."""
    asking = {
        name
        for name, module in HOUSE.modules.items()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute)
        and node.attr in ("now", "utcnow", "today")
        and ast.unparse(node.value).rpartition(".")[2] in ("datetime", "date")
    }
    assert asking <= {"emulator.core.clock"}
