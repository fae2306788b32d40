"""`wait`: wait until a server answers, for scripts and for the health check of a container."""

import http.client
from urllib.parse import urlsplit

import click

from emulator.commands import _options
from emulator.core import units


@click.command()
@_options.url
@click.option(
    "--timeout",
    callback=_options.written(units.duration),
    metavar="DURATION",
    default="30s",
    show_default=True,
    help="How long to wait at most; a bare number is in seconds.",
)
def wait(url: str, timeout: float) -> None:
    """Wait until the emulator at URL answers; exit 1 if it does not answer in time."""
    from emulator.core.clock import patience
    from emulator.core.decimals import decimal

    parts = urlsplit(url if "//" in url else f"http://{url}")
    if parts.scheme != "http" or not parts.hostname:
        raise click.ClickException(f"{url} is no address of an emulator; expected one such as {_options.URL}")
    why = "it was not tried"
    for left in patience(timeout):
        connection = http.client.HTTPConnection(parts.hostname, parts.port or 80, timeout=max(left, 0.1))
        try:
            connection.request("GET", "/_emulator/ready")
            with connection.getresponse() as answer:
                if answer.status == http.HTTPStatus.OK and b'"ready"' in answer.read(4096):
                    return
            why = f"it answers {answer.status} to /_emulator/ready, so it is no emulator"
        except (OSError, http.client.HTTPException) as error:
            why = str(error) or type(error).__name__
        finally:
            connection.close()
    raise click.ClickException(f"no emulator at {url} within {decimal(timeout)} s: {why}")
