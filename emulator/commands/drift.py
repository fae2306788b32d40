"""`drift`: compare a service's answers with the emulator's."""

import json
import os

import click

from emulator.commands import _options
from emulator.commands._printing import say

_KEY = "AKASHML_API_KEY"


@click.command()
@click.option("--upstream", metavar="URL", required=True, help="The service, such as https://api.akashml.com.")
@click.option("--model", help="The model to ask.  [default: a cheap one]")
@click.option("--json", "as_json", is_flag=True, help="Print the differences as JSON.")
def drift(upstream: str, model: str | None, as_json: bool) -> None:
    """Compare the shapes of a service's answers with the emulator's own; exit 1 if they differ.

    A dozen short calls are made with the key in AKASHML_API_KEY. They cost a fraction of a cent.
    """
    import asyncio

    with _options.needing_httpx():
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
    say(json.dumps(found.as_dict(), indent=2) if as_json else str(found))
    if found.differences or found.failures:
        raise SystemExit(1)
