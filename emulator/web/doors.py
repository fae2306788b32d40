"""Who may ask: the host, the origin and the token of a request are checked before anything else.

A page in a browser can send requests to any server that its machine reaches, and its author is not the person who
started the server. Three things tell such requests apart:

- `Host` is the name in the address. A page that reached this server by its own name (DNS rebinding) would pass for one
  of the server's own pages, so names that nobody else can have point here are the only ones that are answered.
- `Origin` and `Sec-Fetch-Site` name the page. Browsers set them, and pages cannot change them. Any page may use the
  emulated API, as CORS says; the control routes are for none but the server's own.
- A token is asked for by the control routes of a server that other machines can reach.

Clients that are no browsers send neither `Origin` nor `Sec-Fetch-Site`, and are not affected by them.
"""

import logging
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from hmac import compare_digest
from ipaddress import ip_address
from typing import NamedTuple, Self
from urllib.parse import unquote_plus

from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from emulator.account.keys import presented
from emulator.core.clock import http_date
from emulator.core.errors import ApiError, Rejected
from emulator.core.seeds import Seed
from emulator.core.settings import Settings
from emulator.dialects.endpoints import Dialects
from emulator.engine import Engine
from emulator.wire.errors import ErrorResponse
from emulator.wire.receive import headers_of

CONTROL = "/_emulator"
_WITHOUT_TOKEN = frozenset({f"{CONTROL}/health", f"{CONTROL}/ready"})
"""What the health checks of containers ask."""
_OF_DATA = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
)
"""Headers of what the control routes answer: much of it was written by clients, and a browser must run none of it."""
_HOST = re.compile(r"(?:(?P<name>[^\[\]:/?#@\\\s]+)|\[(?P<address>[0-9a-f:.]+)\])(?::\d*)?")
_SHOWN = 100
_NEEDED = (
    "/_emulator needs this server's token, which serve printed when it started, unless it was given with "
    "--control-token. Send it as the header 'Authorization: Bearer TOKEN' or as ?token=TOKEN; the commands take it as "
    "--control-token or from AKASHML_EMULATOR_CONTROL_TOKEN."
)

log = logging.getLogger("emulator")


class Access(NamedTuple):
    """Who is let in. `hosts` are the names that are answered besides those of the loopback interface; None: any.

    `token` is asked for by the control routes; none is if it is empty.
    """

    hosts: frozenset[str] | None = None
    token: str = ""

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The access to an app that does not listen by itself: only what the settings say is checked."""
        return cls(frozenset(settings.allowed_hosts) or None, settings.control_token)

    @classmethod
    def on(cls, addresses: Iterable[str], settings: Settings, host: str = "") -> Self:
        """The access to a server that listens on these addresses, as `host` named them.

        Where all of them are of the loopback interface, only its names are answered. Where they are not, any name is
        unless the settings have some, and there is a token in any case: if the settings have none, a random one.
        """
        hosts, token = cls.of(settings)
        if all(is_loopback(address) for address in addresses):
            return cls((hosts or frozenset()) | {host.lower()}, token)
        return cls(hosts and hosts | {host.lower()}, token or Seed.unpredictable().letters(32))


class Doors:
    """Passes requests on to an app, or refuses them: 421 for the host, 403 for the origin, 401 for the token."""

    def __init__(self, app: ASGIApp, engine: Engine, access: Access) -> None:
        self._app = app
        self._engine = engine
        self._surface = Dialects(engine.settings).surface
        self._hosts, self._token = access
        self._session = Seed.unpredictable().letters(32)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] == "http":
            control = CONTROL in scope["path"] and is_control(scope)
            if control:
                send = _as_data(send)
            try:
                if self._hosts is not None:
                    _check_hosts(scope, self._hosts)
                if control:
                    _check_origin(scope)
                    if self._token:
                        return await self._behind_token(scope, receive, send)
            except Rejected as rejected:
                return await self._refuse(rejected, scope, receive, send)
        return await self._app(scope, receive, send)

    async def _refuse(self, rejected: Rejected, scope: Scope, receive: Receive, send: Send) -> None:
        log.info("refused a request: %s", rejected.error.message)
        path: str = scope["path"]
        ids = self._engine.ids_without_state(f"{scope['method']} {path}".encode(errors="replace"))
        now = self._engine.clock.now()
        await ErrorResponse(rejected.error, self._surface(path), ids, now, rejected.headers)(scope, receive, send)

    # ------------------------------------------------------------------------------------------ the token

    async def _behind_token(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a control request; the app does not see a token in the query. Raises `Rejected` with a 401.

        A token in the address of the first page is exchanged for a cookie, so that it does not stay there.
        """
        path, headers = _path(scope), headers_of(scope)
        tokens, rest = _split_query(scope["query_string"])
        valid = any(_equal(token, self._token) for token in tokens)
        if valid and path.rstrip("/") == CONTROL and scope["method"] == "GET":
            return await self._entrance(scope, headers)(scope, receive, send)
        if not valid and path.rstrip("/") not in _WITHOUT_TOKEN:
            self._check_headers(headers, wrong=bool(tokens))
        return await self._app({**scope, "query_string": rest}, receive, send)

    def _check_headers(self, headers: Mapping[str, str], *, wrong: bool) -> None:
        """Raise `Rejected` with a 401 unless the headers have the token or the cookie. `wrong`: the query has another.

        The 401 says where to find the token.
        """
        given = presented(headers, x_api_key=False)
        if _equal(given, self._token) or _equal(_cookie(headers), self._session):
            return
        message = f"That is not the token. {_NEEDED}" if wrong or given else _NEEDED
        error = ApiError("unauthorized", message, code="invalid_control_token", flat=False)
        raise Rejected(error, (("www-authenticate", "Bearer"),))

    def _entrance(self, scope: Scope, headers: Mapping[str, str]) -> RedirectResponse:
        home = f"{scope.get('root_path', '')}{CONTROL}/"
        found = RedirectResponse(home, 303, {"date": http_date(int(self._engine.clock.now())).decode()})
        found.set_cookie(_cookie_name(headers), self._session, path=home, httponly=True, samesite="strict")
        return found


def _as_data(send: Send) -> Send:
    """Add the headers of what is data to every answer, a refusal as well, unless it has its own, as a page has."""

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [*message["headers"]]
            names = {name for name, _ in headers}
            message = {**message, "headers": [*headers, *(each for each in _OF_DATA if each[0] not in names)]}
        await send(message)

    return sent


def is_control(scope: Scope) -> bool:
    """Whether a request is for a control route, or for what is no route under the same path."""
    return f"{_path(scope)}/".startswith(f"{CONTROL}/")


def is_loopback(address: str) -> bool:
    """Whether an address, or a name, is one of the loopback interface.

    >>> [is_loopback(each) for each in ("127.0.0.53", "::1", "app.localhost", "0.0.0.0", "localhost.example.com")]
    [True, True, True, False, False]
    """
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return address == "localhost" or address.endswith(".localhost")


def _path(scope: Scope) -> str:
    """The path within the app, which may be mounted in another one."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))


# ---------------------------------------------------------------------------------------------- hosts and origins


def _check_hosts(scope: Scope, hosts: frozenset[str]) -> None:
    """Raise `Rejected` with a 421 for another host. A request without one, as in HTTP/1.0, is no browser's."""
    for name, value in scope["headers"]:
        if name == b"host" and not _is_answered(value, hosts):
            message = (
                f"This server does not answer to the host {_shown(value)}, but to localhost, the addresses of the "
                "loopback interface, and the names that are added with `serve --allow-host NAME`."
            )
            raise Rejected(ApiError("bad_request", message, code="misdirected_request", status=421))


@lru_cache(maxsize=64)
def _is_answered(host: bytes, hosts: frozenset[str]) -> bool:
    """Whether the value of a Host header has one of these names, or one of the loopback interface."""
    found = _HOST.fullmatch(host.decode("latin-1").lower())
    name = (found["address"] or found["name"].removesuffix(".")) if found else ""
    return bool(name) and (is_loopback(name) or name in hosts)


def _check_origin(scope: Scope) -> None:
    """Raise `Rejected` with a 403 for a request of a page from elsewhere. A page without an origin has "null"."""
    hosts = {value.lower() for name, value in scope["headers"] if name == b"host"}
    for name, value in scope["headers"]:
        foreign = (name == b"origin" and not _is_same(value.lower(), hosts)) or (
            name == b"sec-fetch-site" and value.lower() not in (b"same-origin", b"none")
        )
        if foreign:
            header = f"{name.decode()}: {_shown(value)}"
            message = (
                f"Pages from elsewhere cannot use {CONTROL} ({header}). They can use the emulated API; "
                f"{CONTROL} is for programs, such as curl or a test, and for what you type into a browser yourself."
            )
            raise Rejected(ApiError("forbidden", message, code="foreign_origin"))


def _is_same(origin: bytes, hosts: set[bytes]) -> bool:
    scheme, _, host = origin.partition(b"://")
    return scheme in (b"http", b"https") and hosts == {host}


def _shown(value: bytes) -> str:
    return repr(value.decode("latin-1")[:_SHOWN])


# ---------------------------------------------------------------------------------------------- tokens


def _equal(given: str, secret: str) -> bool:
    """Whether these are equal, in a time that does not tell how much of them is."""
    return compare_digest(given.encode(), secret.encode())


def _split_query(query: bytes) -> tuple[list[str], bytes]:
    """The values of `token` in a query, and the query without them."""
    parts = query.split(b"&")
    named = [part.partition(b"=") for part in parts]
    tokens = [unquote_plus(value.decode("latin-1")) for name, _, value in named if name == b"token"]
    return tokens, b"&".join(part for part in parts if part.partition(b"=")[0] != b"token")


def _cookie(headers: Mapping[str, str]) -> str:
    """The value of the cookie; empty if there is none."""
    pairs = (pair.strip().partition("=") for pair in headers.get("cookie", "").split(";"))
    return {name: value for name, _, value in pairs}.get(_cookie_name(headers), "")


def _cookie_name(headers: Mapping[str, str]) -> str:
    """The name of the cookie, in which the port is: servers on other ports of the same host see each other's."""
    return f"akashml-control-{headers.get('host', '').rpartition(':')[2]}"
