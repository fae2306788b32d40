"""Saving a scenario into the file from which it was read.

Only files in the folder of `serve --scenarios FOLDER --watch` are written, and none to which a symbolic link leads: a
link in the folder may point to any file of the machine.
"""

import os
from pathlib import Path

from emulator.core.errors import ApiError, Rejected
from emulator.core.files import read_regular, write_atomically
from emulator.core.folders import alone_in
from emulator.core.seeds import Seed
from emulator.scenario.library import Library
from emulator.web.control.bodies import bad_parameter

_NEEDED = "Only a file in the folder of `serve --scenarios FOLDER --watch` can be saved, and no symbolic link."


def is_writable(path: Path, folder: Path | None) -> bool:
    """Whether a file may be saved into this folder."""
    if folder is None:
        return False
    try:
        inside = Path(os.path.abspath(path)).relative_to(os.path.abspath(folder))  # noqa: PTH100 (follows no links)
        return path.is_file() and path.resolve(strict=True) == folder.resolve() / inside
    except (OSError, ValueError, RuntimeError):  # it is gone, is elsewhere, or is a link that leads to itself
        return False


def read(path: Path) -> tuple[str, str]:
    """The text of a file, and the digest by which a change of it is noticed. Raises OSError."""
    content = read_regular(path)
    return content.decode("utf-8-sig", "replace"), Seed.of("file", content).hex(32)


async def save(library: Library, name: str, text: str, digest: str | None, folder: Path | None) -> Path:
    """Write the file of a scenario, which still has this digest; returns its path.

    Raises `Rejected` with a 400 for a scenario that cannot be saved, a 409 for a file that was changed since it was
    read, and a 503 for one that cannot be written.
    """
    path = library.source(name)
    if path is None or folder is None or not is_writable(path, folder):
        raise Rejected(ApiError("bad_request", f"The scenario '{name}' cannot be saved. {_NEEDED}"))
    if digest is None:
        raise bad_parameter("digest", "it is needed, and is the digest of the text that was read")
    try:
        async with alone_in(folder):
            if read(path)[1] != digest:
                told = f"{path.name} was changed since it was read: read it again, or save the text under another name."
                raise Rejected(ApiError("bad_request", told, code="file_changed", status=409))
            write_atomically(path, text.encode(), follow=False)
    except OSError as error:
        raise Rejected(ApiError("unavailable", f"{path.name} cannot be saved: {error.strerror}")) from None
    return path
