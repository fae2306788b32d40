"""Driving the app in process: one exchange at a time, with a client that can leave, under a clock that tests move."""

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from starlette.types import ASGIApp, Message
from support.settling import elsewhere

from emulator import engine
from emulator.core.catalog import Catalog
from emulator.core.clock import EPOCH, VirtualClock
from emulator.core.settings import Settings
from emulator.dialects.endpoints import ENDPOINTS
from emulator.engine import Engine
from emulator.store.outside import at_once
from emulator.web.app import create_app
from emulator.wire.asgi_client import AsgiClient

KEY = "akml-test"
CHAT, COMPLETIONS, MESSAGES = (ENDPOINTS[name].path for name in ("chat", "completions", "messages"))
SAMPLES: dict[str, dict[str, Any]] = {row.path: dict(row.sample) for row in ENDPOINTS.values()}
"""A request to each endpoint, by its path."""
STREAMED = [row.path for row in ENDPOINTS.values() if row.streaming]
"""The paths of the endpoints that stream."""
COUNT = f"{MESSAGES}/count_tokens"
PLAIN = "meta-llama/Llama-3.3-70B-Instruct"
REASONING = "zai-org/GLM-5.3"


def make_engine(clock: VirtualClock | None = None, models: dict[str, Any] | None = None, **settings: Any) -> Engine:
    """An engine with a frozen clock, and whatever settings a test is about."""
    catalog = Catalog.load().with_models(models or {})
    return engine.make_engine(Settings(**settings), catalog, clock or VirtualClock(EPOCH, rate=0))


def activate(engine: Engine, name: str | None, key: str | None = None) -> None:
    """Let a scenario play from now on, for one key or for all."""
    at_once(engine.activate(name, key))


class Exchange(AsgiClient):
    """One request to an app, and what came back so far. A body is bytes, chunks of bytes, or JSON.

    The app finds no transport in its scope, unless `state` has one.
    """

    def __init__(
        self,
        app: ASGIApp,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        key: str | None = KEY,
        state: dict[str, Any] | None = None,
    ) -> None:
        chunks = list(_chunks(body))
        announced = {"content-length": str(len(chunks[0]))} if len(chunks) == 1 else {}
        given = announced | ({"authorization": f"Bearer {key}"} if key else {}) | dict(headers or {})
        raw = [(name.encode(), value.encode("latin-1")) for name, value in given.items()]
        super().__init__(method, path.encode(), raw, chunks, ("127.0.0.1", 8402))
        self.scope["state"] = state or {}
        self._app = app
        self.status = 0
        self.headers: dict[str, str] = {}
        self.sends: list[bytes] = []
        self.complete = False

    async def run(self) -> "Exchange":
        """Until the app has answered."""
        await self.ask(self._app)
        return self

    async def take(self, message: Message) -> None:
        """Note a part of the answer."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode("latin-1") for name, value in message["headers"]}
        else:
            if message.get("body"):
                self.sends.append(message["body"])
            self.complete = not message.get("more_body", False)

    @property
    def body(self) -> bytes:
        """All that was sent of the body."""
        return b"".join(self.sends)

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


def _chunks(body: Any) -> Iterable[bytes]:
    if isinstance(body, list) and body and all(isinstance(chunk, bytes) for chunk in body):
        return body
    return [body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()]


async def given_way(until: Callable[[], bool] = lambda: False) -> None:
    """Let everything happen that is due, without any time passing; at most until this is true."""
    for _ in range(100):
        await asyncio.sleep(0)
        await elsewhere.settled()
        if until():
            break


def ask(app: ASGIApp, method: str, path: str, body: Any = None, **more: Any) -> Exchange:
    """One whole exchange."""

    async def exchange() -> Exchange:
        return await Exchange(app, method, path, body, **more).run()

    return asyncio.run(exchange())


def post(
    path: str, body: Any, *, key: str | None = KEY, headers: Mapping[str, str] | None = None, **settings: Any
) -> Exchange:
    """One POST to a new app with these settings."""
    return ask(create_app(make_engine(**settings)), "POST", path, body, key=key, headers=headers)


def get(
    path: str,
    *,
    key: str | None = KEY,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    **settings: Any,
) -> Exchange:
    """One GET (or HEAD, or what `method` says) to a new app with these settings."""
    return ask(create_app(make_engine(**settings)), method, path, key=key, headers=headers)


def chat(content: Any = "Say hello.", **more: Any) -> dict[str, Any]:
    """The body of a chat request to a model that does not reason."""
    return {"model": PLAIN, "messages": [{"role": "user", "content": content}], **more}


def message(content: Any = "Say hello.", **more: Any) -> dict[str, Any]:
    """The body of a messages request to a model that does not reason."""
    return {"model": PLAIN, "max_tokens": 100, "messages": [{"role": "user", "content": content}], **more}


def completion(prompt: Any = "Once upon a time", **more: Any) -> dict[str, Any]:
    """The body of a completions request."""
    return {"model": PLAIN, "prompt": prompt, **more}


WEATHER: dict[str, Any] = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer", "minimum": 1, "maximum": 7}},
    "required": ["city", "days"],
}
CHAT_TOOL: dict[str, Any] = {
    "type": "function",
    "function": {"name": "get_weather", "description": "The weather.", "parameters": WEATHER},
}
MESSAGE_TOOL: dict[str, Any] = {"name": "get_weather", "description": "The weather.", "input_schema": WEATHER}


def error_of(exchange: Exchange, *, flat: bool = False) -> dict[str, Any]:
    """The error in a body of exactly its surface's shape: Anthropic's, OpenAI's, or (`flat`) AkashML's own."""
    path: str = exchange.scope["path"]
    body, error = exchange.json, exchange.json["error"]
    assert exchange.headers["content-type"] == "application/json"
    if path == "/anthropic" or path.startswith("/anthropic/"):
        assert (set(body), body["type"], set(error)) == ({"type", "error", "request_id"}, "error", {"type", "message"})
        assert body["request_id"] == exchange.headers["request-id"]
    elif flat:
        assert set(body) == {"error", "message"}
        return dict(body)
    else:
        assert (set(body), set(error)) == ({"error"}, {"message", "type", "param", "code"})
    assert all(isinstance(error[name], str) and error[name] for name in ("message", "type"))
    return dict(error)


def events(body: bytes) -> list[Any]:
    """The JSON of every `data:` line of a stream; [DONE] is the string."""
    lines = [line[6:] for line in body.decode().split("\n") if line.startswith("data: ")]
    return [line if line == "[DONE]" else json.loads(line) for line in lines]
