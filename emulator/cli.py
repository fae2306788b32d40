"""The command line: arguments only, and the words for people who type them."""

import json
from pathlib import Path

import click

from emulator import __version__

DEFAULT_PORT = 8402
SAMPLE_KEY = "akml-local"
_MODEL = "zai-org/GLM-5.3"
_HELP = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@click.group(context_settings=_HELP)
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
@click.option("--set", "pairs", multiple=True, metavar="NAME=VALUE", help="Another setting (repeatable; see settings).")
@click.option("--print", "form", type=click.Choice(["banner", "json"]), default="banner", show_default=True)
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
    pairs: tuple[str, ...],
    form: str,
    log_level: str,
) -> None:
    """Serve the emulated API until stopped."""
    from emulator.catalog import Catalog, CatalogError
    from emulator.clock import EPOCH, VirtualClock
    from emulator.engine import Engine
    from emulator.server import listen, log_to_stderr
    from emulator.server import serve as serve_engine
    from emulator.settings import Settings, SettingsError, from_strings
    from emulator.store.memory import MemoryStore

    try:
        values = from_strings(pairs)
        values |= {name: value for name, value in (("auth", auth), ("seed", seed), ("keys", keys or None)) if value}
        catalog = Catalog.load(models)
    except (SettingsError, CatalogError) as error:
        raise click.ClickException(str(error)) from None
    emulated = VirtualClock(EPOCH, rate=0) if clock == "frozen" else VirtualClock()
    engine = Engine(Settings(**values), catalog, emulated, MemoryStore())
    log_to_stderr(log_level)
    try:
        listener = listen(host, port)
    except OSError as error:
        raise click.ClickException(f"cannot listen: {error.strerror}; --port 0 picks a free port") from None
    address, number = listener.getsockname()[:2]
    url = f"http://[{address}]:{number}" if ":" in address else f"http://{address}:{number}"
    key = engine.settings.keys[0] if engine.settings.keys else SAMPLE_KEY
    serve_engine(engine, listener, lambda: click.echo(_ready(url, key, form)))


@main.command()
def settings() -> None:
    """List what --set NAME=VALUE can set."""
    from emulator.settings import table

    for row in table():
        click.echo(f"{row['name']}  [{row['values']}; default {row['default'] or 'none'}]\n    {row['meaning']}")


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
