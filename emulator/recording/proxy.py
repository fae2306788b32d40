"""The recording proxy: an ASGI app that sends every inference on, passes the answer back as it comes, and writes it."""

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
from emulator.wire.receive import headers_of

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
    """The proxy to an upstream's URL, which writes the scenario `out`, or plays it.

    `record` asks the upstream always, `replay` never, and `record-missing` for what the file did not answer when the
    proxy was made. An `exact` recording plays the same frames, byte for byte but for ids and times; one that is not
    says the same in the emulator's own pieces and fields, and reads better. `clock` measures how long answers take
    (real time unless one is given), and `transport` carries the requests (HTTP unless one is given).

    Raises UpstreamError for a bad URL, ScenarioError for a file with mistakes, and BookError for one that is not there
    to be replayed.
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
    """The ASGI app of a recording; `book` is what it writes, and `recorded` and `left_out` count the inferences.

    Under /v1 and /anthropic the upstream answers, or the file; all else is the emulator's own, such as
    /_emulator/health. Only inferences are written: for nothing else there are scenarios.
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
        self._engine = make_engine(SETTINGS, catalog, clock, library, scenario)
        self._own = create_app(self._engine)
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
        body = await _body(receive)
        if body is None:
            return None
        written = starred(body, secrets_of(headers_of(scope).items()))  # as the file has it, and is to be matched
        asked = _asked(scope, written)
        if self._upstream is None or (asked is not None and self._mode == "record-missing" and self._has(asked)):
            return await self._own(scope, _again(written, receive), send)
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
        except Exception:  # the client's answer does not depend on its being written
            log.exception("The recording proxy itself failed")
            self._leave_out(scope, asked, "please report it with the log's traceback")
        return await passage.finish() if stayed else None

    async def _refused(self, scope: Scope, why: str) -> ErrorResponse:
        """A 502 of the recording proxy's own, which is never written."""
        error = ApiError("internal", f"The recording proxy {why}", status=502)
        ids = await self._engine.ids("", target_of(scope))
        return ErrorResponse(error, DIALECTS.surface(scope["path"]), ids, self._clock.now())

    def _has(self, asked: InferenceRequest) -> bool:
        """Whether the file answers. What began in this session goes on with the upstream: a retry is to get further."""
        return not self.book.began(asked) and self.book.answers(asked)

    async def _note(
        self, scope: Scope, asked: InferenceRequest | None, passage: Passage, number: int, *, stayed: bool
    ) -> None:
        """Write what came of a request, or say why not."""
        if asked is None:
            if _dialect_of(scope) is None:
                return log.info(
                    "passed on %s %s: %s", scope["method"], without(scope["path"]), passage.status or "no answer"
                )
            return self._leave_out(scope, asked, "the emulator refuses such a request by itself")
        exchange = passage.exchange(asked)
        if not stayed and not read(exchange).ended:
            return self._leave_out(scope, asked, "the client left before the answer was complete")
        reply = await self._reply(exchange)
        if reply is None:
            return self._leave_out(scope, asked, "a scenario cannot say this answer")
        reply = starred_in(reply, passage.secrets())  # a stream may tell a secret piece by piece
        try:
            name = self.book.add(asked, reply, number, reply.get("model"))
        except BookError as error:
            return self._leave_out(scope, asked, str(error))
        self.recorded += 1
        return log.info("recorded %s of %s", _kind(reply), name)

    async def _reply(self, exchange: Exchange) -> ReplyMapping | None:
        """The most readable reply that the emulator plays as the exchange was seen."""
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
        log.warning("not recorded: %s%s: %s", without(scope["path"]), f" ({asked.model})" if asked else "", why)


def _dialect_of(scope: Scope) -> Dialect | None:
    """The dialect of an inference; None for any other request."""
    return DIALECTS.by_path.get(scope["path"].rstrip("/")) if scope["method"] == "POST" else None


def _asked(scope: Scope, body: bytes) -> InferenceRequest | None:
    """The inference that is asked for; None for any other request, and for one that the emulator refuses unseen."""
    dialect, headers = _dialect_of(scope), headers_of(scope)
    if dialect is None:
        return None
    try:
        key = key_of(headers, SETTINGS.auth, x_api_key=dialect.surface.x_api_key)
        return dialect.parse(decode(body), headers, key)
    except Rejected:
        return None


async def _body(receive: Receive) -> bytes | None:
    """The body of a request, whatever its size: the upstream is the judge. None if the client leaves before its end."""
    read, more = bytearray(), True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        read += message.get("body", b"")
        more = message.get("more_body", False)
    return bytes(read)


def _again(body: bytes, receive: Receive) -> Receive:
    """A body that was read already, to be read again."""
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def received() -> Message:
        return messages.pop() if messages else await receive()

    return received


def _kind(reply: ReplyMapping) -> str:
    """What kind of reply it is, for the log."""
    return next(
        (kind for kind in ("error", "raw", "frames", "text", "tool_calls", "choices") if kind in reply), "hangup"
    )
