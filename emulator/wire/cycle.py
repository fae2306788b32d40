"""One request and its answer: uvicorn's cycle, for which the connection decides how long it lives."""

from collections.abc import Coroutine
from typing import Any

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from emulator.core.errors import ApiError, Rejected


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

    def send(self, message: Any) -> Coroutine[Any, Any, None]:
        """ASGI's send. What the app says of the connection is left out if the connection will be closed."""
        if not self.keep_alive:
            if message["type"] == "http.response.start":
                headers = [header for header in message["headers"] if header[0] != b"connection"]
                message = {**message, "headers": headers}
            elif self._until_close:
                self.expected_content_length = len(message.get("body", b""))
        return RequestResponseCycle.send(self, message)
