"""Saving all that has happened and going on from it: as if the server had never stopped."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.asgi import CHAT, KEY, Exchange, activate, ask, chat, make_engine
from support.served import ROOT, get, post, served

from emulator.core.clock import EPOCH, VirtualClock
from emulator.dialects.openai.chat import OpenAIChat
from emulator.engine.engine import Engine
from emulator.store.outside import at_once
from emulator.store.snapshot import StateError, read_state, restore, snapshot, write_state
from emulator.web.app import create_app

STORY = """
account: {credits: 5 USD, trial: {amount: 1 USD, expires: 2026-03-01}, keys: {default: {requests_per_minute: 3}}}
rules:
  - when: {last_user: pay}
    reply: {text: Paid., set_state: {order: paid}}
  - when: {state: {order: paid}}
    replies: [{text: It is packed.}, {text: It is on its way.}, {error: overloaded}]
"""
QUESTIONS = ("pay", "where is it?", "hello", "pay", "where is it?")


def new_engine() -> Engine:
    engine = make_engine(VirtualClock(EPOCH, rate=0))
    engine.library.put("shop", STORY)
    return engine


def saved(engine: Engine) -> dict[str, Any]:
    return at_once(snapshot(engine.store, engine.clock))


def resume(engine: Engine, state: dict[str, Any]) -> None:
    at_once(restore(engine.store, engine.clock, engine.library, state))


def asked(engine: Engine, question: str, key: str) -> tuple[int, dict[str, str], bytes]:
    done = ask(create_app(engine), "POST", CHAT, chat(question), key=key)
    return done.status, done.headers, done.body


def told(engine: Engine, path: str) -> Exchange:
    return ask(create_app(engine), "GET", f"/_emulator/{path}", key=KEY)


@given(
    st.lists(st.tuples(st.sampled_from(QUESTIONS), st.sampled_from([KEY, "akml-two"])), max_size=8), st.integers(0, 8)
)
def test_going_on_is_as_if_it_had_never_stopped(requests: list[tuple[str, str]], stop: int) -> None:
    """Every byte and header of every later answer is the same: turns, states, ids, windows, balances, ledgers, time."""
    straight, broken = new_engine(), new_engine()
    for engine in (straight, broken):
        activate(engine, "shop")
    for at, (question, key) in enumerate(requests):
        if at == stop:
            state, broken = json.loads(json.dumps(saved(broken))), new_engine()
            resume(broken, state)
        assert asked(broken, question, key) == asked(straight, question, key)
    for path in ("account", "ledger", "clock"):
        assert told(broken, path).json == told(straight, path).json


def test_no_key_is_in_the_file() -> None:
    """A state can be attached to a bug report: neither the keys of requests nor managed ones are in it."""
    engine = make_engine()
    made = ask(create_app(engine), "POST", "/_emulator/keys", {"name": "ci"}, key=None).json["key"]
    for key in ("akml-secret-of-mine", made):
        asked(engine, "hello", key)
    state = json.dumps(saved(engine))
    assert "secret" not in state
    assert made not in state
    again = make_engine(auth="strict")
    resume(again, json.loads(state))
    assert asked(again, "hello", made)[0] == 200


def test_over_http() -> None:
    """GET gives the state, PUT goes on from it, and what is none is a 400 that changes nothing."""
    engine, other = new_engine(), new_engine()
    activate(engine, "shop")
    asked(engine, "pay", KEY)
    state = told(engine, "snapshot").json
    done = ask(create_app(other), "PUT", "/_emulator/snapshot", state, key=None)
    assert (done.status, done.json["scenario"]) == (200, "shop")
    assert asked(other, "where is it?", KEY) == asked(engine, "where is it?", KEY)
    before = told(other, "ledger").json
    refused = ask(create_app(other), "PUT", "/_emulator/snapshot", {**state, "version": 9}, key=None)
    assert (refused.status, refused.json["error"]["message"]) == (400, "the state is of version 9; expected 2")
    assert told(other, "ledger").json == before


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"version": 3}, "of version 3"),
        ({"store": {"shared": {"scenario": "gone"}, "keys": {}}}, "needs the scenario gone"),
        ({"clock": {}}, "this is no state"),
        ({"store": {}}, "this is no state"),
        ({"store": {"shared": {"scenario": None}, "keys": {"x": {"seen": 1}}}}, "this is no state"),
    ],
)
def test_what_is_no_state(change: dict[str, Any], words: str) -> None:
    """It is refused with what is wrong, and what was there goes on."""
    engine = new_engine()
    asked(engine, "hello", KEY)
    before = saved(engine)
    with pytest.raises(StateError, match=words):
        resume(engine, {**before, **change})
    assert saved(engine)["store"] == before["store"]


def test_a_file_that_is_none(tmp_path: Path) -> None:
    """The message names the file."""
    path = tmp_path / "state.json"
    path.write_text("{")
    with pytest.raises(StateError, match=r"state\.json is not valid JSON"):
        engine = new_engine()
        read_state(engine.store, engine.clock, engine.library, path)


def test_serve_goes_on_where_it_stopped(tmp_path: Path) -> None:
    """With --state a server saves when it ends, and the next one has the balance of the first."""
    path = tmp_path / "state.json"
    arguments = ("--state", str(path), "--credits", "5.00", "--clock", "frozen", "--log-level", "error")
    with served(*arguments) as server:
        assert server.ask(post(CHAT, chat())).startswith(b"HTTP/1.1 200 ")
        spent = server.ask(get("/_emulator/credits")).partition(b"\r\n\r\n")[2]
        assert server.stop().code == 0
    assert json.loads(spent)["balance"] != "5.00 USD"
    with served(*arguments) as server:
        assert server.ask(get("/_emulator/credits")).endswith(spent)


SAVING = """
import sys
from pathlib import Path
sys.path.insert(0, "tests")
from support.asgi import make_engine
from emulator.store.outside import at_once
from emulator.store.snapshot import write_state
engine = make_engine()
for number in range(10_000):
    at_once(engine.ids(f"akml-{number}", b"x" * 64))
    engine.clock.set(number)
    write_state(engine.store, engine.clock, Path(sys.argv[1]))
    print(number, flush=True)
"""


def test_killed_while_saving(tmp_path: Path) -> None:
    """SIGKILL at any moment: the file is the old state or the new one, never half of one."""
    path = tmp_path / "state.json"
    for lines in range(1, 9):
        command = [sys.executable, "-c", SAVING, str(path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as saving:
            assert saving.stdout is not None
            last = [saving.stdout.readline() for _ in range(lines)][-1]
            saving.kill()
            rest = saving.stdout.read().split()
        state = json.loads(path.read_bytes())
        newest = int((rest or [last])[-1])
        assert state["clock"]["time"] in (newest, newest + 1)
        assert len(state["store"]["keys"]) == state["clock"]["time"] + 1


def test_an_engine_can_be_saved_while_it_answers(tmp_path: Path) -> None:
    """What is in flight is not saved: who goes on from the file finds its slot free."""
    engine = new_engine()
    engine.library.put("one", "account: {keys: {default: {concurrency: 1}}}")
    activate(engine, "one")
    plan = at_once(engine.plan(OpenAIChat(engine.settings).parse(chat(), {}, KEY)))
    write_state(engine.store, engine.clock, tmp_path / "state.json")
    again = new_engine()
    again.library.put("one", "account: {keys: {default: {concurrency: 1}}}")
    read_state(again.store, again.clock, again.library, tmp_path / "state.json")
    assert plan.end is not None
    assert asked(engine, "hello", KEY)[0] == 429
    assert asked(again, "hello", KEY)[0] == 200
