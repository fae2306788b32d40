"""The client of the upstream: sends requests, and returns answers as they arrive and end."""

import re
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import TypeAlias

import httpx
from starlette.types import Scope

from emulator.recording.seen import Ending

RawHeaders: TypeAlias = list[tuple[bytes, bytes]]

_HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
"""Hop-by-hop headers, which a proxy does not forward (RFC 9110, section 7.6.1)."""
_OURS = frozenset({b"host", b"content-length", b"content-encoding", b"accept-encoding", b"expect"})
"""Headers that the proxy writes itself, or that are no longer true: it sends the body unpacked."""
_CONNECTING = 30.0
_DIRECT = dict.fromkeys(("all://127.0.0.1", "all://localhost", "all://[::1]"))
"""No proxy of the environment is asked for an upstream on this machine."""
_BASE = re.compile(r"https?://[^/?#\s]+(?:/[^?#\s]*)?")


class UpstreamError(Exception):
    """The upstream cannot be reached; the message is meant for the user."""


class Broken(Exception):
    """The upstream ended the connection before the answer was complete."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending)
        self.ending = ending


class Upstream:
    """An API at a URL, such as https://api.akashml.com, to which /v1 and /anthropic are added.

    A URL that already ends with /v1 or /anthropic is accepted. `transport` sends the requests (default: HTTP). Raises
    UpstreamError for anything but an HTTP URL.
    """

    def __init__(self, url: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        if not _BASE.fullmatch(url):
            raise UpstreamError(f'"{url}" is no URL of an upstream: expected one such as https://api.akashml.com')
        base = httpx.URL(re.sub(r"(?:/v1|/anthropic)?/*\Z", "", url))
        self.url = str(base.copy_with(username=None, password=None))
        self._base = base
        # The upstream may close an idle connection just as it is reused, which would look like a failed answer; so
        # each request has its own connection. There is no timeout here, because the client has its own.
        self._client = httpx.AsyncClient(
            transport=transport,
            mounts=_DIRECT,
            timeout=httpx.Timeout(None, connect=_CONNECTING),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
            follow_redirects=False,
        )

    def request(self, method: str, target: bytes, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> httpx.Request:
        """The request to send; `target` is the raw path with its query, as the client wrote it."""
        url = self._base.copy_with(raw_path=self._base.raw_path.rstrip(b"/") + target)
        given = [header for header in end_to_end(headers) if header[0] not in _OURS]
        content = body if body or method in ("POST", "PUT", "PATCH") else None
        return httpx.Request(method, url, headers=[*given, (b"accept-encoding", b"identity")], content=content)

    @asynccontextmanager
    async def answer(self, request: httpx.Request) -> AsyncIterator[httpx.Response]:
        """The answer, once its headers have arrived. Raises Broken for no answer, UpstreamError for no server."""
        try:
            response = await self._client.send(request, stream=True)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError, httpx.UnsupportedProtocol) as error:
            raise UpstreamError(f"cannot reach {self.url}: {error or type(error).__name__}") from None
        except httpx.TransportError as error:
            raise Broken("reset" if isinstance(error, httpx.NetworkError) else "end") from None
        try:
            yield response
        finally:
            await response.aclose()

    async def ask(self, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> httpx.Response:
        """A complete answer. Raises the same errors as `answer`."""
        given = [(name.encode(), value.encode()) for name, value in headers.items()]
        async with self.answer(self.request(method, path.encode(), given, body)) as response:
            await response.aread()
        return response

    async def close(self) -> None:
        """Close the HTTP client."""
        await self._client.aclose()


async def parts_of(response: httpx.Response) -> AsyncIterator[bytes]:
    """The raw bytes of a body, as they arrive. Raises Broken if they end too early."""
    try:
        async for part in response.aiter_raw():
            yield part
    except httpx.TransportError as error:
        raise Broken("reset" if isinstance(error, httpx.NetworkError) else "truncate") from None


def target_of(scope: Scope) -> bytes:
    """The path and the query of a request, as the client wrote them."""
    query = scope["query_string"]
    path: bytes = scope.get("raw_path") or scope["path"].encode()
    return path + (b"?" + query if query else b"")


def end_to_end(headers: Iterable[tuple[bytes, bytes]]) -> RawHeaders:
    """The headers that a proxy forwards, with names in lower case: neither hop-by-hop nor named by Connection."""
    given = [(name.lower(), value) for name, value in headers]
    named = {token.strip().lower() for name, value in given if name == b"connection" for token in value.split(b",")}
    return [(name, value) for name, value in given if name not in _HOP_BY_HOP and name not in named]
