"""`check`: find mistakes in scenarios."""

import json
from pathlib import Path

import click


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the mistakes as JSON.")
def check(paths: tuple[Path, ...], as_json: bool) -> None:
    """Read scenarios (files, or folders of them) and play each rule dry; exit 1 if there are mistakes."""
    from emulator.commands._dry_run import dry_run

    found = [(path, dry_run(path)) for path in _files(paths)]
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
