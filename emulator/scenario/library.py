"""The scenarios that a server knows by name: shipped ones, those in the user's folders, and those that clients added.

A scenario with mistakes never replaces one without: `Library.mistakes` has the mistakes, and the old one stays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from emulator.core.catalog import Catalog
from emulator.core.clock import VirtualClock
from emulator.core.nearest import nearest
from emulator.scenario.reading.mistakes import Mistake, ScenarioError

if TYPE_CHECKING:
    from emulator.scenario.types import Scenario

_PACKAGE = Path(__file__).parents[1]
_INSTALLED = _PACKAGE / "scenarios"
SHIPPED = _INSTALLED if _INSTALLED.exists() else _PACKAGE.parent / "scenarios"
"""The folder of the shipped scenarios: inside an installed package, or beside it in a checkout."""


class LoadedScenario(NamedTuple):
    """A scenario, the catalogue with its models, and its version: how often one of that name was loaded before."""

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
        self.mistakes: dict[str, tuple[Mistake, ...]] = {}
        self._loaded: dict[str, LoadedScenario] = {}
        self._files: dict[str, Path] = {}
        self._versions: Counter[str] = Counter()
        for folder in folders:
            self.add_folder(folder)

    def add_folder(self, folder: Path) -> list[Path]:
        """Add the scenarios of a folder, each named like its file without the suffix. Returns the files."""
        paths = sorted(path for path in folder.glob("*") if path.suffix in (".yaml", ".yml"))
        for path in paths:
            self._files[path.stem] = path
            self._loaded.pop(path.stem, None)
        return paths

    def files(self) -> Iterator[Path]:
        """The files of all scenarios that were added from files."""
        return iter(self._files.values())

    def load(self, paths: Iterable[Path]) -> tuple[Mistake, ...]:
        """Read these files now, even if they were read before. Returns the mistakes of all of them."""
        return tuple(mistake for path in paths for mistake in self._read(path.stem, path))

    def names(self) -> list[str]:
        """All names, sorted."""
        return sorted({*self._files, *self._loaded})

    def __contains__(self, name: str) -> bool:
        return name in self._loaded or name in self._files

    def __iter__(self) -> Iterator[LoadedScenario]:
        return iter(self._loaded.values())

    def get(self, name: str) -> LoadedScenario | None:
        """The scenario of that name, or None if there is none. Raises ScenarioError if its file has mistakes."""
        loaded = self._loaded.get(name)
        if loaded is None and name in self._files and self._read(name, self._files[name]):
            raise ScenarioError(self.mistakes[name])
        return self._loaded.get(name)

    def put(self, name: str, text: str) -> LoadedScenario:
        """Add or replace a scenario, from YAML. Raises ScenarioError with its mistakes, and then keeps the old one."""
        from emulator.scenario.loader import load_text  # noqa: PLC0415 (imported when it is needed)

        return self.add(msgspec.structs.replace(load_text(text, f"{name}.yaml", catalog=self.catalog), name=name))

    def add(self, scenario: Scenario) -> LoadedScenario:
        """Add or replace a scenario."""
        catalog = self.catalog.with_models(scenario.models) if scenario.models else self.catalog
        loaded = self._loaded[scenario.name] = LoadedScenario(scenario, catalog, self._versions[scenario.name])
        self._versions[scenario.name] += 1
        self.mistakes.pop(scenario.name, None)
        return loaded

    def remove(self, name: str) -> bool:
        """Remove a scenario. Returns False if there was none."""
        found = name in self
        for known in (self._loaded, self._files, self.mistakes):
            known.pop(name, None)
        return found

    def source(self, name: str) -> Path | None:
        """The file of a scenario, or None if it has none."""
        return self._files.get(name)

    def summary(self, name: str) -> dict[str, Any]:
        """What a list of scenarios shows of one that is known; its file is read, if it was not before."""
        try:
            story = self.get(name)
        except ScenarioError:
            story = None
        return {
            "name": name,
            "description": story.scenario.description if story else "",
            "source": str(self.source(name) or "put"),
            "mistakes": [mistake.as_dict() for mistake in self.mistakes.get(name, ())],
        }

    def nearest(self, name: str) -> str | None:
        """The most similar name in the library, or None."""
        return nearest(name, self.names())

    def _read(self, name: str, path: Path) -> Sequence[Mistake]:
        from emulator.scenario.loader import load_file  # noqa: PLC0415 (imported when it is needed)

        try:
            scenario = load_file(path, catalog=self.catalog)
        except ScenarioError as error:
            self.mistakes[name] = error.mistakes
            return error.mistakes
        self._files[name] = path
        self.add(msgspec.structs.replace(scenario, name=name))
        return ()
