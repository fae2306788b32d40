"""The names of the scenarios in files: those of a folder are a layer, which overrides the layers before it."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from emulator.core.files import out_of_descriptors, read_regular
from emulator.scenario.names import ENDINGS, names_in
from emulator.scenario.reading.mistakes import Mistake

if TYPE_CHECKING:
    from emulator.scenario.types import Scenario

_MAX_BYTES = 1 << 20


class Names(NamedTuple):
    """The name of a file's scenario, and the lines of the name and the aliases in the file."""

    name: str
    lines: Mapping[str, int]


class Layer(NamedTuple):
    """A folder, or files that were added without one, with the names in each; None if they are not known yet.

    Its names override those of the layers before it.
    """

    folder: Path | None
    files: dict[Path, Names | None]


class Index(NamedTuple):
    """What all layers together say: the file of each name, the name that each word means, and what is ambiguous."""

    files: dict[str, Path]
    meant: dict[str, str]
    clashes: dict[str, list[Mistake]]


def scenario_files(folder: Path) -> list[Path]:
    """The files with scenarios in a folder and its subfolders, sorted. Hidden folders are left out."""
    found = []
    for path, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [Path(path, name) for name in names if name.lower().endswith(ENDINGS)]
    return sorted(found)


def index_of(layers: Sequence[Layer]) -> Index:
    """The index of these layers, whose names are known."""
    index = Index({}, {}, {})
    for layer in layers:
        _add(index, layer)
    return index


def _add(index: Index, layer: Layer) -> None:
    """Add the names and aliases of a layer, which override those of earlier ones, but not each other."""
    named = [(path, names) for path, names in layer.files.items() if names is not None]
    words = [(names.name, path, names) for path, names in named]
    words += [(word, path, names) for path, names in named for word in names.lines if word != names.name]
    own: dict[str, tuple[Path, Names]] = {}
    for word, path, names in words:
        if word in own:
            index.clashes.setdefault(word, []).append(clash(word, path, names, *own[word]))
            continue
        own[word] = path, names
        index.meant[word] = names.name
        index.clashes.pop(word, None)  # of layers before
        if word == names.name:
            index.files[word] = path


def scanned(path: Path) -> Names | None:
    """The names in a file, found without reading it as YAML; None if that cannot tell them."""
    try:
        lines = names_in(read_regular(path, _MAX_BYTES).decode("utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        if out_of_descriptors(error):
            raise
        return Names(path.stem, {})
    return None if lines is None else Names(next(iter(lines), path.stem), lines)


def names_of(scenario: "Scenario") -> Names:
    """The names of a scenario that was read."""
    return Names(scenario.name, scenario.lines)


def clash(word: str, path: Path, names: Names, other: Path, others: Names) -> Mistake:
    """The mistake that a name or alias in one file belongs to the scenario in another one."""
    line = others.lines.get(word, 0)
    place = f"{other}:{line}" if line else str(other)
    return mistake_at(path, names, word, f'"{word}" already belongs to the scenario in {place}; each needs its own')


def mistake_at(path: Path, names: Names, word: str, message: str) -> Mistake:
    """A mistake at a name or alias in a file."""
    line = names.lines.get(word, 0)
    return Mistake(str(path), line, 1 if line else 0, "name" if word == names.name else "aliases", message)
