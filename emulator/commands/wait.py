"""`wait`: wait until a server answers, for scripts and for the health check of a container."""

import http.client
import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
from click.core import ParameterSource

from emulator.commands import _options
from emulator.core import units


@click.command()
@_options.url
@click.option("--pid", type=click.IntRange(1), help="The process of the server: no other server is waited for.")
@click.option(
    "--port-file",
    type=click.Path(path_type=Path),
    help="The file of `serve --port-file`, instead of URL; needs --pid.",
)
@click.option(
    "--timeout",
    callback=_options.written(units.duration),
    metavar="DURATION",
    default="30s",
    show_default=True,
    help="How long to wait at most; a bare number is in seconds.",
)
@click.pass_context
def wait(context: click.Context, url: str, pid: int | None, port_file: Path | None, timeout: float) -> None:
    """Wait until the emulator at URL answers; exit 1 if it does not answer in time.

    With --pid it also ends as soon as that process does, and takes no other server for it, such as one that had the
    port before.
    """
    from emulator.core.clock import patience
    from emulator.core.decimals import decimal

    if port_file is not None and pid is None:
        raise click.UsageError("--port-file needs --pid: an old file may have the port of another server")
    if port_file is not None and context.get_parameter_source("url") is ParameterSource.COMMANDLINE:
        raise click.UsageError("the address is either URL or in --port-file, not both")
    why = "it was not tried"
    for left in patience(timeout):
        if pid is not None and not _runs(pid):
            raise click.ClickException(f"no emulator: the process {pid} has ended; its own output says why")
        if port_file is not None:
            port = port_file.read_text().strip() if port_file.exists() else ""
            url = f"{_options.HOST}:{port}"
            if not port:
                why = f"there is no port in {port_file} yet"
                continue
        found = _tried(url, pid, max(left, 0.1))
        if found is None:
            return
        why = found
    raise click.ClickException(f"no emulator at {url} within {decimal(timeout)} s: {why}")


def _tried(url: str, pid: int | None, timeout: float) -> str | None:
    """Ask the server once; returns what is wrong, and None if it is ready. Raises ClickException for a wrong URL."""
    parts = urlsplit(url if "//" in url else f"http://{url}")
    if parts.scheme != "http" or not parts.hostname:
        raise click.ClickException(f"{url} is no address of an emulator; expected one such as {_options.URL}")
    connection = http.client.HTTPConnection(parts.hostname, parts.port or 80, timeout=timeout)
    try:
        connection.request("GET", "/_emulator/ready")
        with connection.getresponse() as answer:
            status, body = answer.status, answer.read(4096)
    except (OSError, http.client.HTTPException) as error:
        return str(error) or type(error).__name__
    finally:
        connection.close()
    try:
        ready: dict[str, Any] = {**json.loads(body)}
    except (ValueError, TypeError):
        ready = {}
    if status != http.HTTPStatus.OK or ready.get("status") != "ready":
        return f"it answers {status} to /_emulator/ready, so it is no emulator"
    if pid is not None and pid not in ready.get("process", ()):
        return f"another server answers there: its process is not {pid}"
    return None


def _runs(pid: int) -> bool:
    """Whether there is a process with this id."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
