"""/_emulator/models and /_emulator/settings: what there is to ask, and how this server is set."""

from typing import Any

from msgspec import to_builtins
from starlette.requests import Request
from starlette.responses import JSONResponse

from emulator.account.keys import masked
from emulator.core import settings as known
from emulator.core.catalog import alias
from emulator.dialects.endpoints import ENDPOINTS
from emulator.engine import Engine
from emulator.web.presets import parameters

_SECRET = frozenset({"control_token", "keys"})
"""Settings whose values are masked."""


async def models(engine: Engine, request: Request) -> JSONResponse:
    """GET /_emulator/models."""
    listed = {model.id for model in await engine.models(None)}
    told = [to_builtins(model) | {"alias": alias(model.id), "listed": model.id in listed} for model in engine.catalog]
    fields = {name: parameters(name, engine.settings) for name in ENDPOINTS}
    return JSONResponse({"models": told, "names": dict(engine.catalog.names), "parameters": fields})


async def settings(engine: Engine, request: Request) -> JSONResponse:
    """GET /_emulator/settings."""
    return JSONResponse({"settings": [_shown(each, getattr(engine.settings, each.name)) for each in known.settings()]})


def _shown(setting: known.Setting, value: Any) -> dict[str, Any]:
    if setting.name in _SECRET:
        value = list(map(masked, value)) if isinstance(value, tuple) else value and masked(value)
    return {
        "name": setting.name,
        "value": value,
        "default": setting.default,
        "expected": setting.notation.what,
        "meaning": setting.meaning,
    }
