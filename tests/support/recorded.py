"""Recording in process: an upstream that streams under a clock that leaps, and a client that sees every byte."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import httpx
from starlette.types import ASGIApp, Message
from support.asgi import KEY

from emulator.core.catalog import Catalog
from emulator.core.clock import EPOCH, VirtualClock
from emulator.core.settings import Settings
from emulator.engine import make_engine
from emulator.recording.proxy import Mode, RecordingProxy, recording_proxy
from emulator.scenario.library import Library
from emulator.store.outside import at_once
from emulator.web.app import create_app
from emulator.wire.asgi_client import AsgiClient

URL = "http://upstream.test"
_DERIVED = re.compile(r'"(id|request_id|signature)": ?"[^"\\]*"|"created": ?[0-9]+')


class Leaping(VirtualClock):
    """A clock that is wherever somebody waits for: what takes minutes is over at once, and still takes minutes."""

    def __init__(self) -> None:
        super().__init__(EPOCH, rate=0)

    async def sleep_until(self, deadline: float) -> None:
        """Make it that time."""
        self._move_to(max(deadline, self.now()))


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


class _Parts(AsgiClient, httpx.AsyncByteStream):
    """One exchange in lockstep: each message is taken before the next one is sent."""

    def __init__(self, app: ASGIApp, request: httpx.Request, body: bytes) -> None:
        super().__init__(request.method, request.url.raw_path, request.headers.raw, [body])
        self._messages: asyncio.Queue[Message] = asyncio.Queue()
        self._running = asyncio.ensure_future(self._run(app))

    async def _run(self, app: ASGIApp) -> None:
        try:
            await self.ask(app)
        except Exception as error:
            self._messages.put_nowait({"type": "cut", "how": repr(error)})
            raise

    async def take(self, message: Message) -> None:
        """Hand a message over, and wait until it is taken."""
        await self._messages.put(message)
        await self._messages.join()

    def close(self) -> None:
        """The app ends the connection."""
        super().close()
        self._messages.put_nowait({"type": "cut", "how": "reset" if self.hung_up == "reset" else "closed"})

    abort = close

    async def next(self) -> Message:
        """The next message. Raises what httpx raises at the end of a connection."""
        message = await self._messages.get()
        if message["type"] == "cut":
            raise (httpx.ReadError if message["how"] == "reset" else httpx.RemoteProtocolError)(message["how"])
        return message

    async def __aiter__(self) -> AsyncIterator[bytes]:
        more = True
        while more:
            self._messages.task_done()
            message = await self.next()
            more = message.get("more_body", False)
            yield message.get("body", b"")
        self._messages.task_done()
        await self._running

    async def aclose(self) -> None:
        self._running.cancel()


class InProcess(httpx.AsyncBaseTransport):
    """Carries requests to an ASGI app, and its answers back part by part. `requests` are those that it has carried."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.requests: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One exchange."""
        self.requests.append(request)
        parts = _Parts(self._app, request, await request.aread())
        start = await parts.next()
        return httpx.Response(start["status"], headers=start["headers"], stream=parts)


async def ask(app: ASGIApp, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Answer:
    """One whole exchange: a POST of this body, or a GET where there is none."""
    given = {"authorization": f"Bearer {KEY}"} | dict(headers or {})
    content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    received = b""
    async with httpx.AsyncClient(transport=InProcess(app), base_url=URL) as client:
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
    engine = make_engine(Settings(**settings), catalog, clock or Leaping(), Library(catalog))
    if isinstance(scenario, Path):
        assert engine.library.load([scenario]) == ()
        scenario = scenario.stem
    at_once(engine.activate(scenario))
    return create_app(engine)


def recording(
    app: ASGIApp, out: Path, mode: Mode = "record", *, exact: bool = True, clock: VirtualClock | None = None
) -> RecordingProxy:
    """A recording proxy of an app, on the clock of the app."""
    return recording_proxy(URL, out, mode, exact=exact, clock=clock or Leaping(), transport=InProcess(app))
