"""Nothing is left behind on a real server, whatever a scenario does to its connections."""

import asyncio
import socket
from pathlib import Path
from typing import Any

import pytest
from support.asgi import make_engine
from support.served import get, post, read_all

from emulator.core.clock import EPOCH, VirtualClock
from emulator.scenario.library import SHIPPED
from emulator.web.app import create_app
from emulator.wire.server import Background

FILES = Path("/proc/self/fd")
NAMES = sorted(path.stem for path in SHIPPED.glob("*.yaml"))
MODEL = "zai-org/GLM-5.3"
USER = {"role": "user", "content": "How is the weather?"}
BODIES: dict[str, dict[str, Any]] = {
    "/v1/chat/completions": {"model": MODEL, "messages": [USER]},
    "/v1/completions": {"model": MODEL, "prompt": "How is the weather?"},
    "/anthropic/v1/messages": {"model": MODEL, "max_tokens": 50, "messages": [USER]},
}


def requests() -> list[bytes]:
    """Every shipped scenario at every endpoint, whole and streamed."""
    return [
        post(path, {**body, "stream": stream}, key=f"akml-{name}--{path}{stream}")
        for name in NAMES
        for path, body in BODIES.items()
        for stream in (False, True)
    ]


@pytest.mark.skipif(not FILES.exists(), reason="open files are counted in /proc")
def test_nothing_is_left_behind() -> None:
    """No socket, no task: after every shipped scenario was played to its end, and to a client that leaves early."""
    server = Background(create_app(make_engine(VirtualClock(EPOCH, rate=1_000_000))), "127.0.0.1", 0)
    address = server.start()
    try:

        def ask(request: bytes, *, to_the_end: bool) -> bytes:
            with socket.create_connection(address, timeout=60) as connection:
                connection.sendall(request)
                return read_all(connection) if to_the_end else b""

        def open_now() -> tuple[int, int]:
            return sum(1 for _ in FILES.iterdir()), server.run(count_tasks())

        health = get("/_emulator/health")
        assert ask(health, to_the_end=True).startswith(b"HTTP/1.1 200 ")
        before = open_now()
        answered = [ask(request, to_the_end=True) for request in requests()]
        assert sum(answer.startswith(b"HTTP/1.1 200 ") for answer in answered) > len(answered) / 2
        for request in requests():
            ask(request, to_the_end=False)
        left = before
        for _ in range(1000):
            assert ask(health, to_the_end=True).startswith(b"HTTP/1.1 200 ")
            if (left := open_now()) == before:
                break
        assert left == before
    finally:
        server.stop()


async def count_tasks() -> int:
    """How many tasks there are besides the one that counts."""
    return len(asyncio.all_tasks()) - 1
