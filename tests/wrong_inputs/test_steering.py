"""What is given in the wrong way to steer a server, and what is seen: over HTTP, at the command line, in Python.

Each row is run. None is silent, and none changes anything.
"""

import json
import logging
import shlex
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner
from support.asgi import CHAT, KEY, ask, chat, make_engine
from support.listening import listening

from emulator import Emulator, SettingsError
from emulator.cli import main
from emulator.core.clock import EPOCH
from emulator.engine import Engine
from emulator.store.outside import at_once
from emulator.web.app import create_app


class Http(NamedTuple):
    """A request that is a 400; `sees` is in the message of its error."""

    given: str
    sees: str


class Line(NamedTuple):
    """A command line that fails; `sees` is in what it prints. `environment` is one variable, as NAME=value."""

    given: str
    sees: str
    environment: str = ""


class Start(NamedTuple):
    """Options of `serve`; `sees` is in its error, or in a warning that it prints before it serves."""

    given: str
    sees: str


class Python(NamedTuple):
    """A keyword of `Emulator`; `sees` is in the SettingsError."""

    given: str
    sees: str


HTTP = [
    Http('POST activate {"name": "hello"}', "Unknown field 'name': POST /_emulator/activate takes only scenario, key."),
    Http('POST activate {"scenari": "hello"}', "Unknown field 'scenari': did you mean 'scenario'?"),
    Http("POST activate {}", "the name of a scenario, or null to deactivate the active one"),
    Http('POST activate {"scenario": "helo"}', "'hello'"),
    Http("POST activate?scenario=hello {}", "Unknown query parameter 'scenario': it is a field of the body here."),
    Http('POST activate {"scenario": ["hello"]}', "expected a string, but got an array"),
    Http('POST activate "hello"', "The request body has to be a JSON object, but it is a string."),
    Http('POST reset {"scenario": "hello"}', "Unknown field 'scenario'"),
    Http('POST reset {"keep_scenario": "yes"}', "expected a boolean, but got a string"),
    Http('POST reset {"key": ""}', "expected an API key, or no such field"),
    Http('POST clock {"advnace": 60}', "Unknown field 'advnace': did you mean 'advance'?"),
    Http('POST clock {"advance": "a minute"}', "expected a duration such as 250ms, 2s or 1m30s, but got 'a minute'"),
    Http('POST clock {"advance": -60}', "expected a duration such as 250ms, 2s or 1m30s, but got -60"),
    Http('POST clock {"freeze": true, "advance": 60}', "A clock is moved by one field"),
    Http('POST clock {"freeze": false}', "expected true, but got false"),
    Http('POST clock {"rate": "fast"}', "expected a rate from 0 to 1000000, such as x60 or 60"),
    Http('POST clock {"set": "tomorrow"}', "expected a time from 1970 to 9998, such as 2026-01-01T00:00:00Z"),
    Http("POST clock", 'expected one of {"freeze": true}'),
    Http('PUT account {"key": "akml-me", "credit": 5}', "Unknown field 'credit': did you mean 'credits'?"),
    Http('PUT account {"key": "akml-me", "credits": "five"}', 'expected an amount such as 5.00 USD, got "five"'),
    Http('PUT account {"requests_per_minute": 3}', "takes only key, credits, trial, auto_top_up, keys."),
    Http('POST account {"key": "akml-me", "policy": {"rpm": 3}}', 'unknown key "rpm"'),
    Http('POST credits {"key": "akml-me", "add": 5}', "Unknown field 'add'"),
    Http('POST credits {"purchase": 5, "key": ""}', "expected an API key"),
    Http("GET credits?api_key=akml-me", "did you mean 'key'?"),
    Http("GET account?key=", "Invalid query parameter 'key': it is empty."),
    Http("GET ledger?key=akml-a&key=akml-b", "Invalid query parameter 'key': it is given twice."),
    Http('POST keys {"name": "ci", "requests_per_minute": 3}', "POST /_emulator/keys takes only name, policy."),
    Http('PUT backends {"model": "zai-org/GLM-5.3", "slots": 1}', "takes only model, backends."),
    Http("GET inferences?follow=true&format=curl", "what is followed has the format json"),
    Http("GET inferences?follow=true&limit=3", "'limit': what is followed comes as it happens"),
    Http("GET inferences?order=newest&follow=live", "'order': what is followed comes as it happens"),
    Http("GET inferences?format=yaml", "Invalid query parameter 'format': format is one of json, jsonl, curl,"),
    Http("GET scenarios?name=hello", "Unknown query parameter 'name': GET /_emulator/scenarios takes none."),
]
LINES = [
    Line("clok", "Did you mean 'clock'?"),
    Line("clock advnace 60s", "did you mean advance?"),
    Line("clock advance", "advance needs a value: advance 60s"),
    Line("clock freeze 5", "freeze takes no value, got 5"),
    Line("clock advance soon", "expected a duration such as 250ms, 2s or 1m30s, but got 'soon'"),
    Line("clock run fast", "such as x60 or 60"),
    Line("account", "whose account? show needs --key"),
    Line("account credits five --key akml-me", "expected an amount such as 5.00 USD"),
    Line("account limits --key akml-me", "limits needs at least one option"),
    Line("account purchase 5 --concurrency 2 --key akml-me", "--concurrency has no effect with purchase"),
    Line("account credit 5", "did you mean credits?"),
    Line("activate", "expected either the NAME of a scenario or --none"),
    Line("activate hello --none", "expected either the NAME of a scenario or --none"),
    Line("activate helo", "'hello'"),
    Line("reset --keep", "No such option"),
    Line("inferences --id 34", "There is no inference '34' here"),
    Line("inferences --id 1 --follow", "--follow has no effect with --id"),
    Line("inferences --id 1 --status 429", "--status has no effect with --id"),
    Line("inferences --follow --format curl", "it cannot print another --format"),
    Line("inferences --json --format curl", "leave one of them out"),
    Line("clock --url a --url b", "--url is given twice"),
    Line("clock --url ftp://here", "ftp://here is no address of an emulator"),
    Line("clock", "AKASHML_EMULATOR_URL: ftp://here is no address", "AKASHML_EMULATOR_URL=ftp://here"),
    Line("clock --url http://no.such.host.invalid", "there is no host of this name. `akashml-emulator serve`"),
]
STARTS = [
    Start("--watch", "--watch has no effect without --scenarios FOLDER or --scenario FILE"),
    Start("--watch --scenario hello", "--watch has no effect without --scenarios FOLDER or --scenario FILE"),
    Start("--key ''", 'setting "keys" cannot be'),
    Start("--key akml-me --auth open", 'setting "keys" has no effect with auth open'),
    Start("--set keys=, --auth strict", 'setting "keys" names no key'),
    Start("--set seed=1 --set seed=2", 'setting "seed" is given twice'),
    Start("--seed 1 --seed 2", "--seed is given twice"),
    Start("--scenario three-a-minute --requests-per-minute 9", "--requests-per-minute is only for keys that play"),
    Start("--scenario FROZEN --clock x60", "--clock has no effect: the scenario frozen sets the clock"),
    Start("--state STATE --scenario hello", "--scenario has no effect: the server goes on from"),
    Start("--state STATE --clock x60", "--clock has no effect: the server goes on from"),
]
KEYWORDS = [
    Python("credits", 'account={"credits": ...}'),
    Python("rpm", 'account={"keys": {"default": {"requests_per_minute": ...}}}'),
    Python("latency", '"stream": {"first_token": ...}'),
    Python("rate", 'clock="x60"'),
    Python("port", "the attribute url, with a free port of 127.0.0.1"),
]


@pytest.fixture
def engine() -> Engine:
    """An engine of which something could be changed."""
    engine = make_engine()
    at_once(engine.activate("hello"))
    return engine


def unchanged(engine: Engine) -> bool:
    """Whether nothing was moved, activated, opened or made."""
    shared = at_once(
        engine.store.shared_turn(lambda shared: (shared.scenario, shared.terms, shared.keys, shared.fleet))
    )
    return shared == ("hello", None, None, None) and (engine.clock.now(), engine.clock.rate) == (EPOCH, 0)


@pytest.mark.parametrize("case", HTTP, ids=lambda case: case.given)
def test_over_http(engine: Engine, case: Http) -> None:
    """A 400 says what is wrong and what was expected, and nothing has changed."""
    method, path, *body = case.given.split(" ", 2)
    done = ask(create_app(engine), method, f"/_emulator/{path}", body[0].encode() if body else None, key=None)
    assert done.status == 400, done.body
    assert case.sees in done.json["error"]["message"]
    assert unchanged(engine)


@pytest.fixture
def url(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server that the commands find."""
    with listening(create_app(engine)) as url:
        monkeypatch.setenv("AKASHML_EMULATOR_URL", url)
        yield url


@pytest.mark.parametrize("case", LINES, ids=lambda case: f"{case.environment} {case.given}".strip())
def test_at_the_command_line(engine: Engine, url: str, case: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    """The exit code is not 0, one line says why, and nothing has changed."""
    if case.environment:
        monkeypatch.setenv(*case.environment.split("=", 1))
    done = CliRunner().invoke(main, case.given.split())
    assert (done.exit_code in (1, 2), isinstance(done.exception, SystemExit)) == (True, True)
    assert case.sees in done.output.splitlines()[-1]
    assert unchanged(engine)


@pytest.mark.parametrize("case", STARTS, ids=lambda case: case.given)
def test_at_the_start(case: Start, tmp_path: Path) -> None:
    """An option without an effect is an error or a warning; the server would serve after a warning."""
    frozen, state = tmp_path / "frozen.yaml", tmp_path / "state.json"
    frozen.write_text("clock: {mode: frozen}\nrules: [{reply: {text: Hi.}}]\n")
    state.write_text(json.dumps({"version": 2, "clock": {"time": 0, "rate": 0, "ahead": 0}, "store": EMPTY}))
    line = case.given.replace("FROZEN", str(frozen)).replace("STATE", str(state))
    with socket.create_server(("127.0.0.1", 0)) as taken:  # so that it does not serve
        done = CliRunner().invoke(main, ["serve", "--port", str(taken.getsockname()[1]), *shlex.split(line)])
    assert case.sees in done.output
    assert (done.exit_code in (1, 2), isinstance(done.exception, SystemExit)) == (True, True)


EMPTY: dict[str, Any] = at_once(make_engine().store.snapshot())


@pytest.mark.parametrize("case", KEYWORDS, ids=lambda case: case.given)
def test_in_python(case: Python) -> None:
    """A keyword that is none leads to where its value belongs."""
    keywords: dict[str, Any] = {case.given: 5}
    with pytest.raises(SettingsError) as error:
        Emulator(**keywords)
    assert case.sees in str(error.value)


@pytest.mark.parametrize("key", ["akml-7Hq2ZkP0vTn4LwXc9RbEs5", "sk-ant-api03-Zk2P0vTn4LwXc9RbEs5Yd8"])
def test_a_real_key_is_warned_of_once(engine: Engine, key: str, caplog: pytest.LogCaptureFixture) -> None:
    """The log says so at its first request, without the key itself, whether the key is accepted or not."""
    app = create_app(engine)
    with caplog.at_level(logging.WARNING, "emulator"):
        for _ in range(3):
            ask(app, "POST", CHAT, chat(), key=key)
            ask(app, "POST", CHAT, chat(), key=KEY)
    (record,) = caplog.records
    assert "looks like a real one" in record.getMessage()
    assert key not in record.getMessage()
