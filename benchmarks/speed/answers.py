"""Asks one question over a plain socket, and reads the answer as far as a benchmark must know it."""

import json
import secrets
import socket
from dataclasses import dataclass
from typing import Any, NamedTuple

PARAGRAPH = "The international understanding of environmental transportation was particularly interesting. " * 5
"""About half a kilobyte, in few tokens: a megabyte of it has to fit into a context."""
NUMBER, KEY_NUMBER = b"@@NUMBER@@", b"@@@KEY@@@@"
"""Places in a request for its number and that of its key; both have ten digits."""
MODEL = "meta-llama/Llama-3.3-70B-Instruct"
QUESTION = "Question {run} {number}: tell me about the harbour of Lisbon, its ships and its history."


class Request(NamedTuple):
    """The bytes of a request, with places for numbers."""

    template: bytes
    streamed: bool

    def numbered(self, number: int, key: int = 0) -> bytes:
        """The bytes with these numbers."""
        return self.template.replace(NUMBER, b"%010d" % number).replace(KEY_NUMBER, b"%010d" % key)


def chat(key: str, *, stream: bool = False, history: int = 0, **more: Any) -> Request:
    """A request for a chat completion that asks a new question each time, after so many bytes of history."""
    earlier = [
        {"role": ("user", "assistant")[turn % 2], "content": PARAGRAPH} for turn in range(2 * round(history / 1000))
    ]
    question = QUESTION.format(run=secrets.token_hex(4), number=NUMBER.decode())
    messages = [*earlier, {"role": "user", "content": question}]
    body = {"model": MODEL, "messages": messages, **({"stream": True} if stream else {}), **more}
    content = json.dumps(body).encode()
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\n"
        "Accept: application/json\r\nUser-Agent: benchmark/1.0\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return Request(head.encode() + content, stream)


@dataclass(frozen=True)
class Answer:
    """An HTTP answer: its size is that of all its bytes, head and framing included."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    size: int

    def chunks(self) -> list[dict[str, Any]]:
        """The JSON of a stream's events."""
        frames = (line[6:] for line in self.body.splitlines() if line.startswith(b"data: "))
        return [json.loads(frame) for frame in frames if frame != b"[DONE]"]

    def deltas(self) -> list[str]:
        """The pieces of text that a stream sends, one for each event."""
        choices = (choice for chunk in self.chunks() for choice in chunk["choices"])
        return [text for choice in choices if (text := choice["delta"].get("content"))]

    def text(self) -> str:
        """The text of an answer that is not streamed."""
        return str(json.loads(self.body)["choices"][0]["message"]["content"])

    def usage(self) -> dict[str, Any]:
        """The usage of an answer that is not streamed."""
        usage: dict[str, Any] = json.loads(self.body)["usage"]
        return usage


def ask(port: int, request: bytes) -> Answer:
    """One answer, on a connection of its own."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(request)
        return read(connection)


def read(connection: socket.socket) -> Answer:
    """One answer from a connection that may be kept."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += receive(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    pairs = [line.split(": ", 1) for line in lines]
    headers = [(name.lower(), value) for name, value in pairs]
    length = dict(headers).get("content-length")
    while len(body) < int(length) if length else not body.endswith(b"0\r\n\r\n"):
        body += receive(connection)
    size = len(head) + 4 + len(body)
    return Answer(int(status.split()[1]), headers, body if length else unchunk(body), size)


def receive(connection: socket.socket) -> bytes:
    """The next bytes of an answer that must go on."""
    if data := connection.recv(1 << 20):
        return data
    raise ConnectionError("the answer ends in its middle")


def unchunk(body: bytes) -> bytes:
    """The content of a chunked body."""
    content = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        length = int(size, 16)
        content, body = content + body[:length], body[length + 2 :]
    return content
