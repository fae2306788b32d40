"""Routes under /_emulator to inspect and control the emulator. Bodies are JSON unless stated otherwise."""

from collections.abc import Awaitable, Callable
from functools import cache
from importlib import import_module
from typing import TypeAlias

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from emulator.engine import Engine

Handler: TypeAlias = Callable[[Engine, Request], Awaitable[Response]]

ROUTES = (
    ("/_emulator/health", "GET", "server.health"),
    ("/_emulator/ready", "GET", "server.ready"),
    ("/_emulator/activate", "POST", "server.activate"),
    ("/_emulator/reset", "POST", "server.reset"),
    ("/_emulator/snapshot", "GET PUT", "server.state"),
    ("/_emulator/clock", "GET POST", "server.clock"),
    ("/_emulator/scenarios", "GET", "scenarios.listing"),
    ("/_emulator/scenarios/{name}", "GET PUT DELETE", "scenarios.one"),
    ("/_emulator/account", "GET PUT POST", "account.account"),
    ("/_emulator/credits", "GET POST", "account.credits"),
    ("/_emulator/ledger", "GET", "account.ledger"),
    ("/_emulator/keys", "GET POST", "keys.keys"),
    ("/_emulator/keys/{id}", "GET PUT DELETE", "keys.one"),
    ("/_emulator/keys/{id}/regenerate", "POST", "keys.regenerate"),
    ("/_emulator/backends", "GET PUT", "backends.backends"),
    ("/_emulator/inferences", "GET", "inferences.listing"),
    ("/_emulator/inferences/{id}", "GET", "inferences.one"),
    ("/_emulator/verify", "GET", "inferences.verify"),
    ("/_emulator/verdict", "GET", "inferences.verdict"),
)
"""Path, methods, and the handler in this package, whose module is imported on the route's first request."""


def routes(engine: Engine) -> list[Route]:
    """The control routes for one engine."""
    return [Route(path, _endpoint(engine, handler), methods=methods.split()) for path, methods, handler in ROUTES]


def _endpoint(engine: Engine, name: str) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        return await handler(name)(engine, request)

    return endpoint


@cache
def handler(name: str) -> Handler:
    """The handler of that name, such as `server.health`."""
    module, _, function = name.partition(".")
    found: Handler = getattr(import_module(f"{__name__}.{module}"), function)
    return found
