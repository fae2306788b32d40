"""An app on a socket, in a thread of this process."""

from collections.abc import Iterator
from contextlib import contextmanager

from starlette.types import ASGIApp

from emulator.wire.server import Background


@contextmanager
def listening(app: ASGIApp) -> Iterator[str]:
    """The URL of an app on a socket."""
    server = Background(app, "127.0.0.1", 0)
    try:
        yield "http://{}:{}".format(*server.start())
    finally:
        server.stop()
