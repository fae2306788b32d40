"""/_emulator/presets: listing, saving, renaming and deleting presets."""

from typing import Any

import msgspec
from starlette.responses import JSONResponse

from emulator.core import units
from emulator.core.errors import Rejected
from emulator.engine import Engine
from emulator.engine.planner import unknown_model
from emulator.web.control.bodies import ControlRequest, bad_parameter
from emulator.web.preset_files import LAST_VERSION
from emulator.web.presets import Preset, Presets, check, preset_of


async def listing(engine: Engine, request: ControlRequest) -> JSONResponse:
    """GET /_emulator/presets. One whose file has a mistake is listed with it."""
    presets: Presets = request.app.state.presets
    folder = None if presets.folder is None else str(presets.folder)
    return JSONResponse({"folder": folder, "presets": [_listed(engine, presets, name) for name in presets.names()]})


async def one(engine: Engine, request: ControlRequest) -> JSONResponse:
    """GET, PUT and DELETE /_emulator/presets/{name}."""
    presets: Presets = request.app.state.presets
    name: str = request.path_params["name"]
    if request.method == "DELETE":
        async with presets.alone():
            presets.delete(name)
        return JSONResponse({"deleted": name})
    if request.method == "PUT":
        made = preset_of(request.fields.data)
        check(made, engine.settings)
        async with presets.alone():
            presets.put(name, made)
    return JSONResponse(_shown(presets, name, _version(request)))


async def rename(engine: Engine, request: ControlRequest) -> JSONResponse:
    """POST /_emulator/presets/{name}/rename."""
    presets: Presets = request.app.state.presets
    new = request.fields.required_string("name")
    async with presets.alone():
        presets.rename(request.path_params["name"], new)
    return JSONResponse(_shown(presets, new, None))


def _version(request: ControlRequest) -> int | None:
    text = request.query_params.get("version")
    if text is None:
        return None
    try:
        return units.whole(1, LAST_VERSION)(text)
    except ValueError:
        raise bad_parameter("version", "version is a number from 1") from None


def _listed(engine: Engine, presets: Presets, name: str) -> dict[str, Any]:
    told: dict[str, Any] = {"name": name, **msgspec.to_builtins(Preset("")), "versions": []}
    try:
        told = _shown(presets, name, None)
        check(presets.get(name), engine.settings)
        _check_model(engine, told["model"])
    except Rejected as rejected:
        return {**told, "mistake": rejected.error.message}
    return told


def _check_model(engine: Engine, name: str) -> None:
    """Raise `Rejected` for the name of a model that neither the server nor a scenario that was read has."""
    for catalog in (engine.catalog, *(loaded.catalog for loaded in engine.library)):
        if catalog.named(name, aliased=True, other=engine.settings.any_model) is not None:
            return
    raise Rejected(unknown_model(name, engine.catalog, must_be_known=True))


def _shown(presets: Presets, name: str, version: int | None) -> dict[str, Any]:
    preset = presets.get(name, version)
    return {"name": name, **msgspec.to_builtins(preset), "versions": presets.versions(name), "mistake": None}
