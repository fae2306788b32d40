"""`reset`: forget what has happened on a running server."""

import json
from typing import Any

import click

from emulator.commands import _options
from emulator.commands._asking import sent
from emulator.commands._printing import say


@click.command()
@click.option("--key", help="Only for this API key.  [default: for all]")
@click.option("--keep-scenario", is_flag=True, help="Keep the scenario that was activated for it.")
@_options.url_option
@_options.with_token
@_options.as_json
def reset(key: str | None, keep_scenario: bool, url: str, as_json: bool) -> None:
    """Restart scenarios and accounts from their beginning, and delete the record."""
    body: dict[str, Any] = {} if key is None else {"key": key}
    body |= {"keep_scenario": True} if keep_scenario else {}
    answer = sent(url, "POST", "reset", body, needs=("reset",))
    say(json.dumps(answer, indent=2) if as_json else f"reset: {answer['reset']}")
