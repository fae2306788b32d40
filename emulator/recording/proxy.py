"""The recording proxy: an ASGI app that forwards every inference, relays the answer as it arrives, and records it."""

import itertools
import logging
from pathlib import Path
from typing import Literal, TypeAlias

import httpx
from starlette.types import Message, Receive, Scope, Send

from emulator.account.keys import key_of
from emulator.account.secrets import secrets_of, starred, starred_in, without
from emulator.core.catalog import Catalog
from emulator.core.clock import VirtualClock
from emulator.core.errors import ApiError, Rejected
from emulator.core.fields import decode
from emulator.core.printable import one_line
from emulator.core.vocabulary import InferenceRequest
from emulator.dialects import Dialect
from emulator.engine import make_engine
from emulator.recording.answers import read
from emulator.recording.book import Book, BookError
from emulator.recording.passage import Passage
from emulator.recording.playing import DIALECTS, SETTINGS, alike, play, same
from emulator.recording.replies import ReplyMapping, candidates
from emulator.recording.seen import Exchange
from emulator.recording.upstream import Upstream, UpstreamError, target_of
from emulator.scenario.library import Library
from emulator.scenario.reading.mistakes import ScenarioError
from emulator.scenario.writing import Unwritable
from emulator.web.app import create_app
from emulator.wire.errors import ErrorResponse
from emulator.wire.receive import UploadCut, headers_of, read_body

Mode: TypeAlias = Literal["record", "replay", "record-missing"]

log = logging.getLogger("emulator")


def recording_proxy(
    upstream: str | None,
    out: Path,
    mode: Mode = "record",
    *,
    exact: bool = True,
    clock: VirtualClock | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
) -> "RecordingProxy":
    """Return a proxy to an upstream's URL that records to the scenario file `out`, or replays it.

    `record` always asks the upstream, `replay` never does, and `record-missing` does so for requests that the file
    did not answer when the proxy was created. An `exact` recording replays the same frames, byte for byte except for
    ids and times; any other has the same content in the emulator's own chunks and fields, and is easier to read.
    `clock` measures how long answers take (default: real time), and `transport` sends the requests (default: HTTP).

    Raises UpstreamError for an invalid URL, ScenarioError for a file with mistakes, and BookError if the file to replay
    does not exist.
    """
    clock = VirtualClock() if clock is None else clock
    catalog = Catalog.load()
    if mode == "replay":
        if not out.exists():
            raise BookError(f"there is no {out} to replay: record it first")
        return RecordingProxy(None, Book(out, catalog), mode, catalog, clock, exact=exact)
    asked = Upstream(upstream or "", transport)
    return RecordingProxy(asked, Book(out, catalog, f"Recorded from {asked.url}"), mode, catalog, clock, exact=exact)


class RecordingProxy:
    """The ASGI app of a recording; `book` is its scenario, and `recorded` and `left_out` count inferences.

    `engine` answers what the upstream does not.

    Under /v1 and /anthropic the upstream or the file answers; everything else is answered by the emulator, such as
    /_emulator/health. Only inferences are recorded, because scenarios cannot describe anything else.
    """

    def __init__(
        self, upstream: Upstream | None, book: Book, mode: Mode, catalog: Catalog, clock: VirtualClock, *, exact: bool
    ) -> None:
        library, scenario = Library(catalog, []), None
        if mode != "record" and book.path.exists():
            scenario = library.put(book.name, book.text()).scenario.name
        self.book = book
        self.recorded = 0
        self.left_out = 0
        self.engine = make_engine(SETTINGS, catalog, clock, library, scenario)
        self._own = create_app(self.engine)
        self._upstream = upstream
        self._mode = mode
        self._catalog = catalog
        self._clock = clock
        self._good = same if exact else alike
        self._numbers = itertools.count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or not DIALECTS.include(scope["path"]):
            return await self._own(scope, receive, send)
        try:
            body = await read_body(headers_of(scope), receive, SETTINGS.max_body_bytes)
        except UploadCut:
            return None
        except Rejected as rejected:
            return await self._own({**scope, "type": "refused", "error": rejected.error}, receive, send)
        written = starred(body, secrets_of(headers_of(scope).items()))  # as the file has it and rules match it
        asked = _asked(scope, written)
        if self._upstream is None or (asked is not None and self._mode == "record-missing" and self._has(asked)):
            return await self._own(_unpacked(scope), _again(written, receive), send)
        number = next(self._numbers)
        passage = Passage(self._upstream, self._clock, scope, receive, send)
        try:
            stayed = await passage.relay(body)
        except UpstreamError as error:
            self._leave_out(scope, asked, str(error))
            refusal = await self._refused(scope, str(error))
            return await refusal(scope, receive, send)
        try:
            await self._note(scope, asked, passage, number, stayed=stayed)
        except Exception:  # a failed recording does not affect the client's answer
            log.exception("The recording proxy itself failed")
            self._leave_out(scope, asked, "please report it with the log's traceback")
        return await passage.finish() if stayed else None

    async def _refused(self, scope: Scope, why: str) -> ErrorResponse:
        """A 502 from the recording proxy itself, which is never recorded."""
        error = ApiError("internal", f"The recording proxy {why}", status=502)
        ids = await self.engine.ids("", target_of(scope))
        return ErrorResponse(error, DIALECTS.surface(scope["path"]), ids, self._clock.now())

    def _has(self, asked: InferenceRequest) -> bool:
        """Whether the file answers. Conversations begun in this session go upstream, so that retries progress."""
        return not self.book.began(asked) and self.book.answers(asked)

    async def _note(
        self, scope: Scope, asked: InferenceRequest | None, passage: Passage, number: int, *, stayed: bool
    ) -> None:
        """Record the outcome of a request, or log why it is left out."""
        if asked is None:
            if _dialect_of(scope) is None:
                return log.info(
                    "passed on %s %s: %s", scope["method"], _shown(scope["path"]), passage.status or "no answer"
                )
            return self._leave_out(scope, asked, "the emulator refuses such a request by itself")
        exchange = passage.exchange(asked)
        if not stayed and not read(exchange).ended:
            return self._leave_out(scope, asked, "the client left before the answer was complete")
        reply = await self._reply(exchange)
        if reply is None:
            return self._leave_out(scope, asked, "a scenario cannot say this answer")
        reply = starred_in(reply, passage.secrets())  # a secret may be spread over several frames
        try:
            name = self.book.add(asked, reply, number, reply.get("model"))
        except BookError as error:
            return self._leave_out(scope, asked, str(error))
        self.recorded += 1
        return log.info("recorded %s of %s", _kind(reply), name)

    async def _reply(self, exchange: Exchange) -> ReplyMapping | None:
        """The most readable reply that reproduces the exchange when the emulator plays it."""
        for reply in candidates(exchange):
            try:
                scenario = self.book.single(exchange.request, reply, reply.get("model"))
                played = await play(scenario, exchange.request, self._catalog)
            except (ScenarioError, Unwritable):
                continue
            if self._good(exchange, played):
                return reply
        return None

    def _leave_out(self, scope: Scope, asked: InferenceRequest | None, why: str) -> None:
        self.left_out += 1
        model = f" ({_shown(asked.model)})" if asked else ""
        log.warning("not recorded: %s%s: %s", _shown(scope["path"]), model, _shown(why))


def _shown(text: str) -> str:
    """What a client sent, for the log."""
    return one_line(without(text))


def _dialect_of(scope: Scope) -> Dialect | None:
    """The dialect of an inference; None for any other request."""
    return DIALECTS.by_path.get(scope["path"].rstrip("/")) if scope["method"] == "POST" else None


def _asked(scope: Scope, body: bytes) -> InferenceRequest | None:
    """The requested inference; None for any other request, and for one that the emulator rejects on parsing."""
    dialect, headers = _dialect_of(scope), headers_of(scope)
    if dialect is None:
        return None
    try:
        key = key_of(headers, SETTINGS.auth, x_api_key=dialect.surface.x_api_key)
        return dialect.parse(decode(body), headers, key)
    except Rejected:
        return None


def _unpacked(scope: Scope) -> Scope:
    """The scope of a request whose body was read, and so has no content coding any more."""
    headers = [header for header in scope["headers"] if header[0] != b"content-encoding"]
    return {**scope, "headers": headers}


def _again(body: bytes, receive: Receive) -> Receive:
    """A `receive` that returns a body that was already read."""
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def received() -> Message:
        return messages.pop() if messages else await receive()

    return received


def _kind(reply: ReplyMapping) -> str:
    """The kind of a reply, for the log."""
    return next(
        (kind for kind in ("error", "raw", "frames", "text", "tool_calls", "choices") if kind in reply), "hangup"
    )
