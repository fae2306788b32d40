"""What is fuzzed: each target turns bytes into an input, sends it to an app in process, and judges the answer."""

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from fuzz import making
from fuzz.choices import Choices
from starlette.types import Message
from support.asgi import CHAT, PLAIN, SAMPLES, chat, given_way

from emulator import VirtualClock
from emulator.core.clock import EPOCH
from emulator.testing.building import build_engine
from emulator.web.app import create_app
from emulator.wire.asgi_client import AsgiClient

MOST_SECONDS = 0.5
"""Processor time that an answer may take, in seconds, unless the client asked for it by size."""
MOST_BYTES = 200_000
"""An answer beyond this size takes its time because the client asked for so much."""
_MOST_WAITS = 100


class Violation(AssertionError):
    """A promise that an answer broke."""


class Client(AsgiClient):
    """A client that takes an answer; it leaves when the answer does not end by the clock alone."""

    status = 0
    media_type = ""
    answer = b""

    async def take(self, message: Message) -> None:
        """Keep a part of the answer."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.media_type = dict(message["headers"]).get(b"content-type", b"").decode("latin-1")
        else:
            self.answer += message.get("body", b"")


class Fuzzed:
    """An app that is asked by one client after the other, under a clock that goes on as soon as an answer waits."""

    def __init__(self, account: Mapping[str, Any] | None = None) -> None:
        self._engine = build_engine(account, VirtualClock(EPOCH, rate=0), None, {})
        self._app = create_app(self._engine)

    async def ask(
        self, method: str, path: str, body: bytes = b"", headers: list[tuple[bytes, bytes]] | None = None
    ) -> Client:
        """One exchange. Raises Violation if the app fails, takes too long, or answers a JSON type without JSON."""
        lines = [(b"authorization", b"Bearer akml-local"), (b"content-length", b"%d" % len(body)), *(headers or [])]
        client = Client(method, path.encode(), lines, [body])
        began = time.process_time()
        await self._exchange(client)
        took = time.process_time() - began
        shown = f"{method} {path} {headers or ''} {body[:2_000]!r}"
        if took > MOST_SECONDS and len(client.answer) < MOST_BYTES:
            raise Violation(f"{took:.2f} s for {shown}")
        if client.media_type.startswith("application/json") and not _steered(lines):
            try:
                json.loads(client.answer)
            except ValueError:
                raise Violation(f"no JSON for {shown}: {client.answer[:300]!r}") from None
        return client

    async def snapshot(self) -> Any:
        """The state of the emulator, but for what each request changes, a refused one too."""
        found = json.loads((await self.ask("GET", "/_emulator/snapshot")).answer)
        del found["clock"]["ahead"]  # of the machine's time, which goes on
        keys = found["store"]["keys"]
        found["store"]["keys"] = {key: {**kept, "seen": {}} for key, kept in keys.items() if kept["accounts"]}
        return found

    async def _exchange(self, client: Client) -> None:
        task = asyncio.create_task(client.ask(self._app))
        for _ in range(_MOST_WAITS):
            await given_way(until=task.done)
            if task.done():
                break
            await self._engine.clock.advance(60)
        client.leave()
        await asyncio.wait_for(task, 60)

    async def alive(self) -> None:
        """Raise Violation unless health, the record, its verdict and the snapshot can be read."""
        for path in ("health", "inferences?limit=5", "verify", "verdict", "snapshot", "account"):
            client = await self.ask("GET", f"/_emulator/{path}")
            if client.status != 200:
                raise Violation(f"{client.status} for {path}: {client.answer[:300]!r}")


def _steered(lines: list[tuple[bytes, bytes]]) -> bool:
    """Whether a scenario may have made the answer, which then may be any."""
    return any(name.startswith(b"x-emulator") for name, _ in lines)


def _told(client: Client, what: object, allowed: range = range(200, 500)) -> None:
    if client.status not in allowed and client.hung_up is None:
        raise Violation(f"{client.status} {client.answer[:300]!r} for {what}")


async def bodies(data: bytes) -> None:
    """Bodies of inferences: never a 5xx."""
    path, body = making.request(Choices(data))
    fuzzed = Fuzzed()
    _told(await fuzzed.ask("POST", path, body), (path, body[:2_000]))
    await fuzzed.alive()


async def headers(data: bytes) -> None:
    """Headers, methods and paths: never a 5xx that no header asked for."""
    choices = Choices(data)
    lines = making.headers(choices)
    path = choices.one([*SAMPLES, "/v1/models", "/_emulator/inferences", "/v1/nowhere", "/anthropic/v1/models/x"])
    body = json.dumps(SAMPLES.get(path, {})).encode()
    fuzzed = Fuzzed()
    client = await fuzzed.ask(
        choices.one(("POST", "GET", "PUT", "HEAD", "OPTIONS", "DELETE", "PATCH")), path, body, lines
    )
    injected = any(name.startswith(b"x-emulator") or name in (b"authorization", b"x-api-key") for name, _ in lines)
    _told(client, (path, lines), range(200, 600 if injected else 500))
    await fuzzed.alive()


async def _played(text: bytes) -> None:
    fuzzed = Fuzzed()
    put = await fuzzed.ask("PUT", "/_emulator/scenarios/fuzzed", text)
    _told(put, text[:2_000])
    if put.status < 300:
        for path, sample in SAMPLES.items():
            asked = {**sample, "stream": True} if path == CHAT else sample
            line = [(b"x-emulator-scenario", b"fuzzed")]
            _told(await fuzzed.ask("POST", path, json.dumps(asked).encode(), line), text[:2_000], range(200, 600))
    await fuzzed.alive()


async def scenarios(data: bytes) -> None:
    """Scenario files: mistakes are told, and what is loaded plays."""
    await _played(making.scenario(Choices(data)))


async def templates(data: bytes) -> None:
    """Templates: mistakes are told, and what is loaded renders."""
    reply = {"rules": [{"reply": {"text": making.template(Choices(data))}}]}
    await _played(json.dumps(reply).encode())


async def schemas(data: bytes) -> None:
    """JSON Schemas, as a format and as a tool's parameters: a value or a 400."""
    choices = Choices(data)
    asked = making.schema(choices)
    tool = {"type": "function", "function": {"name": "f", "parameters": asked}}
    as_format = {"type": "json_schema", "json_schema": {"name": "x", "schema": asked}}
    more = {"tools": [tool], "tool_choice": "required"} if choices.chance(3) else {"response_format": as_format}
    body = making.spelled(Choices(b""), chat("A report on rivers.", **more))
    _told(await Fuzzed().ask("POST", CHAT, body), body[:2_000])


async def snapshots(data: bytes) -> None:
    """Snapshots and bodies of the control routes: taken whole or refused whole."""
    choices = Choices(data)
    fuzzed = Fuzzed({"credits": "5.00 USD", "keys": {"default": {"requests_per_minute": 9}}})
    for path, sample in SAMPLES.items():
        await fuzzed.ask("POST", path, json.dumps(sample).encode())
    method, path, valid = choices.one(_CONTROL)
    before = await fuzzed.snapshot()
    valid = valid or json.loads((await fuzzed.ask("GET", "/_emulator/snapshot")).answer)
    body = making.spelled(choices, making.changed(choices, valid))
    answer = await fuzzed.ask(method, f"/_emulator/{path}", body)
    _told(answer, (path, body[:2_000]))
    if answer.status >= 400 and await fuzzed.snapshot() != before:
        raise Violation(f"refused, but something changed: {path} {body[:2_000]!r}")
    await fuzzed.alive()


_CONTROL: tuple[tuple[str, str, Any], ...] = (
    ("PUT", "snapshot", None),
    ("PUT", "snapshot", None),
    ("PUT", "account", {"credits": "5.00 USD", "key": "akml-a"}),
    ("POST", "account", {"key": "akml-a", "policy": {"requests_per_minute": 3}}),
    ("POST", "credits", {"key": "akml-a", "purchase": 5}),
    ("POST", "keys", {"name": "a", "policy": {"concurrency": 2}}),
    ("POST", "clock", {"advance": "60s"}),
    ("POST", "clock", {"rate": "x60"}),
    ("POST", "clock", {"set": "2026-02-01T00:00:00Z"}),
    ("POST", "activate", {"scenario": "hello", "key": "akml-a"}),
    ("POST", "reset", {"key": "akml-a"}),
    ("PUT", "backends", {"model": PLAIN, "backends": [{"name": "a"}]}),
)

_TARGETS = {target.__name__: target for target in (bodies, headers, scenarios, templates, schemas, snapshots)}


def attempt(target: str, data: bytes) -> None:
    """Try one input. Raises Violation if a promise is broken."""
    asyncio.run(_TARGETS[target](data))


TARGETS: Mapping[str, Callable[[bytes], None]] = {name: partial(attempt, name) for name in _TARGETS}
"""Each takes any bytes, and raises Violation if a promise is broken."""
