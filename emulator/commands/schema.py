"""`schema`: print the JSON Schema of scenarios."""

import json

import click

from emulator.commands._printing import say


@click.command()
def schema() -> None:
    """Print the JSON Schema of scenarios, for editors."""
    from emulator.scenario.language.schema import json_schema

    say(json.dumps(json_schema(), indent=2, ensure_ascii=False, allow_nan=False))
