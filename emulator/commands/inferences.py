"""The commands that look at a running server's record: what was asked and answered, and how well the client behaved."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import click

_URL = "http://127.0.0.1:8402"


@click.command()
@click.argument("url", default=_URL)
@click.option("--follow", is_flag=True, help="Print those that end from now on, until interrupted.")
@click.option("--json", "as_json", is_flag=True, help="Print a line of JSON for each.")
@click.option("--id", "id", help="Print one inference with its timeline and what was sent.")
@click.option("--format", "form", help="Print it in another form, such as curl, jsonl or scenario.")
@click.option("--key", help="Only requests with this API key.")
@click.option("--endpoint", type=click.Choice(["chat", "completions", "messages"]), help="Only requests to it.")
@click.option("--model", help="Only requests for this model; a glob.")
@click.option("--status", type=int, help="Only answers with this HTTP status.")
@click.option("--outcome", help='Only this outcome, such as completed, failed or "cut by client".')
@click.option("--rule", help="Only what this rule answered, as rule or scenario/rule.")
@click.option("--since", help="Only what came since then, such as 2026-01-01T00:00:00Z.")
def inferences(
    url: str, follow: bool, as_json: bool, id: str | None, form: str | None, **filters: str | int | None
) -> None:
    """Print the inferences that the emulator at URL has answered, the oldest first."""
    query = {name: str(value) for name, value in filters.items() if value is not None}
    if id is not None:
        click.echo(_text(url, f"inferences/{id}", {"format": form} if form else {}), nl=False)
    elif form is not None:
        click.echo(_text(url, "inferences", query | {"format": form, "limit": "1000"}), nl=False)
    else:
        for each in _followed(url, query) if follow else _all(url, query):
            click.echo(json.dumps(each) if as_json else each["line"])


@click.command()
@click.argument("url", default=_URL)
@click.option("--key", help="Judge the requests with this API key.  [default: all]")
@click.option("--format", "form", type=click.Choice(["text", "json", "junit"]), default="text", show_default=True)
@click.option("--most-attempts", type=click.IntRange(1), help="More attempts at one question are too many.")
def verify(url: str, key: str | None, form: str, most_attempts: int | None) -> None:
    """Tell whether the scenario's expectations were met and the client behaved well; exit 1 if not."""
    query = {"key": key, "most_attempts": most_attempts}
    asked = {name: str(value) for name, value in query.items() if value is not None}
    ok = json.loads(_text(url, "verify", asked))["ok"]
    click.echo(_text(url, "verify", asked | {"format": form}).rstrip("\n"))
    if not ok:
        raise SystemExit(1)


def _all(url: str, query: dict[str, str]) -> Iterator[dict[str, Any]]:
    after: int | None = 0
    while after is not None:
        page = json.loads(_text(url, "inferences", query | {"after": str(after)}))
        yield from page["inferences"]
        after = page["next"]


def _followed(url: str, query: dict[str, str]) -> Iterator[dict[str, Any]]:
    with _opened(url, "inferences", query | {"follow": "true"}) as answer:
        for line in answer:
            if line.startswith(b"data: "):
                yield json.loads(line[6:])


def _text(url: str, path: str, query: dict[str, str]) -> str:
    with _opened(url, path, query) as answer:
        return answer.read().decode()


@contextmanager
def _opened(url: str, path: str, query: dict[str, str]) -> Iterator[IO[bytes]]:
    """The answer of a control route. Raises ClickException for a server that is not there, or that refuses."""
    base = url if "//" in url else f"http://{url}"
    address = f"{base.rstrip('/')}/_emulator/{path}" + (f"?{urlencode(query)}" if query else "")
    if not address.startswith(("http://", "https://")):
        raise click.ClickException(f"{url} is no address of an emulator; expected one such as {_URL}")
    try:
        answer = urlopen(Request(address))  # noqa: S310 (the scheme was looked at)
    except HTTPError as error:
        with error:
            raise click.ClickException(_message(error)) from None
    except (URLError, OSError) as error:
        raise click.ClickException(f"no emulator at {url}: {error}") from None
    with answer:
        yield answer


def _message(error: HTTPError) -> str:
    try:
        message: str = json.loads(error.read())["error"]["message"]
    except (ValueError, KeyError, TypeError):
        return f"it answers {error.code}, so it is no emulator"
    return message
