"""`record`: record a real service's answers as a scenario."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from emulator.commands import _options
from emulator.commands._listening import access_to, listening
from emulator.commands._printing import say

if TYPE_CHECKING:
    from emulator.recording.proxy import Mode


@click.command()
@click.option("--upstream", metavar="URL", help="The service, such as https://api.akashml.com.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The scenario to write, and to play.")
@click.option(
    "--mode",
    type=click.Choice(["record", "replay", "record-missing"]),
    default="record",
    show_default=True,
    help="Ask the service always, never, or for what the file does not answer.",
)
@click.option("--readable", is_flag=True, help="Keep what was said and not how it was cut into pieces.")
@_options.host
@_options.port
@_options.grace
@_options.allow_host
@_options.control_token
@_options.log_level
def record(
    upstream: str | None,
    out: Path,
    mode: "Mode",
    readable: bool,
    host: str,
    port: int,
    grace: float,
    log_level: str,
    **doors: Any,
) -> None:
    """Forward requests to a real service, and record its answers as a scenario."""
    with _options.needing_httpx():
        from emulator.recording.book import BookError
        from emulator.recording.playing import SETTINGS
        from emulator.recording.proxy import recording_proxy
        from emulator.recording.upstream import UpstreamError
    from emulator.core.settings import Settings, SettingsError
    from emulator.scenario.reading.mistakes import ScenarioError
    from emulator.web.doors import Doors
    from emulator.wire.server import log_to_stderr, serve

    if upstream is None and mode != "replay":
        raise click.UsageError("--upstream is needed, unless --mode is replay")
    try:
        settings = Settings.read({name: value for name, value in doors.items() if value})
        proxy = recording_proxy(upstream, out, mode, exact=not readable)
    except (SettingsError, UpstreamError, BookError, ScenarioError) as error:
        raise click.ClickException(str(error)) from None
    sockets, url = listening(host, port)
    log_to_stderr(log_level)
    access = access_to(sockets, settings, host)
    told = [f"{mode} at {url}: {upstream or 'no upstream'}, {out}"]
    if access.token and not settings.control_token:
        told.append(f"{_options.TOKEN_VARIABLE}={access.token}")
    serve(Doors(proxy, proxy.engine, access), sockets, lambda: say("\n".join(told)), grace, SETTINGS)
    say(f"{proxy.recorded} recorded, {proxy.left_out} left out: {out}")
