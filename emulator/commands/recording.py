"""Commands that look at a real service: record and drift."""

import asyncio
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from emulator.commands.listening import listening

if TYPE_CHECKING:
    from emulator.recording.proxy import Mode

_KEY = "AKASHML_API_KEY"


@click.command()
@click.option("--upstream", metavar="URL", help="The service, such as https://api.akashml.com.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The scenario to write, and to play.")
@click.option(
    "--mode",
    type=click.Choice(["record", "replay", "record-missing"]),
    default="record",
    show_default=True,
    help="Ask the service always, never, or for what the file does not answer.",
)
@click.option("--readable", is_flag=True, help="Keep what was said and not how it was cut into pieces.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8402, show_default=True, help="0 picks a free one.")
@click.option("--log-level", type=click.Choice(["debug", "info", "warning", "error"]), default="info")
def record(upstream: str | None, out: Path, mode: "Mode", readable: bool, host: str, port: int, log_level: str) -> None:
    """Pass requests on to a real service, and write what it answers as a scenario."""
    from emulator.recording.book import BookError
    from emulator.recording.proxy import recording_proxy
    from emulator.recording.upstream import UpstreamError
    from emulator.scenario.reading.mistakes import ScenarioError
    from emulator.wire.server import log_to_stderr, serve

    if upstream is None and mode != "replay":
        raise click.UsageError("--upstream is needed, unless --mode is replay")
    try:
        proxy = recording_proxy(upstream, out, mode, exact=not readable)
    except (UpstreamError, BookError, ScenarioError) as error:
        raise click.ClickException(str(error)) from None
    listener, url = listening(host, port)
    log_to_stderr(log_level)
    serve(proxy, listener, lambda: click.echo(f"{mode} at {url}: {upstream or 'no upstream'}, {out}"))
    click.echo(f"{proxy.recorded} recorded, {proxy.left_out} left out: {out}")


@click.command()
@click.option("--upstream", metavar="URL", required=True, help="The service, such as https://api.akashml.com.")
@click.option("--model", help="The model to ask.  [default: a cheap one]")
@click.option("--json", "as_json", is_flag=True, help="Print the differences as JSON.")
def drift(upstream: str, model: str | None, as_json: bool) -> None:
    """Compare the shapes of a service's answers with the emulator's own; exit 1 if they differ.

    A dozen short calls are made with the key in AKASHML_API_KEY. They cost a fraction of a cent.
    """
    from emulator.recording.drift import MODEL
    from emulator.recording.drift import drift as compare
    from emulator.recording.upstream import UpstreamError

    key = os.environ.get(_KEY)
    if not key:
        raise click.ClickException(f"{_KEY} is not set: the calls need an API key of the service")
    try:
        found = asyncio.run(compare(upstream, key, model=model or MODEL))
    except UpstreamError as error:
        raise click.ClickException(str(error)) from None
    click.echo(json.dumps(found.as_dict(), indent=2) if as_json else str(found))
    if found.differences or found.failures:
        raise SystemExit(1)
