"""Measuring two servers in one run: processes on loopback, the same small client for both, rounds that alternate.

These machines are noisy, so nothing here is judged by its seconds: a figure is a ratio of two things that were
measured in turn, and of the rounds the median counts. Beside the ratio of requests per second stands that of the
processor time that the two servers took, which other work on the machine disturbs less.
"""

import contextlib
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
CONNECTIONS = 16
ROUNDS = 7


class Server(NamedTuple):
    """A running server process and the port on which it listens."""

    process: int
    port: int

    def processor_seconds(self) -> float:
        """What the process has used so far, in user and kernel mode; 0 where the system does not tell."""
        stat = Path(f"/proc/{self.process}/stat")
        if not stat.exists():
            return 0.0
        fields = stat.read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def emulator(*arguments: str) -> Iterator[Server]:
    """A running emulator."""
    command = [sys.executable, "-m", "emulator", "serve", "--port", "0", "--print", "json", "--log-level", "warning"]
    with subprocess.Popen([*command, *arguments], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Server(process.pid, int(json.loads(process.stdout.readline())["url"].rpartition(":")[2]))
        finally:
            process.terminate()


@contextlib.contextmanager
def bare(answer: bytes) -> Iterator[Server]:
    """A bare ASGI app under uvicorn that sends the same head and body at once."""
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = [line.split(b": ", 1) for line in head.split(b"\r\n")[1:]]
    headers = [[name.decode(), value.decode()] for name, value in lines if name not in (b"date", b"transfer-encoding")]
    chunked = b"transfer-encoding: chunked" in head
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump({"headers": headers, "body": (unchunk(body) if chunked else body).decode()}, file)
        file.flush()
        with subprocess.Popen(
            [sys.executable, str(HERE / "bare.py"), file.name], stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            try:
                yield Server(process.pid, int(process.stdout.readline()))
            finally:
                process.terminate()


def unchunk(body: bytes) -> bytes:
    """The content of a chunked body."""
    content = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        length = int(size, 16)
        content, body = content + body[:length], body[length + 2 :]
    return content


def post(path: str, body: dict[str, object], key: str = "akml-bench") -> bytes:
    """The bytes of a request."""
    content = json.dumps(body).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


def connect(port: int) -> socket.socket:
    """A connection that waits until the server listens."""
    for _ in range(500):
        with contextlib.suppress(ConnectionRefusedError):
            return socket.create_connection(("127.0.0.1", port))
        time.sleep(0.01)
    raise TimeoutError(f"nothing listens on port {port}")


def read(connection: socket.socket) -> bytes:
    """One whole answer, head and body as they come."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(1 << 20)
    head, _, body = data.partition(b"\r\n\r\n")
    if b"content-length: " in head:
        length = int(head.partition(b"content-length: ")[2].split(b"\r\n")[0])
        while len(body) < length:
            body += connection.recv(1 << 20)
    else:
        while not body.endswith(b"0\r\n\r\n"):
            body += connection.recv(1 << 20)
    return head + b"\r\n\r\n" + body


def once(port: int, request: bytes) -> bytes:
    """One answer, on a connection of its own."""
    with connect(port) as connection:
        connection.sendall(request)
        return read(connection)


class Round(NamedTuple):
    """One round of one server: requests per second, and processor seconds per request."""

    rate: float
    processor: float


def measure(server: Server, request: bytes, batches: int) -> Round:
    """Ask in batches over connections that are kept.

    Of a batch the last connection is read first: while the server works, the client sleeps, and is not woken by each
    answer. Otherwise a slow server would pay for wake-ups that a fast one, always behind its client, does not.
    """
    connections = [connect(server.port) for _ in range(CONNECTIONS)]
    used, begun = server.processor_seconds(), time.perf_counter()
    for _ in range(batches):
        for connection in connections:
            connection.sendall(request)
        for connection in reversed(connections):
            read(connection)
    elapsed, used = time.perf_counter() - begun, server.processor_seconds() - used
    for connection in connections:
        connection.close()
    asked = batches * CONNECTIONS
    return Round(asked / elapsed, used / asked)


def ratio(name: str, ours: tuple[Server, bytes], theirs: tuple[Server, bytes], batches: int) -> float:
    """Our requests per second by theirs: warmed up, in alternating rounds, the median. Prints one line."""
    for server, request in (ours, theirs):
        measure(server, request, batches // 4)
    rounds = [(measure(*ours, batches), measure(*theirs, batches)) for _ in range(ROUNDS)]
    rates = sorted(a.rate / b.rate for a, b in rounds)
    processor = statistics.median(b.processor / a.processor if a.processor else 0.0 for a, b in rounds)
    print(
        f"{name}: {statistics.median(rates):.2f}x of the other in requests/s "
        f"({rates[0]:.2f} to {rates[-1]:.2f}), "
        f"{processor:.2f}x by processor time "
        f"({statistics.median(a.rate for a, _ in rounds):.0f}/s "
        f"by {statistics.median(b.rate for _, b in rounds):.0f}/s)"
    )
    return statistics.median(rates)
