"""An event that takes little memory: each connection has one for its writes and one for its request."""

import asyncio

from uvicorn.protocols.http.flow_control import FlowControl


class Signal(asyncio.Event):
    """An `asyncio.Event` that has no queue while nobody waits, which is nearly always."""

    def __init__(self) -> None:
        self._value = False
        self._waiters: list[asyncio.Future[None]] = []  # type: ignore[assignment] # it is appended to and removed from


class Flow(FlowControl):
    """uvicorn's flow control of a connection."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self.read_paused = self.write_paused = False
        self._is_writable_event = Signal()
        self._is_writable_event.set()
