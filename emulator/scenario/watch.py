"""Hot reload: scenarios are loaded again when their files change."""

import logging
from collections.abc import Sequence
from pathlib import Path

from watchfiles import Change, awatch

from emulator.scenario.library import Library

log = logging.getLogger("emulator")
_ENDINGS = (".yaml", ".yml")


async def watch(library: Library, folders: Sequence[Path]) -> None:
    """Reload scenarios when their files change, until cancelled. If the new version has mistakes, the old one stays."""
    async for changes in awatch(*folders, watch_filter=lambda _, path: path.endswith(_ENDINGS)):
        for change, name in sorted(changes, key=lambda changed: changed[1]):
            reload(library, Path(name), deleted=change == Change.deleted)


def reload(library: Library, path: Path, *, deleted: bool = False) -> None:
    """Load a file again, or remove its scenario, and log the result."""
    if deleted and not path.exists():
        library.remove(path.stem)
        log.info("scenario %s is gone", path.stem)
    elif mistakes := library.load([path]):
        kept = "the one before goes on" if path.stem in library else "there was none before"
        log.error(
            "scenario %s has mistakes; %s\n%s", path.stem, kept, "\n".join(mistake.render() for mistake in mistakes)
        )
    else:
        log.info("scenario %s is read again", path.stem)
