"""Routes under /_emulator: how people and tests look into the emulator and steer it."""

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route

from emulator import __version__
from emulator.engine import Engine


def routes(engine: Engine) -> list[BaseRoute]:
    """The control routes for one engine."""

    async def health(request: Request) -> JSONResponse:
        return JSONResponse({"status": "ok", "version": __version__})

    async def ready(request: Request) -> JSONResponse:
        return JSONResponse({"status": "ready", "models": len(list(engine.catalog))})

    return [Route("/_emulator/health", health), Route("/_emulator/ready", ready)]
