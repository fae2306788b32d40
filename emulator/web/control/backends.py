"""/_emulator/backends: the backends of the models."""

from copy import deepcopy
from typing import Any

from msgspec import to_builtins
from starlette.responses import JSONResponse

from emulator.account.backends import Pool
from emulator.core.errors import Rejected
from emulator.engine import Engine
from emulator.engine.planner import unknown_model
from emulator.store.state import SharedState
from emulator.web.control.bodies import ControlRequest, read_part


async def backends(engine: Engine, request: ControlRequest) -> JSONResponse:
    """GET and PUT /_emulator/backends."""
    if request.method == "GET":
        key = request.query_params.get("key")
        return JSONResponse({"models": [await _shown(engine, model.id, key) for model in engine.catalog]})
    fields = request.fields
    name = fields.required_string("model")
    if (known := engine.catalog.named(name, aliased=True)) is None:
        raise Rejected(unknown_model(name, engine.catalog, must_be_known=True))
    model = known.id
    if "backends" not in fields.data:
        fields.missing("backends", "a number, a mapping such as {slots: 4}, or null for no limits")
    wanted = fields.data["backends"]
    from emulator.scenario.language.environment import SOME_BACKENDS  # noqa: PLC0415 (the language is imported when it is needed)

    given = None if wanted is None else read_part(engine, SOME_BACKENDS, "backends", wanted)
    now = engine.clock.now()

    def configure(shared: SharedState) -> None:
        shared.admitted += shared.backends().configure(model, given, now)

    await engine.store.shared_turn(configure)
    return JSONResponse(await _shown(engine, model))


async def _shown(engine: Engine, model: str, key: str | None = None) -> dict[str, Any]:
    """The backends of a model; with a key, those of its requests, since its scenario may define its own."""
    now = engine.clock.now()
    told = await engine.store.shared_turn(lambda shared: _told(shared.fleet.get(model) if shared.fleet else None, now))
    if key and told is None:
        playing = await engine.playing(key)
        told = await engine.store.turn(
            key, lambda own, _: _told(engine.gate.pool(model, deepcopy(own), playing, now), now)
        )
    return {"model": model} | (told or {"backends": None, "healthy_now": True, "running": 0, "waiting": 0})


def _told(pool: Pool | None, now: float) -> dict[str, Any] | None:
    if pool is None:
        return None
    return {
        "backends": to_builtins(pool.backends),
        "healthy_now": pool.healthy(now),
        "running": len(pool.running),
        "waiting": len(pool.waiting),
    }
