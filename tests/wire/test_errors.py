"""Errors have one writer: whichever route refuses, the answer has the shape of its surface and all of its headers."""

import asyncio
import json
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from support.asgi import (
    SAMPLES,
    Exchange,
    ask,
    error_of,
    make_engine,
)
from support.recorded import URL

from emulator.core.clock import EPOCH, http_date
from emulator.core.errors import ERRORS, ApiError, ErrorKind, Rejected
from emulator.core.settings import Settings
from emulator.dialects.endpoints import Dialects
from emulator.recording.proxy import recording_proxy
from emulator.store.outside import at_once
from emulator.web.app import create_app
from emulator.web.errors import handlers

ELSEWHERE = ("/v1/models", "/anthropic/v1/models", "/_emulator/clock", "/nowhere")
WAITS = [(2, "2"), (0, "0"), (0.0301, "0.031"), (1.5, "1.500"), (1_000_000, "1000000"), (59.9999, "60")]


def refusing(path: str, error: ApiError, headers: tuple[tuple[str, str], ...] = ()) -> Exchange:
    """The answer of a route at this path that refuses whatever is asked."""

    async def refuse(request: Request) -> Response:
        raise Rejected(error, headers)

    engine = make_engine()
    told = handlers(engine, Dialects(engine.settings), [])
    return ask(Starlette(routes=[Route(path, refuse)], exception_handlers=told), "GET", path)


def scripted(path: str, error: ApiError) -> Exchange:
    """The answer of an inference that a scenario fails with this error."""
    engine = make_engine()
    said = {"kind": error.kind, "message": error.message}
    wait = {} if error.retry_after is None else {"retry_after": f"{round(error.retry_after * 1e6) / 1e3}ms"}
    engine.library.put("failing", json.dumps({"rules": [{"reply": {"error": said, **wait}}]}))
    at_once(engine.activate("failing"))
    return ask(create_app(engine), "POST", path, SAMPLES[path])


@pytest.mark.parametrize(("seconds", "written"), WAITS)
@pytest.mark.parametrize("path", [*SAMPLES, *ELSEWHERE])
def test_every_route_tells_how_long_to_wait(path: str, seconds: float, written: str) -> None:
    """Retry-After comes with a refusal from an inference, a list of models and a control route alike."""
    error = ApiError("rate_limited", "Too many.", retry_after=seconds)
    refused = scripted(path, error) if path in SAMPLES else refusing(path, error)
    assert (refused.status, refused.headers["retry-after"]) == (429, written)


@pytest.mark.parametrize("kind", ERRORS)
@pytest.mark.parametrize("path", SAMPLES)
def test_a_route_and_an_inference_tell_the_same(path: str, kind: ErrorKind) -> None:
    """Status, headers and body of an error do not depend on who raised it; only the ids do."""
    error = ApiError(kind, "It is so.", retry_after=1.0)
    one, other = refusing(path, error), scripted(path, error)
    assert (one.status, [*one.headers], error_shape(one)) == (other.status, [*other.headers], error_shape(other))
    assert one.headers["date"] == http_date(int(EPOCH)).decode()
    assert one.headers["content-length"] == str(len(one.body))
    assert ("connection" in one.headers) is (kind == "too_large")


def error_shape(exchange: Exchange) -> dict[str, object]:
    """The error in a body, without the id that a body of /anthropic has beside it."""
    return error_of(exchange, flat=isinstance(exchange.json["error"], str))


def test_the_headers_of_a_refusal_go_before_the_usual_ones() -> None:
    """What is raised with headers is sent with them, each in the place of one of the same name."""
    refused = refusing("/v1/models", ApiError("rate_limited", "No."), (("X-RateLimit-Limit", "3"), ("Date", "now")))
    assert (refused.headers["x-ratelimit-limit"], refused.headers["date"]) == ("3", "now")


@pytest.mark.parametrize("path", SAMPLES)
def test_an_upstream_that_is_not_there(path: str, tmp_path: Path) -> None:
    """The recording proxy's own 502 has ids, a date and the shape of the path's surface, as all errors do."""

    class Nowhere(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            raise httpx.ConnectError("refused")

    proxy = recording_proxy(URL, tmp_path / "story.yaml", transport=Nowhere())
    told = asyncio.run(Exchange(proxy, "POST", path, SAMPLES[path]).run())
    assert told.status == 502
    assert "refused" in error_of(told)["message"]
    assert told.headers["inference-id"]
    assert told.headers.keys() == refusing(path, ApiError("internal", "x")).headers.keys()


def test_a_mistake_of_our_own_is_told_in_its_surface() -> None:
    """What nobody expected is a 500 of the path's shape."""

    async def fail(request: Request) -> Response:
        raise ZeroDivisionError

    engine = make_engine()
    told = handlers(engine, Dialects(Settings()), [])
    app = Starlette(routes=[Route("/anthropic/v1/x", fail)], exception_handlers=told)
    failed = Exchange(app, "GET", "/anthropic/v1/x")
    with pytest.raises(ZeroDivisionError):  # Starlette raises it again, for the log
        asyncio.run(failed.run())
    assert (failed.status, error_of(failed)["type"]) == (500, "api_error")
