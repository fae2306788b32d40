"""Asking the upstream: what is sent on, what comes back as it comes, and how it ends."""

import re
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import TypeAlias

from starlette.types import Scope

from emulator.recording.seen import Ending

try:
    import httpx
except ImportError:
    raise ImportError("recording needs httpx, which is not here: pip install 'akashml-emulator[record]'") from None

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
"""Headers of one connection, which a proxy does not pass on (RFC 9110, section 7.6.1)."""
_OURS = frozenset({b"host", b"content-length", b"accept-encoding", b"expect"})
_CONNECTING = 30.0
_BASE = re.compile(r"https?://[^/?#\s]+(?:/[^?#\s]*)?")


class UpstreamError(Exception):
    """An upstream that cannot be asked; the message is for the person who records."""


class Broken(Exception):
    """The upstream ended the connection before the answer was complete."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending)
        self.ending = ending


class Upstream:
    """An API at a URL, such as https://api.akashml.com, to which /v1 and /anthropic are added.

    A URL that already ends with /v1 or /anthropic is understood. `transport` is what carries the requests: HTTP unless
    it is given. Raises UpstreamError for what is no URL of HTTP.
    """

    def __init__(self, url: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        if not _BASE.fullmatch(url):
            raise UpstreamError(f'"{url}" is no URL of an upstream: expected one such as https://api.akashml.com')
        base = httpx.URL(re.sub(r"(?:/v1|/anthropic)?/*\Z", "", url))
        self.url = str(base.copy_with(username=None, password=None))
        self._base = base
        # An idle connection may be closed by the upstream just as it is used again, which nobody must take for an
        # answer; so each request has its own. How long an answer may take is the client's to say.
        self._client = httpx.AsyncClient(
            transport=transport,
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
        """The answer, whose headers have come. Raises Broken where none comes, UpstreamError where no server is."""
        try:
            response = await self._client.send(request, stream=True)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError, httpx.UnsupportedProtocol) as error:
            raise UpstreamError(f"cannot reach {self.url}: {error or type(error).__name__}") from None
        except httpx.TransportError as error:
            raise Broken("reset" if isinstance(error, httpx.NetworkError) else "close") from None
        try:
            yield response
        finally:
            await response.aclose()

    async def ask(self, method: str, path: str, headers: dict[str, str], body: bytes = b"") -> httpx.Response:
        """A whole answer. Raises as `answer` does."""
        given = [(name.encode(), value.encode()) for name, value in headers.items()]
        async with self.answer(self.request(method, path.encode(), given, body)) as response:
            await response.aread()
        return response

    async def close(self) -> None:
        """Let go of what the client holds."""
        await self._client.aclose()


async def parts_of(response: httpx.Response) -> AsyncIterator[bytes]:
    """The bytes of a body, as they come and as they are. Raises Broken where they end too early."""
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
    """The headers that a proxy passes on, with names in lower case: none of the connection, and none that it names."""
    given = [(name.lower(), value) for name, value in headers]
    named = {token.strip().lower() for name, value in given if name == b"connection" for token in value.split(b",")}
    return [(name, value) for name, value in given if name not in _HOP_BY_HOP and name not in named]
