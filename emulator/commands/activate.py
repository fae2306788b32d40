"""`activate`: choose the scenario that a running server plays."""

import json

import click

from emulator.commands import _options
from emulator.commands._asking import sent
from emulator.commands._printing import say


@click.command()
@click.argument("name", required=False)
@click.option("--none", is_flag=True, help="Deactivate the active scenario.")
@click.option("--key", help="Only for this API key.  [default: for all keys that name no scenario]")
@_options.url_option
@_options.with_token
@_options.as_json
def activate(name: str | None, none: bool, key: str | None, url: str, as_json: bool) -> None:
    """Let the emulator play the scenario NAME from now on."""
    if (name is None) is not none:
        raise click.UsageError("expected either the NAME of a scenario or --none")
    body = {"scenario": name} | ({"key": key} if key is not None else {})
    answer = sent(url, "POST", "activate", body, needs=("scenario", "key"))
    whose = f"the key {answer['key']}" if answer["key"] else "all keys that name no scenario"
    told = f"{name} plays for {whose}" if name else f"no scenario is active for {whose}"
    say(json.dumps(answer, indent=2) if as_json else told)
