"""Measuring two servers in one run: processes on loopback, the same small client for both, rounds that alternate.

These machines are noisy, so nothing here is judged by its seconds: a figure is a ratio of two things that were
measured in turn, and of the rounds the median counts.
"""

import contextlib
import json
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
CONNECTIONS = 16
ROUNDS = 7


@contextlib.contextmanager
def emulator(*arguments: str) -> Iterator[int]:
    """A running emulator; yields its port."""
    command = [sys.executable, "-m", "emulator", "serve", "--port", "0", "--print", "json", "--log-level", "warning"]
    with subprocess.Popen([*command, *arguments], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(json.loads(process.stdout.readline())["url"].rpartition(":")[2])
        finally:
            process.terminate()


@contextlib.contextmanager
def bare(answer: bytes) -> Iterator[int]:
    """A bare ASGI app under uvicorn that sends the same head and body at once; yields its port."""
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
                yield int(process.stdout.readline())
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


def per_second(port: int, request: bytes, batches: int) -> float:
    """Requests answered per second, over connections that are kept and always full."""
    connections = [connect(port) for _ in range(CONNECTIONS)]
    for connection in connections:
        connection.sendall(request)
    begun = time.perf_counter()
    for _ in range(batches):
        for connection in connections:
            read(connection)
            connection.sendall(request)
    elapsed = time.perf_counter() - begun
    for connection in connections:
        read(connection)
        connection.close()
    return batches * CONNECTIONS / elapsed


def ratio(name: str, ours: tuple[int, bytes], theirs: tuple[int, bytes], batches: int) -> float:
    """Our requests per second by theirs: warmed up, in alternating rounds, the median. Prints one line."""
    for port, request in (ours, theirs):
        per_second(port, request, batches // 4)
    pairs = [(per_second(*ours, batches), per_second(*theirs, batches)) for _ in range(ROUNDS)]
    found = statistics.median(a / b for a, b in pairs)
    spread = f"{min(a / b for a, b in pairs):.2f} to {max(a / b for a, b in pairs):.2f}"
    print(
        f"{name}: {found:.2f}x of bare ({spread} in {ROUNDS} rounds; "
        f"{statistics.median(a for a, _ in pairs):.0f}/s by {statistics.median(b for _, b in pairs):.0f}/s)"
    )
    return found
