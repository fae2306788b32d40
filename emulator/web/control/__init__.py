"""Routes under /_emulator to inspect and control the emulator. Bodies are JSON unless stated otherwise."""

from collections.abc import Awaitable, Callable
from functools import cache
from importlib import import_module
from itertools import groupby
from typing import TypeAlias

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from emulator.engine import Engine
from emulator.web.control.bodies import ControlRequest
from emulator.web.control.rows import ROUTES, Row

__all__ = ["ROUTES", "Handler", "Row", "handler", "routes"]

Handler: TypeAlias = Callable[[Engine, ControlRequest], Awaitable[Response]]


def routes(engine: Engine) -> list[Route]:
    """The control routes for one engine."""
    rows = groupby(ROUTES, key=lambda row: row.path)
    by_path = {path: {row.method: row for row in methods} for path, methods in rows}
    return [
        Route(path.replace("{file}", "{file:path}"), _endpoint(engine, by_method), methods=[*by_method])
        for path, by_method in by_path.items()
    ]


def _endpoint(engine: Engine, by_method: dict[str, Row]) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        row = by_method["GET" if request.method == "HEAD" else request.method]
        read = ControlRequest(request.scope, request.receive)
        await read.read(row.query, row.fields, engine.settings.max_body_bytes)
        return await handler(row.handler)(engine, read)

    return endpoint


@cache
def handler(name: str) -> Handler:
    """The handler of that name, such as `server.health`."""
    module, _, function = name.partition(".")
    found: Handler = getattr(import_module(f"{__name__}.{module}"), function)
    return found
