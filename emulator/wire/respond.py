"""Playing a plan: all waiting and sending happens here.

Frames that are due are joined to pieces, because sends are nearly the whole cost of a stream; a paced stream still
sends each event when it is due. Deadlines are absolute, so a late send does not delay the next.

An answer is made while it is sent. Whatever its length, all other tasks have a turn every few milliseconds, a client
that reads slowly holds it up, and every wait and all work ends when the client disconnects.
"""

import socket
import struct
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

import msgspec
from starlette.types import Receive, Scope, Send

from emulator.core.clock import Clock
from emulator.core.errors import ApiError, Rejected
from emulator.core.fold import Completion, Fold
from emulator.core.plan import Plan, QueuePlace
from emulator.core.ready import ReadySteps
from emulator.core.vocabulary import End, Failure, Hangup, InferenceRequest, Raw, Step, Usage, Verbatim
from emulator.dialects import Dialect
from emulator.inferences.live_record import MAX_RESPONSE, Outcome, Sent, now_for
from emulator.wire.client import Client, ClientLeft
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


class Player:
    """Plays one plan to one client; `sent` has the outcome, even if playing was cut short.

    The delays of the plan count from `begin`, when the request had arrived; by default from now.
    """

    __slots__ = (
        "_begin",
        "_client",
        "_clock",
        "_dialect",
        "_keep_alive",
        "_plan",
        "_receive",
        "_scope",
        "_send",
        "_shifted",
        "sent",
    )

    def __init__(
        self,
        plan: Plan,
        dialect: Dialect,
        clock: Clock,
        keep_alive: float,
        scope: Scope,
        receive: Receive,
        send: Send,
        begin: float | None = None,
    ) -> None:
        self._plan = plan
        self._dialect = dialect
        self._clock = clock
        self._keep_alive = keep_alive
        self._scope = scope
        self._receive = receive
        self._send = send
        self._begin = clock.now() if begin is None else begin
        self._shifted = clock.shifted
        self._client = Client(scope, receive, clock)
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
            if isinstance(first.event, Failure | Hangup | Raw):
                await self._client.wait(self._begin + first.delay)
                await self._instead(first.event)
            elif request is None or request.stream or isinstance(first.event, Verbatim):
                streaming = self._stream(first, steps, request or InferenceRequest(self._dialect.endpoint, ""))
                del request  # or a slow stream would keep it
                await streaming
            else:
                await self._whole(chain((first,), steps), request)
        except ClientLeft:
            return None
        except Rejected as rejected:
            await self.fail(rejected.error)
        finally:
            self._client.unwatch()

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
        await self._settle()
        await response(self._scope, self._receive, self._send)

    # ------------------------------------------------------------------------------------------ a ready answer

    async def _ready_body(self, steps: ReadySteps, request: InferenceRequest) -> None:
        body = self._dialect.ready_body(steps, request)
        await self._charge(steps.usage)
        await self._start(200, [JSON, (b"content-length", b"%d" % len(body))])
        self.sent.used = steps.usage
        self._end("completed")
        await self._body(body)

    async def _ready_stream(self, steps: ReadySteps, request: InferenceRequest) -> None:
        encoder = self._dialect.encoder(request, self._plan.request_id)
        start = encoder.frames(steps.start)
        ready = encoder.ready_frames(steps.events)
        await self._charge(steps.usage)
        await self._start(200, _STREAM)
        self.sent.used = steps.usage
        self._end("completed")
        await self._body(b"".join((*start, ready, *encoder.frames(End(steps.usage)))))

    # ------------------------------------------------------------------------------------------ a whole body

    async def _whole(self, steps: Iterable[Step], request: InferenceRequest) -> None:
        answer, due, hangup = Fold(), self._begin, None
        for step in steps:
            if self._client.turns.over:
                await self._client.end_turn()
            due += step.delay
            event = step.event
            if isinstance(event, Failure):
                await self._client.wait(due + self._client.shift())
                return await self.fail(event.error)
            if isinstance(event, Hangup):
                hangup = event
                break
            answer.add(event)
        await self._client.wait(due + self._client.shift())
        if hangup is not None and hangup.how != "truncate":
            return await self._hang_up(hangup)
        completion, parts, size = answer.completion(), list[bytes](), 0
        for part in self._encoded(completion, request):
            if self._client.turns.over:
                await self._client.end_turn()
            parts.append(part)
            size += len(part)
        if hangup is None:
            await self._charge(answer.usage)
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

    async def _stream(self, first: Step, steps: Iterable[Step], request: InferenceRequest) -> None:
        await self._client.wait(self._begin + first.delay)
        self._begin += self._client.shift()
        encoder = self._dialect.encoder(request, self._plan.request_id)
        del request
        faults, marks = self._plan.frame_faults, self._dialect.marks
        steps = chain((first,), steps)
        clock, turns = self._clock, self._client.turns
        frames = TimedFrames(steps, encoder, faults, marks, self._begin, turns, self._client.end_turn)
        part = await frames.due_until(max(clock.now(), self._begin + first.delay))
        await self._start(200, _STREAM)
        if self._plan.meter is not None:
            self._plan.meter(lambda: frames.used, self._cut)
        try:
            while not frames.over:
                await self._send({"type": "http.response.body", "body": part, "more_body": True})
                frames.due += self._client.shift()
                now = clock.now()
                until = min(frames.due, now + self._keep_alive)
                is_due = until == frames.due
                if now < until:
                    await self._client.sleep(until)
                elif turns.over:
                    await self._client.end_turn()
                frames.due += self._client.shift()
                now = max(clock.now(), frames.due) if is_due else clock.now()  # sums of times are rounded
                part = await frames.due_until(now) if now >= frames.due else self._dialect.keep_alive
        finally:
            self._note(frames)
            await self._settle()
        if isinstance(frames.last, Hangup):
            await self._body(part, more=True)
            await self._hang_up(frames.last)
            part = b""
        await self._body(part)

    def _note(self, frames: TimedFrames) -> None:
        self.sent.used = frames.used
        match frames.last if frames.over else None:
            case End() | Verbatim():
                self._end("completed")
            case Failure(error):
                self._end("failed", error)

    def _end(self, outcome: Outcome, error: ApiError | None = None) -> None:
        self.sent.end(now_for(self._clock, self._shifted), outcome, error)

    async def _charge(self, used: Usage | None) -> None:
        """Charge a whole answer before its first bytes are sent. Raises `Rejected` if it cannot be."""
        if self._plan.end is not None:
            await self._plan.end(used, owed=False)

    async def _settle(self) -> None:
        """Charge what was sent and free what is held, before the last bytes are sent: their reader may ask again."""
        if self._plan.end is not None:
            await self._plan.end(self.sent.used)

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
        """Send a whole body. The answer is noted as complete before its last part is sent, as in `_stream`."""
        for part in parts[:-1]:
            await self._body(part, more=True)
            if self._client.turns.over:
                await self._client.end_turn()
        self._end("completed")
        await self._settle()
        await self._body(parts[-1] if parts else b"")

    async def _queue(self, place: QueuePlace) -> None:
        """Wait for a slot, after which the answer begins. Raises `Rejected` if none is free in time."""
        while True:
            await self._client.wait(place.deadline, place.on_slot)
            if (headers := await place.claim()) is not None:
                break
        if headers:
            self._plan = msgspec.structs.replace(self._plan, headers=(*self._plan.headers, *headers))
        self._begin, self.sent.begun = self._clock.now(), now_for(self._clock, self._shifted)
        self._client.shift()

    def _cut(self, error: ApiError) -> None:
        """End the connection at once, as a process that dies does, because of this error."""
        transport = self._scope.get("state", {}).get("transport")
        if transport is not None:
            self._end("failed", error)
            transport.abort()

    async def _hang_up(self, hangup: Hangup) -> None:
        """End the connection; a `end` after the 200 ends the body in order, but too early."""
        self._end("hung up")
        await self._settle()
        if hangup.how == "end" and self.sent.status:
            return
        transport = self._scope.get("state", {}).get("transport")
        if transport is None:
            raise HungUp(f"the scenario hangs up here ({hangup.how})")
        disconnect(transport, reset=hangup.how == "reset")
        await self._client.until_left()


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
