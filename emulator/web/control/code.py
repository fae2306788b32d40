"""/_emulator/code: a request as code that asks it, before it is asked."""

import asyncio

import msgspec
from starlette.responses import JSONResponse

from emulator.dialects.endpoints import ENDPOINTS, endpoint_of
from emulator.engine import Engine
from emulator.web.control.bodies import ControlRequest

LANGUAGES = ("curl", "python", "node")
_MOST = 1 << 20


async def code(engine: Engine, request: ControlRequest) -> JSONResponse:
    """POST /_emulator/code."""
    from emulator.inferences.exports import FORMATS  # noqa: PLC0415 (imported when it is needed)
    from emulator.inferences.inference import Inference  # noqa: PLC0415

    fields = request.fields
    asked = dict(fields.required_object("request").data)
    body = msgspec.json.format(msgspec.json.encode(asked), indent=2).decode()
    if len(body) > _MOST:
        fields.reject("request", "an object of at most 1 MiB")
    unasked = Inference(
        number=0,
        id="",
        key="",
        namespace="",
        endpoint=fields.one_of("endpoint", tuple(ENDPOINTS)) or endpoint_of(asked),
        model=None,
        stream=asked.get("stream") is True,
        headers={},
        body=body,
        body_cut=False,
        question="",
        answered_by="",
        outcome="running",
        status=0,
        started=0.0,
    )
    url = str(request.base_url)
    told = {name: await asyncio.to_thread(FORMATS[name].write, unasked, url, engine.catalog) for name in LANGUAGES}
    return JSONResponse(told)
