"""The command line: arguments only, and the words for people who type them."""

import gc
import importlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from emulator.core.version import __version__

if TYPE_CHECKING:
    from emulator.account.terms import Terms
    from emulator.scenario.library import Library
    from emulator.scenario.reading.mistakes import Mistake
    from emulator.wire.server import Beside

DEFAULT_PORT = 8402
SAMPLE_KEY = "akml-local"
_MODEL = "zai-org/GLM-5.3"
_HELP = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


_ELSEWHERE = {
    "check": "scenarios",
    "drift": "recording",
    "explain": "scenarios",
    "inferences": "inferences",
    "record": "recording",
    "schema": "scenarios",
    "settings": "scenarios",
    "verify": "inferences",
    "wait": "waiting",
}
"""Commands and the modules of `emulator.commands` that have them: each is imported when it is asked for."""


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in order."""
        return sorted({*super().list_commands(ctx), *_ELSEWHERE})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name."""
        if cmd_name not in _ELSEWHERE:
            return super().get_command(ctx, cmd_name)
        found: click.Command = getattr(importlib.import_module(f"emulator.commands.{_ELSEWHERE[cmd_name]}"), cmd_name)
        return found


@click.group(cls=_Commands, context_settings=_HELP)
@click.version_option(__version__, "-V", "--version", prog_name="akashml-emulator")
def main() -> None:
    """The AkashML inference API on 127.0.0.1: offline, free, deterministic and scriptable."""


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=DEFAULT_PORT,
    show_default=True,
    help="Port to listen on; 0 picks a free one.",
)
@click.option("--auth", type=click.Choice(["format", "open", "strict"]), help="Which API keys are accepted.")
@click.option("--key", "keys", multiple=True, metavar="KEY", help="A key that strict auth accepts (repeatable).")
@click.option("--seed", help="What answers and ids derive from.  [default: 0]")
@click.option("--clock", type=click.Choice(["running", "frozen"]), default="running", show_default=True)
@click.option("--models", type=click.Path(path_type=Path), help="YAML file that adds and overrides models.")
@click.option("--scenarios", "folder", type=click.Path(path_type=Path), help="Folder of scenarios to know by name.")
@click.option("--scenario", metavar="NAME|FILE", help="The scenario that plays for keys that name no other.")
@click.option("--watch", is_flag=True, help="Read scenarios again when their files change.")
@click.option("--set", "pairs", multiple=True, metavar="NAME=VALUE", help="Another setting (repeatable; see settings).")
@click.option("--credits", metavar="USD", help='Each key\'s balance, such as "5.00 USD".  [default: without end]')
@click.option("--requests-per-minute", type=click.IntRange(1), help="Of each key.  [default: any number]")
@click.option("--tokens-per-minute", type=click.IntRange(1), help="Of each key.  [default: any number]")
@click.option("--concurrency", type=click.IntRange(1), help="Requests of each key at a time.  [default: any number]")
@click.option("--state", type=click.Path(path_type=Path), help="File to go on from, and to save to in the end.")
@click.option("--inferences", type=click.Path(path_type=Path), help="File that gets a line of JSON for each inference.")
@click.option("--print", "form", type=click.Choice(["banner", "json", "nothing"]), default="banner", show_default=True)
@click.option("--port-file", type=click.Path(path_type=Path), help="File that gets the port once it is open.")
@click.option("--ready-fd", type=int, metavar="N", help="File descriptor that gets a line once requests are answered.")
@click.option(
    "--log-level", type=click.Choice(["debug", "info", "warning", "error"]), default="info", show_default=True
)
def serve(
    host: str,
    port: int,
    auth: str | None,
    keys: tuple[str, ...],
    seed: str | None,
    clock: str,
    models: Path | None,
    folder: Path | None,
    scenario: str | None,
    watch: bool,
    pairs: tuple[str, ...],
    credits: str | None,
    requests_per_minute: int | None,
    tokens_per_minute: int | None,
    concurrency: int | None,
    state: Path | None,
    inferences: Path | None,
    form: str,
    port_file: Path | None,
    ready_fd: int | None,
    log_level: str,
) -> None:
    """Serve the emulated API until stopped."""
    # What is made while starting lives as long as the server: collecting it now, or ever, would be for nothing.
    gc.disable()
    from emulator.commands.listening import listening
    from emulator.core.catalog import Catalog, CatalogError
    from emulator.core.clock import EPOCH, VirtualClock
    from emulator.core.settings import Settings, SettingsError, from_strings
    from emulator.engine.engine import Engine
    from emulator.engine.snapshot import StateError, read_state, write_state
    from emulator.scenario.library import SHIPPED, Library
    from emulator.scenario.reading.mistakes import ScenarioError
    from emulator.store.memory import MemoryStore
    from emulator.web.app import create_app
    from emulator.wire.server import log_to_stderr
    from emulator.wire.server import serve as serve_app

    try:
        values = from_strings(pairs)
        values |= {name: value for name, value in (("auth", auth), ("seed", seed), ("keys", keys or None)) if value}
        catalog = Catalog.load(models)
        emulated = VirtualClock(EPOCH, rate=0) if clock == "frozen" else VirtualClock()
        library = Library(catalog, [SHIPPED])
        playing = _scenarios(library, folder, scenario)
        terms = _terms(credits, requests_per_minute, tokens_per_minute, concurrency)
        engine = Engine(Settings(**values), catalog, emulated, MemoryStore(), library, playing, terms)
        if state is not None and state.exists():
            read_state(engine, state)
    except (SettingsError, CatalogError, ScenarioError, StateError) as error:
        raise click.ClickException(str(error)) from None
    log_to_stderr(log_level)
    try:
        if inferences is not None:
            engine.store.inferences.append_to(inferences)
    except OSError as error:
        raise click.ClickException(f"cannot write {inferences}: {error.strerror}") from None
    listener, url = listening(host, port)
    key = engine.settings.keys[0] if engine.settings.keys else SAMPLE_KEY
    gc.freeze()
    gc.enable()
    watched = {path.parent for path in library.files() if path.parent != SHIPPED} | ({folder} if folder else set())
    beside = _watching(library, sorted(watched)) if watch and watched else None

    def ready() -> None:
        if form != "nothing":
            click.echo(_ready(url, key, form))
        if port_file is not None:
            _write_at_once(port_file, f"{url.rpartition(':')[2]}\n")
        if ready_fd is not None:
            os.write(ready_fd, f"{url}\n".encode())

    serve_app(create_app(engine), listener, ready, beside)
    if state is not None:
        write_state(engine, state)


def _watching(library: "Library", folders: list[Path]) -> "Beside":
    from emulator.scenario.watch import watch

    return lambda: watch(library, folders)


def _write_at_once(path: Path, text: str) -> None:
    """Who waits for the file never reads half of it."""
    new = path.with_name(f"{path.name}.new")
    new.write_text(text, encoding="utf-8")
    new.replace(path)


def _terms(
    credits: str | None, requests_per_minute: int | None, tokens_per_minute: int | None, concurrency: int | None
) -> "Terms | None":
    """On which terms accounts are opened; None: nothing is limited. Raises ClickException for what is no amount."""
    if not any((credits is not None, requests_per_minute, tokens_per_minute, concurrency)):
        return None
    from emulator.account.policy import Policy
    from emulator.account.terms import Terms

    balance = None
    if credits is not None:
        from emulator.core.units import amount

        try:
            balance = amount(credits if credits.rstrip().endswith("USD") else f"{credits} USD")
        except ValueError as error:
            raise click.ClickException(f"--credits: {error}, got {credits}") from None
    return Terms(balance, keys={"default": Policy(requests_per_minute, tokens_per_minute, concurrency)})


def _scenarios(library: "Library", folder: Path | None, scenario: str | None) -> str | None:
    """Make a folder's scenarios and a named one known; returns the name of the one that is to play.

    Raises ScenarioError with the mistakes of all files, and ClickException for what is not there.
    """
    from emulator.scenario.reading.mistakes import ScenarioError

    mistakes: list[Mistake] = []
    if folder is not None:
        if not folder.is_dir():
            raise click.ClickException(f"there is no folder {folder}")
        mistakes += library.load(library.add_folder(folder))
    if scenario is not None and scenario.endswith((".yaml", ".yml")):
        mistakes += library.load([Path(scenario)])
        scenario = Path(scenario).stem
    if mistakes:
        raise ScenarioError(mistakes)
    if scenario is not None and scenario not in library:
        near = library.nearest(scenario)
        raise click.ClickException(f"there is no scenario {scenario}" + (f"; did you mean {near}?" if near else ""))
    return scenario


def _ready(url: str, key: str, form: str) -> str:
    if form == "json":
        shown = {"url": url, "openai_base_url": f"{url}/v1", "anthropic_base_url": f"{url}/anthropic", "key": key}
        return json.dumps(shown)
    request = json.dumps({"model": _MODEL, "messages": [{"role": "user", "content": "Hello!"}]})
    return f"""AkashML emulator {__version__} on {url}

  export OPENAI_BASE_URL={url}/v1 OPENAI_API_KEY={key}
  export ANTHROPIC_BASE_URL={url}/anthropic ANTHROPIC_AUTH_TOKEN={key}

  curl {url}/v1/chat/completions -H "Authorization: Bearer {key}" -H "Content-Type: application/json" \\
    -d '{request}'
"""
