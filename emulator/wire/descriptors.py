"""File descriptors: some are kept free of connections, for modules and files that are opened when first needed."""

import os
import sys
from contextlib import ExitStack

from emulator.core.errors import ApiError

if sys.platform != "win32":
    import fcntl
    import resource
    import termios

_RESERVED = 64
"""Descriptors that connections leave free, and as many are in use otherwise; each is at most a quarter of all."""

_LEAST = 17
"""Free descriptors with which a server can start: for its event loop, its connections to a store, and modules."""


def check() -> None:
    """Raise OSError, in one sentence, if too few descriptors are free to start: libraries would end the process."""
    with ExitStack() as stack:
        try:
            for _ in range(_LEAST):
                stack.callback(os.close, os.open(os.devnull, os.O_RDONLY))
        except OSError as error:
            told = f"too few file descriptors are free (the limit is {_limit()}); raise ulimit -n"
            raise OSError(error.errno, told) from None


def reserve() -> int:
    """How many descriptors connections leave free."""
    limit = _limit()
    return _RESERVED if limit is None else max(1, min(_RESERVED, limit // 4))


def reserve_left(number: int, connections: int) -> float:
    """Which part of the reserve is left after this descriptor and with so many connections.

    The system gives out the lowest number that is free, so a high one means that many are in use.
    """
    limit = _limit()
    if limit is None:
        return 1.0
    reserved = reserve()
    return (limit - max(number + 1, connections + reserved)) / reserved


def has_unread(number: int) -> bool:
    """Whether something has come on a socket that was not read yet. Only asked where there is a limit."""
    if sys.platform == "win32":
        return False
    return any(fcntl.ioctl(number, termios.FIONREAD, bytes(4)))


def warning() -> str:
    """What is said when connections use up the reserve."""
    return (
        f"Few of {_limit()} file descriptors are left: unused connections are closed, and new ones may be refused with "
        "503. Raise ulimit -n."
    )


def exhausted() -> ApiError:
    """The 503 for a request that needs a descriptor when there is none."""
    told = f"The emulator has no file descriptor left (the limit is {_limit()}): close connections, or raise ulimit -n."
    return ApiError("unavailable", told)


def _limit() -> int | None:
    """The number of descriptors that the process may have; None if there is no limit."""
    if sys.platform == "win32":
        return None
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return None if limit == resource.RLIM_INFINITY else limit
