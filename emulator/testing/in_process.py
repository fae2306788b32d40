"""An emulator without a socket: an ASGI app in the test's own event loop, and an httpx client for it."""

from functools import cached_property
from types import ModuleType, TracebackType
from typing import Any, Self

from starlette.types import ASGIApp, Receive, Scope, Send

from emulator.core.clock import VirtualClock
from emulator.testing.interface import EmulatorWithEngine
from emulator.web.app import create_app


class InProcess(EmulatorWithEngine):
    """An ASGI app that emulates AkashML in the event loop of the test. `Emulator.in_process` returns one.

    `scenario`, `reply`, `error`, `retry_after`, `account`, `clock`, `models`, `settings` and the errors are those of
    `Emulator`.

        with Emulator.in_process(scenario="hello") as akash:
            client = openai.AsyncOpenAI(
                base_url=akash.openai_base_url, api_key=akash.key, http_client=akash.client()
            )
    """

    @cached_property
    def _app(self) -> ASGIApp:
        return create_app(self.engine)

    @property
    def clock(self) -> VirtualClock:
        """The clock of the app: `await akash.clock.advance(60)`."""
        return self.engine.clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request: `scope`, `receive` and `send` are ASGI's."""
        await self._app(scope, receive, send)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        """Do nothing: each answer ends with its request, so nothing is left open."""

    @property
    def url(self) -> str:
        """The base URL for in-process clients. No server listens there."""
        return "http://akashml.test"

    def transport(self, library: ModuleType | None = None) -> Any:
        """Return an AsyncBaseTransport of `library`, which is httpx2 or httpx, as in `client`. It needs asyncio.

        Unlike httpx.ASGITransport it delivers each part of a stream when it is sent, raises httpx's errors when the
        emulator hangs up, stops an answer when the client closes it, and measures read timeouts by `clock`.
        """
        from emulator.testing.transport import installed, make_transport  # noqa: PLC0415 (a plain ASGI app does not)

        return make_transport(library or installed(), self, self.clock)

    def client(self, library: ModuleType | None = None, **more: Any) -> Any:
        """Return an AsyncClient of `library` that sends the key.

        The default `library` is httpx2 if it is installed, and httpx otherwise. SDKs take the client as `http_client`:
        the newest versions of openai and anthropic have httpx2, and older ones require httpx. `more` are further
        keywords of AsyncClient.
        """
        from emulator.testing.transport import installed  # noqa: PLC0415 (a plain ASGI app does not need it)

        library = library or installed()
        given = {"base_url": self.url, "headers": {"authorization": f"Bearer {self.key}"}, **more}
        return library.AsyncClient(transport=self.transport(library), **given)
