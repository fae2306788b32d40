"""`scenarios`: list and show the known scenarios."""

import json
from collections.abc import Iterator
from pathlib import Path
from textwrap import wrap
from typing import Any

import click

from emulator.commands._printing import say

_WIDTH = 80
_NAME = 34
"""The width of the column of names; a longer one has a line of its own."""
_TITLE = 15


@click.command()
@click.argument("name", required=False)
@click.option("--scenarios", "folder", type=click.Path(path_type=Path), help="Folder of scenarios to list as well.")
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
def scenarios(name: str | None, folder: Path | None, as_json: bool) -> None:
    """List the scenarios that can be used by name, or show one by its name or alias."""
    from emulator.core.catalog import Catalog
    from emulator.scenario.library import Library
    from emulator.scenario.summaries import summaries, summary

    library = Library(Catalog.load())
    if folder is not None:
        if not folder.is_dir():
            raise click.ClickException(f"there is no folder {folder}")
        library.add_folder(folder)
    if name is None:
        found = summaries(library)
        told, lines = json.dumps(found, indent=2, ensure_ascii=False), _listed(found)
    elif name in library:
        one = summary(library, library.canonical(name) or name)
        told, lines = json.dumps(one, indent=2, ensure_ascii=False), _shown(one)
    else:
        raise click.ClickException(library.unknown(name))
    say(told if as_json else "\n".join(lines))


# ---------------------------------------------------------------------------------------------- the list


def _listed(found: list[dict[str, Any]]) -> Iterator[str]:
    """Two columns: the name, and what the scenario is about. Those of the statuses are one group at the end."""
    from emulator.scenario.statuses import SOURCE

    for each in found:
        if each["source"] != SOURCE:
            also = [f"also {', '.join(each['aliases'])}"] if each["aliases"] else []
            yield from _row([each["name"]], _about(each), *also)
    statuses = ", ".join(each["name"] for each in found if each["source"] == SOURCE)
    yield from _row(wrap(statuses, _NAME - 2), "Every request is answered with this error.")


def _row(left: list[str], *texts: str) -> Iterator[str]:
    if len(left[0]) >= _NAME:
        yield left[0]
        left = left[1:]
    right = [line for text in texts for line in wrap(text, _WIDTH - _NAME, break_on_hyphens=False)]
    for at in range(max(len(left), len(right))):
        column = left[at] if at < len(left) else ""
        yield f"{column:<{_NAME}}{right[at] if at < len(right) else ''}".rstrip()


def _about(each: dict[str, Any]) -> str:
    """The description with the errors and faults, or the first mistake if the scenario cannot be played."""
    if each["mistakes"]:
        return f"cannot be played: {_place(each['mistakes'][0])}"
    effects = ", ".join((*each["errors"], *each["faults"]))
    return (each["description"] or "no description") + (f" [{effects}]" if effects else "")


# ---------------------------------------------------------------------------------------------- one scenario


def _shown(each: dict[str, Any]) -> Iterator[str]:
    yield each["name"]
    for title in ("description", "aliases", "errors", "faults", "source"):
        if value := each[title]:
            text = value if isinstance(value, str) else ", ".join(value)
            first, *others = [text] if title == "source" else wrap(text, _WIDTH - _TITLE, break_on_hyphens=False)
            yield f"  {title:<{_TITLE - 2}}{first}"
            yield from (f"{'':<{_TITLE}}{line}" for line in others)
    for mistake in each["mistakes"]:
        yield f"  {'mistake':<{_TITLE - 2}}{_place(mistake)}"


def _place(mistake: dict[str, Any]) -> str:
    where = f"{mistake['source']}:{mistake['line']}" if mistake["line"] else mistake["source"]
    return f"{where}: {mistake['message']}"
