"""The scenarios a server knows by name: those that are shipped, those of the user's folders, and those put by a client.

A scenario with mistakes never replaces one that works: the mistakes are kept beside it, and told where they are asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from emulator.core.catalog import Catalog
from emulator.scenario.reading.mistakes import Mistake, ScenarioError

if TYPE_CHECKING:
    from emulator.scenario.types import Scenario

_PACKAGE = Path(__file__).parents[1]
_INSTALLED = _PACKAGE / "scenarios"
SHIPPED = _INSTALLED if _INSTALLED.exists() else _PACKAGE.parent / "scenarios"
"""Where the shipped scenarios are: inside an installed package, or beside it in a checkout."""


class LoadedScenario(NamedTuple):
    """A scenario, the catalogue as it is under it, and which version of this library's it is."""

    scenario: Scenario
    catalog: Catalog
    version: int


class Library:
    """Scenarios by name. Files are read when they are first asked for; later folders go before earlier ones."""

    def __init__(self, catalog: Catalog, folders: Sequence[Path] = (SHIPPED,)) -> None:
        self.catalog = catalog
        self.mistakes: dict[str, tuple[Mistake, ...]] = {}
        self._stories: dict[str, LoadedScenario] = {}
        self._files: dict[str, Path] = {}
        self._versions = count()
        for folder in folders:
            self.add_folder(folder)

    def add_folder(self, folder: Path) -> list[Path]:
        """Know the scenarios of a folder, each by its file's name without the ending; returns their files."""
        paths = sorted(path for path in folder.glob("*") if path.suffix in (".yaml", ".yml"))
        for path in paths:
            self._files[path.stem] = path
            self._stories.pop(path.stem, None)
        return paths

    def files(self) -> Iterator[Path]:
        """The files of all scenarios that come from one."""
        return iter(self._files.values())

    def load(self, paths: Iterable[Path]) -> tuple[Mistake, ...]:
        """Read these files now, again if they were read before; returns the mistakes of all of them."""
        return tuple(mistake for path in paths for mistake in self._read(path.stem, path))

    def names(self) -> list[str]:
        """All names, in order."""
        return sorted({*self._files, *self._stories})

    def __contains__(self, name: str) -> bool:
        return name in self._stories or name in self._files

    def __iter__(self) -> Iterator[LoadedScenario]:
        return iter(self._stories.values())

    def get(self, name: str) -> LoadedScenario | None:
        """The scenario of that name, or None where there is none. Raises ScenarioError for one that cannot be read."""
        story = self._stories.get(name)
        if story is None and name in self._files and self._read(name, self._files[name]):
            raise ScenarioError(self.mistakes[name])
        return self._stories.get(name)

    def put(self, name: str, text: str) -> LoadedScenario:
        """Add or replace a scenario by its YAML. Raises ScenarioError with its mistakes; the old one stays then."""
        from emulator.scenario.reading.loader import load_text  # noqa: PLC0415 (the loader is imported when it is needed)

        return self.add(msgspec.structs.replace(load_text(text, f"{name}.yaml", catalog=self.catalog), name=name))

    def add(self, scenario: Scenario) -> LoadedScenario:
        """Add or replace a scenario."""
        catalog = self.catalog.with_models(scenario.models) if scenario.models else self.catalog
        story = LoadedScenario(scenario, catalog, next(self._versions))
        self._stories[scenario.name] = story
        self.mistakes.pop(scenario.name, None)
        return story

    def remove(self, name: str) -> bool:
        """Forget a scenario; False if there was none."""
        found = name in self
        for known in (self._stories, self._files, self.mistakes):
            known.pop(name, None)
        return found

    def source(self, name: str) -> Path | None:
        """The file that a scenario is read from, if it is one."""
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
        """The known name that is most like this one."""
        return next(iter(get_close_matches(name[:100], self.names(), 1)), None)

    def _read(self, name: str, path: Path) -> Sequence[Mistake]:
        from emulator.scenario.reading.loader import load_file  # noqa: PLC0415 (the loader is imported when it is needed)

        try:
            scenario = load_file(path, catalog=self.catalog)
        except ScenarioError as error:
            self.mistakes[name] = error.mistakes
            return error.mistakes
        self._files[name] = path
        self.add(msgspec.structs.replace(scenario, name=name))
        return ()
