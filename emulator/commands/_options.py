"""Defaults and options that several commands share."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import click

from emulator.core.units import Notation

T = TypeVar("T")

HOST = "127.0.0.1"
PORT = 8402
URL = f"http://{HOST}:{PORT}"

host = click.option("--host", default=HOST, show_default=True, help="Address to listen on.")
port = click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=PORT,
    show_default=True,
    help="Port to listen on; 0 picks a free one.",
)
log_level = click.option(
    "--log-level", type=click.Choice(["debug", "info", "warning", "error"]), default="info", show_default=True
)
url = click.argument("url", default=URL)


@contextmanager
def needing_httpx() -> Iterator[None]:
    """Import what needs the extra `record`. Raises a ClickException that says what to install if it is missing."""
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name != "httpx":
            raise
        told = (
            "this needs httpx, which is not installed: pip install httpx, or in a checkout pip install -e '.[record]'"
        )
        raise click.ClickException(told) from None


def written(notation: Notation[T]) -> Callable[[click.Context, click.Parameter, str | None], T | None]:
    """Return the callback of an option whose values are written in a notation. It raises ClickException."""

    def read(ctx: click.Context, param: click.Parameter, value: str | None) -> T | None:
        try:
            return None if value is None else notation.of(value)
        except ValueError as error:
            raise click.ClickException(f"{param.opts[0]}: {error}, got {value}") from None

    return read
