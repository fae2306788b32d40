"""Requests to the control routes of a running server."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import click

from emulator.commands._options import URL


def text_of(url: str, path: str, query: dict[str, str]) -> str:
    """The body of the response as text. Raises ClickException as `opened` does."""
    with opened(url, path, query) as answer:
        return answer.read().decode()


@contextmanager
def opened(url: str, path: str, query: dict[str, str]) -> Iterator[IO[bytes]]:
    """The response of a control route. Raises ClickException if the server is unreachable or refuses."""
    base = url if "//" in url else f"http://{url}"
    address = f"{base.rstrip('/')}/_emulator/{path}" + (f"?{urlencode(query)}" if query else "")
    if not address.startswith(("http://", "https://")):
        raise click.ClickException(f"{url} is no address of an emulator; expected one such as {URL}")
    try:
        answer = urlopen(Request(address))  # noqa: S310 (the scheme was checked)
    except HTTPError as error:
        with error:
            raise click.ClickException(_message(error)) from None
    except (URLError, OSError) as error:
        raise click.ClickException(f"no emulator at {url}: {error}") from None
    with answer:
        yield answer


def _message(error: HTTPError) -> str:
    try:
        message: str = json.loads(error.read())["error"]["message"]
    except (ValueError, KeyError, TypeError):
        return f"it answers {error.code}, so it is no emulator"
    return message
