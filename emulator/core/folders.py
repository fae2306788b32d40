"""Folders that several processes change."""

import asyncio
import errno
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

if sys.platform != "win32":
    import fcntl

_ATTEMPTS = 40
_PAUSE = 0.05
"""Seconds, in real time, between attempts to be the only one that changes a folder."""


@asynccontextmanager
async def alone_in(folder: Path) -> AsyncIterator[None]:
    """Change files of a folder while no other process does. Raises OSError if another one takes too long.

    What is done in between must not wait, so that nothing else of this process comes in between either.
    """
    if sys.platform == "win32":  # one process serves
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        for attempt in range(_ATTEMPTS):
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if attempt == _ATTEMPTS - 1:
                    raise OSError(errno.EAGAIN, f"another process changes files in {folder}") from None
                await asyncio.sleep(_PAUSE)
        yield
    finally:
        os.close(descriptor)
