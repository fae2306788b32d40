"""Files: writing them, and why one could not be opened."""

import errno
import os
from pathlib import Path
from threading import get_ident


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file. A reader, or a crash at any time, finds the old file or the new one, whole.

    A symbolic link stays, and its target is written. Raises OSError, and then leaves the old file as it was.
    """
    path = path.resolve()
    new = path.with_name(f".{os.getpid()}-{get_ident()}.new")
    try:
        with new.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


def out_of_descriptors(error: BaseException) -> bool:
    """Whether a file could not be opened because no file descriptor is left, which says nothing about the file."""
    return isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE)
