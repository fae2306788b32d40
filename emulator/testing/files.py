"""Finds the file of a scenario that a test names, wherever the tests are started from."""

import sys
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, TypeGuard

from emulator.core.nearest import nearest
from emulator.scenario.names import ENDINGS

_ROOT = ("pyproject.toml", "pytest.ini", "tox.ini", "setup.cfg", ".git")
"""Files of which a project has one in its root."""
_MOST_LISTED = 200


def names_file(scenario: object) -> TypeGuard[str | Path]:
    """Whether a scenario is a file, and not a name, YAML or objects."""
    if isinstance(scenario, str) and ("\n" in scenario or ": " in scenario):
        return False
    return isinstance(scenario, str | Path) and Path(scenario).name.lower().endswith(ENDINGS)


def located(keywords: Mapping[str, Any], beside: Path | None, root: Path | None = None) -> dict[str, Any]:
    """The keywords of an emulator, in which a scenario's file is replaced by its path. Raises as `find_file` does."""
    scenario = keywords.get("scenario")
    return {**keywords, **({"scenario": find_file(Path(scenario), beside, root)} if names_file(scenario) else {})}


def find_file(path: Path, beside: Path | None, root: Path | None = None) -> Path:
    """The file of a scenario that is named in the file `beside`.

    It is looked for in the folder of that file, in each folder above it up to the root of the tests, and in the
    working directory. Raises ScenarioError with the folders and the most similar file if it is in none of them.
    """
    folders = list(dict.fromkeys(_folders(beside, root)))
    found = next((folder / path for folder in folders if (folder / path).is_file()), None)
    if found is None:
        from emulator.scenario.reading.mistakes import Mistake, ScenarioError  # noqa: PLC0415 (only for the message)

        near = nearest(str(path), islice((name for folder in folders for name in _listed(folder, path)), _MOST_LISTED))
        looked = "" if path.is_absolute() else f" in {', '.join(map(str, folders))}"
        hint = f'; did you mean "{near}"?' if near else ""
        raise ScenarioError([Mistake(str(path), 0, 0, "", f"cannot be read: there is no such file{looked}{hint}")])
    return found


def calling_file() -> Path | None:
    """The file of the code that called this package; None if it is in no file."""
    frame = sys._getframe()
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "emulator":
        frame = frame.f_back
    return file_of(frame.f_globals)


def file_of(module: Mapping[str, Any]) -> Path | None:
    """The file of a module, by its global names; None if it is in no file."""
    file = module.get("__file__")
    return Path(file) if file else None


def _folders(beside: Path | None, root: Path | None) -> Iterator[Path]:
    if beside is not None:
        above = beside.absolute().parents
        end = root or next((folder for folder in above if any((folder / name).exists() for name in _ROOT)), above[0])
        yield from above[: above.index(end) + 1] if end in above else (above[0], end)
    yield Path.cwd()


def _listed(folder: Path, path: Path) -> Iterator[str]:
    """The scenario files of a folder and of those directly in it, as they would be named instead of `path`."""
    folder = folder / path.parent if path.is_absolute() else folder
    for found in (*folder.glob("*"), *folder.glob("*/*"), *(folder / path.parent).glob("*")):
        if found.name.lower().endswith(ENDINGS):
            yield str(found if path.is_absolute() else found.relative_to(folder))
