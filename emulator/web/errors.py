"""Error responses for unknown paths and refused requests, in the error shape of the path's API.

A request to a path that does not exist is recorded and logged like every inference, because it is often a wrong base
URL: the client's author looks for it there.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import groupby
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from emulator.account.keys import presented, shown
from emulator.core.errors import ApiError, Rejected
from emulator.core.explanation import Explanation
from emulator.core.files import out_of_descriptors
from emulator.core.nearest import nearest
from emulator.core.plan import Plan
from emulator.dialects.endpoints import ENDPOINTS, Dialects
from emulator.engine import Engine
from emulator.inferences import LiveRecord
from emulator.wire import descriptors
from emulator.wire.errors import ErrorResponse
from emulator.wire.receive import headers_of, read_body

_SHOWN = 200
"""Characters of a path in a message and in the record."""
_NOT_RECORDED = ("/_emulator", "/favicon.ico")
"""What no client of the API asks for; browsers ask for the icon by themselves."""
_ALIKE = 0.85
_INFERENCES = [endpoint.path for endpoint in ENDPOINTS.values()]
_BASES = ("/v1", "/anthropic")
_ELSEWHERE = {name: endpoint.path for endpoint in ENDPOINTS.values() for name in endpoint.elsewhere}


def handlers(
    engine: Engine, dialects: Dialects, routes: Iterable[BaseRoute]
) -> Mapping[Any, Callable[[Request, Any], Awaitable[Response]]]:
    """Starlette's exception handlers for one app, by exception type."""
    paths = [route.path for route in routes if isinstance(route, Route) and "{" not in route.path]

    async def refused(
        request: Request, raised: Exception, error: ApiError, headers: Sequence[tuple[str, str]] = ()
    ) -> Response:
        path: str = request.scope["path"]
        asked, recorded = f"{request.method} {path}".encode(), not path.startswith(_NOT_RECORDED)
        ids = await engine.ids("", asked) if recorded else engine.ids_without_state(asked)
        response = ErrorResponse(error, dialects.surface(path), ids, engine.clock.now(), headers)
        return _Recorded(response, engine, error, ids) if recorded and isinstance(raised, HTTPException) else response

    async def not_routed(request: Request, raised: HTTPException) -> Response:
        if raised.status_code != 405:
            return await refused(request, raised, ApiError("not_found", _unknown(request, paths)))
        allowed = _in_order((raised.headers or {})["Allow"])
        if request.method == "OPTIONS":
            return Response(status_code=204, headers={"Allow": allowed})
        message = f"{request.method} is not allowed on {request.scope['path']}. Allowed: {allowed}."
        return await refused(request, raised, ApiError("method_not_allowed", message), [("allow", allowed)])

    async def rejected(request: Request, raised: Rejected) -> Response:
        return await refused(request, raised, raised.error, raised.headers)

    async def unexpected(request: Request, raised: Exception) -> Response:
        return await refused(request, raised, of_our_own(raised))

    async def not_opened(request: Request, raised: OSError) -> Response:
        if not out_of_descriptors(raised):
            raise raised
        return await refused(request, raised, of_our_own(raised))

    return {HTTPException: not_routed, Rejected: rejected, OSError: not_opened, Exception: unexpected}


def refusing(engine: Engine, dialects: Dialects) -> ASGIApp:
    """The ASGI app for requests that the connection has refused, which are not recorded."""

    async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        ids = await engine.ids("", path.encode("utf-8", "replace"))
        response = ErrorResponse(scope["error"], dialects.surface(path), ids, engine.clock.now())
        await response(scope, receive, send)

    return refuse


def of_our_own(error: Exception) -> ApiError:
    """The 503 for want of file descriptors, and the 500 for a bug in the emulator."""
    if out_of_descriptors(error):
        return descriptors.exhausted()
    message = f"The emulator itself failed ({type(error).__name__}). Please report it with the log's traceback."
    return ApiError("internal", message)


def _in_order(methods: str) -> str:
    """Sort the methods: Starlette lists them in the order of a set, which differs between processes."""
    return ", ".join(sorted(methods.split(", ")))


class _Recorded(Response):
    """An error response whose request gets into the record, and a line in the log."""

    def __init__(self, response: ErrorResponse, engine: Engine, error: ApiError, ids: tuple[str, str]) -> None:
        self._response = response
        self._engine = engine
        self._error = error
        self._ids = ids

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the body, for the record, and send the response."""
        engine, error, headers, body = self._engine, self._error, headers_of(scope), b""
        endpoint = f"{scope['method']} {scope['path']}"[:_SHOWN]
        record = LiveRecord(endpoint, headers, engine.clock, send)
        with suppress(Rejected):
            body = await read_body(headers, receive, engine.settings.max_body_bytes)
        plan = Plan((), error.kind, *self._ids, why=partial(Explanation.of_nothing, answered_by=error.kind))
        key = presented(headers, x_api_key=True)
        record.begin(key, shown(key, engine.library), body, None, plan)
        engine.store.inferences.begin(record)
        record.sent.end(engine.clock.now(), "failed", error)
        try:
            await self._response(scope, receive, record.send)
        finally:
            record.end()
            engine.store.inferences.end(record)


def _unknown(request: Request, paths: Sequence[str]) -> str:
    path = request.scope["path"]
    near = _nearest(path, paths)
    hint = f" Did you mean {near}?" if near else f" {_elsewhere(path)}"
    base = next((base for base in _BASES if near and near.startswith(f"{base}/")), None)
    if base and near:
        given = path.removesuffix(near.removeprefix(base))
        if path.endswith(near.removeprefix(base)) and given != base:
            hint += f" Then the base URL of the client has to end in {base}{f', not in {given}' if given else ''}."
    return f"There is no {request.method} {path[:_SHOWN]} here.{hint}"


def _elsewhere(path: str) -> str:
    """Where to look for what is at no path."""
    if path.startswith("/_emulator/"):
        return "GET /_emulator/openapi.json describes what there is."
    return f"Inferences are at {', '.join(_INFERENCES)}."


def _nearest(path: str, paths: Sequence[str]) -> str | None:
    """The path that was probably meant: the one with the same end, or the most similar one."""
    meant = _ELSEWHERE.get(path.rpartition("/")[2].lower())
    parts = [part for part, _ in groupby(part for part in path.lower().split("/") if part)]
    ends = ["/" + "/".join(parts[at:]) for at in range(len(parts))]
    same = (known for end in ends for known in paths if known == end or known.endswith(end))
    return next(same, None) or meant or nearest(path, paths, _ALIKE)
