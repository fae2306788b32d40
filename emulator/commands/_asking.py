"""Requests to the control routes of a running server. They go to it directly, whatever proxies are configured."""

import http.client
import json
import socket
import ssl
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode
from urllib.request import ProxyHandler, Request, build_opener

import click

from emulator.commands._options import token_of_context

_FAILED = (OSError, http.client.HTTPException, ValueError)
_PATIENCE = 60.0
"""Seconds without a byte after which a server is given up, unless it is followed."""


def json_of(url: str, path: str, query: Mapping[str, str] | None = None, *, needs: Collection[str] = ()) -> Any:
    """The JSON object that a control route answers to GET.

    Raises ClickException as `opened` does, and for an answer without the fields that it `needs`.
    """
    return _decoded(url, text_of(url, path, query), needs)


def sent(url: str, method: str, path: str, body: Mapping[str, Any], *, needs: Collection[str] = ()) -> Any:
    """The JSON object that a control route answers to a body. Raises ClickException as `json_of` does."""
    with opened(url, path, method=method, body=body) as answer:
        return _decoded(url, _text(url, answer), needs)


def text_of(url: str, path: str, query: Mapping[str, str] | None = None) -> str:
    """The text that a control route answers to GET. Raises ClickException as `opened` does."""
    with opened(url, path, query) as answer:
        return _text(url, answer)


@contextmanager
def opened(
    url: str,
    path: str,
    query: Mapping[str, str] | None = None,
    *,
    method: str = "GET",
    body: Mapping[str, Any] | None = None,
    timeout: float | None = _PATIENCE,
) -> Iterator[IO[bytes]]:
    """The response of a control route. Raises ClickException if the server is unreachable or refuses."""
    base = url if "//" in url else f"http://{url}"
    address = f"{base.rstrip('/')}/_emulator/{quote(path)}" + (f"?{urlencode(query)}" if query else "")
    data = None if body is None else json.dumps(body).encode()
    request = Request(address, data, {"content-type": "application/json"}, method=method)  # noqa: S310 (the option checked it)
    if token := token_of_context():
        request.add_unredirected_header("authorization", f"Bearer {token}")
    try:
        answer = build_opener(ProxyHandler({})).open(request, timeout=timeout)
    except HTTPError as error:
        with error:
            raise click.ClickException(_message(url, error)) from None
    except _FAILED as error:
        raise click.ClickException(
            f"no emulator at {url}: {reason(error)}. `akashml-emulator serve` starts one; "
            "the URL of another is given on the command line or in AKASHML_EMULATOR_URL"
        ) from None
    with answer:
        yield answer


def read_lines(url: str, answer: IO[bytes]) -> Iterator[bytes]:
    """The lines of a response while they come. Raises ClickException if the connection breaks."""
    try:
        yield from answer
    except _FAILED as error:
        raise click.ClickException(f"the connection to {url} ended: {reason(error)}") from None


def reason(error: BaseException) -> str:
    """Why a server cannot be reached, in words."""
    cause = error.reason if isinstance(error, URLError) else error
    match cause:
        case ConnectionRefusedError():
            return "nothing listens there"
        case socket.gaierror():
            return "there is no host of this name"
        case TimeoutError():
            return "it does not answer in time"
        case ssl.SSLError():
            return "it does not answer with TLS; try http:// instead of https://"
        case ConnectionError():
            return "it closed the connection without an answer"
        case http.client.HTTPException() if not isinstance(cause, http.client.InvalidURL):
            return "what listens there does not speak HTTP"
        case OSError(strerror=str(text)):
            return text.lower()
    return str(cause)


def _text(url: str, answer: IO[bytes]) -> str:
    return b"".join(read_lines(url, answer)).decode(errors="replace")


def _decoded(url: str, text: str, needs: Collection[str]) -> Any:
    try:
        told = json.loads(text)
    except ValueError:
        told = None
    if not isinstance(told, dict) or not told.keys() >= set(needs):
        raise click.ClickException(f"what answers at {url} is no emulator of this version")
    return told


def _message(url: str, error: HTTPError) -> str:
    try:
        told = json.loads(error.read())
        if "mistakes" in told:
            return "\n".join(f"{each['source']}:{each['line']}: {each['message']}" for each in told["mistakes"])
        message: str = told["error"]["message"]
    except (*_FAILED, KeyError, TypeError):
        return f"what answers at {url} is no emulator: it answers {error.code}"
    return message
