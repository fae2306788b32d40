"""A transport for httpx clients that calls an ASGI app in the same event loop, and behaves like a socket.

The library is an argument: some SDKs use httpx, others httpx2, and each accepts only its own classes.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from functools import lru_cache
from importlib import import_module
from types import ModuleType
from typing import Any

from starlette.types import ASGIApp, Message

from emulator.core.clock import Clock
from emulator.core.decimals import decimal
from emulator.wire.asgi_client import AsgiClient


def installed() -> ModuleType:
    """The newest library that is installed. Raises ImportError if there is none."""
    with suppress(ModuleNotFoundError):
        return import_module("httpx2")
    with suppress(ModuleNotFoundError):
        return import_module("httpx")
    raise ImportError("a client in process needs httpx2, with which the SDKs come, or httpx: pip install httpx2")


def make_transport(library: ModuleType, app: ASGIApp, clock: Clock) -> Any:
    """An AsyncBaseTransport of this library that calls an ASGI app; read timeouts are in seconds of `clock`."""
    transport, _ = _classes(library)
    return transport(library, app, clock)


@lru_cache(maxsize=8)
def _classes(library: ModuleType) -> tuple[type["_Transport"], type["_Exchange"]]:
    """Subclasses of the library's own base classes, which it requires."""
    return (
        type("InProcessTransport", (_Transport, library.AsyncBaseTransport), {}),
        type("InProcessStream", (_Exchange, library.AsyncByteStream), {}),
    )


class _Transport:
    """Calls an ASGI app."""

    def __init__(self, library: ModuleType, app: ASGIApp, clock: Clock) -> None:
        self._library = library
        self._app = app
        self._clock = clock

    async def handle_async_request(self, request: Any) -> Any:
        """The response to a request, as soon as its headers are available."""
        _, exchanging = _classes(self._library)
        exchange = exchanging(self._library, self._app, self._clock, request, await request.aread())
        try:
            start = await exchange.next()
        except BaseException:
            await exchange.aclose()
            raise
        if start is None:
            told = "Server disconnected without sending a response."
            raise self._library.RemoteProtocolError(told, request=request)
        return self._library.Response(start["status"], headers=start["headers"], stream=exchange)


class _Exchange(AsgiClient):
    """One request and its response, which is also the stream of the body's parts."""

    def __init__(self, library: ModuleType, app: ASGIApp, clock: Clock, request: Any, body: bytes) -> None:
        url = request.url
        super().__init__(request.method, url.raw_path, request.headers.raw, [body], (url.host, url.port))
        self.scope["scheme"] = url.scheme
        self._library = library
        self._clock = clock
        self._request = request
        self._timeout: float | None = request.extensions.get("timeout", {}).get("read")
        self._sent: asyncio.Queue[Message | None] = asyncio.Queue()
        self._task = asyncio.create_task(self._run(app))

    async def _run(self, app: ASGIApp) -> None:
        try:
            await self.ask(app)
        finally:
            self._sent.put_nowait(None)

    async def take(self, message: Message) -> None:
        """Queue a part of the response; parts sent after the end of the connection are lost, as with a socket."""
        if not self.left.is_set():
            self._sent.put_nowait(message)

    async def next(self) -> Message | None:
        """The next part; None after the last one. Raises ReadTimeout, ReadError, and any error of the app."""
        taking = asyncio.ensure_future(self._sent.get())
        try:
            message = await self._in_time(taking)
        finally:
            taking.cancel()
        if message is None:
            await self._task
            if self.hung_up == "reset":
                raise self._library.ReadError("Connection reset by peer", request=self._request)
        return message

    async def _in_time(self, taking: "asyncio.Future[Message | None]") -> Message | None:
        if self._timeout is None:
            return await taking
        waiting: asyncio.Future[None] = asyncio.ensure_future(
            self._clock.sleep_until(self._clock.now() + self._timeout)
        )
        try:
            either: list[asyncio.Future[Any]] = [taking, waiting]
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if not taking.done():
                raise self._library.ReadTimeout(f"nothing came for {decimal(self._timeout)} s", request=self._request)
            return taking.result()
        finally:
            waiting.cancel()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while (message := await self.next()) is not None:
            if body := message.get("body"):
                yield body
            if not message.get("more_body"):
                return
        told = "peer closed connection without sending complete message body"
        raise self._library.RemoteProtocolError(told, request=self._request)

    async def aclose(self) -> None:
        """Disconnect: the app is notified that the client has left, and ends."""
        self.leave()
        await asyncio.wait([self._task])
        if not self._task.cancelled():
            self._task.exception()
