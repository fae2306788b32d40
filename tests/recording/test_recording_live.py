"""The recording proxy on a real socket, between real clients and real servers: what comes when, and how it ends."""

import contextlib
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
import uvicorn
from starlette.types import ASGIApp
from support.asgi import CHAT, KEY, chat, events
from support.served import PATIENCE, post, read_all

from emulator import Emulator, VirtualClock
from emulator.core.clock import EPOCH
from emulator.recording.proxy import recording_proxy
from emulator.wire.protocol import TransportProtocol
from emulator.wire.server import Server, listen

HELLO = "Hello! How can I help you today?"
FIRST = b'data: {"choices":[{"index":0,"delta":{"content":"one"},"finish_reason":null}]}\n\n'
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
CHUNK = b"%x\r\n%b\r\n" % (len(FIRST), FIRST)


@contextlib.contextmanager
def served(app: ASGIApp) -> Iterator[int]:
    """The port on which an app is served, in a thread of its own."""
    listener = listen("127.0.0.1", 0)
    config = uvicorn.Config(
        app, http=TransportProtocol, ws="none", lifespan="off", log_config=None, server_header=False
    )
    server = Server(config, grace=0)
    thread = threading.Thread(target=server.run, args=[[listener]])
    thread.start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        server.stop()
        thread.join()


@contextlib.contextmanager
def upstream(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """The URL of a server that answers one request with what this function does to its connection."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(PATIENCE)

    def run() -> None:
        connection = listener.accept()[0]
        connection.settimeout(PATIENCE)
        head, _, body = until(connection, b"\r\n\r\n").partition(b"\r\n\r\n")
        length = int(re.findall(rb"content-length: (\d+)", head.lower())[0])
        while len(body) < length:
            body += connection.recv(1 << 16)
        answer(connection)
        connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        thread.join()
        listener.close()


def connect(port: int, body: dict[str, Any]) -> socket.socket:
    """A connection to the recording proxy on which a chat was asked for."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
    connection.sendall(post(CHAT, body))
    return connection


def until(connection: socket.socket, ending: bytes) -> bytes:
    """What comes, up to these bytes."""
    received = b""
    while ending not in received:
        data = connection.recv(1 << 16)
        assert data, received
        received += data
    return received


def test_an_sdk_is_recorded_and_replayed(tmp_path: Path) -> None:
    """The openai SDK gets the same from the proxy and from the file, which is complete once it has its answer."""
    out = tmp_path / "story.yaml"
    with Emulator(scenario="hello") as akash, served(recording_proxy(akash.openai_base_url, out)) as port:
        said = [speak(f"http://127.0.0.1:{port}/v1")]
    with Emulator(scenario=out) as replayed:
        said.append(speak(replayed.openai_base_url))
    assert said == [(HELLO, HELLO)] * 2


def speak(url: str) -> tuple[str | None, str]:
    """What the SDK hears, whole and streamed; it closes a stream at [DONE], before its end."""
    with openai.OpenAI(base_url=url, api_key=KEY, max_retries=0) as client:
        whole = client.chat.completions.create(**chat())
        stream = client.chat.completions.create(**chat(), stream=True)
        return whole.choices[0].message.content, "".join(chunk.choices[0].delta.content or "" for chunk in stream)


def test_each_part_is_passed_on_as_it_comes(tmp_path: Path) -> None:
    """The client has the first tokens while the upstream still waits; they are not held back until the end."""
    clock = VirtualClock(EPOCH, rate=0)
    with (
        Emulator(scenario="stall-mid-stream", clock=clock) as akash,
        served(recording_proxy(akash.url, tmp_path / "story.yaml")) as port,
        connect(port, chat(stream=True)) as connection,
    ):
        first = until(connection, b'" jumps"')
        assert b'" over"' not in first
        httpx.post(f"{akash.url}/_emulator/clock", json={"advance": 120})
        rest = until(connection, b"[DONE]")
    assert b'" over"' in rest


def test_a_client_that_leaves_ends_the_upstreams_answer(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The upstream sees the connection close, and what had come by then is not recorded."""
    closed = threading.Event()

    def answer(connection: socket.socket) -> None:
        connection.sendall(HEAD + CHUNK)
        if connection.recv(1) == b"":
            closed.set()

    with upstream(answer) as url, served(proxy := recording_proxy(url, tmp_path / "story.yaml")) as port:
        with connect(port, chat(stream=True)) as connection:
            until(connection, b"one")
        assert closed.wait(PATIENCE)
    assert not proxy.book.path.exists()
    assert "the client left before the answer was complete" in caplog.text


def test_a_stream_has_ended_with_its_error(tmp_path: Path) -> None:
    """A client that leaves at an error has all of the answer, which is recorded, whatever else was to come."""
    error = b'data: {"error":{"message":"No.","type":"server_error","code":null}}\n\n'

    def answer(connection: socket.socket) -> None:
        connection.sendall(HEAD + CHUNK + b"%x\r\n%b\r\n" % (len(error), error))
        connection.recv(1)

    out = tmp_path / "story.yaml"
    with (
        upstream(answer) as url,
        served(proxy := recording_proxy(url, out)) as port,
        connect(port, chat(stream=True)) as connection,
    ):
        until(connection, error)
    assert (proxy.recorded, proxy.left_out) == (1, 0)
    assert "server_error" in out.read_text()


def truncate(connection: socket.socket) -> None:
    connection.sendall(HEAD + CHUNK)


def reset(connection: socket.socket) -> None:
    connection.sendall(HEAD + CHUNK)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def nothing(connection: socket.socket) -> None:
    pass


@pytest.mark.parametrize(("answer", "how"), [(truncate, "truncate"), (nothing, "end"), (reset, "reset")])
def test_a_cut_is_passed_on_and_recorded_as_one(
    answer: Callable[[socket.socket], None], how: str, tmp_path: Path
) -> None:
    """A body without its end, a reset, and no answer at all reach the client as such, and are played as such."""
    out = tmp_path / "story.yaml"
    with upstream(answer) as url, served(recording_proxy(url, out)) as port:
        original = all_from(port)
    assert f"hangup: {how}" in out.read_text()
    with Emulator(scenario=out) as akash:
        replayed = all_from(int(akash.url.rpartition(":")[2]))
    if how == "reset":  # it may overtake what was sent before it
        return
    assert events(replayed) == events(original)
    assert (bool(original), bool(replayed)) == (how != "end", how != "end")
    assert not original.endswith(b"0\r\n\r\n")
    assert not replayed.endswith(b"0\r\n\r\n")


def all_from(port: int) -> bytes:
    with connect(port, chat(stream=True)) as connection:
        return read_all(connection)
