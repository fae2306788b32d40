"""/_emulator/health, /ready, /activate, /reset, /clock and /snapshot: the server as a whole."""

import os
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from emulator.account.keys import masked
from emulator.core.clock import iso
from emulator.core.errors import ApiError, Rejected
from emulator.core.fields import Fields
from emulator.core.version import __version__
from emulator.engine import Engine
from emulator.scenario.reading.mistakes import ScenarioError
from emulator.web.control.bodies import read_fields

_CLOCK_LIMIT = 366 * 24 * 3600
"""Seconds; a step moves the clock by a year at most, because everything that falls due is carried out."""
_CLOCK_END = 253370764800
"""Unix seconds; the clock stops at 9999-01-01, because a Date header has a four-digit year."""


async def health(engine: Engine, request: Request) -> JSONResponse:
    """GET /_emulator/health."""
    return JSONResponse({"status": "ok", "version": __version__})


async def ready(engine: Engine, request: Request) -> JSONResponse:
    """GET /_emulator/ready. `process` has the ids of the server's process and of its parent, which may be a wrapper."""
    models, process = len(list(engine.catalog)), [os.getpid(), os.getppid()]
    active = await engine.active()
    return JSONResponse({"status": "ready", "models": models, "scenario": active, "process": process})


async def activate(engine: Engine, request: Request) -> JSONResponse:
    """POST /_emulator/activate."""
    fields = await read_fields(engine, request)
    name, key = fields.string("scenario"), fields.string("key")
    try:
        await engine.activate(name, key)
    except KeyError:
        raise Rejected(ApiError("bad_request", engine.library.unknown(name or ""), "scenario")) from None
    except ScenarioError as error:
        return JSONResponse({"mistakes": [mistake.as_dict() for mistake in error.mistakes]}, 400)
    return JSONResponse({"scenario": name, "key": masked(key) if key else None})


async def reset(engine: Engine, request: Request) -> JSONResponse:
    """POST /_emulator/reset."""
    fields = await read_fields(engine, request)
    key = fields.string("key")
    await engine.store.forget(key, keep_scenario=fields.boolean("keep_scenario", False))
    return JSONResponse({"reset": masked(key) if key else "everything"})


async def state(engine: Engine, request: Request) -> JSONResponse:
    """GET and PUT /_emulator/snapshot."""
    from emulator.store.snapshot import StateError, restore, snapshot  # noqa: PLC0415 (rarely used)

    if request.method == "PUT":
        data = (await read_fields(engine, request)).data
        try:
            await restore(engine.store, engine.clock, engine.library, data)
        except StateError as error:
            raise Rejected(ApiError("bad_request", str(error))) from None
        return JSONResponse({"restored": True, "clock": clock_state(engine), "scenario": await engine.active()})
    return JSONResponse(await snapshot(engine.store, engine.clock))


async def clock(engine: Engine, request: Request) -> JSONResponse:
    """GET and POST /_emulator/clock."""
    if request.method == "POST":
        await _move(engine, await read_fields(engine, request))
    return JSONResponse(clock_state(engine))


async def _move(engine: Engine, fields: Fields) -> None:
    """Apply one of freeze, run, rate, set and advance."""
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
    from emulator.core.units import moment  # noqa: PLC0415 (part of the scenarios, which may be missing)

    try:
        found = moment(text)
    except ValueError:
        found = -1.0
    if not 0 <= found <= _CLOCK_END:
        fields.reject("set", "a time from 1970 to 9998, such as 2026-01-01T00:00:00Z")
    return found


def clock_state(engine: Engine) -> dict[str, Any]:
    """The clock's time, and how fast it runs."""
    now, rate = engine.clock.now(), engine.clock.rate
    return {"now": iso(now), "unix": now, "mode": "running" if rate else "frozen", "rate": rate}
