"""/_emulator/openapi.json: the description of the emulated API and of the control API."""

import msgspec
from starlette.responses import Response

from emulator.engine import Engine
from emulator.web.control.bodies import ControlRequest
from emulator.web.openapi import document


async def openapi(engine: Engine, request: ControlRequest) -> Response:
    """GET /_emulator/openapi.json. The document is made when it is first asked for, and kept with the app."""
    state = request.app.state
    if not hasattr(state, "openapi"):
        state.openapi = msgspec.json.encode(document(engine.settings))
    return Response(state.openapi, media_type="application/json")
