"""Hot reload: scenarios are loaded again when their files change."""

import logging
from collections.abc import Sequence
from pathlib import Path

from watchfiles import awatch

from emulator.scenario.layers import scenario_files
from emulator.scenario.library import Library
from emulator.scenario.names import ENDINGS

log = logging.getLogger("emulator")


async def watch(library: Library, folders: Sequence[Path]) -> None:
    """Reload scenarios when their files change, until cancelled. If the new version has mistakes, the old one stays.

    A worker that takes the place of another begins with what was read before any of them, and catches up first.
    """
    catch_up(library, folders)
    watching = False
    async for changes in awatch(
        *folders, watch_filter=lambda _, path: path.lower().endswith(ENDINGS), yield_on_timeout=True
    ):
        changed = {_as_added(folders, Path(name)) for _, name in changes}
        for path in sorted(changed, key=lambda path: (path.exists(), path)):  # a file may have another's name now
            reload(library, path, deleted=not path.exists())
        if not watching:  # until now, a change could be missed
            catch_up(library, folders)
            watching = True


def _as_added(folders: Sequence[Path], path: Path) -> Path:
    """The path by which the library knows a file: the watcher tells absolute ones."""
    within = next((folder for folder in folders if path.is_relative_to(folder.absolute())), None)
    return path if within is None else within / path.relative_to(within.absolute())


def catch_up(library: Library, folders: Sequence[Path]) -> None:
    """Reload the scenarios whose files have changed since they were read, and find new files."""
    known = [path for path in library.files() if any(map(path.is_relative_to, folders))]
    found = {path for folder in library.folders() if folder in folders for path in scenario_files(folder)}
    for path in known:
        if not path.exists():
            reload(library, path, deleted=True)
        elif not library.is_current(path, unread=True):
            reload(library, path)
    for path in sorted(found.difference(known)):
        reload(library, path)


def reload(library: Library, path: Path, *, deleted: bool = False) -> None:
    """Load a file again, or remove its scenario, and log the result. What was read when it was saved is left alone."""
    if not deleted and library.is_current(path):
        return
    before = library.name_of(path)
    if deleted and not path.exists():
        library.forget(path)
        log.info("scenario %s is gone", before or path.stem)
    elif mistakes := library.load([path]):
        kept = "the one before goes on" if before else "there was none before"
        told = "\n".join(mistake.render() for mistake in mistakes)
        log.error("scenario %s has mistakes; %s\n%s", before or path.stem, kept, told)
    else:
        name = library.name_of(path)
        log.info("scenario %s is read again%s", name, f"; it was {before}" if before and before != name else "")
    for clash in library.clashes():
        log.error("%s", clash.render())
