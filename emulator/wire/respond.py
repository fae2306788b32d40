"""Playing a plan: all waiting and sending happens here.

Frames that are due are joined to pieces, because sends are nearly the whole cost of a stream; a paced stream still
sends each event when it is due. Deadlines are absolute, so a late send does not delay the next.

An answer is made while it is sent. Whatever its length, all other tasks have a turn every few milliseconds, a client
that reads slowly holds it up, and every wait and all work ends when the client disconnects.
"""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

from starlette.types import Receive, Scope, Send

from emulator.core.clock import Clock, Turns
from emulator.core.errors import ApiError, Rejected
from emulator.core.fold import Completion, Fold
from emulator.core.plan import Plan, QueuePlace
from emulator.core.ready import ReadySteps
from emulator.core.vocabulary import End, Failure, Hangup, InferenceRequest, Raw, Step, Verbatim
from emulator.dialects import Dialect
from emulator.inferences.live_record import MAX_RESPONSE, Outcome, Sent
from emulator.wire.errors import ErrorResponse
from emulator.wire.frames import PIECE, TimedFrames
from emulator.wire.headers import JSON, Headers, answer_headers, encoded

_STREAM: Headers = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"connection", b"keep-alive"),
    (b"x-accel-buffering", b"no"),
]
_READY = 512
"""Events of a ready answer that are sent at once: about as many as `PIECE` has room for."""
_WITHOUT_LENGTH = (204, 304)
"""Statuses whose answers have no body, and do not tell that its length is 0 (RFC 9110, section 8.6)."""


class HungUp(ConnectionError):
    """A planned hang-up had no transport to act on, as with a plain in-process ASGI client."""


class _ClientLeft(Exception):
    """The client closed the connection during a wait, or while its answer was made."""


class Player:
    """Plays one plan to one client; `sent` has the outcome, even if playing was cut short."""

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
        self._begin = clock.now()
        self._turns = Turns()
        self._leaving: asyncio.Task[None] | None = None
        self.sent = Sent()

    async def play(self, request: InferenceRequest | None) -> None:
        """Wait and send until the plan ends or the client disconnects. Without a request the plan is a refusal.

        A plan without steps sends nothing.
        """
        plan = self._plan
        try:
            if plan.place is not None:
                await self._queue(plan.place)
            if request is not None and type(plan.steps) is ReadySteps and not plan.frame_faults:
                if not request.stream:
                    return await self._ready_body(plan.steps, request)
                if len(plan.steps.events.steps) <= _READY:
                    return await self._ready_stream(plan.steps, request)
            steps = iter(plan.steps)
            first = next(steps, None)
            if first is None:
                return None
            steps = chain((first,), steps)
            if isinstance(first.event, Failure | Hangup | Raw):
                await self._wait(self._begin + first.delay)
                await self._instead(first.event)
            elif request is None or request.stream or isinstance(first.event, Verbatim):
                await self._stream(steps, request or InferenceRequest(self._dialect.endpoint, ""))
            else:
                await self._whole(steps, request)
        except _ClientLeft:
            return None
        except Rejected as rejected:
            await self.fail(rejected.error)
        finally:
            self._unwatch()

    async def _instead(self, event: Failure | Hangup | Raw) -> None:
        """Send what replaces an answer of which no part was sent."""
        match event:
            case Failure(error):
                await self.fail(error)
            case Raw(status, headers, body):
                own = encoded(headers)
                if status not in _WITHOUT_LENGTH:
                    own.append((b"content-length", b"%d" % len(body)))
                self.sent.status = status
                await self._send({"type": "http.response.start", "status": status, "headers": own})
                await self._complete([body[at : at + PIECE] for at in range(0, len(body), PIECE)])
            case Hangup():
                await self._hang_up(event)

    async def fail(self, error: ApiError) -> None:
        """Send an error instead of an answer of which no part was sent."""
        plan, self.sent.status = self._plan, error.http_status
        ids = plan.inference_id, plan.request_id
        response = ErrorResponse(error, self._dialect.surface, ids, self._clock.now(), plan.headers)
        self._end("failed", error)
        await response(self._scope, self._receive, self._send)

    # ------------------------------------------------------------------------------------------ a ready answer

    async def _ready_body(self, steps: ReadySteps, request: InferenceRequest) -> None:
        body = self._dialect.ready_body(steps, request)
        await self._start(200, [JSON, (b"content-length", b"%d" % len(body))])
        self.sent.used = steps.usage
        self._end("completed")
        await self._body(body)

    async def _ready_stream(self, steps: ReadySteps, request: InferenceRequest) -> None:
        encoder = self._dialect.encoder(request, self._plan.request_id)
        start = encoder.frames(steps.start)
        ready = encoder.ready_frames(steps.events)
        await self._start(200, _STREAM)
        self.sent.used = steps.usage
        self._end("completed")
        await self._body(b"".join((*start, ready, *encoder.frames(End(steps.usage)))))

    # ------------------------------------------------------------------------------------------ a whole body

    async def _whole(self, steps: Iterable[Step], request: InferenceRequest) -> None:
        answer, due, hangup = Fold(), self._begin, None
        for step in steps:
            if self._turns.over:
                await self._end_turn()
            due += step.delay
            event = step.event
            if isinstance(event, Failure):
                await self._wait(due)
                return await self.fail(event.error)
            if isinstance(event, Hangup):
                hangup = event
                break
            answer.add(event)
        await self._wait(due)
        if hangup is not None and hangup.how != "truncate":
            return await self._hang_up(hangup)
        completion, parts, size = answer.completion(), list[bytes](), 0
        for part in self._encoded(completion, request):
            if self._turns.over:
                await self._end_turn()
            parts.append(part)
            size += len(part)
        await self._start(200, [JSON, (b"content-length", b"%d" % size)])
        if hangup is not None:
            await self._body(b"".join(parts)[: size // 2], more=True)
            return await self._hang_up(hangup)
        self.sent.used = answer.usage
        if size > MAX_RESPONSE and completion.choices and not self._plan.frame_faults:
            self.sent.said = completion.choices[0]
        return await self._complete(parts if self._plan.frame_faults else _joined(parts, size))

    def _encoded(self, completion: Completion, request: InferenceRequest) -> Iterable[bytes]:
        """The body of an answer in parts. Frame faults change it as one frame."""
        parts = self._dialect.parts(completion, request)
        if not self._plan.frame_faults:
            return parts
        frames = iter([b"".join(parts)])
        for fault in self._plan.frame_faults:
            frames = fault(frames, self._dialect.marks)
        return frames

    # ------------------------------------------------------------------------------------------ a stream

    async def _stream(self, steps: Iterator[Step], request: InferenceRequest) -> None:
        first = next(steps)
        await self._wait(self._begin + first.delay)
        encoder = self._dialect.encoder(request, self._plan.request_id)
        faults, marks = self._plan.frame_faults, self._dialect.marks
        frames = TimedFrames(chain((first,), steps), encoder, faults, marks, self._clock, self._begin, self._turns)
        first_frames = await frames.due_now()
        if frames.over and not isinstance(frames.last, Hangup):
            await self._start(200, _STREAM)
            self._note(frames)
            await self._body(first_frames)
        else:
            self.sent.status = 200
            from emulator.wire.event_source import EventSource  # noqa: PLC0415 (only paced streams need the library)

            response = EventSource(self._paced(frames, first_frames), ping=0, sep="\n")
            response.raw_headers = self._headers(_STREAM)
            self._unwatch()  # the event source watches the client itself
            await response(self._scope, self._receive, self._send)

    async def _paced(self, frames: TimedFrames, first_frames: bytes) -> AsyncIterator[bytes]:
        """Yield frames when they are due, and a keep-alive in every long pause.

        The answer is noted and charged before its last frames are sent: their reader may send a new request at once.
        """
        part = first_frames
        try:
            while not frames.over:
                yield part
                if self._turns.over:
                    await self._turns.end()
                silence = self._clock.now() + self._keep_alive
                await self._clock.sleep_until(min(frames.due, silence))
                part = await frames.due_now() if self._clock.now() >= frames.due else self._dialect.keep_alive
        finally:
            self._note(frames)
            if self._plan.end is not None:
                await self._plan.end(self.sent.used)
        yield part
        if isinstance(frames.last, Hangup):
            await self._hang_up(frames.last)

    def _note(self, frames: TimedFrames) -> None:
        self.sent.used = frames.used
        match frames.last if frames.over else None:
            case End() | Verbatim():
                self._end("completed")
            case Failure(error):
                self._end("failed", error)

    def _end(self, outcome: Outcome, error: ApiError | None = None) -> None:
        self.sent.end(self._clock.now(), outcome, error)

    # ------------------------------------------------------------------------------------------ sending and waiting

    def _headers(self, usual: Headers) -> Headers:
        ids = self._dialect.surface.id_headers(self._plan.inference_id, self._plan.request_id)
        return answer_headers(usual, ids, self._clock.now(), self._plan.headers)

    async def _start(self, status: int, headers: Headers) -> None:
        self.sent.status = status
        await self._send({"type": "http.response.start", "status": status, "headers": self._headers(headers)})

    async def _body(self, body: bytes, *, more: bool = False) -> None:
        await self._send({"type": "http.response.body", "body": body, "more_body": more})

    async def _complete(self, parts: Sequence[bytes]) -> None:
        """Send a whole body. The answer is noted as complete before its last part is sent, as in `_paced`."""
        for part in parts[:-1]:
            await self._body(part, more=True)
            if self._turns.over:
                await self._end_turn()
        self._end("completed")
        await self._body(parts[-1] if parts else b"")

    async def _queue(self, place: QueuePlace) -> None:
        """Wait for a slot, after which the answer begins. Raises `Rejected` if none is free in time."""
        await self._wait(place.deadline, place.on_slot)
        await place.claim()
        self._begin = self.sent.begun = self._clock.now()

    async def _wait(self, deadline: float, on_slot: Callable[[Callable[[], None]], None] | None = None) -> None:
        """Wait until a deadline or for a slot. Raises `_ClientLeft` if the client disconnects."""
        if self._clock.now() >= deadline:
            return
        waiting = [asyncio.current_task()]

        def interrupt() -> None:
            if waiting and (task := waiting.pop()) is not None:
                task.cancel()

        def left(task: asyncio.Task[None]) -> None:
            if not task.cancelled():
                interrupt()

        leaving = self._watch()
        leaving.add_done_callback(left)
        if on_slot is not None:
            on_slot(interrupt)
        try:
            await self._clock.sleep_until(deadline)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if waiting or task is None or task.uncancel() > 0:
                raise
            if leaving.done():
                raise _ClientLeft from None
        finally:
            waiting.clear()
            leaving.remove_done_callback(left)

    async def _end_turn(self) -> None:
        """Let all other tasks run. Raises `_ClientLeft` if the client has disconnected."""
        leaving = self._watch()
        await self._turns.end()
        if leaving.done():
            raise _ClientLeft

    def _watch(self) -> asyncio.Task[None]:
        """The task that ends when the client disconnects. Answers that neither wait nor take long have none."""
        if self._leaving is None:
            self._leaving = asyncio.ensure_future(self._until_left())
        return self._leaving

    def _unwatch(self) -> None:
        if self._leaving is not None:
            self._leaving.cancel()
            self._leaving = None

    async def _until_left(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def _hang_up(self, hangup: Hangup) -> None:
        """End the connection; a `end` after the 200 ends the body in order, but too early."""
        self._end("hung up")
        if hangup.how == "end" and self.sent.status:
            return
        transport = self._scope.get("state", {}).get("transport")
        if transport is None:
            raise HungUp(f"the scenario hangs up here ({hangup.how})")
        disconnect(transport, reset=hangup.how == "reset")
        await self._until_left()


def _joined(parts: list[bytes], size: int) -> list[bytes]:
    """Join the parts of a body to pieces. A short body is one piece."""
    if size <= PIECE:
        return [b"".join(parts)]
    pieces, held, size = list[bytes](), list[bytes](), 0
    for part in parts:
        held.append(part)
        size += len(part)
        if size >= PIECE:
            pieces.append(b"".join(held))
            held, size = [], 0
    return [*pieces, b"".join(held)] if held else pieces


def disconnect(transport: Any, *, reset: bool) -> None:
    """Close a connection, or reset it (TCP RST). One that is already closing has no socket to set options on."""
    if reset and not transport.is_closing():
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    else:
        transport.close()
