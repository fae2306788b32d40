"""The scenarios that a server knows by name: shipped ones, those in the user's folders, and those that clients added.

A scenario is found by its name, by one of its aliases, or, for the scenarios of `statuses`, by a documented status. A
scenario with mistakes never replaces one without: the old one stays, and the mistakes are kept beside it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from emulator.core.catalog import Catalog
from emulator.core.clock import VirtualClock
from emulator.core.nearest import nearest
from emulator.scenario.layers import (
    Index,
    Layer,
    Names,
    clash,
    index_of,
    mistake_at,
    names_of,
    scanned,
    scenario_files,
)
from emulator.scenario.reading.mistakes import Mistake, ScenarioError
from emulator.scenario.statuses import STATUSES, status_scenario

if TYPE_CHECKING:
    from emulator.scenario.types import Scenario

_PACKAGE = Path(__file__).parents[1]
_INSTALLED = _PACKAGE / "scenarios"
SHIPPED = _INSTALLED if _INSTALLED.exists() else _PACKAGE.parent / "scenarios"
"""The folder of the shipped scenarios: inside an installed package, or beside it in a checkout."""


class LoadedScenario(NamedTuple):
    """A scenario, the catalogue with its models, and its version: another scenario of its name has another one.

    That of a file derives from its text, so that all processes that read the same text agree. That of a scenario that
    was added is how often this process has made one of its name.
    """

    scenario: Scenario
    catalog: Catalog
    version: int

    def start(self, clock: VirtualClock) -> None:
        """Set the clock as the scenario wants it when it begins to play."""
        spec = self.scenario.clock
        if spec is not None and spec.rate is not None:
            clock.run(spec.rate)
        if spec is not None and spec.start is not None:
            clock.set(spec.start)


class Library:
    """Scenarios by name. A file is read when its scenario is first used; later folders override earlier ones."""

    def __init__(self, catalog: Catalog, folders: Sequence[Path] = (SHIPPED,)) -> None:
        self.catalog = catalog
        self._layers: list[Layer] = []
        self._loaded: dict[Path, LoadedScenario] = {}
        self._mistakes: dict[Path, tuple[Mistake, ...]] = {}
        self._added: dict[str, LoadedScenario] = {}
        self._added_words: dict[str, str] = {}
        self._texts: dict[str, str] = {}
        self._changes = 0
        self._statuses: dict[str, LoadedScenario] = {}
        self._known: Index | None = None
        self._versions: Counter[str] = Counter()
        self._read_versions: dict[Path, int] = {}
        for folder in folders:
            self.add_folder(folder)

    # ------------------------------------------------------------------------------------------ what there is

    def add_folder(self, folder: Path) -> Sequence[Path]:
        """Add the scenarios in a folder and its subfolders. Returns the files."""
        return self.add_files(scenario_files(folder), folder)

    def add_files(self, paths: Sequence[Path], folder: Path | None = None) -> Sequence[Path]:
        """Add the scenarios in these files as if they were a folder of their own. Returns the files."""
        self._layers.append(Layer(folder, dict.fromkeys(paths)))
        self._known = None
        return paths

    def load(self, paths: Iterable[Path]) -> tuple[Mistake, ...]:
        """Read these files now, even if they were read before. Returns the mistakes of all of them."""
        return tuple(mistake for path in paths for mistake in self._reload(path))

    def is_current(self, path: Path, *, unread: bool = False) -> bool:
        """Whether a file is still as it was when it was read; `unread` for one that was not."""
        from emulator.scenario.loader import version_in  # noqa: PLC0415 (imported when it is needed)

        return self._read_versions[path] == version_in(path) if path in self._read_versions else unread

    def put(self, name: str, text: str, *, exact: bool = False, version: int | None = None) -> LoadedScenario:
        """Add or replace a scenario, from YAML. Raises ScenarioError with its mistakes, and then keeps the old one.

        `name` and `exact` are as in `read`. `version` is the one that several processes have agreed on.
        """
        return self.place(self.read(name, text, exact=exact), text, version)

    def read(self, name: str, text: str, *, exact: bool = False) -> Scenario:
        """The scenario in a YAML text, which is not added. It may be called in a thread. Raises ScenarioError.

        `name` is that of a text without one. With `exact`, a text with another name is a mistake.
        """
        from emulator.scenario.loader import load_text  # noqa: PLC0415 (imported when it is needed)

        scenario = load_text(text, f"{name}.yaml", catalog=self.catalog)
        if exact and scenario.name != name:
            told = f'its name is "{scenario.name}", but it is put as "{name}"; give both the same name'
            raise ScenarioError([mistake_at(Path(scenario.source), names_of(scenario), scenario.name, told)])
        return scenario

    def place(self, scenario: Scenario, text: str, version: int | None = None) -> LoadedScenario:
        """Add or replace a scenario that was read from this text. Raises ScenarioError if its names are taken."""
        self.check_names(scenario)
        added = self.add(scenario, version)
        self._texts[scenario.name] = text
        return added

    def check_names(self, scenario: Scenario) -> None:
        """Raise ScenarioError if the name or an alias of a new scenario belongs to another one."""
        if taken := [*filter(None, (self._taken(scenario, word) for word in (scenario.name, *scenario.aliases)))]:
            raise ScenarioError(taken)

    def add(self, scenario: Scenario, version: int | None = None) -> LoadedScenario:
        """Add or replace a scenario. `version` is as in `put`."""
        loaded = self._made(scenario, version)
        self._drop(scenario.name)
        self._added[scenario.name] = loaded
        self._changes += 1
        self._added_words |= dict.fromkeys((scenario.name, *scenario.aliases), scenario.name)
        return loaded

    def remove(self, name: str) -> bool:
        """Remove a scenario. Returns False if there was none."""
        name = self.canonical(name) or name
        paths = [path for layer in self._layers for path, names in layer.files.items() if names and names.name == name]
        found = name in self._added or bool(paths)
        self._drop(name)
        for path in paths:
            self.forget(path)
        return found

    def forget(self, path: Path) -> str | None:
        """Remove the scenario of a file. Returns its name, or None if there was no such file."""
        gone = None
        for layer in self._layers:
            if path in layer.files:
                gone = self._names(path, layer.files).name
                del layer.files[path]
        self._loaded.pop(path, None)
        self._mistakes.pop(path, None)
        self._known = None
        return gone

    # ------------------------------------------------------------------------------------------ looking up

    def files(self) -> Iterator[Path]:
        """The files of all scenarios that were added from files."""
        return (path for layer in self._layers for path in layer.files)

    def folders(self) -> list[Path]:
        """The folders that were added."""
        return [layer.folder for layer in self._layers if layer.folder is not None]

    def names(self) -> list[str]:
        """The names of all scenarios but the built-in ones, sorted."""
        index = self._index()
        return sorted({*self._added, *(name for name in index.files if self.canonical(name) == name)})

    def known(self) -> list[str]:
        """All names and aliases, without those of the built-in scenarios."""
        return [*self._added_words, *self._index().meant]

    def in_file(self, stem: str) -> str | None:
        """The name of the scenario in a file whose name without its ending is `stem`, or None."""
        return next((name for name, path in self._index().files.items() if path.stem == stem), None)

    @property
    def changes(self) -> int:
        """The number of changes of `known` so far."""
        if self._known is None:
            self._index()
        return self._changes

    def canonical(self, word: str) -> str | None:
        """The name of the scenario that a name or an alias means, or None if there is none."""
        return self._added_words.get(word) or self._index().meant.get(word)

    def __contains__(self, word: str) -> bool:
        return self.canonical(word) is not None or word in STATUSES

    def __iter__(self) -> Iterator[LoadedScenario]:
        yield from self._added.values()
        yield from self._loaded.values()
        yield from self._statuses.values()

    def get(self, word: str) -> LoadedScenario | None:
        """The scenario of a name, an alias or a documented status; None if there is none.

        Raises ScenarioError if its file has mistakes, or if two scenarios of one folder have this name or alias.
        """
        name = self.canonical(word)
        if name is None:
            return self._of_status(word) if word in STATUSES else None
        if name in self._added:
            return self._added[name]
        index = self._index()
        if word in index.clashes:
            raise ScenarioError(index.clashes[word])
        path = index.files[name]
        if path not in self._loaded and (mistakes := self._read(path)):
            raise ScenarioError(mistakes)
        loaded = self._loaded[path]
        return loaded if loaded.scenario.name == name else self.get(word)

    def _of_status(self, status: str) -> LoadedScenario:
        if status not in self._statuses:
            self._statuses[status] = self._made(status_scenario(status, self.catalog))
        return self._statuses[status]

    def name_of(self, path: Path) -> str | None:
        """The name of the scenario in a file that was added, or None."""
        self._index()
        return next((names.name for layer in self._layers if (names := layer.files.get(path))), None)

    def source(self, name: str) -> Path | None:
        """The file of a scenario, or None if it has none."""
        return None if name in self._added else self._index().files.get(name)

    def text(self, name: str) -> str | None:
        """The YAML of a scenario that was put; None for any other."""
        return self._texts.get(name)

    def mistakes(self, name: str) -> tuple[Mistake, ...]:
        """The mistakes in the file of a scenario, as far as it was read."""
        path, index = self.source(name), self._index()
        clashes = tuple(clash for word, own in index.clashes.items() if index.meant[word] == name for clash in own)
        return clashes + (self._mistakes.get(path, ()) if path else ())

    def clashes(self) -> tuple[Mistake, ...]:
        """The names and aliases that two scenarios of one folder have."""
        return tuple(chain.from_iterable(self._index().clashes.values()))

    def nearest(self, word: str) -> str | None:
        """The most similar name or alias, whatever the case, or None.

        What is similar to the name of a file leads to the scenario in it.
        """
        index = self._index()
        files = {path.stem: name for name, path in index.files.items() if name in index.meant}
        near = nearest(word, [*reversed(self._added_words), *reversed(index.meant), *files])
        return files[near] if near is not None and near not in self else near

    def unknown(self, word: str) -> str:
        """The sentence for a name that no scenario has, with the nearest one."""
        near = self.nearest(word)
        hint = f"Did you mean '{near}'?" if near else "`akashml-emulator scenarios` lists all of them."
        return f"There is no scenario '{word[:100]}'. {hint}"

    def _index(self) -> Index:
        if self._known is None:
            self._changes += 1
            for layer in self._layers:
                for path in list(layer.files):
                    self._names(path, layer.files)
            self._known = index_of(self._layers)
        return self._known

    def _names(self, path: Path, files: dict[Path, Names | None]) -> Names:
        """The names in a file. It is read as YAML only if nothing less can tell."""
        names = files[path]
        if names is None:
            names = scanned(path)
            if names is None:
                self._read(path)
                names = names_of(self._loaded[path].scenario) if path in self._loaded else Names(path.stem, {})
            files[path] = names
        return names

    def _taken(self, scenario: Scenario, word: str) -> Mistake | None:
        """The mistake that a word of a new scenario belongs to another one, unless that is a shipped one."""
        name = self.canonical(word)
        if name is None or name == scenario.name:
            return None
        if (path := self.source(name)) is None:
            other = self._added[name].scenario
            return clash(word, Path(scenario.source), names_of(scenario), Path(other.source), names_of(other))
        if path.is_relative_to(SHIPPED):
            return None
        names = next(layer.files[path] for layer in self._layers if path in layer.files)
        return clash(word, Path(scenario.source), names_of(scenario), path, names or Names(name, {}))

    # ------------------------------------------------------------------------------------------ reading

    def _reload(self, path: Path) -> tuple[Mistake, ...]:
        """Read a file and what it is called now; a file with mistakes keeps its names."""
        layer = next((each for each in reversed(self._layers) if path in each.files), None) or next(
            (each for each in self._layers if each.folder and path.is_relative_to(each.folder)), None
        )
        if layer is None:
            layer = Layer(None, {})
            self._layers.append(layer)
        mistakes = self._read(path)
        layer.files.setdefault(path, None)
        if not mistakes:
            layer.files[path] = names = names_of(self._loaded[path].scenario)
            self._drop(names.name)
        self._known = None
        return mistakes

    def _read(self, path: Path) -> tuple[Mistake, ...]:
        from emulator.scenario.loader import load_text, read_file, version_of  # noqa: PLC0415 (imported when needed)

        try:
            text = read_file(path)
            self._read_versions[path] = version = version_of(text)
            scenario = load_text(text, str(path), catalog=self.catalog)
        except ScenarioError as error:
            self._mistakes[path] = error.mistakes
            return error.mistakes
        self._loaded[path] = self._made(scenario, version)
        self._mistakes.pop(path, None)
        for layer in self._layers:
            if (names := layer.files.get(path)) and names != names_of(scenario):
                layer.files[path], self._known = names_of(scenario), None
        return ()

    def _made(self, scenario: Scenario, version: int | None = None) -> LoadedScenario:
        catalog = self.catalog.with_models(scenario.models) if scenario.models else self.catalog
        if version is None:
            version = self._versions[scenario.name] = self._versions[scenario.name] + 1
        return LoadedScenario(scenario, catalog, version)

    def _drop(self, name: str) -> None:
        """Remove a scenario that was added, with its aliases."""
        if name in self._added:
            words = (name, *self._added.pop(name).scenario.aliases)
            self._texts.pop(name, None)
            self._changes += 1
            self._added_words = {word: of for word, of in self._added_words.items() if word not in words or of != name}
