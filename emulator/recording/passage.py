"""Forwarding one request to the upstream and its answer to the client: byte for byte, with its timing and its end."""

import asyncio
from collections.abc import Coroutine

import httpx
from starlette.types import Receive, Scope, Send

from emulator.account.secrets import secrets_of, starred
from emulator.core.clock import Clock
from emulator.core.vocabulary import InferenceRequest
from emulator.recording.seen import BodyPart, Ending, Exchange, without_secrets
from emulator.recording.upstream import Broken, RawHeaders, Upstream, end_to_end, parts_of, target_of
from emulator.wire.receive import headers_of
from emulator.wire.respond import HungUp, disconnect


class Passage:
    """Forwards one request: `relay` first, then `finish` if the client is still there; record it in between.

    A stream is sent to the client part by part. Any other answer is held back until `finish`, so that a client that
    has received it can rely on it being recorded.
    """

    def __init__(self, upstream: Upstream, clock: Clock, scope: Scope, receive: Receive, send: Send) -> None:
        self._upstream = upstream
        self._clock = clock
        self._scope = scope
        self._receive = receive
        self._send = send
        self._sent = clock.now()
        self.status = 0
        self._headers: RawHeaders = []
        self._parts: list[BodyPart] = []
        self._held: list[bytes] = []
        self._begun = 0.0
        self._ended: Ending = "in order"

    async def relay(self, body: bytes) -> bool:
        """Send the request and forward the answer; False if the client left early. Raises UpstreamError."""
        scope = self._scope
        request = self._upstream.request(scope["method"], target_of(scope), scope["headers"], body)
        return await self._unless_left(self._relay(request))

    async def _relay(self, request: httpx.Request) -> None:
        try:
            async with self._upstream.answer(request) as response:
                self.status, self._begun = response.status_code, self._elapsed()
                self._headers = end_to_end(response.headers.raw)
                is_stream = response.headers.get("content-type", "").startswith("text/event-stream")
                await self._send({"type": "http.response.start", "status": self.status, "headers": self._headers})
                async for part in parts_of(response):
                    self._parts.append(BodyPart(self._elapsed(), part))
                    if is_stream:
                        await self._body(part)
                    else:
                        self._held.append(part)
        except Broken as broken:
            self._ended = broken.ending
            self._begun = self._begun or self._elapsed()

    async def _unless_left(self, passing: Coroutine[None, None, None]) -> bool:
        """Run a coroutine, or cancel it if the client leaves first, which also ends the upstream's answer."""
        relaying = asyncio.ensure_future(passing)
        leaving = asyncio.ensure_future(until_left(self._receive))
        try:
            await asyncio.wait((relaying, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            stayed = relaying.done()
            relaying.cancel()
            leaving.cancel()
        if stayed:
            relaying.result()
        else:
            await asyncio.wait((relaying,))
        return stayed

    def exchange(self, asked: InferenceRequest) -> Exchange:
        """The exchange that was observed, without secrets."""
        secrets = self.secrets()
        headers = ((name.decode("latin-1"), starred(value, secrets).decode("latin-1")) for name, value in self._headers)
        return Exchange(
            request=asked,
            status=self.status,
            headers=tuple(headers),
            parts=without_secrets(self._decoded(), secrets),
            begun=self._begun,
            ended=self._ended,
        )

    def secrets(self) -> list[str]:
        """The secrets in the headers of both sides."""
        told = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in self._headers]
        return secrets_of([*headers_of(self._scope).items(), *told])

    def _decoded(self) -> list[BodyPart]:
        """The parts of the body; a body that was compressed without being asked for is one part."""
        encodings = [header for header in self._headers if header[0] == b"content-encoding"]
        if not encodings or not self._parts:
            return self._parts
        body = b"".join(part.data for part in self._parts)
        return [BodyPart(self._parts[-1].at, httpx.Response(200, headers=encodings, content=body).content)]

    async def finish(self) -> None:
        """Send the parts that were held back, and end the answer as the upstream ended it."""
        for part in self._held:
            await self._body(part)
        if self._ended == "in order":
            await self._body(b"", more=False)
        else:
            await self._hang_up()

    async def _hang_up(self) -> None:
        transport = self._scope.get("state", {}).get("transport")
        if transport is None:
            raise HungUp(f"the upstream hung up here ({self._ended})")
        disconnect(transport, reset=self._ended == "reset")
        await until_left(self._receive)

    def _elapsed(self) -> float:
        return self._clock.now() - self._sent

    async def _body(self, data: bytes, *, more: bool = True) -> None:
        await self._send({"type": "http.response.body", "body": data, "more_body": more})


async def until_left(receive: Receive) -> None:
    """Return once the client has left."""
    while (await receive())["type"] != "http.disconnect":
        pass
