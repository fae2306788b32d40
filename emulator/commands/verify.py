"""`verify`: check the client of a running server."""

import click

from emulator.commands import _options
from emulator.commands._asking import text_of
from emulator.commands._printing import say


@click.command()
@_options.url_option
@click.option("--key", help="Judge the requests with this API key.  [default: all]")
@click.option("--format", "form", type=click.Choice(["text", "json", "junit"]), default="text", show_default=True)
@click.option("--most-attempts", type=click.IntRange(1), help="More attempts at one question are too many.")
@_options.with_token
def verify(url: str, key: str | None, form: str, most_attempts: int | None) -> None:
    """Check that the scenario's expectations were met and the client behaved well; exit 1 if not."""
    import msgspec

    from emulator.inferences.verdict.reports import Report

    query = {"key": key, "most_attempts": most_attempts}
    told = text_of(url, "verify", {name: str(value) for name, value in query.items() if value is not None})
    try:
        report = msgspec.json.decode(told, type=Report)
    except msgspec.MsgspecError:
        raise click.ClickException(f"what answers at {url} is no emulator of this version") from None
    written = told if form == "json" else report.junit() if form == "junit" else report.text()
    say(written.rstrip("\n"))
    if not report.ok:
        raise SystemExit(1)
