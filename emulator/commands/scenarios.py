"""`scenarios`: list the known scenarios."""

import json
from pathlib import Path

import click


@click.command()
@click.option("--scenarios", "folder", type=click.Path(path_type=Path), help="Folder of scenarios to list as well.")
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
def scenarios(folder: Path | None, as_json: bool) -> None:
    """List the scenarios that can be used by name: the shipped ones, and those in a folder."""
    from emulator.core.catalog import Catalog
    from emulator.scenario.library import Library

    library = Library(Catalog.load())
    if folder is not None:
        if not folder.is_dir():
            raise click.ClickException(f"there is no folder {folder}")
        library.add_folder(folder)
    found = [library.summary(name) for name in library.names()]
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    for each in found:
        click.echo(f"{each['name']}  [{each['source']}]\n    {each['description'] or 'no description'}")
        for mistake in each["mistakes"]:
            click.echo(f"    line {mistake['line']}: {mistake['message']}")
