"""`explain`: show which rule answers a request."""

from pathlib import Path

import click

from emulator.dialects.endpoints import ENDPOINTS


@click.command()
@click.argument("scenario", type=click.Path(path_type=Path))
@click.argument("request", type=click.Path(path_type=Path))
@click.option(
    "--endpoint",
    type=click.Choice([*ENDPOINTS]),
    help="Whose request it is.  [default: by its fields]",
)
def explain(scenario: Path, request: Path, endpoint: str | None) -> None:
    """Show which rule of a scenario answers a request (a JSON file), and why the others do not."""
    from emulator.commands._dry_run import explained
    from emulator.core.errors import Rejected
    from emulator.scenario.reading.mistakes import ScenarioError

    try:
        told, matched = explained(scenario, request, endpoint)
    except (ScenarioError, OSError, Rejected) as error:
        raise click.ClickException(str(error)) from None
    click.echo(told)
    if not matched:
        raise SystemExit(1)
