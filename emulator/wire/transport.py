"""What a connection writes with: its transport, and the signals for which writers and readers wait."""

import asyncio
from typing import Any, Literal, Protocol, TypeAlias

from uvicorn.protocols.http.flow_control import FlowControl

Phase: TypeAlias = Literal["idle", "head", "body", "closing", "closed"]


class Connection(Protocol):
    """What a transport knows of its connection: what is being read, and since when."""

    phase: Phase
    since: float
    loop: asyncio.AbstractEventLoop
    flow: FlowControl


class Transport:
    """A transport that sends the head of an answer with what follows it, and that closes without losing an answer.

    A write costs more than the head is worth. If nothing follows at once, the head is sent alone.

    `close` lets a client that is still sending finish, and so read the answer. A socket that is closed with unread data
    resets the connection, and the client may lose an answer that it has not read yet (RFC 9112, section 9.6).
    """

    __slots__ = ("_held", "_holding", "_is_closing", "_lingering", "_protocol", "_transport", "_write")

    def __init__(self, transport: asyncio.Transport, protocol: Connection) -> None:
        self._transport, self._protocol = transport, protocol
        self._lingering = self._holding = False
        self._held = b""
        self._write, self._is_closing = transport.write, transport.is_closing

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def hold_next(self) -> None:
        """Send what is written next with what follows it."""
        self._holding = True

    def write(self, data: bytes) -> None:
        """Send something, unless the client has left or the end was sent."""
        if self._lingering or self._is_closing():
            return
        if self._holding:
            self._holding, self._held = False, self._held + data
            self._protocol.loop.call_soon(self._release)
        else:
            data, self._held = self._held + data, b""
            self._write(data)

    def _release(self) -> None:
        if self._held:
            self.write(b"")

    def is_closing(self) -> bool:
        """Whether nothing more is sent."""
        return self._lingering or self._is_closing()

    def close(self) -> None:
        """Send what is buffered and the end; then read on for a while if the client may still be sending."""
        if self.is_closing():
            return
        self._release()
        protocol = self._protocol
        if protocol.phase not in ("body", "closing"):
            self._transport.close()
            return
        self._lingering = True
        protocol.phase, protocol.since = "closing", protocol.loop.time()
        self._transport.write_eof()
        protocol.flow.resume_reading()


class Signal(asyncio.Event):
    """An `asyncio.Event` without the 700 bytes of its queue; each connection has two, for which few ever wait."""

    def __init__(self) -> None:
        self._value = False
        self._waiters: list[asyncio.Future[None]] = []  # type: ignore[assignment] # it is appended to and removed from


class Flow(FlowControl):
    """uvicorn's flow control of a connection, with a `Signal`."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self.read_paused = self.write_paused = False
        self._is_writable_event = Signal()
        self._is_writable_event.set()
