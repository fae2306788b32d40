"""A real Redis for tests: redis-server on a free port of the loopback interface, with its data in a new folder."""

import contextlib
import shutil
import signal
import socket
import subprocess
import tempfile
from functools import cache
from itertools import count
from pathlib import Path

import pytest

_prefixes = count()


class RedisServer:
    """A redis-server. `options` are those of its command line."""

    def __init__(self, *options: str) -> None:
        self._options = options
        self._folder = Path(tempfile.mkdtemp(prefix="akml-redis-"))
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.start()

    def start(self) -> None:
        """Start it, and return once it answers."""
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--daemonize", "no"]
        command += ["--dir", str(self._folder), "--logfile", "redis.log", *self._options]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(500):
            try:
                with socket.create_connection(("127.0.0.1", self.port), 1) as client:
                    client.sendall(b"PING\r\n")
                    if not client.recv(64).startswith(b"-LOADING"):
                        return
            except OSError:
                pass
            assert self.process.poll() is None, (self._folder / "redis.log").read_text()
            _wait()
        raise AssertionError("redis-server does not answer")

    def ask(self, *words: str) -> bytes:
        """The raw answer to one command."""
        parts = "".join(f"${len(word.encode())}\r\n{word}\r\n" for word in words)
        with socket.create_connection(("127.0.0.1", self.port), 10) as client:
            client.sendall(f"*{len(words)}\r\n{parts}*1\r\n$4\r\nQUIT\r\n".encode())
            return b"".join(iter(lambda: client.recv(1 << 16), b"")).removesuffix(b"+OK\r\n")

    def connection(self) -> socket.socket:
        """A connection that is open as long as it is needed."""
        return socket.create_connection(("127.0.0.1", self.port), 10)

    def say(self, connection: socket.socket, command: str) -> bytes:
        """The raw answer to a command on a connection; its words are separated by single spaces."""
        words = command.split(" ")
        parts = "".join(f"${len(word)}\r\n{word}\r\n" for word in words)
        connection.sendall(f"*{len(words)}\r\n{parts}".encode())
        return connection.recv(1 << 16)

    def stop(self, how: int = signal.SIGTERM) -> None:
        """Stop it; its data stay."""
        self.process.send_signal(how)
        self.process.wait(10)

    def end(self) -> None:
        """Stop it, and delete its data."""
        self.process.kill()
        self.process.wait(10)
        shutil.rmtree(self._folder, ignore_errors=True)


def _wait() -> None:
    """Wait for a moment of the machine's time."""
    with socket.socket() as nobody:
        nobody.settimeout(0.02)
        nobody.bind(("127.0.0.1", 0))
        nobody.listen()
        with contextlib.suppress(TimeoutError):
            nobody.accept()


def needs_redis() -> None:
    """Skip a test, with the reason, where there is no redis-server."""
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed (Debian: apt install redis-server)")


@cache
def redis_server() -> RedisServer:
    """The server that the tests of one process share, which ends with them (see conftest.py)."""
    needs_redis()
    return RedisServer()


def end_shared() -> None:
    """End the shared server, if there is one."""
    if redis_server.cache_info().currsize:
        redis_server().end()


def new_url() -> str:
    """The URL of a store without a past."""
    return f"{redis_server().url}?prefix=t{next(_prefixes)}"
