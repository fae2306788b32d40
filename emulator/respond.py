"""Playing a plan: the one place that waits and sends.

All frames that are due now are joined into one send, for a send is nearly the whole cost of a stream; a paced stream
still sends each event when it is due. Deadlines are absolute, so a late send does not delay the next. A client that
leaves is noticed in every wait.
"""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Iterable, Iterator
from itertools import chain
from math import ceil
from typing import Literal, TypeAlias

import msgspec
from sse_starlette import EventSourceResponse
from starlette.types import Message, Receive, Scope, Send

from emulator.clock import Clock, http_date
from emulator.dialects import Dialect, Encoder
from emulator.vocabulary import (
    ApiError,
    End,
    Event,
    Failure,
    Fold,
    FrameFault,
    Hangup,
    InferenceRequest,
    Plan,
    Step,
)

Outcome: TypeAlias = Literal["completed", "failed", "hung up", "cut by client"]
Headers: TypeAlias = list[tuple[bytes, bytes]]

_JSON = (b"content-type", b"application/json")
_STREAM: Headers = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"connection", b"keep-alive"),
    (b"x-accel-buffering", b"no"),
]
_JOINED_BYTES = 64 * 1024


class HungUp(ConnectionError):
    """A planned hang-up that found no transport to carry it out, as there is none under an in-process client."""


class _ClientLeft(Exception):
    """The client closed the connection while something was waited for."""


class Sent(msgspec.Struct):
    """What was really handed to the wire, begun at a time in Unix seconds. `tokens` are of the completion."""

    begun: float
    status: int = 0
    tokens: int = 0
    outcome: Outcome = "cut by client"
    error: ApiError | None = None


class _Reel:
    """The frames of a stream in their order, each with its time. `tokens` are of the frames that were given out."""

    def __init__(
        self, steps: Iterable[Step], encoder: Encoder, faults: Iterable[FrameFault], clock: Clock, begun: float
    ) -> None:
        self.due = begun
        self.tokens = 0
        self.over = False
        self.last: Event | None = None
        self._clock = clock
        self._held: tuple[bytes, ...] = ()
        self._frames = self._encoded(steps, encoder)
        for fault in faults:
            self._frames = fault(self._frames)

    def due_now(self) -> bytes:
        """All frames that are due, joined; the next one, if there is one, is due at `due`."""
        ready = [*self._held]
        self._held = ()
        size, now = 0, self._clock.now()
        for frame in self._frames:
            if self.due > now or size > _JOINED_BYTES:
                self._held = (frame,)
                return b"".join(ready)
            ready.append(frame)
            size += len(frame)
        self.over = True
        return b"".join(ready)

    def _encoded(self, steps: Iterable[Step], encoder: Encoder) -> Iterator[bytes]:
        """Tokens are counted when the next frame is asked for: when the frame that carries them has been taken."""
        frames = encoder.frames
        for step in steps:
            self.due += step.delay
            event = step.event
            self.last = event
            if isinstance(event, Hangup):
                return
            yield from frames(event)
            self.tokens += event.tokens


class Player:
    """Plays one plan to one client; `sent` tells what came of it, also when playing was cut short."""

    def __init__(
        self, plan: Plan, dialect: Dialect, clock: Clock, keep_alive: float, scope: Scope, receive: Receive, send: Send
    ) -> None:
        self._plan = plan
        self._dialect = dialect
        self._clock = clock
        self._keep_alive = keep_alive
        self._scope = scope
        self._receive = receive
        self._send = send
        self.sent = Sent(begun=clock.now())

    async def play(self, request: InferenceRequest | None) -> None:
        """Wait and send until the plan has ended or the client has left. Without a request the plan is a refusal."""
        try:
            if request is not None and request.stream:
                await self._stream(request)
            else:
                await self._whole(request)
        except _ClientLeft:
            return

    # ------------------------------------------------------------------------------------------ a whole body

    async def _whole(self, request: InferenceRequest | None) -> None:
        answer, due, tokens, hangup = Fold(), self.sent.begun, 0, None
        for step in self._plan.steps:
            due += step.delay
            event = step.event
            if isinstance(event, Failure):
                await self._wait(due)
                return await self._fail(event.error)
            if isinstance(event, Hangup):
                hangup = event
                break
            tokens += event.tokens
            answer.add(event)
        await self._wait(due)
        if answer.start is None or request is None:
            return await self._hang_up(hangup or Hangup("close"))
        body = self._dialect.body(answer.completion(), request)
        await self._start(200, [_JSON, (b"content-length", b"%d" % len(body))])
        if hangup is not None:
            await self._body(body[: len(body) // 2], more=True)
            return await self._hang_up(hangup)
        await self._body(body)
        self.sent.tokens, self.sent.outcome = tokens, "completed"
        return None

    async def _fail(self, error: ApiError) -> None:
        body = self._dialect.surface.error(error, self._plan.request_id)
        headers = [_JSON, (b"content-length", b"%d" % len(body))]
        if error.retry_after is not None:
            headers.append((b"retry-after", _seconds(error.retry_after)))
        if error.kind == "too_large":
            headers.append((b"connection", b"close"))
        await self._start(error.http_status, headers)
        await self._body(body)
        self.sent.outcome, self.sent.error = "failed", error

    # ------------------------------------------------------------------------------------------ a stream

    async def _stream(self, request: InferenceRequest) -> None:
        steps = iter(self._plan.steps)
        first = next(steps)
        due = self.sent.begun + first.delay
        await self._wait(due)
        if isinstance(first.event, Failure):
            return await self._fail(first.event.error)
        if isinstance(first.event, Hangup):
            return await self._hang_up(first.event)
        begin = due - first.delay
        encoder = self._dialect.encoder(request, self._plan.request_id)
        reel = _Reel(chain((first,), steps), encoder, self._plan.frame_faults, self._clock, begin)
        frames = reel.due_now()
        if reel.over and not isinstance(reel.last, Hangup):
            await self._start(200, _STREAM)
            await self._body(frames)
        else:
            self.sent.status = 200
            response = _Paced(self._paced(reel, frames), ping=0, sep="\n")
            response.raw_headers = [*_STREAM, *self._own_headers()]
            await response(self._scope, self._receive, self._send)
        self._note(reel)
        return None

    async def _paced(self, reel: _Reel, frames: bytes) -> AsyncIterator[bytes]:
        """What is due, each time something is; and a keep-alive in every long silence."""
        try:
            yield frames
            heard = self._clock.now()
            while not reel.over:
                silence = heard + self._keep_alive
                await self._clock.sleep_until(min(reel.due, silence))
                heard = self._clock.now()
                yield reel.due_now() if heard >= reel.due else self._dialect.keep_alive
        finally:
            self._note(reel)
        if isinstance(reel.last, Hangup):
            await self._hang_up(reel.last)

    def _note(self, reel: _Reel) -> None:
        self.sent.tokens = reel.tokens
        match reel.last if reel.over else None:
            case End():
                self.sent.outcome = "completed"
            case Failure(error):
                self.sent.outcome, self.sent.error = "failed", error

    # ------------------------------------------------------------------------------------------ sending and waiting

    def _own_headers(self) -> Headers:
        ids = self._dialect.surface.id_headers(self._plan.inference_id, self._plan.request_id)
        date = (b"date", http_date(int(self._clock.now())))
        return [date, *ids] + [
            (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in self._plan.headers
        ]

    async def _start(self, status: int, headers: Headers) -> None:
        self.sent.status = status
        await self._send({"type": "http.response.start", "status": status, "headers": headers + self._own_headers()})

    async def _body(self, body: bytes, *, more: bool = False) -> None:
        await self._send({"type": "http.response.body", "body": body, "more_body": more})

    async def _wait(self, deadline: float) -> None:
        """Wait for a time, or for the client to leave. Raises `_ClientLeft` for the latter."""
        if self._clock.now() >= deadline:
            return
        waiting = asyncio.current_task()
        leaving = asyncio.ensure_future(self._until_left())
        leaving.add_done_callback(lambda task: None if task.cancelled() or waiting is None else waiting.cancel())
        try:
            await self._clock.sleep_until(deadline)
        except asyncio.CancelledError:
            if leaving.done() and waiting is not None and waiting.uncancel() == 0:
                raise _ClientLeft from None
            raise
        finally:
            leaving.cancel()

    async def _until_left(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def _hang_up(self, hangup: Hangup) -> None:
        """End the connection; a `close` after the 200 ends the body in order, and only too early."""
        self.sent.outcome = "hung up"
        if hangup.how == "close" and self.sent.status:
            return
        transport = self._scope.get("state", {}).get("transport")
        if transport is None:
            raise HungUp(f"the scenario hangs up here ({hangup.how})")
        if hangup.how == "reset":
            linger = struct.pack("ii", 1, 0)
            transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            transport.abort()
        else:
            transport.close()
        await self._until_left()


class _Paced(EventSourceResponse):
    """An event source whose frames are ready bytes; the server's own shutdown ends it, and no send times out."""

    async def _send_with_timeout(self, send: Send, message: Message) -> None:
        await send(message)

    @staticmethod
    async def _listen_for_exit_signal() -> None:
        """The library would poll a process-wide flag for ever; the server cancels what is left when it stops."""
        await asyncio.get_running_loop().create_future()


def _seconds(duration: float) -> bytes:
    """Retry-After: whole seconds as RFC 9110 has it, or with the milliseconds that matter, which the SDKs read too."""
    milliseconds = ceil(round(duration * 1000, 3))
    return b"%d" % (milliseconds // 1000) if milliseconds % 1000 == 0 else b"%.3f" % (milliseconds / 1000)
