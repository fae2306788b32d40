"""HTTP as bytes: requests in any form, and what came back, read by Python's own client."""

import io
import json
import socket
from collections.abc import Iterable, Sequence
from http.client import HTTPResponse
from itertools import pairwise
from typing import Any, NamedTuple

from support.served import KEY, PATIENCE, read_all

CHAT = "/v1/chat/completions"
HELLO: dict[str, Any] = {"model": "zai-org/GLM-5.3", "messages": [{"role": "user", "content": "Hello!"}]}
BODY = json.dumps(HELLO).encode()
STREAMED = json.dumps({**HELLO, "stream": True}).encode()


class Answer(NamedTuple):
    """One answer: its status, its headers in order, and its body without the framing."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def values(self, name: str) -> list[str]:
        """The values of a header, in lower case; one for each time that it was sent."""
        return [value.lower() for given, value in self.headers if given.lower() == name]

    @property
    def text(self) -> str:
        """What the model said, whole or streamed."""
        if not self.body.startswith(b"data:"):
            return str(json.loads(self.body)["choices"][0]["message"]["content"])
        events = [each.removeprefix(b"data: ") for each in self.body.split(b"\n\n") if each.startswith(b"data: {")]
        choices = [choice for event in events for choice in json.loads(event)["choices"]]
        return "".join(choice["delta"].get("content") or "" for choice in choices)

    @property
    def message(self) -> str:
        """The message of an error."""
        return str(json.loads(self.body)["error"]["message"])


def request(
    body: bytes | None, *headers: str, version: str = "1.1", path: str = CHAT, method: str = "POST", length: bool = True
) -> bytes:
    """The bytes of a request. `length` adds the Content-Length of a body."""
    lines = [f"{method} {path} HTTP/{version}", "Host: localhost", f"Authorization: Bearer {KEY}", *headers]
    if body is not None and length:
        lines.append(f"Content-Length: {len(body)}")
    return "".join(f"{line}\r\n" for line in lines).encode("latin-1") + b"\r\n" + (body or b"")


def chunked(body: bytes, *headers: str) -> bytes:
    """The bytes of a request whose body comes in chunks."""
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in body[:3]) + b"%x\r\n%b\r\n0\r\n\r\n" % (len(body) - 3, body[3:])
    return request(None, "Transfer-Encoding: chunked", *headers) + chunks


def ask(url: str, parts: Iterable[bytes], method: str = "POST") -> list[Answer]:
    """The answers on one connection, on which these parts are sent one by one. `method` is theirs if it is HEAD."""
    host, port = url.removeprefix("http://").rsplit(":", 1)
    with socket.create_connection((host.strip("[]"), int(port)), timeout=PATIENCE) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for part in parts:
            connection.sendall(part)
        return answers(read_all(connection), method)


def cut(data: bytes, places: Sequence[int]) -> list[bytes]:
    """The data, cut at these places."""
    edges = [0, *sorted(place % len(data) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(edges) if start < end]


def answers(received: bytes, method: str = "POST") -> list[Answer]:
    """The answers of a connection, without those that only ask the client to continue."""
    file, found = _File(received), list[Answer]()
    while file.tell() < len(received):
        response = HTTPResponse(file, method=method)  # type: ignore[arg-type]  # it needs nothing of a socket but its file
        response.begin()
        found.append(Answer(response.status, response.getheaders(), response.read()))
    return found


class _File(io.BytesIO):
    def makefile(self, *mode: object) -> "_File":
        """The file of a socket, which has no other."""
        return self

    def close(self) -> None:
        """An answer closes the file at its end, although others may follow."""
