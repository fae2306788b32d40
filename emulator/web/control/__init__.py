"""Routes under /_emulator: how people and tests look into the emulator and steer it. Bodies are JSON unless said."""

import importlib
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from emulator.account.keys import masked
from emulator.core.clock import iso
from emulator.core.fields import Fields
from emulator.core.version import __version__
from emulator.core.vocabulary import ApiError, Rejected
from emulator.engine.engine import Engine
from emulator.scenario.reading.mistakes import ScenarioError
from emulator.web.control.bodies import read_fields
from emulator.web.control.scenarios import scenario_routes

_CLOCK_LIMIT = 366 * 24 * 3600
"""The clock is moved by a year at most in one step, for whatever falls due on the way is carried out."""
_CLOCK_END = 253370764800
"""The clock is not moved beyond 9999-01-01: a Date header has a year of four digits."""


_OF_THE_ACCOUNT = {
    "/_emulator/account": "GET PUT POST",
    "/_emulator/credits": "GET POST",
    "/_emulator/ledger": "GET",
    "/_emulator/keys": "GET POST",
    "/_emulator/keys/{id}": "GET PUT DELETE",
    "/_emulator/keys/{id}/regenerate": "POST",
    "/_emulator/backends": "GET PUT",
}
_OF_THE_INFERENCES = {
    "/_emulator/inferences": "GET",
    "/_emulator/inferences/{id}": "GET",
    "/_emulator/verify": "GET",
    "/_emulator/verdict": "GET",
}


def routes(engine: Engine) -> list[BaseRoute]:
    """The control routes for one engine."""

    async def health(request: Request) -> JSONResponse:
        return JSONResponse({"status": "ok", "version": __version__})

    async def ready(request: Request) -> JSONResponse:
        return JSONResponse({"status": "ready", "models": len(list(engine.catalog)), "scenario": engine.scenario})

    async def activate(request: Request) -> JSONResponse:
        fields = await read_fields(engine, request)
        name, key = fields.string("scenario"), fields.string("key")
        try:
            engine.activate(name, key)
        except KeyError:
            near = engine.library.nearest(name or "")
            fields.reject("scenario", f"the name of a scenario (such as '{near}')" if near else "a scenario's name")
        except ScenarioError as error:
            return JSONResponse({"mistakes": [mistake.as_dict() for mistake in error.mistakes]}, 400)
        return JSONResponse({"scenario": name, "key": masked(key) if key else None})

    async def reset(request: Request) -> JSONResponse:
        fields = await read_fields(engine, request)
        key = fields.string("key")
        engine.store.reset(key, keep_scenario=fields.boolean("keep_scenario", False))
        return JSONResponse({"reset": masked(key) if key else "everything"})

    async def clock(request: Request) -> JSONResponse:
        if request.method == "POST":
            await _move(engine, await read_fields(engine, request))
        return JSONResponse(clock_state(engine))

    async def saved(request: Request) -> JSONResponse:
        from emulator.engine.snapshot import StateError, restore, snapshot  # noqa: PLC0415 (few ask for it)

        if request.method == "PUT":
            try:
                restore(engine, (await read_fields(engine, request)).data)
            except StateError as error:
                raise Rejected(ApiError("bad_request", str(error))) from None
            return JSONResponse({"restored": True, "clock": clock_state(engine), "scenario": engine.scenario})
        return JSONResponse(snapshot(engine))

    return [
        Route("/_emulator/health", health),
        Route("/_emulator/snapshot", saved, methods=["GET", "PUT"]),
        Route("/_emulator/ready", ready),
        Route("/_emulator/activate", activate, methods=["POST"]),
        Route("/_emulator/reset", reset, methods=["POST"]),
        Route("/_emulator/clock", clock, methods=["GET", "POST"]),
        *scenario_routes(engine),
        *_later(engine, "account", _OF_THE_ACCOUNT),
        *_later(engine, "inferences", _OF_THE_INFERENCES),
    ]


def _later(engine: Engine, module: str, paths: Mapping[str, str]) -> list[BaseRoute]:
    """Routes whose module, a part of this room, is imported when one of them is first asked for."""

    @cache
    def endpoints() -> Mapping[str, Callable[[Request], Awaitable[Response]]]:
        routes = importlib.import_module(f"emulator.web.control.{module}").routes(engine)
        return {route.path: route.endpoint for route in routes}

    def route(path: str, methods: str) -> Route:
        async def endpoint(request: Request) -> Response:
            return await endpoints()[path](request)

        return Route(path, endpoint, methods=methods.split())

    return [route(path, methods) for path, methods in paths.items()]


async def _move(engine: Engine, fields: Fields) -> None:
    """One of freeze, run, rate, set and advance."""
    clock = engine.clock
    if fields.boolean("freeze", False):
        clock.freeze()
    elif fields.boolean("run", False) or fields.has("rate"):
        clock.run(fields.number("rate", 0, 1_000_000, 1.0))
    elif (time := fields.string("set")) is not None:
        clock.set(_moment(fields, time))
    elif fields.has("advance"):
        await clock.advance(fields.number("advance", 0, min(_CLOCK_LIMIT, _CLOCK_END - clock.now()), 0.0))
    else:
        expected = (
            'one of {"freeze": true}, {"run": true}, {"rate": 60}, {"set": "2026-01-01T00:00:00Z"}, {"advance": 5}'
        )
        raise Rejected(ApiError("bad_request", f"The clock cannot be moved by this: expected {expected}."))


def _moment(fields: Fields, text: str) -> float:
    from emulator.core.units import moment  # noqa: PLC0415 (it belongs to the scenarios, which may not be there)

    try:
        found = moment(text)
    except ValueError:
        found = -1.0
    if not 0 <= found <= _CLOCK_END:
        fields.reject("set", "a time from 1970 to 9998, such as 2026-01-01T00:00:00Z")
    return found


def clock_state(engine: Engine) -> dict[str, Any]:
    """What time it is, and how it passes."""
    now, rate = engine.clock.now(), engine.clock.rate
    return {"now": iso(now), "unix": now, "mode": "running" if rate else "frozen", "rate": rate}
