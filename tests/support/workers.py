"""Two worker processes of one server, and a connection to each."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from typing import Any

from support.asgi import CHAT, chat
from support.redis_server import new_url
from support.served import KEY, PATIENCE, Served, served

SLOW = "rules: [{reply: {text: One two three., stream: {between_tokens: 1s}}}]\n"
"""A scenario that sends three words, a second after each other."""


class Worker:
    """A worker: a connection that is kept is served by one process."""

    def __init__(self, port: int) -> None:
        self.connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        self.process: int = self.told("/_emulator/ready")["process"][0]

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, bytes]:
        """The status and the body of an answer."""
        content = body.encode() if isinstance(body, str) else None if body is None else json.dumps(body).encode()
        self.connection.request(method, path, content, {"Authorization": f"Bearer {KEY}"})
        answer = self.connection.getresponse()
        return answer.status, answer.read()

    def told(self, path: str) -> Any:
        """The JSON that a route of the control API tells."""
        status, body = self.ask("GET", path)
        assert status == 200, body
        return json.loads(body)

    def do(self, method: str, path: str, body: Any = None) -> Any:
        """What the control API answers to a change."""
        status, answer = self.ask(method, f"/_emulator/{path}", body)
        assert status == 200, answer
        return json.loads(answer)

    def text(self, question: str = "Hello?") -> str:
        """The text of a whole answer."""
        status, answer = self.ask("POST", CHAT, chat(question))
        assert status == 200, answer
        return str(json.loads(answer)["choices"][0]["message"]["content"])

    def metrics(self) -> dict[str, float]:
        """The samples of /_emulator/metrics."""
        lines = self.ask("GET", "/_emulator/metrics")[1].decode().splitlines()
        samples = (line.rpartition(" ") for line in lines if not line.startswith("#"))
        return {name: float(value) for name, _, value in samples}

    def running(self) -> tuple[float, float]:
        """How many requests run and wait at all workers, as the metrics tell."""
        told = self.metrics()
        return told["vllm:num_requests_running"], told["vllm:num_requests_waiting"]

    def stream(self) -> None:
        """Ask for a stream."""
        self.connection.request("POST", CHAT, json.dumps(chat(stream=True)), {"Authorization": f"Bearer {KEY}"})


@contextmanager
def two_workers(*options: str) -> Iterator[tuple[Served, Worker, Worker]]:
    """A server of two workers on a Redis without a past, and a connection to each of them."""
    command = ("--store", new_url(), "--workers", "2", "--clock", "frozen", "--log-level", "error", *options)
    with served(*command) as server, ExitStack() as stack:
        found = dict[int, Worker]()
        while len(found) < 2:
            worker = Worker(server.port)
            stack.callback(worker.connection.close)
            found.setdefault(worker.process, worker)
        first, second = found.values()
        yield server, first, second
