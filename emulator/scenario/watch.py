"""Hot reload: what changes in a folder of scenarios is read again while the server runs."""

import logging
from collections.abc import Sequence
from pathlib import Path

from watchfiles import Change, awatch

from emulator.scenario.library import Library

log = logging.getLogger("emulator")
_ENDINGS = (".yaml", ".yml")


async def watch(library: Library, folders: Sequence[Path]) -> None:
    """Read scenarios again when their files change, until cancelled. One with mistakes leaves the running one."""
    async for changes in awatch(*folders, watch_filter=lambda _, path: path.endswith(_ENDINGS)):
        for change, name in sorted(changes, key=lambda changed: changed[1]):
            reload(library, Path(name), deleted=change == Change.deleted)


def reload(library: Library, path: Path, *, deleted: bool = False) -> None:
    """Take over one change, and say in the log what came of it."""
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
