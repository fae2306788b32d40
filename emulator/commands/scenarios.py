"""Commands about scenarios and settings: check, explain, schema, settings."""

import json
from pathlib import Path

import click


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the mistakes as JSON.")
def check(paths: tuple[Path, ...], as_json: bool) -> None:
    """Read scenarios (files, or folders of them) and play each rule dry; exit 1 if there are mistakes."""
    from emulator.commands.dry_run import rehearse

    found = [(path, rehearse(path)) for path in _files(paths)]
    mistakes = [mistake for _, wrong in found for mistake in wrong]
    if as_json:
        click.echo(json.dumps([mistake.as_dict() for mistake in mistakes], indent=2))
    else:
        for mistake in mistakes:
            click.echo(mistake.render(), err=True)
        good = sum(not wrong for _, wrong in found)
        click.echo(f"{good} of {len(found)} scenarios are good")
    if mistakes:
        raise SystemExit(1)


def _files(paths: tuple[Path, ...]) -> list[Path]:
    return [
        file
        for path in paths
        for file in (
            sorted(file for file in path.iterdir() if file.suffix in (".yaml", ".yml")) if path.is_dir() else [path]
        )
    ]


@click.command()
@click.argument("scenario", type=click.Path(path_type=Path))
@click.argument("request", type=click.Path(path_type=Path))
@click.option(
    "--endpoint",
    type=click.Choice(["chat", "completions", "messages"]),
    help="Whose request it is.  [default: by its fields]",
)
def explain(scenario: Path, request: Path, endpoint: str | None) -> None:
    """Tell which rule of a scenario answers a request (a JSON file), and what kept the others from it."""
    from emulator.commands.dry_run import explained
    from emulator.core.vocabulary import Rejected
    from emulator.scenario.reading.mistakes import ScenarioError

    try:
        told, matched = explained(scenario, request, endpoint)
    except (ScenarioError, OSError, Rejected) as error:
        raise click.ClickException(str(error)) from None
    click.echo(told)
    if not matched:
        raise SystemExit(1)


@click.command()
def schema() -> None:
    """Print the JSON Schema of scenarios, for editors."""
    from emulator.scenario.language.schema import json_schema

    click.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))


@click.command()
def settings() -> None:
    """List what --set NAME=VALUE can set."""
    from emulator.core import settings as known

    for each in known.settings():
        default = "none" if each.default == () else str(each.default)
        click.echo(f"{each.name}  [{each.notation.what}; default {default}]\n    {each.meaning}")
