"""What a request gets that meets no endpoint, or an endpoint that refuses it: errors in the shape of their surface."""

from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from emulator.core.vocabulary import ApiError, Rejected
from emulator.dialects.endpoints import Dialects
from emulator.engine.engine import Engine


def handlers(
    engine: Engine, dialects: Dialects, routes: Iterable[BaseRoute]
) -> Mapping[Any, Callable[[Request, Any], Response]]:
    """Starlette's exception handlers for one app."""
    paths = [route.path for route in routes if isinstance(route, Route) and "{" not in route.path]

    def respond(request: Request, error: ApiError, headers: Mapping[str, str] | None = None) -> Response:
        path: str = request.scope["path"]
        surface = dialects.surface(path)
        inference_id, request_id = engine.ids("", f"{request.method} {path}".encode())
        body = surface.error(error, request_id)
        response = Response(body, error.http_status, headers, media_type="application/json")
        response.raw_headers += surface.id_headers(inference_id, request_id)
        return response

    def not_routed(request: Request, error: HTTPException) -> Response:
        if error.status_code == 405:
            allowed = _in_order((error.headers or {})["Allow"])
            if request.method == "OPTIONS":
                return Response(status_code=204, headers={"Allow": allowed})
            message = f"{request.method} is not allowed on {request.scope['path']}. Allowed: {allowed}."
            return respond(request, ApiError("method_not_allowed", message), {"Allow": allowed})
        return respond(request, ApiError("not_found", _unknown(request, paths)))

    def rejected(request: Request, error: Rejected) -> Response:
        closing = {"connection": "close"} if error.error.kind == "too_large" else None
        return respond(request, error.error, closing)

    def unexpected(request: Request, error: Exception) -> Response:
        return respond(request, of_our_own(error))

    return {HTTPException: not_routed, Rejected: rejected, Exception: unexpected}


def of_our_own(error: Exception) -> ApiError:
    """The 500 for a mistake in the emulator."""
    message = f"The emulator itself failed ({type(error).__name__}). Please report it with the log's traceback."
    return ApiError("internal", message)


def _in_order(methods: str) -> str:
    """Starlette names them in the order of a set, which is another one in another process."""
    return ", ".join(sorted(methods.split(", ")))


def _unknown(request: Request, paths: list[str]) -> str:
    path = request.scope["path"]
    ending = next((known for known in paths if len(path) > 1 and known.endswith(path)), None)
    near = [ending] if ending else get_close_matches(path, paths, 1)
    hint = f" Did you mean {near[0]}?" if near else ""
    return f"There is no {request.method} {path} here.{hint}"
