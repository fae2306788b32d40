"""A client that leaves before it has sent its whole request."""

import asyncio
import http.client
import json
import socket

import pytest
from starlette.types import Message
from support.asgi import CHAT, Exchange, activate, ask, chat, make_engine

from emulator import Emulator
from emulator.engine.engine import Engine
from emulator.web.app import create_app

STORY = "name: s\nrules: [{name: r, replies: [{text: first}, {text: second}]}]\n"


class Cut(Exchange):
    """A client whose connection breaks after the first part of its request."""

    async def receive(self) -> Message:
        """The part, and then the end of the connection."""
        if self.unread:
            return {"type": "http.request", "body": self.unread.pop(0), "more_body": True}
        return {"type": "http.disconnect"}


def playing() -> Engine:
    """An engine that answers a sequence."""
    engine = make_engine()
    activate(engine, engine.library.put("s", STORY).scenario.name)
    return engine


@pytest.mark.parametrize("length", [0, 20, None])
@pytest.mark.parametrize("stream", [False, True])
def test_it_is_recorded_and_consumes_nothing(length: int | None, stream: bool) -> None:
    """It is cut by the client, has no status, and the next request gets the first answer; also if what came is JSON."""
    engine = playing()
    app, body = create_app(engine), json.dumps(chat(stream=stream)).encode()
    client = asyncio.run(Cut(app, "POST", CHAT, [body[:length]] if length != 0 else None).run())
    (record,) = engine.store.inferences.all()
    assert (client.status, record.status, record.outcome, record.answered_by) == (0, 0, "cut by client", "nobody")
    assert (record.ended, record.usage, record.rule) == (record.started, None, None)
    assert ask(app, "POST", CHAT, chat()).json["choices"][0]["message"]["content"] == "first"


def test_ids_are_those_of_a_client_that_was_not_cut() -> None:
    """An upload that was cut is not a first time of the same question."""
    ids = []
    for cut in (False, True):
        app = create_app(playing())
        body = json.dumps(chat()).encode()
        if cut:
            asyncio.run(Cut(app, "POST", CHAT, [body[:-10]]).run())
        ids.append(ask(app, "POST", CHAT, chat()).headers["inference-id"])
    assert ids[0] == ids[1]


def test_a_control_route_changes_nothing() -> None:
    """Half a request to /_emulator is no request."""
    engine = playing()
    asyncio.run(Cut(create_app(engine), "POST", "/_emulator/activate", [b'{"scenario": null}']).run())
    assert ask(create_app(engine), "POST", CHAT, chat()).json["choices"][0]["message"]["content"] == "first"


def test_over_a_socket() -> None:
    """A connection that is closed in the middle of the body is such a client."""
    with Emulator(scenario=STORY) as akash:
        host, port = akash.url.removeprefix("http://").split(":")
        body = json.dumps(chat()).encode()
        with socket.create_connection((host, int(port))) as sock:
            head = f"POST {CHAT} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {akash.key}\r\n"
            sock.sendall(f"{head}Content-Length: {len(body) + 2}\r\n\r\n".encode() + body)
        while not akash.inferences:
            pass
        assert [each.outcome for each in akash.inferences] == ["cut by client"]
        connection = http.client.HTTPConnection(host, int(port))
        connection.request("POST", CHAT, body, {"authorization": f"Bearer {akash.key}"})
        assert b"first" in connection.getresponse().read()
        connection.close()
