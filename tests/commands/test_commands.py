"""The commands: which there are, what they share, and where their values are read."""

import json
import re
from pathlib import Path
from typing import Any, get_args

import pytest
from click.testing import CliRunner
from support.served import ROOT, get, served

from emulator.cli import main
from emulator.commands import _options
from emulator.core.clock import EPOCH
from emulator.core.settings import Settings

PACKAGE = ROOT / "emulator"
NAMES = sorted(path.stem for path in (PACKAGE / "commands").glob("[!_]*.py"))


def run(*arguments: str) -> Any:
    """The result of a command that ends by itself."""
    return CliRunner().invoke(main, arguments)


def test_each_module_is_a_command() -> None:
    """The help lists every one with a sentence, and nothing else."""
    listed = run("-h").output.partition("Commands:\n")[2]
    assert re.findall(r"^  (\w+)  +[A-Z]", listed, re.MULTILINE) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_each_command_has_a_help(name: str) -> None:
    """It is imported when it is asked for, and says how it is used."""
    result = run(name, "--help")
    assert (result.exit_code, result.output.startswith(f"Usage: main {name} ")) == (0, True)


@pytest.mark.parametrize("name", ["serv", "_options", "_dry_run", "__init__"])
def test_what_is_no_command_is_none(name: str) -> None:
    """Neither a word that is like one, nor a module that commands share."""
    result = run(name)
    assert (result.exit_code, f"No such command '{name}'" in result.output) == (2, True)


def test_the_port_is_written_once() -> None:
    """One module has the default port; whatever serves or asks takes it from there."""
    assert [path.name for path in PACKAGE.rglob("*.py") if str(_options.PORT) in path.read_text()] == ["_options.py"]
    for name in ("serve", "record"):
        assert f"default: {_options.PORT}" in run(name, "-h").output


def test_the_help_of_auth_names_its_words() -> None:
    """Those that the setting has."""
    kind, _ = get_args(Settings.__annotations__["auth"])
    assert f"--auth {'|'.join(get_args(kind))} " in run("serve", "-h").output


# ---------------------------------------------------------------------------------------------- values


@pytest.mark.parametrize(
    ("mode", "shown"), [("frozen", {"mode": "frozen", "rate": 0}), ("x60", {"mode": "running", "rate": 60})]
)
def test_a_clock_runs_as_a_scenarios_does(mode: str, shown: dict[str, Any]) -> None:
    """`--clock` takes what a scenario's clock takes."""
    with served("--clock", mode, "--log-level", "error") as server:
        clock = json.loads(server.ask(get("/_emulator/clock")).partition(b"\r\n\r\n")[2])
    assert {name: clock[name] for name in shown} == shown
    assert (clock["unix"] == EPOCH) is (mode == "frozen")


@pytest.mark.parametrize("credits", ["5", "5.00", "5.00 USD", "5USD"])
def test_credits_may_lack_their_unit(credits: str) -> None:
    """A bare number is in dollars."""
    with served("--credits", credits, "--log-level", "error") as server:
        balance = json.loads(server.ask(get("/_emulator/credits")).partition(b"\r\n\r\n")[2])["balance"]
    assert balance == "5.00 USD"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["wait", "--timeout", "soon"], "--timeout: expected a duration such as 250ms, 2s or 1m30s, got soon"),
        (["wait", "--timeout", "-1"], "--timeout: expected a duration such as 250ms, 2s or 1m30s, got -1"),
        (["wait", "--timeout", "inf"], "--timeout: expected a duration such as 250ms, 2s or 1m30s, got inf"),
        (["serve", "--credits", "-5"], "--credits: expected an amount such as 5.00 USD, got -5"),
        (["serve", "--credits", "5e999"], "--credits: expected an amount such as 5.00 USD, got 5e999"),
        (["serve", "--clock", "60"], "--clock: expected frozen, running or a speed such as x60, got 60"),
        (["serve", "--seed", "1", "--set", "seed=2"], 'setting "seed" is given twice'),
    ],
)
def test_what_cannot_be_read_is_told(arguments: list[str], words: str) -> None:
    """One line with the option, what was expected, and what was given."""
    result = run(*arguments)
    assert (result.exit_code, result.output) == (1, f"Error: {words}\n")


@pytest.mark.parametrize("timeout", ["0", "0s", "1ms"])
def test_wait_takes_a_duration(timeout: str) -> None:
    """With a unit, or in seconds."""
    result = run("wait", "http://127.0.0.1:1", "--timeout", timeout)
    assert (result.exit_code, "no emulator at http://127.0.0.1:1 within" in result.output) == (1, True)


def test_flags_are_settings(tmp_path: Path) -> None:
    """What has an option of its own is read as `--set` reads it."""
    with served("--seed", "7", "--auth", "strict", "--key", "akml-one", "--log-level", "error") as flags:
        one = flags.ask(get("/v1/models", key="akml-one")).partition(b"\r\n\r\n")[0]
    with served("--set", "seed=7", "--set", "auth=strict", "--set", "keys=akml-one", "--log-level", "error") as pairs:
        other = pairs.ask(get("/v1/models", key="akml-one")).partition(b"\r\n\r\n")[0]
    ids = [re.search(rb"inference-id: (\S+)", head) for head in (one, other)]
    assert ids[0] and ids[1] and ids[0][1] == ids[1][1]
