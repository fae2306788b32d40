"""Error responses for unknown paths and refused requests, in the error shape of the path's API."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from emulator.core.errors import ApiError, Rejected
from emulator.core.nearest import nearest
from emulator.dialects.endpoints import Dialects
from emulator.engine import Engine
from emulator.wire.errors import ErrorResponse


def handlers(
    engine: Engine, dialects: Dialects, routes: Iterable[BaseRoute]
) -> Mapping[Any, Callable[[Request, Any], Awaitable[Response]]]:
    """Starlette's exception handlers for one app, by exception type."""
    paths = [route.path for route in routes if isinstance(route, Route) and "{" not in route.path]

    async def refused(request: Request, error: ApiError, headers: Sequence[tuple[str, str]] = ()) -> Response:
        path: str = request.scope["path"]
        ids = await engine.ids("", f"{request.method} {path}".encode())
        return ErrorResponse(error, dialects.surface(path), ids, engine.clock.now(), headers)

    async def not_routed(request: Request, raised: HTTPException) -> Response:
        if raised.status_code != 405:
            return await refused(request, ApiError("not_found", _unknown(request, paths)))
        allowed = _in_order((raised.headers or {})["Allow"])
        if request.method == "OPTIONS":
            return Response(status_code=204, headers={"Allow": allowed})
        message = f"{request.method} is not allowed on {request.scope['path']}. Allowed: {allowed}."
        return await refused(request, ApiError("method_not_allowed", message), [("allow", allowed)])

    async def rejected(request: Request, raised: Rejected) -> Response:
        return await refused(request, raised.error, raised.headers)

    async def unexpected(request: Request, raised: Exception) -> Response:
        return await refused(request, of_our_own(raised))

    return {HTTPException: not_routed, Rejected: rejected, Exception: unexpected}


def of_our_own(error: Exception) -> ApiError:
    """The 500 for a bug in the emulator."""
    message = f"The emulator itself failed ({type(error).__name__}). Please report it with the log's traceback."
    return ApiError("internal", message)


def _in_order(methods: str) -> str:
    """Sort the methods: Starlette lists them in the order of a set, which differs between processes."""
    return ", ".join(sorted(methods.split(", ")))


def _unknown(request: Request, paths: list[str]) -> str:
    path = request.scope["path"]
    ending = next((known for known in paths if len(path) > 1 and known.endswith(path)), None)
    near = ending or nearest(path, paths)
    hint = f" Did you mean {near}?" if near else ""
    return f"There is no {request.method} {path} here.{hint}"
