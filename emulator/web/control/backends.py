"""/_emulator/backends: what the models run on."""

from typing import Any

from msgspec import to_builtins
from starlette.requests import Request
from starlette.responses import JSONResponse

from emulator.engine.engine import Engine
from emulator.web.control.bodies import read_fields, read_part


async def backends(engine: Engine, request: Request) -> JSONResponse:
    """GET and PUT /_emulator/backends."""
    if request.method == "GET":
        key = request.query_params.get("key")
        return JSONResponse({"models": [_shown(engine, model.id, key) for model in engine.catalog]})
    fields = await read_fields(engine, request)
    model = engine.model(fields.required_string("model"), aliased=True).id
    if "backends" not in fields.data:
        fields.missing("backends", "a number, a mapping such as {slots: 4}, or null for no limits")
    wanted = fields.data["backends"]
    from emulator.scenario.language.world import SOME_BACKENDS  # noqa: PLC0415 (the language is imported when it is needed)

    told = None if wanted is None else read_part(engine, SOME_BACKENDS, "backends", wanted)
    engine.store.fleet.configure(model, told, engine.clock.now())
    return JSONResponse(_shown(engine, model))


def _shown(engine: Engine, model: str, key: str | None = None) -> dict[str, Any]:
    """The backends of a model, and with a key those that it meets, for its scenario may have its own."""
    pool, now = engine.store.fleet.get(model), engine.clock.now()
    if key:
        pool = engine.gate.pool(model, engine.store.namespace(key), engine.playing(key))
    if pool is None:
        return {"model": model, "backends": None, "healthy_now": True, "running": 0, "waiting": 0}
    return {
        "model": model,
        "backends": to_builtins(pool.backends),
        "healthy_now": pool.healthy(now),
        "running": len(pool.running),
        "waiting": len(pool.waiting),
    }
