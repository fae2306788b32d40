"""`check`: find mistakes in scenarios."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from emulator.commands._printing import say

if TYPE_CHECKING:
    from emulator.scenario.reading.mistakes import Mistake


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--strict", is_flag=True, help="Exit 1 for warnings too.")
@click.option("--json", "as_json", is_flag=True, help="Print the mistakes and warnings as JSON.")
def check(paths: tuple[Path, ...], strict: bool, as_json: bool) -> None:
    """Read scenarios (files, or folders of them) and play each rule dry; exit 1 if there are mistakes.

    A rule that no request reaches is a warning, and so is a text that ends at a YAML comment such as #5.
    """
    from emulator.commands._dry_run import dry_run, unreached

    groups = _groups(paths)
    files = [path for group in groups for path in group]
    mistakes = [*(mistake for path in files for mistake in dry_run(path)), *_clashes(groups)]
    warnings = [warning for path in files for warning in unreached(path)]
    if as_json:
        told = [*(each.as_dict() for each in mistakes), *({**each.as_dict(), "warning": True} for each in warnings)]
        say(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        for mistake in mistakes:
            say(mistake.render(), error=True)
        for warning in warnings:
            say(f"warning: {warning.render()}", error=True)
        good = len(files) - len({mistake.source for mistake in mistakes})
        warned = f"; warnings: {len(warnings)}" if warnings else ""
        say(f"{good} of {len(files)} scenarios are good{warned}")
    if mistakes or (strict and warnings):
        raise SystemExit(1)


def _groups(paths: Sequence[Path]) -> list[Sequence[Path]]:
    """The files of each folder, and those that were named. Raises ClickException for a folder without scenarios."""
    from emulator.scenario.layers import scenario_files

    folders = {path: scenario_files(path) for path in paths if path.is_dir()}
    for folder, files in folders.items():
        if not files:
            raise click.ClickException(f"there is no scenario in {folder}: no file *.yaml, *.yml or *.json")
    return [*folders.values(), [path for path in paths if path not in folders]]


def _clashes(groups: Sequence[Sequence[Path]]) -> "Sequence[Mistake]":
    """The names that two scenarios of one folder have, or two of the named files."""
    from emulator.core.catalog import Catalog
    from emulator.scenario.library import Library

    catalog = Catalog.load()
    found: list[Mistake] = []
    for group in groups:
        library = Library(catalog, [])
        library.add_files(group)
        found += library.clashes()
    return found
