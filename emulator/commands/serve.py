"""`serve`: serve the emulated API until stopped."""

import gc
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from emulator.commands import _options
from emulator.commands._banner import banner
from emulator.commands._browser import console, open_in_browser
from emulator.commands._listening import access_to, listening
from emulator.commands._printing import say
from emulator.commands._sharing import check_store, check_workers, joining, store_at
from emulator.core import units
from emulator.core.files import check_writable, write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

    from emulator.account.terms import Terms
    from emulator.core.settings import Settings
    from emulator.engine import Engine
    from emulator.scenario.library import Library
    from emulator.wire.server import Beside

_FILE = click.Path(path_type=Path)


@click.command()
@_options.host
@_options.port
@_options.allow_host
@_options.control_token
@click.option("--auth", metavar="format|open|strict", help="Which API keys are accepted.  [default: format]")
@click.option(
    "--key",
    "keys",
    multiple=True,
    metavar="KEY",
    help="A key that is accepted, and then only such keys are (repeatable): auth is strict.",
)
@click.option("--seed", help="What answers, ids and new keys derive from.  [default: 0, and new keys are random]")
@click.option(
    "--clock",
    "rate",
    callback=_options.written(units.speed),
    metavar="frozen|running|x60",
    default="running",
    show_default=True,
    help="How the time passes.",
)
@click.option("--models", type=_FILE, help="YAML file that adds and overrides models.")
@click.option(
    "--any-model",
    is_flag=False,
    flag_value="true",
    metavar="[ID]",
    help="A model that answers to every name that is no model's, such as gpt-4o.  [default: none; without ID: a Llama]",
)
@click.option("--scenarios", "folder", type=_FILE, help="Folder of scenarios to know by name.")
@click.option("--scenario", metavar="NAME|FILE", help="The scenario that plays for keys that name no other.")
@click.option("--reply", metavar="TEXT", help="Answer every request with this text, without a scenario.")
@click.option("--error", metavar="429|KIND", help="Answer every request with this error, without a scenario.")
@click.option("--retry-after", metavar="2s", help="The Retry-After of that error.")
@click.option(
    "--strict-keys", is_flag=True, default=None, help="Refuse a key that is similar to a scenario's name, but not one."
)
@click.option("--watch", is_flag=True, help="Read scenarios when their files change; the console may save them.")
@click.option("--set", "pairs", multiple=True, metavar="NAME=VALUE", help="Another setting (repeatable; see settings).")
@click.option(
    "--credits",
    callback=_options.written(units.amount),
    metavar="USD",
    help='Each key\'s balance, such as "5.00 USD".  [default: without end]',
)
@_options.limits
@click.option("--state", type=_FILE, help="File to go on from, and to save each change to.")
@_options.store
@click.option("--workers", type=click.IntRange(1, 256), default=1, show_default=True, help="Processes that serve.")
@click.option("--inferences", type=_FILE, help="File that gets a line of JSON for each inference.")
@click.option("--presets", type=_FILE, help="Folder of presets, for requests to the model @preset/NAME.")
@click.option("--open", "opened", is_flag=True, help="Open the console in the browser.")
@click.option("--print", "form", type=click.Choice(["banner", "json", "nothing"]), default="banner", show_default=True)
@click.option("--port-file", type=_FILE, help="File that gets the port once it is open.")
@click.option("--ready-fd", type=int, metavar="N", help="File descriptor that gets a line once requests are answered.")
@_options.grace
@_options.log_level
def serve(
    host: str,
    port: int,
    folder: Path | None,
    watch: bool,
    state: Path | None,
    inferences: Path | None,
    workers: int,
    presets: Path | None,
    opened: bool,
    form: str,
    port_file: Path | None,
    ready_fd: int | None,
    grace: float,
    log_level: str,
    **world: Any,
) -> None:
    """Serve the emulated API until stopped."""
    # Objects created at startup live as long as the server, so collecting them would be wasted work.
    gc.disable()
    from emulator.store.saver import Saver
    from emulator.store.snapshot import write_state
    from emulator.web.app import create_app
    from emulator.web.presets import Presets
    from emulator.wire.server import log_to_stderr
    from emulator.wire.server import serve as serve_app

    _check_writable(state, port_file, ready_fd)
    if presets is not None and not presets.is_dir():
        raise click.ClickException(f"there is no folder {presets}")
    engine = _engine(folder=folder, state=state, workers=workers, **world)
    log_to_stderr(log_level)
    if inferences is not None:
        _append(engine, inferences)
    beside = [_watching(engine.library, folder)] if watch else []
    if state is not None:
        beside.append(Saver(engine.store, engine.clock, state).run)
    beside += joining(engine)
    sockets, url = listening(host, port)
    access = access_to(sockets, engine.settings, host)
    made = "" if engine.settings.control_token else access.token
    if made and form == "nothing":
        say(f"Warning: /_emulator is closed: nobody knows the token. {_options.GIVE_TOKEN}", error=True)
    shared = workers > 1 or world["store_url"] is not None
    app = create_app(engine, access, Presets(presets, shared=shared), folder if watch else None)
    gc.freeze()
    gc.enable()

    def ready() -> None:
        if form != "nothing":
            say(banner(url, engine.settings, made, form))
        if port_file is not None:
            write_atomically(port_file, f"{url.rpartition(':')[2]}\n".encode())
        if ready_fd is not None:
            os.write(ready_fd, f"{url}\n".encode())
        if opened:
            open_in_browser(console(url, access.token))

    if workers > 1:
        from emulator.wire.workers import Workers

        def worker(started: "Callable[[], object]", until_orphaned: "Beside") -> None:
            serve_app(app, sockets, started, grace, engine.settings, [*beside, until_orphaned], shared=True)

        code = Workers(workers, sockets, worker, ready, grace).run()
        if code:
            raise click.exceptions.Exit(code)
        return
    serve_app(app, sockets, ready, grace, engine.settings, beside)
    if state is not None:
        try:
            write_state(engine.store, engine.clock, state)
        except OSError as error:
            raise click.ClickException(f"the state cannot be saved to {state}: {error.strerror}") from None


# ---------------------------------------------------------------------------------------------- what is served


def _engine(
    *,
    rate: float,
    models: Path | None,
    folder: Path | None,
    scenario: str | None,
    reply: str | None,
    error: str | None,
    retry_after: str | None,
    state: Path | None,
    store_url: str | None,
    workers: int,
    credits: "Decimal | None",
    requests_per_minute: int | None,
    tokens_per_minute: int | None,
    concurrency: int | None,
    **settings: Any,
) -> "Engine":
    """The engine for these options. Raises ClickException for invalid options."""
    from emulator.commands._effects import overridden
    from emulator.core.catalog import Catalog, CatalogError
    from emulator.core.clock import make_clock
    from emulator.core.settings import SettingsError
    from emulator.engine import make_engine
    from emulator.scenario.library import SHIPPED, Library
    from emulator.scenario.reading.mistakes import ScenarioError
    from emulator.store.snapshot import StateError, read_state

    if state is not None and (store_url is not None or workers > 1):
        raise click.ClickException("--state is for one process: with --workers or --store, Redis keeps the state")
    make_store, clock = store_at(store_url)
    if scenario is not None and (reply, error, retry_after) != (None, None, None):
        raise click.ClickException("--scenario excludes --reply, --error and --retry-after")
    try:
        chosen, catalog = _settings(**settings), Catalog.load(models)
        library = Library(catalog, [SHIPPED])
        playing = _scenarios(library, folder, scenario) or _quick(library, reply, error, retry_after)
        terms = _terms(credits, requests_per_minute, tokens_per_minute, concurrency)
        story = library.get(playing) if playing is not None else None
        check_workers(workers, store_url, chosen, rate, terms, story.scenario if story is not None else None)
        engine = make_engine(chosen, catalog, make_clock(rate, kind=clock), library, playing, terms, make_store)
        check_store(engine, store_url, playing)
        saved = state if state is not None and state.exists() else None
        if saved is not None:
            read_state(engine.store, engine.clock, library, saved)
    except (SettingsError, CatalogError, ScenarioError, StateError) as wrong:
        raise click.ClickException(str(wrong)) from None
    for told in overridden(story.scenario if story is not None else None, saved):
        say(f"Warning: {told}", error=True)
    return engine


def _settings(pairs: tuple[str, ...], **options: Any) -> "Settings":
    """The settings from the command line: `options` are those with an option of their own. Raises SettingsError."""
    from emulator.core.settings import Settings, from_pairs

    given = from_pairs(pairs, {name: value for name, value in options.items() if value not in (None, ())})
    return Settings.read(given, _own_options)


def _own_options() -> dict[str, str]:
    """The options of this command, by the setting name that each resembles."""
    return {option[2:].replace("-", "_"): option for parameter in serve.params for option in parameter.opts}


def _terms(
    credits: "Decimal | None", requests_per_minute: int | None, tokens_per_minute: int | None, concurrency: int | None
) -> "Terms | None":
    """The terms on which accounts are opened; None if nothing is limited."""
    limits = (requests_per_minute, tokens_per_minute, concurrency)
    if credits is None and not any(limits):
        return None
    from emulator.account.policy import Policy
    from emulator.account.terms import Terms

    return Terms(credits, keys={"default": Policy(*limits)})


def _scenarios(library: "Library", folder: Path | None, scenario: str | None) -> str | None:
    """Add the scenarios of a folder and the one named; returns the name of the scenario to play.

    Mistakes in the folder's files are printed. Raises ScenarioError for those in the scenario to play, and
    ClickException if there is none of that name.
    """
    from emulator.scenario.names import ENDINGS
    from emulator.scenario.reading.mistakes import ScenarioError

    if folder is not None:
        _add_folder(library, folder)
    if scenario is not None and scenario.lower().endswith(ENDINGS):
        if mistakes := library.load([Path(scenario)]):
            raise ScenarioError(mistakes)
        return library.name_of(Path(scenario))
    if scenario is not None and library.get(scenario) is None:
        raise click.ClickException(library.unknown(scenario))
    return scenario


def _quick(library: "Library", reply: str | None, error: str | None, retry_after: str | None) -> str | None:
    """Add the scenario of a reply or an error, and return its name. Raises ClickException and ScenarioError."""
    if reply is None and error is None and retry_after is None:
        return None
    from emulator.scenario.quick import quick_scenario
    from emulator.scenario.reading.mistakes import ScenarioError

    try:
        made = quick_scenario(reply, error, retry_after, catalog=library.catalog)
    except ScenarioError:
        raise
    except ValueError as wrong:
        raise click.ClickException(str(wrong)) from None
    return library.add(made).scenario.name if made is not None else None


def _add_folder(library: "Library", folder: Path) -> None:
    """Add the scenarios of a folder; warnings name what cannot play. Raises ClickException if it is no folder."""
    if folder.is_file():
        raise click.ClickException(f"{folder} is a file: --scenarios takes a folder, and --scenario a file")
    if not folder.is_dir():
        raise click.ClickException(f"there is no folder {folder}")
    files = library.add_folder(folder)
    if not files:
        say(f"Warning: {folder} has no scenarios: their files end in .yaml, .yml or .json", error=True)
    mistakes = (*library.load(files), *library.clashes())
    for mistake in mistakes:
        say(f"Warning: {mistake.render()}", error=True)
    if mistakes:
        bad = len({mistake.source for mistake in mistakes})
        told = f"{bad} of {len(files)} files in {folder} {'has' if bad == 1 else 'have'} mistakes"
        say(f"Warning: {told}: what they say does not play, and requests for it get an error.", error=True)


# ---------------------------------------------------------------------------------------------- beside serving


def _check_writable(state: Path | None, port_file: Path | None, ready_fd: int | None) -> None:
    """Say now what would fail later. An old port file is removed: who waits for a port must not read an earlier one.

    Raises ClickException.
    """
    for path in (state, port_file):
        if path is not None:
            try:
                check_writable(path)
            except (OSError, RuntimeError) as error:  # a link that leads to itself
                raise click.ClickException(f"cannot write {path}: {getattr(error, 'strerror', error)}") from None
    if port_file is not None:
        try:
            port_file.unlink(missing_ok=True)
        except OSError as error:
            raise click.ClickException(f"cannot write {port_file}: {error.strerror}") from None
    if ready_fd is not None:
        try:
            os.fstat(ready_fd)
        except OSError:
            raise click.ClickException(f"cannot write to --ready-fd {ready_fd}: it is not open") from None


def _append(engine: "Engine", path: Path) -> None:
    try:
        engine.store.inferences.append_to(path)
    except OSError as error:
        raise click.ClickException(f"cannot write {path}: {error.strerror}") from None


def _watching(library: "Library", folder: Path | None) -> "Beside":
    """A coroutine that reloads scenarios when their files change. Raises ClickException if all of them are shipped."""
    from emulator.scenario.library import SHIPPED
    from emulator.scenario.watch import watch

    within = [SHIPPED, *([folder] if folder else ())]
    alone = {path.parent for path in library.files() if not any(map(path.is_relative_to, within))}
    folders = {*within[1:], *alone}
    if not folders:
        raise click.ClickException("--watch has no effect without --scenarios FOLDER or --scenario FILE")
    return lambda: watch(library, sorted(folders))
