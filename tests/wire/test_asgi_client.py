"""The one ASGI client in process: what an app reads of a request, and how it can end the connection."""

import asyncio
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from emulator.wire.asgi_client import AsgiClient
from emulator.wire.respond import disconnect


class Collecting(AsgiClient):
    """A client that keeps what comes."""

    def __init__(self, target: bytes = b"/", body: tuple[bytes, ...] = (b"",)) -> None:
        super().__init__("POST", target, [(b"X-Mine", b"1")], body)
        self.messages: list[Message] = []

    async def take(self, message: Message) -> None:
        """Keep a part of the answer."""
        self.messages.append(message)


def test_the_app_reads_the_request() -> None:
    """The path is decoded, the query is apart, header names are in lower case, and the body comes in its parts."""
    client = Collecting(b"/v1/a%20b?c=%20d", (b"one", b"two"))
    heard: list[Any] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        heard.extend([scope["path"], scope["raw_path"], scope["query_string"], scope["headers"]])
        heard.extend([await receive(), await receive()])
        client.leave()
        heard.append(await receive())
        await send({"type": "http.response.start", "status": 200, "headers": []})

    asyncio.run(client.ask(app))
    assert heard[:4] == ["/v1/a b", b"/v1/a%20b", b"c=%20d", [(b"x-mine", b"1")]]
    assert [(part["body"], part["more_body"]) for part in heard[4:6]] == [(b"one", True), (b"two", False)]
    assert heard[6] == {"type": "http.disconnect"}
    assert [message["status"] for message in client.messages] == [200]
    assert client.hung_up is None


@pytest.mark.parametrize(("reset", "ending"), [(False, "close"), (True, "reset")])
def test_the_app_hangs_up(reset: bool, ending: str) -> None:
    """By the transport in its scope, as on a socket; the app then hears that the client has gone."""
    client = Collecting(body=())

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        disconnect(scope["state"]["transport"], reset=reset)
        assert (await receive())["type"] == "http.disconnect"

    asyncio.run(client.ask(app))
    assert (client.hung_up, client.is_closing()) == (ending, True)
