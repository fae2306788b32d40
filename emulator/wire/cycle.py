"""One request and its answer: uvicorn's cycle, for which the connection decides how long it lives."""

from collections.abc import Awaitable, Coroutine, Generator, Sequence
from typing import Any

from uvicorn.protocols.http.httptools_impl import HEADER_RE, HEADER_VALUE_RE, STATUS_LINE, RequestResponseCycle

from emulator.core.errors import ApiError, Rejected

_WITHOUT_BODY = frozenset({204, 304})
_KEEP_ALIVE = b"keep-alive"


class Cycle(RequestResponseCycle):
    """uvicorn's cycle. It is the only writer of `Connection: close`, and answers clients of HTTP/1.0.

    `refusal` is why a request was refused while its body was being read.
    """

    refusal: ApiError | None = None
    _until_close = False
    """Whether the body ends with the connection: HTTP/1.0 has no chunks (RFC 9112, section 6.1)."""

    def answer_1_0(self) -> None:
        """Answer a client of HTTP/1.0, which cannot be asked to continue (RFC 9110, section 10.1.1)."""
        self.keep_alive = self.waiting_for_100_continue = self.chunked_encoding = False
        self._until_close = True

    def receive(self) -> Coroutine[Any, Any, Any]:
        """ASGI's receive. Raises `Rejected` once if the request was refused before its body was complete."""
        return self._receive_part() if self.more_body else RequestResponseCycle.receive(self)

    async def _receive_part(self) -> Any:
        event = await RequestResponseCycle.receive(self)
        if self.refusal is None or not self.more_body or self.disconnected:
            return event
        error, self.refusal = self.refusal, None
        raise Rejected(error)

    def send(self, message: Any) -> Awaitable[None]:  # type: ignore[override] # it need not be a coroutine
        """ASGI's send. What the app says of the connection is left out if the connection will be closed."""
        if self.keep_alive:
            if message["type"] == "http.response.start":
                if self._write_head(message["status"], message["headers"]):
                    return _SENT
            elif self.chunked_encoding and message.get("more_body") and self._write_chunk(message.get("body", b"")):
                return _SENT
        elif message["type"] == "http.response.start":
            headers = [header for header in message["headers"] if header[0] != b"connection"]
            message = {**message, "headers": headers}
        elif self._until_close:
            self.expected_content_length = len(message.get("body", b""))
        return RequestResponseCycle.send(self, message)

    def _write_head(self, status: int, headers: Sequence[tuple[bytes, bytes]]) -> bool:
        """Write the head of an answer as uvicorn does, which looks at each header by itself and takes longer.

        Returns False, and writes nothing, if uvicorn has more to do than that, or has to refuse a header.
        """
        if self.response_started or self.disconnected or self.flow.write_paused:
            return False
        fields = dict(headers)
        names = b"".join(fields)
        if (
            len(fields) < len(headers)
            or status in _WITHOUT_BODY
            or self.scope["method"] == "HEAD"
            or fields.get(b"connection", _KEEP_ALIVE) != _KEEP_ALIVE
            or b"transfer-encoding" in fields
            or not names.islower()
            or HEADER_RE.search(names)
            or HEADER_VALUE_RE.search(b"".join([value for _, value in headers]))
        ):
            return False
        length = fields.get(b"content-length")
        self.response_started, self.waiting_for_100_continue = True, False
        self.chunked_encoding, self.expected_content_length = length is None, int(length or 0)
        end = b"\r\n" if length is not None else b"transfer-encoding: chunked\r\n\r\n"
        lines = [b"%b: %b\r\n" % header for header in headers]
        self.transport.write(b"".join((STATUS_LINE[status], *lines, end)))
        return True

    def _write_chunk(self, body: bytes) -> bool:
        """Write a part of a body that is not the last one. Returns False, and writes nothing, if it has to wait."""
        if self.response_complete or self.disconnected or self.flow.write_paused or self.scope["method"] == "HEAD":
            return False
        self.transport.write(b"%x\r\n%b\r\n" % (len(body), body) if body else b"")
        return True


class _Sent:
    """What has been sent already."""

    def __await__(self) -> Generator[None, None, None]:
        yield from ()


_SENT = _Sent()
