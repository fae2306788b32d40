"""Hostile bytes on a socket: each is answered with an error of the API or let go, and others are served meanwhile."""

import json
import re
import resource
import select
import socket
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from support.served import KEY, PATIENCE, get, post, read_all, served

from emulator import Emulator

CHAT, MESSAGES, ACCOUNT = "/v1/chat/completions", "/anthropic/v1/messages", "/_emulator/account"
BODY = json.dumps({"model": "zai-org/GLM-5.3", "messages": [{"role": "user", "content": "Hello!"}]}).encode()
KIB = 1024


def head(*lines: str, path: str = CHAT) -> bytes:
    """A request line and headers, without the empty line that ends them."""
    first = (f"POST {path} HTTP/1.1", "Host: localhost", f"Authorization: Bearer {KEY}")
    return "".join(f"{line}\r\n" for line in (*first, *lines)).encode("latin-1")


LENGTH = f"Content-Length: {len(BODY)}"
CHUNKED = head("Transfer-Encoding: chunked") + b"\r\n"
WHOLE = head(LENGTH) + b"\r\n" + BODY


class Sent(NamedTuple):
    """What a client sends, the status of the answer, and words of its message."""

    data: bytes
    status: int
    words: str


ROWS = {
    "a header of 70 KiB": Sent(head(LENGTH, "X: " + "a" * 70 * KIB) + b"\r\n" + BODY, 431, "limit of 65536 bytes"),
    "a header of 5 MB": Sent(head(LENGTH, "X: " + "a" * 5_000_000) + b"\r\n" + BODY, 431, "limit of 65536 bytes"),
    "a header without an end": Sent(head("X: " + "a" * 70 * KIB), 431, "limit of 65536 bytes"),
    "many headers of 64 KiB in all": Sent(head(*["X: " + "a" * 400] * 170) + b"\r\n", 431, "limit of 65536 bytes"),
    "300 headers": Sent(head(*["X: a"] * 300) + b"\r\n", 431, "limit of 256"),
    "a header's name of 70 KiB": Sent(head("X" * 70 * KIB + ": a") + b"\r\n", 431, "limit of 65536 bytes"),
    "the same at /anthropic": Sent(head("X: " + "a" * 70 * KIB, path=MESSAGES) + b"\r\n", 431, "limit of 65536 bytes"),
    "the same at /_emulator": Sent(head("X: " + "a" * 70 * KIB, path=ACCOUNT) + b"\r\n", 431, "limit of 65536 bytes"),
    "a URL of 17 KiB": Sent(head(path="/" + "a" * 17 * KIB) + b"\r\n", 414, "limit of 16384 bytes: 17409 bytes came"),
    "a query of 17 KiB": Sent(head(path=f"{CHAT}?{'a' * 17 * KIB}") + b"\r\n", 414, "limit of 16384 bytes"),
    "a URL without an end": Sent(b"GET /" + b"a" * 100 * KIB, 414, "limit of 16384 bytes"),
    "empty lines for ever": Sent(b"\r\n" * 400_000, 431, "limit of 65536 bytes"),
    "a head that stops": Sent(head()[:40], 408, "head_timeout"),
    "a head that stops at its last line": Sent(head(LENGTH), 408, "head_timeout"),
    "a head that stops after an answer": Sent(WHOLE + b"GET /v1/mo", 408, "head_timeout"),
    "a body that does not come": Sent(head(LENGTH) + b"\r\n", 408, "body_timeout"),
    "a body that stops": Sent(head(LENGTH) + b"\r\n" + BODY[:-1], 408, "body_timeout"),
    "a body that stops at /anthropic": Sent(head(LENGTH, path=MESSAGES) + b"\r\n{", 408, "body_timeout"),
    "a body that stops at /_emulator": Sent(
        head(LENGTH, path=ACCOUNT).replace(b"POST", b"PUT") + b"\r\n{", 408, "body"
    ),
    "a chunk that stops": Sent(CHUNKED + b"ff\r\n{", 408, "body_timeout"),
    "a chunk's size that stops": Sent(CHUNKED + b"f", 408, "body_timeout"),
    "chunks without the last": Sent(CHUNKED + b"1\r\n{\r\n", 408, "body_timeout"),
    "trailers without an end": Sent(CHUNKED + b"2\r\n{}\r\n0\r\nX: a\r\n", 408, "body_timeout"),
    "a chunk extension of 1 MB": Sent(CHUNKED + b"1;" + b"a" * 1_000_000, 431, "chunk extensions and trailers"),
    "a trailer of 1 MB": Sent(CHUNKED + b"0\r\nX: " + b"a" * 1_000_000, 431, "chunk extensions and trailers"),
    "100,000 trailers": Sent(CHUNKED + b"0\r\n" + b"X: a\r\n" * 100_000, 431, "limit of"),
    "10 GB announced": Sent(head("Content-Length: 10000000000") + b"\r\n" + b" " * 1_000_000, 413, "33554432"),
    "14,000 requests ahead": Sent(b"GET /v1/models HTTP/1.1\r\n\r\n" * 5_000, 429, "More than 1000 requests"),
    "bytes that are no HTTP": Sent(b"\x00\x01\x02\x03\r\n\r\n", 400, "not a valid HTTP/1.1 request"),
    "TLS": Sent(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, "has to begin with http://"),
    "HTTP/2": Sent(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, "HTTP/2"),
    "a URL that is none": Sent(b"GET http://[ HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "URL"),
    "a URL that is not ASCII": Sent(b"GET /\xff HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "url"),
    "length and chunks": Sent(head(LENGTH, "Transfer-Encoding: chunked") + b"\r\n0\r\n\r\n", 400, "Content-Length"),
    "chunks and length": Sent(head("Transfer-Encoding: chunked", LENGTH) + b"\r\n0\r\n\r\n", 400, "Transfer-Encoding"),
    "two lengths": Sent(head(LENGTH, "Content-Length: 3") + b"\r\n" + BODY, 400, "Content-Length"),
    "a length that is none": Sent(head("Content-Length: +3") + b"\r\n" + BODY, 400, "Content-Length"),
    "a folded header": Sent(head(LENGTH, "X: a", " b") + b"\r\n" + BODY, 400, "whitespace"),
    "bare line feeds": Sent(head(LENGTH).replace(b"\r\n", b"\n") + b"\n" + BODY, 400, "CRLF"),
    "NUL in a header": Sent(head(LENGTH, "X: a\0b") + b"\r\n" + BODY, 400, "header value"),
    "a space before the colon": Sent(head(LENGTH, "X : a") + b"\r\n" + BODY, 400, "header token"),
    "a transfer coding that is none": Sent(head("Transfer-Encoding: xchunked") + b"\r\n0\r\n\r\n", 400, "Encoding"),
    "chunks that are not the last coding": Sent(head("Transfer-Encoding: chunked, x") + b"\r\n", 400, "Encoding"),
    "a chunk's size that is none": Sent(CHUNKED + b"zz\r\n", 400, "chunk size"),
    "a chunk of 2^76 bytes": Sent(CHUNKED + b"f" * 19 + b"\r\n", 400, "Chunk size overflow"),
}


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    """A server whose clients have little time."""
    with Emulator(head_timeout=0.3, body_timeout=0.3) as akash:
        yield akash


def connect(akash: Emulator) -> socket.socket:
    """A connection to an emulator."""
    host, port = akash.url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=PATIENCE)


def healthy(akash: Emulator) -> bool:
    """Whether another client is answered."""
    with connect(akash) as connection:
        connection.sendall(get("/_emulator/health"))
        return read_all(connection).startswith(b"HTTP/1.1 200 ")


def last_answer(received: bytes) -> tuple[int, dict[bytes, bytes], Any]:
    """The status, the headers and the JSON body of the last answer of a connection."""
    start = [found.start() for found in re.finditer(rb"HTTP/1\.1 \d\d\d ", received)][-1]
    top, _, body = received[start:].partition(b"\r\n\r\n")
    line, *lines = top.split(b"\r\n")
    return int(line.split()[1]), dict(each.split(b": ", 1) for each in lines), json.loads(body)


@pytest.mark.parametrize("name", ROWS)
def test_hostile_bytes_are_refused(emulator: Emulator, name: str) -> None:
    """The error has the shape of the path's API and says which limit was met; then the connection is closed."""
    sent = ROWS[name]
    with connect(emulator) as connection:
        connection.sendall(sent.data)
        status, headers, body = last_answer(read_all(connection))
    assert status == sent.status
    assert (headers[b"connection"], headers[b"content-type"]) == (b"close", b"application/json")
    assert sent.words in body["error"]["message"]
    anthropic = f" {MESSAGES} ".encode() in sent.data
    assert ("request_id" in body, "code" in body["error"]) == (anthropic, not anthropic)
    assert healthy(emulator)


ACCEPTED = {
    "a head of 63 KiB": head(LENGTH, "Connection: close", "X: " + "a" * 63 * KIB) + b"\r\n" + BODY,
    "250 headers": head(LENGTH, "Connection: close", *["X: a"] * 246) + b"\r\n" + BODY,
    "chunks of one byte": head("Connection: close", "Transfer-Encoding: chunked")
    + b"\r\n"
    + b"".join(b"1\r\n%c\r\n" % byte for byte in BODY + b" " * 50_000)
    + b"0\r\n\r\n",
    "chunks with extensions, and a trailer": head("Connection: close", "Transfer-Encoding: chunked")
    + b"\r\n"
    + b"".join(b"1;chunk-signature=0123456789\r\n%c\r\n" % byte for byte in BODY + b" " * 5_000)
    + b"0\r\nX-Sum: 1\r\n\r\n",
    "leave asked for": head(LENGTH, "Connection: close", "Expect: 100-continue") + b"\r\n" + BODY,
    "50 requests ahead": WHOLE * 49 + WHOLE.replace(LENGTH.encode(), LENGTH.encode() + b"\r\nConnection: close"),
    "an empty line before the request": b"\r\n" + head(LENGTH, "Connection: close") + b"\r\n" + BODY,
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_what_is_unusual_is_served(emulator: Emulator, name: str) -> None:
    """What HTTP allows and stays within the bounds is answered."""
    with connect(emulator) as connection:
        connection.sendall(ACCEPTED[name])
        received = read_all(connection)
    assert received.count(b"HTTP/1.1 200 OK\r\n") == (50 if name == "50 requests ahead" else 1)
    assert received.startswith(b"HTTP/1.1 100 " if name == "leave asked for" else b"HTTP/1.1 200 ")


@pytest.mark.parametrize("piece", [1_000, 16 * KIB])
def test_a_head_that_grows_is_refused_when_it_is_too_large(piece: int) -> None:
    """Its bytes are counted as they come: it is not read to an end that may never be."""
    with Emulator() as akash, connect(akash) as connection:
        connection.sendall(head() + b"X: ")
        for _ in range(70 * KIB // piece + 1):
            connection.sendall(b"a" * piece)
        status, _, body = last_answer(read_all(connection))
    assert (status, body["error"]["code"]) == (431, "request_too_large")


@pytest.mark.parametrize("begun", [b"", head("Content-Length: 10000") + b"\r\n"], ids=["a head", "a body"])
def test_what_trickles_in_is_refused_when_its_time_is_over(emulator: Emulator, begun: bytes) -> None:
    """Each further byte does not give more time."""
    rest = head("X: " + "a" * 10_000) if not begun else b"a" * 10_000
    with connect(emulator) as connection:
        connection.sendall(begun)
        for at in range(len(rest)):
            connection.sendall(rest[at : at + 1])
            if select.select([connection], [], [], 0.02)[0]:
                break
        assert last_answer(read_all(connection))[0] == 408


def test_a_client_that_is_still_sending_hears_of_the_refusal(emulator: Emulator) -> None:
    """The answer is not lost in a reset, although much more than was read is on its way."""
    with connect(emulator) as connection:
        connection.sendall(head("Content-Length: 10000000000") + b"\r\n")
        for _ in range(50):
            connection.sendall(b" " * 1_000_000)
        assert last_answer(read_all(connection))[0] == 413


def test_an_upload_after_its_answer_has_an_end(emulator: Emulator) -> None:
    """A request that was refused before its body came does not hold the connection."""
    with connect(emulator) as connection:
        connection.sendall(head("Content-Length: 100000").replace(KEY.encode(), b"sk-other") + b"\r\n{")
        assert read_all(connection).startswith(b"HTTP/1.1 401 ")


def test_a_connection_without_a_byte_is_let_go(emulator: Emulator) -> None:
    """It gets no answer, because it has asked for nothing."""
    with connect(emulator) as connection:
        assert read_all(connection) == b""


def test_an_idle_connection_is_kept_for_its_own_time() -> None:
    """A client that has an answer may take longer for its next request than a head may take."""
    with Emulator(head_timeout=0.1, idle_timeout=0.6) as akash, connect(akash) as connection:
        begun = time.monotonic()
        connection.sendall(WHOLE)
        assert read_all(connection).startswith(b"HTTP/1.1 200 ")
        assert time.monotonic() - begun > 0.5


def test_a_request_ahead_is_not_late_while_another_is_answered() -> None:
    """The time in which the server does not read is not the client's."""
    slow = [{"reply": {"text": "Slow.", "stream": {"first_token": "600ms"}}}]
    with Emulator(body_timeout=0.3, scenario=slow) as akash, connect(akash) as connection:
        connection.sendall(WHOLE + head(LENGTH, "Connection: close") + b"\r\n" + BODY[:-1])
        first = connection.recv(1 << 16)
        connection.sendall(BODY[-1:])
        assert (first[:15], read_all(connection)[-300:].count(b"Slow.")) == (b"HTTP/1.1 200 OK", 1)


@pytest.mark.skipif(resource.getrlimit(resource.RLIMIT_NOFILE)[0] < 1200, reason="a thousand sockets are opened")
def test_a_thousand_slow_heads_are_let_go() -> None:
    """Meanwhile others are served, and in the end none of them is left."""
    with served("--set", "head_timeout=1s", "--log-level", "warning") as server:
        slow = [server.connect(head()[: 20 + number % 20]) for number in range(1000)]
        assert server.ask(post(CHAT, json.loads(BODY))).startswith(b"HTTP/1.1 200 ")
        assert all(read_all(connection).startswith(b"HTTP/1.1 408 ") for connection in slow)
        assert server.ask(post(CHAT, json.loads(BODY))).startswith(b"HTTP/1.1 200 ")
        for connection in slow:
            connection.close()
        assert server.stop().code == 0
