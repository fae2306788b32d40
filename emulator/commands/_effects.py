"""Options of `serve` that have no effect, because something else that was given says otherwise."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

if TYPE_CHECKING:
    from emulator.scenario.types import Scenario

_ACCOUNT = ("credits", "requests_per_minute", "tokens_per_minute", "concurrency")


def overridden(scenario: "Scenario | None", state: Path | None) -> Iterator[str]:
    """A sentence on each option that has no effect.

    `scenario` is the one that --scenario names, and `state` the file that the server goes on from.
    """
    if state is not None:
        for option in _given("scenario", "rate"):
            yield f"{option} has no effect: the server goes on from {state}, which has the scenario and the clock"
        return
    if scenario is not None and scenario.account is not None:
        for option in _given(*_ACCOUNT):
            yield f"{option} is only for keys that play another scenario: {scenario.name} has its own account"
    if scenario is not None and scenario.clock is not None and scenario.clock.rate is not None:
        for option in _given("rate"):
            yield f"{option} has no effect: the scenario {scenario.name} sets the clock"


def _given(*names: str) -> Iterator[str]:
    """The options among these that are on the command line."""
    context = click.get_current_context()
    for parameter in context.command.params:
        if parameter.name in names and context.get_parameter_source(parameter.name) == ParameterSource.COMMANDLINE:
            yield parameter.opts[0]
