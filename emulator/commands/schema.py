"""`schema`: print the JSON Schema of scenarios."""

import json

import click


@click.command()
def schema() -> None:
    """Print the JSON Schema of scenarios, for editors."""
    from emulator.scenario.language.schema import json_schema

    click.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False, allow_nan=False))
