"""Hot reload: scenarios are loaded again when their files change."""

import logging
from collections.abc import Sequence
from pathlib import Path

from watchfiles import Change, awatch

from emulator.scenario.library import Library
from emulator.scenario.names import ENDINGS

log = logging.getLogger("emulator")


async def watch(library: Library, folders: Sequence[Path]) -> None:
    """Reload scenarios when their files change, until cancelled. If the new version has mistakes, the old one stays."""
    async for changes in awatch(*folders, watch_filter=lambda _, path: path.lower().endswith(ENDINGS)):
        for change, name in sorted(changes, key=lambda changed: (changed[0] != Change.deleted, changed[1])):
            reload(library, Path(name), deleted=change == Change.deleted)


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
