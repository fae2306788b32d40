"""`inferences`: list the requests and answers of a running server."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import click

from emulator.commands import _options
from emulator.commands._asking import json_of, opened, read_lines, text_of
from emulator.commands._printing import say
from emulator.dialects.endpoints import ENDPOINTS


@click.command()
@_options.url_option
@click.option("--follow", is_flag=True, help="Print those that end from now on, until interrupted.")
@click.option("--json", "as_json", is_flag=True, help="Print a line of JSON for each.")
@click.option("--id", "id", help="Print one, by its Inference-Id or its number, with its timeline and what was sent.")
@click.option("--format", "form", help="Print it in another form, such as curl, jsonl or scenario.")
@click.option("--key", help="Only requests with this API key.")
@click.option("--endpoint", type=click.Choice([*ENDPOINTS]), help="Only requests to it.")
@click.option("--model", help="Only requests for this model; a glob.")
@click.option("--status", type=int, help="Only answers with this HTTP status.")
@click.option("--outcome", help='Only this outcome, such as completed, failed or "cut by client".')
@click.option("--rule", help="Only what this rule answered, as rule or scenario/rule.")
@click.option("--since", help="Only what came since then, such as 2026-01-01T00:00:00Z.")
@_options.with_token
def inferences(
    url: str, follow: bool, as_json: bool, id: str | None, form: str | None, **filters: str | int | None
) -> None:
    """Print the inferences that a running server has answered, the oldest first."""
    query = {name: str(value) for name, value in filters.items() if value is not None}
    _check_combination(follow, as_json, id, form, query)
    if id is not None:
        path = f"inferences/{id.strip().removeprefix('#')}"
        say(_indented(text_of(url, path, {"format": form} if form else {}), form), newline=False)
    elif form is not None:
        say(_indented(text_of(url, "inferences", query | {"format": form, "limit": "1000"}), form), newline=False)
    else:
        for each in _followed(url, query) if follow else _all(url, query):
            say(json.dumps(each) if as_json else each["line"])


def _check_combination(
    follow: bool, as_json: bool, id: str | None, form: str | None, filters: Mapping[str, str]
) -> None:
    """Raise UsageError for options of which one would have no effect."""
    if id is not None and follow:
        raise click.UsageError("--follow has no effect with --id, which names one that has begun")
    if id is not None and filters:
        raise click.UsageError(f"--{next(iter(filters))} has no effect with --id, which names one")
    if form is not None and follow:
        raise click.UsageError("--follow prints lines or, with --json, lines of JSON; it cannot print another --format")
    if form is not None and as_json:
        raise click.UsageError("--json and --format each choose a form: leave one of them out")


def _indented(text: str, form: str | None) -> str:
    return text if form not in (None, "json") else json.dumps(json.loads(text), indent=2, ensure_ascii=False) + "\n"


def _all(url: str, query: dict[str, str]) -> Iterator[dict[str, Any]]:
    after: int | None = 0
    while after is not None:
        page = json_of(url, "inferences", query | {"after": str(after)}, needs=("inferences", "next"))
        yield from page["inferences"]
        after = page["next"]


def _followed(url: str, query: dict[str, str]) -> Iterator[dict[str, Any]]:
    with opened(url, "inferences", query | {"follow": "true"}, timeout=None) as answer:
        for line in read_lines(url, answer):
            if line.startswith(b"data: "):
                yield json.loads(line[6:])
    raise click.ClickException(f"the emulator at {url} has ended")
