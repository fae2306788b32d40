"""`account`: show and change the limits and credits of API keys on a running server."""

import json
from collections.abc import Iterator
from typing import Any

import click

from emulator.commands import _options
from emulator.commands._asking import json_of, sent
from emulator.commands._printing import say
from emulator.commands._words import chosen

_ACTIONS = {"show": "", "credits": "5.00", "limits": "", "purchase": "5.00", "take": "1.00"}


@click.command()
@click.argument("action", default="show", metavar="[ACTION]")
@click.argument("value", nargs=-1, metavar="[USD]")
@click.option("--key", help="The API key. Only credits can do without: it is for all keys then.")
@_options.limits
@_options.url_option
@_options.with_token
@_options.as_json
def account(
    action: str, value: tuple[str, ...], key: str | None, url: str, as_json: bool, **limits: int | None
) -> None:
    """Show the limits and credits of an API key, or change them.

    Actions are show; credits USD, which opens its account anew with this balance, or without --key that of every key
    whose scenario sets none; limits, which replaces its limits and keeps counts and credits; purchase USD; and take
    USD: `account credits 5.00 --key akml-me`, `account limits --concurrency 2 --key akml-me`.
    """
    amount = chosen(_ACTIONS, action, value)
    policy = {name: limit for name, limit in limits.items() if limit is not None}
    if key is None and action != "credits":
        raise click.UsageError(f"whose account? {action} needs --key, such as --key akml-local")
    if policy and action not in ("credits", "limits"):
        option = "--" + next(iter(policy)).replace("_", "-")
        raise click.UsageError(f"{option} has no effect with {action}: write account limits, or account credits AMOUNT")
    if action == "limits" and not policy:
        raise click.UsageError("limits needs at least one option, such as --requests-per-minute 60")
    whose = {} if key is None else {"key": key}
    match action:
        case "credits":
            keys = {"keys": {"default": policy}} if policy else {}
            sent(url, "PUT", "account", {**whose, "credits": amount, **keys})
        case "limits":
            sent(url, "POST", "account", {**whose, "policy": policy})
        case "purchase" | "take":
            sent(url, "POST", "credits", {**whose, action: amount})
    if key is None:
        state = {"key": None, "credits": amount, "policy": policy}
        lines = ["every key whose scenario sets no account is opened anew", *_limits(policy), f"credits: {amount}"]
    else:
        state = json_of(url, "account", {"key": key}, needs=("policy", "credits", "in_flight"))
        lines = [*_lines(state)]
    say(json.dumps(state, indent=2) if as_json else "\n".join(lines))


def _lines(state: dict[str, Any]) -> Iterator[str]:
    yield f"key {state['key']}: {state['in_flight']} in flight"
    yield from _limits(state["policy"])
    credits = state["credits"]
    if credits is None:
        yield "credits: nothing is charged"
        return
    yield f"credits: {credits['balance']}, of which {credits['available']} available"
    for trial in credits["trials"]:
        yield f"  trial credits: {trial['left']} until {trial['expires']}"
    if credits["auto_top_up"]:
        yield f"  auto top-up: {credits['auto_top_up']['add']} when below {credits['auto_top_up']['below']}"


def _limits(policy: dict[str, Any]) -> Iterator[str]:
    given = {name.replace("_", " "): value for name, value in policy.items() if value not in (None, False)}
    yield "limits: " + (", ".join(f"{name} {value}" for name, value in given.items()) or "none")
