"""One connection: uvicorn's HTTP/1.1 protocol, with bounds on what a client sends until its request is complete.

Parsing, answering and pipelining are uvicorn's. What it does not bound is bounded here: the size and the duration of a
head, the framing and the duration of a body, the requests sent ahead, and the connections if file descriptors run out.
A request that is refused before the app has seen it reaches the app in a scope of the type "refused", since only the
app knows how errors look on the path.

Durations are in real seconds, because a socket lives in real time: the emulator's clock does not change them.
"""

import asyncio
import logging
import math
from functools import lru_cache, partial
from typing import Any, NamedTuple, cast
from urllib.parse import unquote

import httptools
from uvicorn.server import ServerState

from emulator.core.clock import real_time
from emulator.core.errors import ApiError, Rejected
from emulator.wire import descriptors, refusals
from emulator.wire.cycle import Cycle
from emulator.wire.offers import OfferIgnoringProtocol
from emulator.wire.refusals import MAX_AHEAD, MAX_HEAD, MAX_HEADERS, MAX_URL
from emulator.wire.starts import Starts
from emulator.wire.transport import Flow, Phase, Signal, Transport

_CHUNK = 256
"""Bytes of framing that each part of a body may have, beside those of `MAX_HEAD`."""
_LINGER = 2.0
_WARNING = 60.0  # seconds between two warnings of the same
_MAX_DISCARDED = 256 * 1024 * 1024
_NO_ANSWER = 0.5
"""The part of the reserve of descriptors below which a connection is closed, since it may keep even a refusal open."""

log = logging.getLogger("emulator")


class Deadlines(NamedTuple):
    """The seconds that a client has for the head of a request, for its body, and between two requests."""

    head: float = 10.0
    body: float = 60.0
    idle: float = 75.0


class State(ServerState):
    """uvicorn's state of a server, with the order of its answers.

    `warned` is the time of the last warning that few descriptors are left.
    """

    warned = -math.inf

    def __init__(self) -> None:
        super().__init__()
        self.starts = Starts()


class TransportProtocol(OfferIgnoringProtocol):
    """uvicorn's protocol, which an app finds as scope["state"]["connection"], and the transport as "transport".

    `phase` is what the connection is reading, and `since` when that began, in the loop's seconds.
    """

    __slots__ = ("_answering", "_crowded", "_framing", "_lost", "_received", "phase", "since")  # or the dict gets large

    server_state: State
    cycle: Cycle
    url = b""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.pipeline: list[tuple[Cycle, Any]] = []  # type: ignore[assignment] # a deque takes 700 bytes
        self.phase: Phase = "idle"
        self.since = 0.0
        self._framing = 0
        """Bytes that came since the last complete head or message, without those of bodies."""
        self._received = 0
        """Bytes that came at once, of which a part may belong to the message before."""
        self._crowded = False
        self._answering: Cycle | None = None
        self._lost: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # uvicorn narrows it so
        """Store the transport for all requests of this connection."""
        self.app_state = {**self.app_state, "transport": transport, "connection": self}
        self.since = self.loop.time()
        super().connection_made(Transport(transport, self))  # type: ignore[arg-type]
        self.flow = Flow(self.transport)
        left = descriptors.reserve_left(transport.get_extra_info("socket").fileno(), len(self.connections))
        if left < 1:
            self._make_room(left)

    def _make_room(self, left: float) -> None:
        """Close the connection that has been without a request for the longest, or refuse what comes on this one.

        `left` is the part of the reserve of descriptors that is left.
        """
        if self.since - self.server_state.warned > _WARNING:
            self.server_state.warned = self.since
            log.warning("%s", descriptors.warning())
        unused = (each for each in self.connections if isinstance(each, TransportProtocol) and each.unused)
        others = (each for each in unused if each is not self and not each.has_unread)
        longest = min(others, key=lambda each: (each.phase == "closing", each.since), default=None)
        self._crowded = longest is None or longest.phase == "closing"
        if longest is not None:
            longest.drop()
        elif left < _NO_ANSWER:
            self.drop()

    def connection_lost(self, exc: Exception | None) -> None:
        """End the answer that is being sent, which is not that of `cycle` if the client has sent requests ahead."""
        if self._answering is not None:
            self._answering.disconnected = True
            self._answering.message_event.set()
        super().connection_lost(exc)
        if self._lost is not None:
            self._lost.set_result(None)

    @property
    def lost(self) -> asyncio.Future[None]:
        """What is done once the connection is lost. Nobody may cancel it."""
        if self._lost is None:
            self._lost = self.loop.create_future()
            if self not in self.connections:
                self._lost.set_result(None)
        return self._lost

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        self._answering = cycle
        self.transport.hold_next()  # type: ignore[attr-defined]  # it is a `Transport`
        self.server_state.starts.add(partial(super()._start_asgi_task, cycle, app), self.loop)

    # ------------------------------------------------------------------------------------------ reading

    def data_received(self, data: bytes) -> None:
        """Parse what came, within the bounds. What comes after a refusal is discarded."""
        self._received = len(data)
        self._framing += self._received
        if self.phase in ("closing", "closed"):
            if self._framing > _MAX_DISCARDED:
                self.drop()
            return
        error: ApiError | None = None
        try:
            self.parse(data)
            if self.phase != "idle" or self._framing > MAX_HEAD:
                error = self._excess(self._framing)
        except httptools.HttpParserError as invalid:
            if isinstance(invalid.__context__, Rejected):
                error = invalid.__context__.error
            else:
                error = refusals.unparsed(invalid, self.parser.get_method(), data)
        if error is not None:
            self.refuse(error)

    def on_message_begin(self) -> None:
        """A request begins: from now on its head is awaited."""
        self.phase, self.since = "head", self.loop.time()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Begin to answer. Raises `Rejected` for a head that is too large, and for one that cannot be answered."""
        if self.is_offer():
            return
        if (
            self._framing + self._received > MAX_URL
            or len(self.headers) > MAX_HEADERS
            or self.pipeline
            or self._crowded
        ):
            size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
            if error := self._excess(size) or self._overload():
                raise Rejected(error)
        self._begin()
        self.phase, self.since, self._framing = "body", self.loop.time(), 0

    def _begin(self) -> None:
        """Let the app answer the request whose head is complete, after those before it."""
        version, scope = self.parser.get_http_version(), cast(Any, self.scope)
        path, raw_path, query = _target(self.url)
        if version != "1.1":
            self._check_version(version)
        scope["method"] = self.parser.get_method().decode("ascii")
        scope["http_version"] = version
        scope["path"] = self.root_path + path
        scope["raw_path"] = self.root_path.encode("ascii") + raw_path
        scope["query_string"] = query
        cycle = self._cycle(scope, keep_alive=self.parser.should_keep_alive())
        if version == "1.0":
            cycle.answer_1_0()
        self._answer_in_order(cycle)
        if self.pipeline:
            self.flow.pause_reading()

    def _check_version(self, version: str) -> None:
        """Raise `Rejected` for another version than 1.0, and for framing that it does not have."""
        if version != "1.0":
            raise Rejected(refusals.invalid(f"its version is HTTP/{version}"))
        if any(name == b"transfer-encoding" for name, _ in self.headers):
            raise Rejected(refusals.invalid("HTTP/1.0 has no Transfer-Encoding"))

    def on_body(self, body: bytes) -> None:
        """Take a part of a body, which leaves its framing."""
        self._framing = max(0, self._framing - len(body) - _CHUNK)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """A request is complete, unless it will be parsed again."""
        if self.phase == "head":
            return
        super().on_message_complete()
        self.phase, self._framing = "idle", 0
        cast(Any, self.scope)["state"]["arrived"] = real_time()

    def on_response_complete(self) -> None:
        """Go on with the next request. Idle connections end in `expire`, so none needs a timer as uvicorn has it."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            cycle, app = self.pipeline.pop(0)
            cycle.scope["state"].pop("arrived", None)  # it has its turn only now
            self._start_asgi_task(cycle, app)
        elif self.phase == "idle":
            self.since = self.loop.time()

    def _excess(self, size: int) -> ApiError | None:
        """The error for a head of which so many bytes have come; framing and trailers of a body count as a head."""
        if len(self.url) > MAX_URL and self.phase == "head":
            return refusals.long_url(len(self.url))
        if size > MAX_HEAD:
            return refusals.large_framing(size) if self.phase == "body" else refusals.large_head(size)
        if self.headers is not None and len(self.headers) > MAX_HEADERS:
            return refusals.many_headers(len(self.headers))
        return None

    def _overload(self) -> ApiError | None:
        if len(self.pipeline) >= MAX_AHEAD:
            return refusals.many_ahead()
        return descriptors.exhausted() if self._crowded else None

    # ------------------------------------------------------------------------------------------ refusing and closing

    def refuse(self, error: ApiError) -> None:
        """Answer the request that is being read with an error, after those before it; read no further and close."""
        log.info("refused a request: %s", error.message)
        reading, self.phase, self.since = self.phase, "closing", self.loop.time()
        self._framing = 0
        if reading != "body":
            self._answer(error)
        elif self.cycle.response_started:
            self.transport.close()
        else:
            self.cycle.refusal, self.cycle.keep_alive = error, False
            self.cycle.message_event.set()

    def _answer(self, error: ApiError) -> None:
        """Let the app write an error, as the answer to a request whose head is not complete or not acceptable."""
        url = self.url or b"/"
        scope: Any = {
            "type": "refused",
            "error": error,
            "method": "GET",
            "path": url.partition(b"?")[0].decode("latin-1"),
            "headers": [],
            "state": self.app_state,
        }
        self._answer_in_order(self._cycle(scope, keep_alive=False))

    def _cycle(self, scope: Any, *, keep_alive: bool) -> Cycle:
        return Cycle(
            scope,
            self.transport,
            self.flow,
            self.logger,
            self.access_logger,
            access_log=False,
            default_headers=self.server_state.default_headers,
            message_event=Signal(),
            expect_100_continue=self.expect_100_continue,
            keep_alive=keep_alive,
            on_response=self.on_response_complete,
        )

    def _answer_in_order(self, cycle: Cycle) -> None:
        """Answer a request at once, or after those before it."""
        before, self.cycle = self.cycle, cycle
        if before is None or before.response_complete:
            self._start_asgi_task(cycle, self.app)
        else:
            self.pipeline.append((cycle, self.app))

    def expire(self, now: float, deadlines: Deadlines) -> None:
        """End what has been awaited for too long. Time in which the emulator itself does not read is not counted."""
        elapsed = now - self.since
        if self.flow.read_paused or self.pipeline:
            self.since = now
        elif self.phase == "closing":
            if elapsed > _LINGER and self.transport.is_closing():
                self.drop()
        elif self.phase == "head" and elapsed > deadlines.head:
            self.refuse(refusals.late("The head of the request was", deadlines.head, "head_timeout"))
        elif self.phase == "body" and elapsed > deadlines.body:
            self.refuse(refusals.late("The body of the request was", deadlines.body, "body_timeout"))
        elif self.phase == "idle" and self.unused and elapsed > (deadlines.idle if self.cycle else deadlines.head):
            self.transport.close()

    @property
    def unused(self) -> bool:
        """Whether no request of this connection is complete or being answered."""
        return self.phase not in ("body", "closed") and (self.cycle is None or self.cycle.response_complete)

    @property
    def has_unread(self) -> bool:
        """Whether a request may have come that was not read yet: connections are accepted several at a time."""
        number = self.transport.get_extra_info("socket").fileno()
        return number >= 0 and descriptors.has_unread(number)

    def drop(self) -> None:
        """Close the connection at once."""
        self.phase = "closed"
        self.transport.abort()


@lru_cache(maxsize=64)
def _target(url: bytes) -> tuple[str, bytes, bytes]:
    """The path of a URL, decoded and as it came, and its query. Raises HttpParserInvalidURLError."""
    parsed = httptools.parse_url(url)
    path = parsed.path.decode("ascii")
    return (unquote(path) if "%" in path else path), parsed.path, parsed.query or b""
