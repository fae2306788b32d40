"""The command line as a process of its own: started, asked over raw sockets, told to stop, never waited for long."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple


def _has_ipv6() -> bool:
    """Whether a server can listen on ::1, and on :: for both families."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return socket.has_dualstack_ipv6()


HAS_IPV6 = _has_ipv6()
NO_IPV6 = "this machine has no IPv6: nothing can listen on ::1"
ROOT = Path(__file__).parents[2]
KEY = "akml-0123456789abcdef"
PATIENCE = 60
"""Seconds after which a process that is still there is killed, whatever it was doing."""


class Ended(NamedTuple):
    """What a process has left behind: its exit code, and what it wrote after its first line."""

    code: int
    stdout: str
    stderr: str


class Served:
    """A running server; `first` is the first line that it printed."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        self.process = process
        self.first = process.stdout.readline()

    @property
    def url(self) -> str:
        """Where it listens."""
        url: str = json.loads(self.first)["url"]
        return url

    @property
    def port(self) -> int:
        """The port of its URL."""
        return int(self.url.rpartition(":")[2])

    def lines_until(self, beginning: str) -> list[str]:
        """The lines that it printed, from the first to the one that begins so."""
        assert self.process.stdout is not None
        lines = [self.first]
        for line in self.process.stdout:
            lines.append(line)
            if line.startswith(beginning):
                break
        return lines

    def stop(self, *signals: signal.Signals) -> Ended:
        """Send these signals (SIGTERM if none is named) and wait for the end."""
        for number in signals or (signal.SIGTERM,):
            self.process.send_signal(number)
        return self.end()

    def end(self) -> Ended:
        """Wait for the end."""
        stdout, stderr = self.process.communicate()
        return Ended(self.process.returncode, stdout, stderr)

    def connect(self, request: bytes) -> socket.socket:
        """A connection on which this request was sent."""
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
        connection.sendall(request)
        return connection

    def begin(self, request: bytes) -> socket.socket:
        """A connection whose request the server has taken up: it has answered one that was sent later."""
        connection = self.connect(request)
        assert self.ask(get("/_emulator/health")).startswith(b"HTTP/1.1 200 ")
        return connection

    def until_deaf(self) -> None:
        """Wait until the server accepts no more connections."""
        with contextlib.suppress(ConnectionError):
            while True:
                socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE).close()

    def ask(self, request: bytes) -> bytes:
        """All bytes of the answer, until the connection ends in whatever way."""
        with self.connect(request) as connection:
            return read_all(connection)


@contextlib.contextmanager
def served(
    *arguments: str,
    python: Sequence[str] = ("-m", "emulator"),
    form: str = "json",
    environment: Mapping[str, str] | None = None,
    patience: float = PATIENCE,
) -> Iterator[Served]:
    """A server on a free port. `python` is what the interpreter is given to run, `form` the value of --print.

    It is killed after `patience` seconds, and whatever then fails is a TimeoutError that says so.
    """
    command = [sys.executable, *python, "serve", "--port", "0", "--print", form, *arguments]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
    ) as process:
        killed = threading.Event()

        def kill() -> None:
            if process.poll() is None:
                killed.set()
                process.kill()

        watchdog = threading.Timer(patience, kill)
        watchdog.start()
        try:
            yield Served(process)
        except Exception as error:
            if killed.is_set():
                raise TimeoutError(f"the server was killed: it was still there after {patience} s") from error
            raise
        finally:
            watchdog.cancel()
            process.kill()


def post(path: str, body: Mapping[str, Any], key: str = KEY, close: bool = True) -> bytes:
    """The bytes of a request."""
    content = json.dumps(body).encode()
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: localhost",
        f"Authorization: Bearer {key}",
        "Content-Type: application/json",
        f"Content-Length: {len(content)}",
        *(["Connection: close"] if close else []),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


def get(path: str, key: str = KEY) -> bytes:
    """The bytes of a request without a body."""
    return (
        f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {key}\r\nConnection: close\r\n\r\n".encode()
    )


def read_all(connection: socket.socket) -> bytes:
    """What comes until the connection ends, in order or by a reset."""
    received = b""
    with contextlib.suppress(ConnectionResetError):
        while data := connection.recv(1 << 20):
            received += data
    return received
