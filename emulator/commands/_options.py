"""Defaults and options that several commands share."""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar
from urllib.parse import urlsplit

import click
from click.core import ParameterSource

from emulator.core import units
from emulator.core.units import Notation

T = TypeVar("T")

HOST = "127.0.0.1"
PORT = 8402
URL = f"http://{HOST}:{PORT}"

URL_VARIABLE = "AKASHML_EMULATOR_URL"
PORT_VARIABLE = "AKASHML_EMULATOR_PORT"
"""The environment variables that name the server where no argument does."""
TOKEN_VARIABLE = "AKASHML_EMULATOR_CONTROL_TOKEN"  # noqa: S105 (the name of a variable)
"""The environment variable that has the token of the control routes, for servers and for the commands that ask them."""
GIVE_TOKEN = f"Give one with --control-token or {TOKEN_VARIABLE}."
_PORTS = units.whole(1, 65535)
_BASE = re.compile(r"(?<=[\w\]])/(?:v1|anthropic(?:/v1)?)/?$")
"""The path that a client's base URL has, and the server's address has not."""


def _address(ctx: click.Context, param: click.Parameter, value: str | None) -> str:
    """The URL of a server: the one that is given, or the one on this machine. Raises ClickException for no URL.

    A port alone is one on this machine, and the base URL of a client leads to its server.
    """
    if value is None or value.isdecimal():
        return f"http://{HOST}:{value or _port_of_environment()}"
    try:
        parts = urlsplit(value if "//" in value else f"http://{value}")
        good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        good = False
    if not good:
        given = f"{URL_VARIABLE}: " if ctx.get_parameter_source(str(param.name)) == ParameterSource.ENVIRONMENT else ""
        raise click.ClickException(f"{given}{value} is no address of an emulator; expected one such as {URL}")
    return _BASE.sub("", value)


def _port_of_environment() -> int:
    text = os.environ.get(PORT_VARIABLE)
    try:
        return _PORTS(text) if text else PORT
    except ValueError as error:
        raise click.ClickException(f"{PORT_VARIABLE}: {error}, got {text}") from None


class _Port(click.Option):
    """An option whose mistakes are those of the environment variable, if the value is from there."""

    def get_error_hint(self, ctx: click.Context | None) -> str:
        """The name of what has the wrong value."""
        source = ctx.get_parameter_source(str(self.name)) if ctx is not None else None
        return PORT_VARIABLE if source == ParameterSource.ENVIRONMENT else f"'{self.opts[0]}'"


host = click.option("--host", default=HOST, show_default=True, help="Address to listen on.")
port = click.option(
    "--port",
    cls=_Port,
    type=click.IntRange(0, 65535),
    envvar=PORT_VARIABLE,
    show_envvar=True,
    default=PORT,
    show_default=True,
    help="Port to listen on; 0 picks a free one.",
)
log_level = click.option(
    "--log-level", type=click.Choice(["debug", "info", "warning", "error"]), default="info", show_default=True
)
url = click.argument("url", required=False, envvar=URL_VARIABLE, callback=_address)
url_option = click.option(
    "--url",
    envvar=URL_VARIABLE,
    show_envvar=True,
    callback=_address,
    help=f"The address of the emulator.  [default: {URL}]",
)
allow_host = click.option(
    "--allow-host",
    "allowed_hosts",
    multiple=True,
    metavar="NAME",
    envvar="AKASHML_EMULATOR_ALLOWED_HOSTS",
    show_envvar=True,
    help="A name that requests may be sent to, besides those of the loopback interface (repeatable).",
)
control_token = click.option(
    "--control-token",
    envvar=TOKEN_VARIABLE,
    show_envvar=True,
    metavar="TOKEN",
    help="What /_emulator asks for.  [default: nothing on the loopback interface, else a random one that is printed]",
)


def _keep_token(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    ctx.meta[TOKEN_VARIABLE] = value


def token_of_context() -> str | None:
    """The token that the running command was given for the control routes."""
    context = click.get_current_context(silent=True)
    return context.meta.get(TOKEN_VARIABLE) if context is not None else None


with_token = click.option(
    "--control-token",
    envvar=TOKEN_VARIABLE,
    show_envvar=True,
    metavar="TOKEN",
    expose_value=False,
    callback=_keep_token,
    help="The token of the emulator, if it asks for one.",
)
store = click.option(
    "--store",
    "store_url",
    metavar="URL",
    envvar="AKASHML_EMULATOR_STORE",
    show_envvar=True,
    help="Redis that keeps the state for all workers and hosts, as in redis://HOST:6379/0?prefix=akml.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")

_LIMITS = {
    "--requests-per-minute": "Of each key.  [default: any number]",
    "--tokens-per-minute": "Of each key.  [default: any number]",
    "--concurrency": "Requests of each key at a time.  [default: any number]",
}


def limits(command: Callable[..., T]) -> Callable[..., T]:
    """Add the options for the limits of keys."""
    for name, text in reversed(_LIMITS.items()):
        command = click.option(name, type=click.IntRange(1), help=text)(command)
    return command


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


grace = click.option(
    "--grace",
    callback=written(units.duration),
    metavar="DURATION",
    default="5s",
    show_default=True,
    help="How long open answers may go on after SIGTERM or SIGINT; a second signal ends them at once.",
)
