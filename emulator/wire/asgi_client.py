"""The client of an ASGI app in the same process: one request, and what a socket would report about its answer."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, Literal, Self
from urllib.parse import unquote

from starlette.types import ASGIApp, Message


class AsgiClient(ABC):
    """The client's side of one request. A subclass handles the answer in `take`.

    `unread` holds the parts of the body that the app has not read yet. The client is also the transport of its
    connection, which an app finds in its scope; `hung_up` is how the app ended the connection through it.
    """

    def __init__(
        self,
        method: str,
        target: bytes,
        headers: Iterable[tuple[bytes, bytes]],
        body: Iterable[bytes],
        server: tuple[str, int | None] = ("127.0.0.1", 80),
    ) -> None:
        path, _, query = target.partition(b"?")
        self.scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(path.decode()),
            "raw_path": path,
            "query_string": query,
            "root_path": "",
            "headers": [(name.lower(), value) for name, value in headers],
            "client": ("127.0.0.1", 1),
            "server": server,
            "state": {"transport": self},
        }
        self.unread = [*body]
        self.left = asyncio.Event()
        self.hung_up: Literal["close", "reset"] | None = None

    @abstractmethod
    async def take(self, message: Message) -> None:
        """Receive a part of the answer: its start, or some of its body."""

    def leave(self) -> None:
        """Close the client's side of the connection."""
        self.left.set()

    async def ask(self, app: ASGIApp) -> None:
        """Run the app until it has finished the request."""
        await app(self.scope, self.receive, self.take)

    async def receive(self) -> Message:
        """The next part of the body; after the last one, wait until the connection has ended."""
        if self.unread:
            return {"type": "http.request", "body": self.unread.pop(0), "more_body": bool(self.unread)}
        await self.left.wait()
        return {"type": "http.disconnect"}

    # ------------------------------------------------------------------------------------------ the transport

    def get_extra_info(self, name: str) -> Self:
        """The socket, whose options determine how the connection ends."""
        return self

    def setsockopt(self, *option: object) -> None:
        """Note that the connection is to end with a reset, the only option that is ever set."""
        self.hung_up = "reset"

    def is_closing(self) -> bool:
        """Whether the connection has ended."""
        return self.left.is_set()

    def close(self) -> None:
        """End the connection."""
        self.hung_up = self.hung_up or "close"
        self.left.set()

    abort = close
