"""`clock`, `account`, `activate`, `reset` and `inferences`: what they do to a server, and where they look for it."""

import json
import socket
from collections.abc import Iterator
from typing import Any

import click
import pytest
from click.testing import CliRunner
from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from support.asgi import CHAT, KEY, ask, chat, make_engine
from support.listening import listening

from emulator.cli import main
from emulator.core.clock import EPOCH
from emulator.engine import Engine
from emulator.store.outside import at_once
from emulator.web.app import create_app

ASKING = ["clock", "activate --none", "reset", "account --key akml-a", "inferences", "verify"]
BAD = [
    ("AKASHML_EMULATOR_URL", "ftp://x"),
    ("AKASHML_EMULATOR_URL", "http://["),
    ("AKASHML_EMULATOR_PORT", "70000"),
    ("AKASHML_EMULATOR_PORT", "soon"),
]


@pytest.fixture
def engine() -> Engine:
    """The engine of the server."""
    return make_engine()


@pytest.fixture
def url(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of the server, which the environment names for the commands."""
    app = create_app(engine)
    ask(app, "POST", CHAT, chat())  # `verify` fails where nothing was asked
    with listening(app) as url:
        monkeypatch.setenv("AKASHML_EMULATOR_URL", url)
        yield url


def run(*arguments: str) -> Any:
    """The result of a command line."""
    return CliRunner().invoke(main, arguments)


def told(line: str) -> str:
    """What a command prints that succeeds."""
    done = run(*line.split())
    assert done.exit_code == 0, done.output
    return str(done.stdout)


# ---------------------------------------------------------------------------------------------- what they do


@pytest.mark.parametrize(
    ("line", "shown", "rate"),
    [
        ("clock", "2026-01-01T00:00:00Z, frozen", 0),
        ("clock show", "2026-01-01T00:00:00Z, frozen", 0),
        ("clock advance 60s", "2026-01-01T00:01:00Z, frozen", 0),
        ("clock advance 60", "2026-01-01T00:01:00Z, frozen", 0),
        ("clock set 2026-06-01", "2026-06-01T00:00:00Z, frozen", 0),
        ("clock set 2026-06-01 12:00:00Z", "2026-06-01T12:00:00Z, frozen", 0),
        ("clock freeze", "2026-01-01T00:00:00Z, frozen", 0),
        ("clock run", "running", 1),
        ("clock run x60", "running at x60", 60),
        ("clock run 60", "running at x60", 60),
    ],
)
def test_the_clock_is_shown_and_moved(url: str, engine: Engine, line: str, shown: str, rate: float) -> None:
    """Each action is one line, with the units of scenarios, and prints the time afterwards."""
    assert shown in told(line)
    assert engine.clock.rate == rate


def test_an_account_is_shown_and_changed(url: str, engine: Engine) -> None:
    """Its balance, its limits, purchases and corrections; each action prints the account as it is then."""
    assert told(f"account --key {KEY}").splitlines() == [
        f"key {KEY}: 0 in flight",
        "limits: none",
        "credits: nothing is charged",
    ]
    assert "credits: 5.00 USD, of which" in told(f"account credits 5.00 --key {KEY}")
    assert "limits: requests per minute 3, concurrency 2" in told(
        f"account limits --requests-per-minute 3 --concurrency 2 --key {KEY}"
    )
    assert "credits: 7.50 USD, of which" in told(f"account purchase 2.50 USD --key {KEY}")
    assert "credits: 6.50 USD, of which" in told(f"account take 1 --key {KEY}")
    assert "limits: requests per minute 3" in told(f"account show --key {KEY}")
    assert json.loads(told(f"account --key {KEY} --json"))["credits"]["balance"] == "6.50 USD"


def test_the_account_of_every_key_is_opened_anew(url: str) -> None:
    """Without --key a balance is that of each key, with the limits that are given beside it."""
    told("account credits 5 --tokens-per-minute 100")
    assert told(f"account --key {KEY}").splitlines()[1:] == [
        "limits: tokens per minute 100",
        "credits: 5.00 USD, of which 5.00 USD available",
    ]


def test_a_scenario_is_activated_and_deactivated(url: str, engine: Engine) -> None:
    """For all keys or for one; nothing but --none deactivates it."""
    assert told("activate hello") == "hello plays for all keys that name no scenario\n"
    assert at_once(engine.active()) == "hello"
    assert told(f"activate hello --key {KEY}") == f"hello plays for the key {KEY}\n"
    assert told("activate --none") == "no scenario is active for all keys that name no scenario\n"
    assert at_once(engine.active()) is None


def test_what_has_happened_is_forgotten(url: str, engine: Engine) -> None:
    """The record of one key or of all; the activated scenario stays if that is said."""
    told("activate hello")
    for key in (KEY, "akml-other"):
        ask(create_app(engine), "POST", CHAT, chat(), key=key)
    assert told(f"reset --key {KEY}") == f"reset: {KEY}\n"
    assert len(engine.store.inferences.all()) == 1
    assert json.loads(told("reset --keep-scenario --json")) == {"reset": "everything"}
    assert engine.store.inferences.all() == []


@pytest.mark.parametrize("name", ["1", "#1"])
def test_an_inference_is_named_by_its_number(url: str, engine: Engine, name: str) -> None:
    """The number that the list prints names one, as its id does; what is printed is indented for people."""
    (seen,) = engine.store.inferences.all()
    shown = told(f"inferences --id {name}")
    assert shown == told(f"inferences --id {seen.id}")
    assert (json.loads(shown)["id"], shown.startswith('{\n  "number": 1,')) == (seen.id, True)
    assert told("inferences --format json").startswith("{\n")
    assert "curl" in told(f"inferences --id {name} --format curl")


# ---------------------------------------------------------------------------------------------- where they look


@pytest.mark.parametrize("line", ASKING)
def test_every_command_that_asks_reads_the_environment(url: str, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The URL, or else the port on this machine; an argument goes before both."""
    assert run(*line.split()).exit_code == 0
    monkeypatch.delenv("AKASHML_EMULATOR_URL")
    monkeypatch.setenv("AKASHML_EMULATOR_PORT", url.rpartition(":")[2])
    assert run(*line.split()).exit_code == 0
    monkeypatch.setenv("AKASHML_EMULATOR_URL", "http://127.0.0.1:9")
    named = ["--url", url]
    assert run(*line.split(), *named).exit_code == 0


@pytest.mark.parametrize("line", ASKING)
def test_no_proxy_stands_between(url: str, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that the environment names for other servers is not asked."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert run(*line.split()).exit_code == 0


@pytest.mark.parametrize("line", [*ASKING, "wait"])
@pytest.mark.parametrize(("name", "value"), BAD)
def test_an_environment_that_cannot_be_read_is_named(
    line: str, name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error is about the variable, not about a server."""
    monkeypatch.setenv(name, value)
    done = run(*line.split())
    assert (done.exit_code, done.output.startswith(f"Error: {name}: "), value in done.output) == (1, True, True)


def test_the_port_of_serve_is_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """--port goes before it, and a value that is no port is named by its variable."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setenv("AKASHML_EMULATOR_PORT", str(taken.getsockname()[1]))
        assert "Address already in use" in run("serve").output
        assert "'--port': 70000" in run("serve", "--port", "70000").output
    monkeypatch.setenv("AKASHML_EMULATOR_PORT", "http")
    assert "Invalid value for AKASHML_EMULATOR_PORT: 'http'" in run("serve").output


@pytest.mark.parametrize("line", ASKING)
def test_where_nothing_listens_it_is_told_how_to_start(line: str) -> None:
    """A sentence: which address, why not, and what to do; no error number."""
    with socket.create_server(("127.0.0.1", 0)) as gone:
        url = f"http://127.0.0.1:{gone.getsockname()[1]}"
    named = ["--url", url]
    done = run(*line.split(), *named)
    assert done.exit_code == 1
    assert done.output == (
        f"Error: no emulator at {url}: nothing listens there. `akashml-emulator serve` starts one; "
        "the URL of another is given on the command line or in AKASHML_EMULATOR_URL\n"
    )


@pytest.mark.parametrize("line", ASKING)
@pytest.mark.parametrize(
    "response", [JSONResponse({"hello": 1}), PlainTextResponse("Hello!"), Response(status_code=404)]
)
def test_another_server_is_not_taken_for_an_emulator(line: str, response: Response) -> None:
    """Whatever it answers is told in a line, without a traceback."""
    methods = ["GET", "POST", "PUT"]
    app = Starlette(routes=[Route("/{path:path}", lambda request: response, methods=methods)])
    with listening(app) as url:
        named = ["--url", url]
        done = run(*line.split(), *named)
    assert (done.exit_code, f"what answers at {url} is no emulator" in done.output) == (1, True)


def test_a_follower_is_told_when_the_server_ends(engine: Engine) -> None:
    """What is printed stays, and the exit code says that there is no more to come."""
    app = Starlette(
        routes=[Route("/_emulator/inferences", lambda request: PlainTextResponse(b'data: {"line": "#1"}\n\n'))]
    )
    with listening(app) as url:
        done = run("inferences", "--url", url, "--follow")
    assert (done.exit_code, done.stdout, "has ended" in done.stderr) == (1, "#1\n", True)


# ---------------------------------------------------------------------------------------------- the help


def test_no_sentence_of_the_help_is_cut() -> None:
    """Each command stands in the list with its whole first sentence."""
    listed = " ".join(run("--help").output.partition("Commands:\n")[2].split())
    for name in main.list_commands(click.Context(main)):
        command = main.get_command(click.Context(main), name)
        assert command is not None and command.help is not None
        sentence = " ".join(command.help.partition("\n\n")[0].split())
        assert f"{name} {sentence}" in listed


def test_a_refused_move_leaves_the_clock(url: str, engine: Engine) -> None:
    """It stays where it was."""
    assert run("clock", "advance", "soon").exit_code == 1
    assert engine.clock.now() == EPOCH
