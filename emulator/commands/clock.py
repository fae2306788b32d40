"""`clock`: show and move the clock of a running server."""

import json
from typing import Any

import click

from emulator.commands import _options
from emulator.commands._asking import json_of, sent
from emulator.commands._printing import say
from emulator.commands._words import chosen
from emulator.core.decimals import decimal

_ACTIONS = {
    "show": "",
    "advance": "60s",
    "freeze": "",
    "run": "[x60]",
    "set": "2026-01-01T00:00:00Z",
}
_SHOWN = ("now", "rate")


@click.command()
@click.argument("action", default="show", metavar="[ACTION]")
@click.argument("value", nargs=-1, metavar="[VALUE]")
@_options.url_option
@_options.with_token
@_options.as_json
def clock(action: str, value: tuple[str, ...], url: str, as_json: bool) -> None:
    """Show the clock of the emulator, or move it.

    Actions are show, advance DURATION, freeze, run [RATE] and set TIME, such as `clock advance 60s`, `clock run x60` or
    `clock set 2026-01-01T00:00:00Z`.
    """
    text = chosen(_ACTIONS, action, value)
    if action == "show":
        state = json_of(url, "clock", needs=_SHOWN)
    elif action == "run" and text:
        state = sent(url, "POST", "clock", {"rate": text}, needs=_SHOWN)
    else:
        state = sent(url, "POST", "clock", {action: text or True}, needs=_SHOWN)
    say(json.dumps(state, indent=2) if as_json else _line(state))


def _line(state: dict[str, Any]) -> str:
    rate = state["rate"]
    return f"{state['now']}, {'frozen' if not rate else 'running' if rate == 1 else f'running at x{decimal(rate)}'}"
