"""Files: reading and writing them, and why one could not be opened."""

import errno
import os
import stat
from pathlib import Path
from threading import get_ident


def check_writable(path: Path) -> None:
    """Check that `write_atomically` can write a file here. Raises OSError if not."""
    path = path.resolve()
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "it is a folder" if path.is_dir() else "it is no regular file")
    if path.exists() and not os.access(path, os.W_OK):
        raise OSError(errno.EACCES, os.strerror(errno.EACCES))
    if not path.parent.is_dir():
        raise OSError(errno.ENOENT, f"there is no folder {path.parent}")
    new = _beside(path)
    new.touch()
    new.unlink()


def read_regular(path: Path, most: int = -1) -> bytes:
    """Read a file, or its first `most` bytes. Raises OSError, also for a pipe or a device, which might never end."""
    with open(path, "rb", opener=_without_waiting) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "it is no regular file")
        return file.read(most)


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))  # opening a pipe waits for somebody who writes


def write_atomically(path: Path, content: bytes, *, follow: bool = True) -> None:
    """Write a file. A reader, or a crash at any time, finds the old file or the new one, whole.

    A symbolic link stays, and its target is written; unless `follow` is set, it is refused. Raises OSError, and then
    leaves the old file as it was.
    """
    if not follow and path.is_symlink():
        raise OSError(errno.ELOOP, "it is a symbolic link")
    path = path.resolve() if follow else path.parent.resolve() / path.name
    new = _beside(path)
    try:
        with new.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


def _beside(path: Path) -> Path:
    """A file that no other thread writes to."""
    return path.with_name(f".{os.getpid()}-{get_ident()}.new")


def out_of_descriptors(error: BaseException) -> bool:
    """Whether a file could not be opened because no file descriptor is left, which says nothing about the file."""
    return isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE)
