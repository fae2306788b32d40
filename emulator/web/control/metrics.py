"""/_emulator/metrics: what Prometheus reads."""

from starlette.requests import Request
from starlette.responses import Response

from emulator.engine import Engine


async def metrics(engine: Engine, request: Request) -> Response:
    """GET /_emulator/metrics."""
    from emulator.inferences.metrics import MEDIA_TYPE, exposition  # noqa: PLC0415 (few servers are asked)

    return Response(exposition(*await engine.store.metrics()), media_type=MEDIA_TYPE)
