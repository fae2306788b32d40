"""Recording in process: an upstream that streams under a clock that leaps, and a client that sees every byte."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import httpx
from starlette.types import ASGIApp, Message, Receive, Scope
from support.asgi import KEY

from emulator.core.catalog import Catalog
from emulator.core.clock import EPOCH, VirtualClock
from emulator.core.settings import Settings
from emulator.engine.engine import Engine
from emulator.recording.proxy import Mode, RecordingProxy, recording_proxy
from emulator.scenario.library import Library
from emulator.store.memory import MemoryStore
from emulator.web.app import create_app

URL = "http://upstream.test"
_DERIVED = re.compile(r'"(id|request_id|signature)": ?"[^"\\]*"|"created": ?[0-9]+')


class Leaping(VirtualClock):
    """A clock that is wherever somebody waits for: what takes minutes is over at once, and still takes minutes."""

    def __init__(self) -> None:
        super().__init__(EPOCH, rate=0)

    async def sleep_until(self, deadline: float) -> None:
        """Make it that time."""
        self.set(max(deadline, self.now()))


class Answer(NamedTuple):
    """What a client has received; `cut` is how the connection ended if the answer was not complete."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    cut: str = ""

    @property
    def derived(self) -> tuple[int, str, str, str]:
        """All of it but for ids and times."""
        body = _DERIVED.sub(r'"\1":"*"', self.body.decode("utf-8", "surrogateescape"))
        return self.status, self.headers.get("content-type", ""), body, self.cut


class _Connection:
    """The transport of one connection, and what is sent over it, each message taken before the next one is sent."""

    def __init__(self) -> None:
        self.messages: asyncio.Queue[Message] = asyncio.Queue()
        self._left = asyncio.Event()
        self._resets = False

    async def send(self, message: Message) -> None:
        """Hand a message over."""
        await self.messages.put(message)
        await self.messages.join()

    async def take(self) -> Message:
        """The next message; the app goes on when `taken` is called."""
        return await self.messages.get()

    def get_extra_info(self, name: str) -> "_Connection":
        """The socket."""
        return self

    def setsockopt(self, *option: Any) -> None:
        """Called before a reset only."""
        self._resets = True

    def is_closing(self) -> bool:
        """Whether it has ended."""
        return self._left.is_set()

    def close(self) -> None:
        """The connection ends before the answer does."""
        self.messages.put_nowait({"type": "cut", "how": "closed"})
        self._left.set()

    def abort(self) -> None:
        """The connection is reset."""
        self.messages.put_nowait({"type": "cut", "how": "reset" if self._resets else "closed"})
        self._left.set()

    async def left(self) -> Message:
        """Once the client has left."""
        await self._left.wait()
        return {"type": "http.disconnect"}


class InProcess(httpx.AsyncBaseTransport):
    """Carries requests to an ASGI app, and its answers back part by part. `requests` are those that it has carried."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.requests: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One exchange."""
        self.requests.append(request)
        connection, body = _Connection(), [await request.aread()]
        path, _, query = request.url.raw_path.partition(b"?")
        scope = scope_of(request.method, path.decode(), request.headers.raw, connection, query)

        async def receive() -> Message:
            return {"type": "http.request", "body": body.pop()} if body else await connection.left()

        running = asyncio.ensure_future(self._run(scope, receive, connection))
        start = await connection.take()
        if start["type"] == "cut":
            raise (httpx.ReadError if start["how"] == "reset" else httpx.RemoteProtocolError)(start["how"])
        return httpx.Response(start["status"], headers=start["headers"], stream=_Parts(connection, running))

    async def _run(self, scope: Scope, receive: Receive, connection: _Connection) -> None:
        try:
            await self._app(scope, receive, connection.send)
        except Exception as error:
            connection.messages.put_nowait({"type": "cut", "how": repr(error)})
            raise


class _Parts(httpx.AsyncByteStream):
    def __init__(self, connection: _Connection, running: "asyncio.Future[None]") -> None:
        self._connection = connection
        self._running = running

    async def __aiter__(self) -> AsyncIterator[bytes]:
        more = True
        while more:
            self._connection.messages.task_done()
            message = await self._connection.take()
            if message["type"] == "cut":
                raise (httpx.ReadError if message["how"] == "reset" else httpx.RemoteProtocolError)(message["how"])
            more = message.get("more_body", False)
            yield message.get("body", b"")
        self._connection.messages.task_done()
        await self._running

    async def aclose(self) -> None:
        self._running.cancel()


def scope_of(
    method: str, path: str, headers: list[tuple[bytes, bytes]], transport: Any = None, query: bytes = b""
) -> Scope:
    """The scope of a request."""
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query,
        "root_path": "",
        "headers": [(name.lower(), value) for name, value in headers],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "state": {"transport": transport},
    }


async def ask(app: ASGIApp, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Answer:
    """One whole exchange: a POST of this body, or a GET where there is none."""
    given = {"authorization": f"Bearer {KEY}"} | dict(headers or {})
    client = httpx.AsyncClient(transport=InProcess(app), base_url=URL)
    content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    received = b""
    async with client:
        try:
            async with client.stream("GET" if body is None else "POST", path, content=content, headers=given) as answer:
                try:
                    async for part in answer.aiter_raw():
                        received += part
                except httpx.TransportError as error:
                    return Answer(answer.status_code, answer.headers, received, str(error))
                return Answer(answer.status_code, answer.headers, received)
        except httpx.TransportError as error:
            return Answer(0, {}, b"", str(error))


def emulated(scenario: str | Path | None = None, clock: VirtualClock | None = None, **settings: Any) -> ASGIApp:
    """The emulator's app, playing the name of a shipped scenario, or a file."""
    catalog = Catalog.load()
    engine = Engine(Settings(**settings), catalog, clock or Leaping(), MemoryStore(), Library(catalog))
    if isinstance(scenario, Path):
        assert engine.library.load([scenario]) == ()
        scenario = scenario.stem
    engine.activate(scenario)
    return create_app(engine)


def recording(
    app: ASGIApp, out: Path, mode: Mode = "record", *, exact: bool = True, clock: VirtualClock | None = None
) -> RecordingProxy:
    """A recording proxy of an app, on the clock of the app."""
    return recording_proxy(URL, out, mode, exact=exact, clock=clock or Leaping(), transport=InProcess(app))
