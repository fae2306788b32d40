"""The emulated API as a Starlette app: one parse, plan and respond cycle for all dialects."""

import logging
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from emulator.account.keys import looks_real, presented
from emulator.core.clock import Clock, http_date
from emulator.core.errors import ApiError, Rejected
from emulator.core.fields import decode
from emulator.core.files import out_of_descriptors
from emulator.core.plan import Plan
from emulator.core.prompt_sizes import LONG
from emulator.core.vocabulary import InferenceRequest
from emulator.dialects import Dialect
from emulator.dialects.endpoints import Dialects
from emulator.engine import Engine
from emulator.inferences import LiveRecord
from emulator.web import control, errors, models
from emulator.web.doors import Access, Doors, is_control
from emulator.web.presets import MARK, NOTHING, Presets
from emulator.web.real_keys import RealKeys
from emulator.wire.receive import UploadCut, arrival, headers_of, read_body
from emulator.wire.respond import HungUp, Player

log = logging.getLogger("emulator")

_SHOWN_HEADERS = (
    "inference-id",
    "request-id",
    "retry-after",
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
    "x-request-id",
)


def create_app(
    engine: Engine, access: Access | None = None, presets: Presets | None = None, edited: Path | None = None
) -> ASGIApp:
    """The ASGI app that emulates AkashML with this engine, with the control routes under /_emulator.

    `access` is for a server that listens on a socket; by default, only what the settings say is checked. Without
    `presets`, those that are made are kept in memory. Scenarios in the folder `edited` can be saved there.
    """
    presets = presets or Presets()
    dialects = Dialects(engine.settings)
    real_keys = RealKeys(engine)
    inferences = {
        path: InferenceEndpoint(engine, dialect, real_keys, presets) for path, dialect in dialects.by_path.items()
    }
    routes: list[BaseRoute] = [
        *[Route(path, endpoint, methods=["POST"]) for path, endpoint in inferences.items()],
        *models.routes(engine),
        *control.routes(engine),
    ]
    cors = Middleware(
        _ApiCors,
        allow_origins=["*"],
        allow_methods=["*"],
        allow_headers=["*"],
        allow_private_network=True,
        expose_headers=_SHOWN_HEADERS,
    )
    handlers = errors.handlers(engine, dialects, routes)
    app = Starlette(routes=routes, middleware=[cors], exception_handlers=handlers)
    app.router.redirect_slashes = False
    app.state.presets, app.state.edited = presets, edited
    engine.store.inferences.replayer = partial(_again, engine, app)
    front = _Front(app, inferences, engine.clock, errors.refusing(engine, dialects))
    return Doors(front, engine, access or Access.of(engine.settings))


async def _again(engine: Engine, app: Starlette, record: LiveRecord) -> LiveRecord:
    from emulator.web.control.single import again  # noqa: PLC0415 (few servers are asked)

    return await again(engine, app, record)


class _ApiCors(CORSMiddleware):
    """Lets the pages of every origin use the emulated API, and leaves the control routes alone."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a preflight, or add the headers to an answer."""
        await (self.app if is_control(scope) else super().__call__)(scope, receive, send)


class InferenceEndpoint:
    """One inference endpoint, as a plain ASGI app; endpoints differ only in their dialect."""

    def __init__(self, engine: Engine, dialect: Dialect, real_keys: RealKeys, presets: Presets) -> None:
        self._engine = engine
        self._presets = presets
        self._real_keys = real_keys
        self._dialect = dialect

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one POST."""
        engine, dialect = self._engine, self._dialect
        headers = headers_of(scope)
        recorder = LiveRecord(dialect.endpoint, headers, engine.clock, send)
        request: InferenceRequest | None = None
        key, body, preset = "", b"", NOTHING
        try:
            key = await engine.authenticate(headers, x_api_key=dialect.surface.x_api_key)
            body = await read_body(headers, receive, engine.settings.max_body_bytes)
            if MARK in body:
                body, preset = await self._presets.read(body, dialect.endpoint, engine)
            if len(body) <= LONG:
                request = self._parse(body, headers, key)
            else:
                request = await engine.long_requests.read(len(body), partial(self._parse, body, headers, key))
            plan = preset.planned(await engine.plan(request, len(body)))
        except UploadCut as cut:
            body = cut.received
            plan = Plan((), "nobody", *await engine.ids(key, body))
        except Rejected as rejected:
            plan = await engine.refuse(preset.told(rejected.error), key, body, headers)
        except Exception as error:
            plan = await engine.refuse(_logged(error), "", body)
        asked = (request.model, request.stream) if request is not None else None
        key = key or presented(headers, x_api_key=True)
        if looks_real(key):
            await self._real_keys.check(key)
        recorder.begin(key, engine.library, body, asked, plan, self._parse)
        engine.store.inferences.begin(recorder)
        clock, keep_alive = engine.clock, engine.settings.keep_alive
        player = Player(plan, dialect, clock, keep_alive, scope, receive, recorder.send, arrival(scope, clock))
        sent = recorder.sent = player.sent
        playing = player.play(request)
        del request, body, headers  # or a slow stream would keep them
        try:
            await playing
        except HungUp:
            raise
        except Exception as error:
            if sent.status:
                raise
            await player.fail(_logged(error))
        finally:
            if plan.end is not None:
                await plan.end(sent.used)
            recorder.end()
            engine.store.inferences.end(recorder)

    def _parse(self, body: bytes, headers: Mapping[str, str], key: str) -> InferenceRequest:
        return self._dialect.parse(decode(body), headers, key)


def _logged(error: Exception) -> ApiError:
    """The error for an exception, whose traceback is logged unless a file descriptor was wanting."""
    if not out_of_descriptors(error):
        log.exception("The emulator itself failed", exc_info=error)
    return errors.of_our_own(error)


class _Front:
    """A wrapper of the Starlette app: accepts paths with a trailing slash, and has a fast path for inferences.

    An inference that does not come from a browser goes directly to its endpoint, because the router and the middleware
    would add nothing and cost as much as the inference itself (benchmarks/speed).
    """

    def __init__(self, app: ASGIApp, inferences: Mapping[str, ASGIApp], clock: Clock, refusing: ASGIApp) -> None:
        self._app = app
        self._refusing = refusing
        self._clock = clock
        self._inferences = inferences

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path = scope["path"]
            if path.endswith("/"):
                path = path.rstrip("/") or "/"
                scope = {**scope, "path": path}
            if path in self._inferences and scope["method"] == "POST" and not _from_browser(scope):
                try:
                    return await self._inferences[path](scope, receive, send)
                except OSError as error:
                    if not out_of_descriptors(error):
                        raise
                    scope = {**scope, "type": "refused", "error": errors.of_our_own(error)}
        if scope["type"] == "refused":
            return await self._refusing(scope, receive, send)
        return await self._app(scope, receive, self._dated(send))

    def _dated(self, send: Send) -> Send:
        """Set the Date header of every answer from the emulator's clock."""

        async def dated(message: Message) -> None:
            if message["type"] == "http.response.start" and all(name != b"date" for name, _ in message["headers"]):
                message["headers"].append((b"date", http_date(int(self._clock.now()))))
            await send(message)

        return dated


def _from_browser(scope: Scope) -> bool:
    return b"origin" in dict(scope["headers"])
