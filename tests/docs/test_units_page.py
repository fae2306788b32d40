"""docs/units.md: it is current, and each cell of its tables does what the others of its row do."""

import contextlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from click.testing import CliRunner
from support.asgi import ask, make_engine
from support.listening import listening
from support.served import get, served
from support.units_page import NOUNS, PAGE, UNITS, Noun, Unit, page

from emulator import Emulator
from emulator.cli import main
from emulator.core.clock import EPOCH, VirtualClock
from emulator.engine import Engine
from emulator.store.outside import at_once
from emulator.web.app import create_app

KEY = "akml-other"


def test_the_page_is_current() -> None:
    """docs/units.md is what `make api` writes."""
    assert PAGE.read_text(encoding="utf-8") == page()


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.kind)
def test_the_spellings_of_a_value_mean_the_same(unit: Unit) -> None:
    """Each text of a row is the same value; a number is one where that is said."""
    assert len({unit.notation.of(text) for text in unit.texts}) == 1
    if unit.bare == "not accepted":
        with pytest.raises(ValueError, match="expected "):
            unit.notation.of(60)
    else:
        assert unit.notation.of(1) == unit.notation.of("1")


def shown(answer: Callable[[str], Any]) -> dict[str, Any]:
    """What a server says of its clock, its scenario and the account of a key."""
    clock, account = answer("/_emulator/clock"), answer(f"/_emulator/account?key={KEY}")
    policy = {name: limit for name, limit in account["policy"].items() if limit}
    balance = account["credits"] and account["credits"]["balance"]
    frozen = {"now": clock["now"]} if clock["rate"] == 0 else {}
    return {
        "rate": clock["rate"],
        "policy": policy,
        "balance": balance,
        **frozen,
        "scenario": answer("/_emulator/ready")["scenario"],
    }


def state(engine: Engine) -> dict[str, Any]:
    app = create_app(engine)
    return shown(lambda path: ask(app, "GET", path, key=None).json)


def over_http(noun: Noun) -> dict[str, Any]:
    """The state after the request of a row."""
    engine = make_engine()
    method, path, body = noun.http.split(" ", 2)
    done = ask(create_app(engine), method, path, body.encode(), key=None)
    assert done.status == 200, done.body
    return state(engine)


def at_the_command_line(noun: Noun) -> dict[str, Any]:
    """The state after the command of a row, or of a server that it starts."""
    command, *arguments = noun.command.split()
    if command == "serve":
        with served(
            *arguments, "--log-level", "error", *([] if "--clock" in arguments else ["--clock", "frozen"])
        ) as server:
            return shown(lambda path: json.loads(server.ask(get(path)).partition(b"\r\n\r\n")[2]))
    engine = make_engine()
    with listening(create_app(engine)) as url:
        done = CliRunner().invoke(main, [command, *arguments, "--url", url])
        assert done.exit_code == 0, done.output
        return state(engine)


def in_a_scenario(noun: Noun) -> dict[str, Any]:
    """The state while a scenario with the key of a row plays."""
    engine = make_engine()
    engine.library.put("story", f"{noun.scenario}\nrules: [{{reply: {{text: Hi.}}}}]")
    at_once(engine.activate("story"))
    return {**state(engine), "scenario": None}


def in_python(noun: Noun) -> dict[str, Any]:
    """The state after the expression of a row; `akash` is an emulator that runs."""
    with contextlib.ExitStack() as stack:
        if noun.python.startswith("Emulator("):
            akash: Emulator = stack.enter_context(eval(noun.python))  # noqa: S307 (the rows are in this repository)
            if "clock" not in noun.python:
                akash.clock.freeze()
                akash.clock.set(EPOCH)
        else:
            akash = stack.enter_context(Emulator(clock=VirtualClock(EPOCH, rate=0)))
            eval(noun.python, {"akash": akash})  # noqa: S307
        return state(akash.engine)


@pytest.mark.parametrize("noun", NOUNS, ids=lambda noun: noun.what)
def test_a_row_says_one_thing(noun: Noun) -> None:
    """Every way to say it leads to the same clock, account and scenario, and not to those of a fresh server."""
    reached = [*_reached(noun)]
    assert reached.count(reached[0]) == len(reached) >= 3
    if noun.what not in ("a new beginning", "no scenario", "a stopped clock"):
        assert reached[0] != state(make_engine())


def _reached(noun: Noun) -> Iterator[dict[str, Any]]:
    yield over_http(noun)
    yield at_the_command_line(noun)
    yield in_python(noun)
    if noun.scenario:
        yield in_a_scenario(noun)
