"""`serve --state`: each change is in the file within a second, whatever becomes of the server, or of the disk."""

import asyncio
import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from support.asgi import CHAT, KEY, ask, chat, make_engine
from support.served import ROOT, Served, get, post, served

from emulator.engine import Engine
from emulator.store.outside import at_once
from emulator.store.saver import Saver
from emulator.store.snapshot import read_state, snapshot, write_state
from emulator.web.app import create_app

SECOND = 5
"""Real seconds that a loaded machine may take for what an idle one does in one."""


def until_saved(path: Path, server: Served, what: str, *, within: float = SECOND) -> Any:
    """The JSON that a control route tells, once a server that goes on from the file would tell the same."""
    body = json.loads(server.ask(get(f"/_emulator/{what}")).partition(b"\r\n\r\n")[2])
    end = time.monotonic() + within
    while time.monotonic() < end:
        if path.exists() and told(path, what) == body:
            return body
        time.sleep(0.05)
    raise AssertionError(f"{what} was not saved within {within} s")


def told(path: Path, what: str) -> Any:
    """What a server that goes on from the file tells."""
    engine = make_engine()
    read_state(engine.store, engine.clock, engine.library, path)
    return ask(create_app(engine), "GET", f"/_emulator/{what}", key="akml-0123456789abcdef").json


def options(path: Path) -> tuple[str, ...]:
    """The options of a server with a balance."""
    return ("--state", str(path), "--credits", "5.00", "--clock", "frozen", "--log-level", "warning")


def test_a_server_that_is_killed_loses_no_saved_second(tmp_path: Path) -> None:
    """SIGKILL: what was charged, made and activated a second before is there for the next server."""
    path = tmp_path / "state.json"
    with served(*options(path)) as server:
        for _ in range(3):
            assert server.ask(post(CHAT, chat())).startswith(b"HTTP/1.1 200 ")
        server.ask(post("/_emulator/keys", {"name": "ci"}))
        server.ask(post("/_emulator/activate", {"scenario": "hello"}))
        server.ask(post("/_emulator/clock", {"advance": "10s"}))
        for what in ("credits", "keys", "clock", "ready"):
            if what != "ready":
                until_saved(path, server, what)
        saved = {what: server.ask(get(f"/_emulator/{what}")).partition(b"\r\n\r\n")[2] for what in ("credits", "keys")}
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()
    with served(*options(path)) as server:
        for what, body in saved.items():
            assert server.ask(get(f"/_emulator/{what}")).endswith(body)
        assert b'"scenario":"hello"' in server.ask(get("/_emulator/ready"))


def test_a_disk_that_fails_is_told_once_and_recovers(tmp_path: Path) -> None:
    """While the folder is gone, requests are answered; the log has one line of it, and one once it is there again."""
    folder = tmp_path / "folder"
    folder.mkdir()
    path = folder / "state.json"
    with served(*options(path)) as server:
        assert server.ask(post(CHAT, chat())).startswith(b"HTTP/1.1 200 ")
        until_saved(path, server, "credits")
        path.unlink()
        folder.rmdir()
        for _ in range(3):
            assert server.ask(post(CHAT, chat())).startswith(b"HTTP/1.1 200 ")
            time.sleep(0.6)
        folder.mkdir()
        until_saved(path, server, "credits")
        ended = server.stop()
    lines = [line for line in ended.stderr.splitlines() if "state" in line]
    assert ended.code == 0
    assert len(lines) == 2
    assert f"The state cannot be saved to {path}: No such file or directory" in lines[0]
    assert f"The state is saved to {path} again" in lines[1]


LIMITED = """
import resource, signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, resource.RLIM_INFINITY))
from emulator.cli import main
main()
"""


def test_a_disk_that_is_full_leaves_the_last_state(tmp_path: Path) -> None:
    """A file that cannot grow as on a full disk: answers go on, the old file stays whole, and room is used again."""
    path = tmp_path / "state.json"
    with served(*options(path), python=("-c", LIMITED)) as server:
        assert server.ask(post(CHAT, chat())).startswith(b"HTTP/1.1 200 ")
        until_saved(path, server, "credits")
        for number in range(40):
            assert server.ask(post(CHAT, chat(f"question {number}"))).startswith(b"HTTP/1.1 200 ")
        time.sleep(1)
        assert told(path, "credits")["balance"]
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        until_saved(path, server, "credits")
        ended = server.stop()
    assert [line.partition("json")[2][:16] for line in ended.stderr.splitlines()] == [": File too large", " again."]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        (".", "it is a folder"),
        ("no/such/state.json", "there is no folder"),
        ("/dev/null", "it is no regular file"),
        ("loop", "loop"),
    ],
)
def test_a_path_that_cannot_be_written_is_refused_at_the_start(tmp_path: Path, name: str, told: str) -> None:
    """In one sentence, before anything is served."""
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    command = [sys.executable, "-m", "emulator", "serve", "--port", "0", "--state", str(tmp_path / name)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: cannot write ")
    assert told in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
@pytest.mark.parametrize("read_only", ["folder", "file"])
def test_a_path_without_permission_is_refused_at_the_start(tmp_path: Path, read_only: str) -> None:
    """A folder and a file that may not be written to."""
    path = tmp_path / "state.json"
    path.touch()
    (tmp_path if read_only == "folder" else path).chmod(0o500)
    command = [sys.executable, "-m", "emulator", "serve", "--port", "0", "--state", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=60, check=False)
    assert "Permission denied" in done.stderr


# ---------------------------------------------------------------------------------------------- what is written


def asked(engine: Engine, text: str, key: str = KEY) -> None:
    """One answered request."""
    assert ask(create_app(engine), "POST", CHAT, chat(text), key=key).status == 200


def test_what_is_saved_is_the_snapshot(tmp_path: Path) -> None:
    """After changes, resets and restores of any kind the file is what a snapshot would be."""
    engine, path = make_engine(), tmp_path / "state.json"
    engine.library.put("story", "account: {credits: 1 USD}\nrules: [{replies: [{text: One.}, {text: Two.}]}]")
    saver = Saver(engine.store, engine.clock, path)
    app = create_app(engine)

    def save_and_compare() -> None:
        asyncio.run(saver.save())
        state, expected = json.loads(path.read_bytes()), at_once(snapshot(engine.store, engine.clock))
        for each in (state, expected):
            del each["clock"]["ahead"]
        assert state == expected

    save_and_compare()
    for number in range(25):
        asked(engine, "hello", f"akml-{number}")
    save_and_compare()
    asked(engine, "hello", "akml-3")
    ask(app, "POST", "/_emulator/activate", {"scenario": "story", "key": "akml-4"}, key=None)
    save_and_compare()
    asked(engine, "hello", "akml-4")
    ask(app, "POST", "/_emulator/reset", {"key": "akml-3"}, key=None)
    save_and_compare()
    state = json.loads(path.read_bytes())
    ask(app, "POST", "/_emulator/reset", {}, key=None)
    save_and_compare()
    assert ask(app, "PUT", "/_emulator/snapshot", state, key=None).status == 200
    save_and_compare()
    asked(engine, "hello", "akml-4")
    save_and_compare()
    ask(app, "POST", "/_emulator/clock", {"advance": "1s"}, key=None)
    save_and_compare()


def test_nothing_is_written_when_nothing_has_changed(tmp_path: Path) -> None:
    """The file is left alone, and reading routes are no changes."""
    engine, path = make_engine(), tmp_path / "state.json"
    saver = Saver(engine.store, engine.clock, path)

    def read() -> None:
        for route in ("ready", "keys", "verify", "scenarios", f"backends?key={KEY}"):
            ask(create_app(engine), "GET", f"/_emulator/{route}", key=None)

    asked(engine, "hello")
    read()
    asyncio.run(saver.save())
    path.unlink()
    read()
    asyncio.run(saver.save())
    assert not path.exists()
    asked(engine, "hello")
    asyncio.run(saver.save())
    assert path.exists()


def test_others_get_their_turn_while_much_is_saved(tmp_path: Path) -> None:
    """The states of a thousand keys are encoded a few at a time."""
    engine, turns = make_engine(), 0
    for number in range(1000):
        at_once(engine.ids(f"akml-{number}", b"hello"))
    saver = Saver(engine.store, engine.clock, tmp_path / "state.json")

    async def others() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    async def both() -> None:
        task = asyncio.ensure_future(others())
        await saver.save()
        task.cancel()

    asyncio.run(both())
    assert turns >= 100


def test_a_key_that_is_forgotten_leaves_the_file(tmp_path: Path) -> None:
    """The file has no more keys than are remembered."""
    engine, path = make_engine(max_keys=5), tmp_path / "state.json"
    saver = Saver(engine.store, engine.clock, path)
    for number in range(20):
        asked(engine, "hello", f"akml-{number}")
        asyncio.run(saver.save())
    assert len(json.loads(path.read_bytes())["store"]["keys"]) == 5


def test_a_file_that_is_no_state_is_told_in_a_sentence(tmp_path: Path) -> None:
    """Brackets in brackets, bytes that are no UTF-8, half a file: the start fails, and says which file and why."""
    path = tmp_path / "state.json"
    engine = make_engine()
    asked(engine, "hello")
    write_state(engine.store, engine.clock, path)
    whole = path.read_bytes()
    for content in (b"[" * 100_000, b'{"version": "\xea"}', whole[:-40], b"", whole.replace(b'"rate":0', b'"rate":-5')):
        path.write_bytes(content)
        command = [sys.executable, "-m", "emulator", "serve", "--port", "0", "--state", str(path)]
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=60, check=False)
        assert (done.returncode, done.stderr.count("\n")) == (1, 1)
        assert done.stderr.startswith(f"Error: {path}")
