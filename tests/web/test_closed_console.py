"""While nobody looks, serving costs what it would cost without a console."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest
from support.asgi import CHAT, Exchange, ask, chat
from support.house import ROOT

from emulator.core.clock import EPOCH, VirtualClock
from emulator.engine import make_engine as new_engine
from emulator.store.memory import MemoryStore
from emulator.web.app import create_app

SERVED = """
import sys
from support.asgi import CHAT, KEY, MESSAGES, ask, chat, make_engine, message
from emulator.web.app import create_app
engine = make_engine()
app = create_app(engine)
for number in range(50):
    key = "akml-hello" if number % 2 else KEY
    ask(app, "POST", CHAT, chat(str(number), stream=number % 3 == 0), key=key)
    ask(app, "POST", MESSAGES, message(str(number), stream=number % 3 == 0), key=key)
inferences = engine.store.inferences
print(len(inferences._listeners), len(inferences._watchers), inferences._metrics, *sys.modules)
"""
LATE = ("emulator.web.control.", "emulator.web.openapi", "emulator.inferences.")
"""What the names of modules begin with that only somebody who looks needs."""
NEEDED = {"rows", "bodies", "journal", "live_record"}


def test_nothing_of_it_is_imported_by_serving() -> None:
    """After a hundred answers in a fresh process, nothing is imported that shows records, and nothing listens."""
    path = {**os.environ, "PYTHONPATH": str(ROOT / "tests")}
    run = subprocess.run([sys.executable, "-c", SERVED], capture_output=True, text=True, check=True, cwd=ROOT, env=path)
    listeners, watchers, metrics, *modules = run.stdout.split()
    assert (listeners, watchers, metrics) == ("0", "0", "None")
    late = [name for name in modules if name.startswith(LATE) and name.rpartition(".")[2] not in NEEDED]
    assert late == []


def calls(app: Any, body: Any) -> int:
    """How many functions one request calls, at the least of some times."""
    counts = []
    for _ in range(5):
        count = 0

        def note(frame: Any, event: str, argument: Any) -> None:
            nonlocal count
            count += event in ("call", "c_call")

        exchange = Exchange(app, "POST", CHAT, body)
        sys.setprofile(note)
        try:
            with pytest.raises(StopIteration):
                exchange.run().send(None)
        finally:
            sys.setprofile(None)
        counts.append(count)
    return min(counts)


@pytest.mark.parametrize("stream", [True, False])
def test_a_console_that_was_closed_costs_nothing(stream: bool) -> None:
    """A request calls as many functions after every page was looked at as before."""
    clock = VirtualClock(EPOCH, rate=0)
    engine = new_engine(clock=clock, store=MemoryStore)  # it takes no turn that waits, whatever --store says
    app, body = create_app(engine), json.dumps(chat(stream=stream)).encode()
    for _ in range(3):
        ask(app, "POST", CHAT, body)
    before = calls(app, body)
    for path in ("", "inferences?order=newest&text=Hello", "usage", "accounts", "models", "settings", "presets"):
        assert ask(app, "GET", f"/_emulator/{path}").status == 200
    ask(app, "GET", "/_emulator/inferences/1/timeline")
    assert calls(app, body) == before
