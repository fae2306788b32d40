"""Routes under /_emulator to inspect and control the emulator. Bodies are JSON unless stated otherwise."""

from collections.abc import Awaitable, Callable
from functools import cache
from importlib import import_module
from itertools import groupby
from typing import NamedTuple, TypeAlias

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from emulator.engine import Engine
from emulator.web.control.bodies import ControlRequest

Handler: TypeAlias = Callable[[Engine, ControlRequest], Awaitable[Response]]


class Row(NamedTuple):
    """One method of a route.

    `handler` is in this package; its module is imported on the route's first request. `query` has the names of the
    parameters and `fields` those of the body's fields; any other is refused before the handler is called. With `query`
    None any parameter is accepted, since probes add some against caches; with `fields` None the handler reads the body,
    since it is not JSON.
    """

    method: str
    path: str
    handler: str
    query: str | None = ""
    fields: str | None = ""


ROUTES = (
    Row("GET", "/_emulator/health", "server.health", query=None),
    Row("GET", "/_emulator/ready", "server.ready", query=None),
    Row("GET", "/_emulator/openapi.json", "openapi.openapi"),
    Row("POST", "/_emulator/activate", "server.activate", fields="scenario key"),
    Row("POST", "/_emulator/reset", "server.reset", fields="key keep_scenario"),
    Row("GET", "/_emulator/snapshot", "server.state"),
    Row("PUT", "/_emulator/snapshot", "server.state", fields="version clock store"),
    Row("GET", "/_emulator/clock", "server.clock"),
    Row("POST", "/_emulator/clock", "server.clock", fields="freeze run rate set advance"),
    Row("GET", "/_emulator/scenarios", "scenarios.listing"),
    Row("GET", "/_emulator/scenarios/{name}", "scenarios.one"),
    Row("PUT", "/_emulator/scenarios/{name}", "scenarios.one", fields=None),
    Row("DELETE", "/_emulator/scenarios/{name}", "scenarios.one"),
    Row("GET", "/_emulator/account", "account.account", query="key"),
    Row("PUT", "/_emulator/account", "account.account", fields="key credits trial auto_top_up keys"),
    Row("POST", "/_emulator/account", "account.account", fields="key policy"),
    Row("GET", "/_emulator/credits", "account.credits", query="key"),
    Row("POST", "/_emulator/credits", "account.credits", fields="key purchase take trial auto_top_up"),
    Row("GET", "/_emulator/ledger", "account.ledger", query="key"),
    Row("GET", "/_emulator/keys", "keys.keys"),
    Row("POST", "/_emulator/keys", "keys.keys", fields="name policy"),
    Row("GET", "/_emulator/keys/{id}", "keys.one"),
    Row("PUT", "/_emulator/keys/{id}", "keys.one", fields="policy"),
    Row("DELETE", "/_emulator/keys/{id}", "keys.one"),
    Row("POST", "/_emulator/keys/{id}/regenerate", "keys.regenerate"),
    Row("GET", "/_emulator/backends", "backends.backends", query="key"),
    Row("PUT", "/_emulator/backends", "backends.backends", fields="model backends"),
    Row(
        "GET",
        "/_emulator/inferences",
        "inferences.listing",
        query="key endpoint model status outcome rule since limit after format follow",
    ),
    Row("GET", "/_emulator/inferences/{id}", "inferences.one", query="format"),
    Row("GET", "/_emulator/verify", "inferences.verify", query="key most_attempts format"),
    Row("GET", "/_emulator/verdict", "inferences.verdict", query="key most_attempts"),
)


def routes(engine: Engine) -> list[Route]:
    """The control routes for one engine."""
    rows = groupby(ROUTES, key=lambda row: row.path)
    by_path = {path: {row.method: row for row in methods} for path, methods in rows}
    return [Route(path, _endpoint(engine, by_method), methods=[*by_method]) for path, by_method in by_path.items()]


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
