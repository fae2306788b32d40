"""/_emulator/health, /ready, /activate, /reset, /clock and /snapshot: the server as a whole."""

import os
from typing import Any

from starlette.responses import JSONResponse

from emulator.account.keys import shown
from emulator.core import units
from emulator.core.clock import VirtualClock, iso
from emulator.core.errors import ApiError, Rejected
from emulator.core.fields import Fields
from emulator.core.version import __version__
from emulator.engine import Engine
from emulator.scenario.reading.mistakes import ScenarioError
from emulator.web.control.bodies import ControlRequest, key_in, read_value

_CLOCK_END = 253370764800
"""Unix seconds: 9999-01-01, so that what is a little later has a date too."""
_MOMENT = units.moment.limited(
    "a time from 1970 to 9998, such as 2026-01-01T00:00:00Z", lambda time: 0 <= time <= _CLOCK_END
)
_MOVES = '{"freeze": true}, {"run": true}, {"rate": "x60"}, {"set": "2026-01-01T00:00:00Z"}, {"advance": "60s"}'


async def health(engine: Engine, request: ControlRequest) -> JSONResponse:
    """GET /_emulator/health."""
    return JSONResponse({"status": "ok", "version": __version__})


async def ready(engine: Engine, request: ControlRequest) -> JSONResponse:
    """GET /_emulator/ready. `process` has the ids of the server's process and of its parent, which may be a wrapper."""
    models, process = len(list(engine.catalog)), [os.getpid(), os.getppid()]
    active = await engine.active()
    return JSONResponse({"status": "ready", "models": models, "scenario": active, "process": process})


async def activate(engine: Engine, request: ControlRequest) -> JSONResponse:
    """POST /_emulator/activate."""
    fields = request.fields
    if "scenario" not in fields.data:
        fields.missing("scenario", "the name of a scenario, or null to deactivate the active one")
    name, key = fields.string("scenario"), key_in(fields)
    try:
        await engine.activate(name, key)
    except KeyError:
        raise Rejected(ApiError("bad_request", engine.library.unknown(name or ""), "scenario")) from None
    except ScenarioError as error:
        return JSONResponse({"mistakes": [mistake.as_dict() for mistake in error.mistakes]}, 400)
    name = name and (engine.library.canonical(name) or name)
    return JSONResponse({"scenario": name, "key": shown(key, engine.library) if key else None})


async def reset(engine: Engine, request: ControlRequest) -> JSONResponse:
    """POST /_emulator/reset."""
    key = key_in(request.fields)
    await engine.store.forget(key, keep_scenario=request.fields.boolean("keep_scenario", False))
    return JSONResponse({"reset": shown(key, engine.library) if key else "everything"})


async def state(engine: Engine, request: ControlRequest) -> JSONResponse:
    """GET and PUT /_emulator/snapshot."""
    from emulator.store.snapshot import StateError, restore, snapshot  # noqa: PLC0415 (rarely used)

    if request.method == "PUT":
        try:
            await restore(engine.store, engine.clock, engine.library, request.fields.data)
        except StateError as error:
            raise Rejected(ApiError("bad_request", str(error))) from None
        return JSONResponse({"restored": True, "clock": clock_state(engine), "scenario": await engine.active()})
    return JSONResponse(await snapshot(engine.store, engine.clock))


async def clock(engine: Engine, request: ControlRequest) -> JSONResponse:
    """GET and POST /_emulator/clock."""
    if request.method == "POST":
        await _move(engine.clock, request.fields)
    return JSONResponse(clock_state(engine))


async def _move(clock: VirtualClock, fields: Fields) -> None:
    """Apply one of the fields freeze, run, rate, set and advance."""
    if len(fields.data) != 1:
        got = f"but got {', '.join(fields.data)}" if fields.data else "but got none"
        raise Rejected(ApiError("bad_request", f"A clock is moved by one field: expected one of {_MOVES}, {got}."))
    (name,) = fields.data
    match name:
        case "freeze" | "run":
            if fields.data[name] is not True:
                fields.reject(name, "true")
            clock.run(0.0 if name == "freeze" else 1.0)
        case "rate":
            clock.run(read_value(fields, name, units.rate))
        case "set":
            clock.set(read_value(fields, name, _MOMENT))
        case "advance":
            seconds = read_value(fields, name, units.duration)
            if clock.now() + seconds > _CLOCK_END:
                fields.reject(name, "a duration that ends before the year 9999")
            return await clock.advance(seconds)
    return await clock.everywhere()


def clock_state(engine: Engine) -> dict[str, Any]:
    """The clock's time, and how fast it runs."""
    now, rate = engine.clock.now(), engine.clock.rate
    return {"now": iso(now), "unix": now, "mode": "running" if rate else "frozen", "rate": rate}
