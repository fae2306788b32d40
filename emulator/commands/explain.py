"""`explain`: show why a request got its answer, or which rule would answer it."""

import json
import sys
from pathlib import Path
from typing import Any

import click

from emulator.commands import _options
from emulator.commands._printing import say
from emulator.dialects.endpoints import ENDPOINTS


@click.command()
@click.argument("scenario", metavar="SCENARIO|RECORD")
@click.argument("request", metavar="REQUEST", required=False)
@click.option("--endpoint", type=click.Choice([*ENDPOINTS]), help="Whose request it is.  [default: by its fields]")
@_options.url_option
@_options.with_token
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def explain(scenario: str, request: str | None, endpoint: str | None, url: str, as_json: bool) -> None:
    """Show why a request gets its answer: what each rule of a scenario makes of it.

    With two arguments, a dry run: SCENARIO is a file or the name of a shipped scenario, and REQUEST is a file with the
    JSON body of a request, or - for standard input. With one, RECORD is the number or the id of a request in the record
    of a running server. The exit code is 1 if no rule answers.
    """
    if request is None:
        if endpoint is not None:
            raise click.UsageError("--endpoint is for a REQUEST in a file; a record has its own")
        shown, answered = _recorded(scenario, url)
    else:
        shown, answered = _dry(scenario, request, endpoint)
    say(json.dumps(shown, indent=2, ensure_ascii=False) if as_json else shown["text"])
    if not answered:
        raise SystemExit(1)


def _dry(scenario: str, request: str, endpoint: str | None) -> tuple[dict[str, Any], bool]:
    import msgspec

    from emulator.commands._dry_run import explained
    from emulator.core.errors import Rejected
    from emulator.scenario.reading.mistakes import ScenarioError

    try:
        body = sys.stdin.buffer.read() if request == "-" else Path(request).read_bytes()
        explanation = explained(scenario, body, endpoint)
    except OSError as error:
        raise click.ClickException(f"{request} cannot be read: {error.strerror}") from None
    except (ScenarioError, LookupError, Rejected) as error:
        raise click.ClickException(str(error.args[0] if isinstance(error, LookupError) else error)) from None
    fields: dict[str, Any] = msgspec.to_builtins(explanation)
    answered = any(check.result == "answered" for check in explanation.rules)
    return {**fields, "why": str(explanation), "text": explanation.table()}, answered


def _recorded(number: str, url: str) -> tuple[dict[str, Any], bool]:
    import msgspec

    from emulator.commands._asking import text_of
    from emulator.core.explanation import Explanation
    from emulator.core.printable import one_line

    found = json.loads(text_of(url, f"inferences/{number.removeprefix('#')}", {}))
    names = Explanation.__struct_fields__
    explanation = msgspec.convert({name: found[name] for name in names if name in found}, Explanation)
    answered = any(check.result == "answered" for check in explanation.rules)
    heading = f"#{found['number']}  {found['endpoint']}  {found['model'] or '-'}  {found['status']}  {found['id']}"
    fields = {name: found[name] for name in (*names, "why", "number", "id") if name in found}
    return {**fields, "text": f"{one_line(heading)}\n{explanation.table(found['why'])}"}, answered
