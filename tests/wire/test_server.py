"""The server as a whole: how it stops whatever clients do, and what it does when file descriptors run out."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.served import PATIENCE, ROOT, Served, get, post, read_all, served

from emulator import Emulator

CHAT = "/v1/chat/completions"
BODY = {"model": "zai-org/GLM-5.3", "messages": [{"role": "user", "content": "Hello!"}]}
HEALTH = get("/_emulator/health")
WHOLE = post(CHAT, BODY, close=False)
SILENT = post(CHAT, {**BODY, "stream": True}, "akml-stall-mid-stream")
CLIENTS = {
    "sends nothing": b"",
    "stops in the head": WHOLE[:40],
    "stops in the body": WHOLE[:-1],
    "stops in a chunk": b"POST /v1/chat/completions HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{",
    "stops in the body after a refusal": WHOLE[:-1].replace(b"akml-", b"sk-"),
    "keeps an idle connection": WHOLE,
    "stops in the second head": WHOLE + b"GET /",
    "sends a request ahead of a silent stream": SILENT.replace(b"Connection: close\r\n", b"") + WHOLE,
    "waits for a silent stream": SILENT,
    "does not read whole answers": WHOLE * 60,
    "does not read a stream": post(CHAT, {**BODY, "stream": True}),
}
LONG = {"name": "long", "description": "Long.", "rules": [{"reply": {"text": "word " * 20_000}}]}
GRACE = 0.5
SOON = 20
"""Seconds within which the end has to come; without an end it never would."""


def connection_of(address: tuple[str, int], client: str) -> socket.socket:
    """A connection on which a client does this, and never anything else."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.settimeout(PATIENCE)
    connection.connect(address)
    connection.sendall(CLIENTS[client])
    return connection


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A scenario whose answers do not fit into the buffers of a connection."""
    path = tmp_path_factory.mktemp("long") / "long.yaml"
    path.write_text(json.dumps(LONG))
    return path


@pytest.mark.parametrize("client", CLIENTS)
def test_no_client_keeps_the_server_from_stopping(client: str, long: Path, tmp_path: Path) -> None:
    """It ends within the grace period, with exit code 0 and its state saved."""
    state = tmp_path / "state.json"
    options = ("--scenario", str(long), "--grace", f"{GRACE}s", "--state", str(state))
    with served(*options) as server, connection_of(("127.0.0.1", server.port), client):
        assert server.ask(HEALTH).startswith(b"HTTP/1.1 200 ")
        begun = time.monotonic()
        ended = server.stop()
    assert time.monotonic() - begun < GRACE + SOON
    assert (ended.code, state.exists()) == (0, True)
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("client", CLIENTS)
def test_no_client_keeps_an_emulator_in_a_program_from_stopping(client: str, long: Path) -> None:
    """Leaving the `with` block cuts what is open."""
    with Emulator(scenario=long) as akash:
        address = ("127.0.0.1", int(akash.url.rpartition(":")[2]))
        connection = connection_of(address, client)
        with socket.create_connection(address) as other:
            other.sendall(HEALTH)
            assert read_all(other).startswith(b"HTTP/1.1 200 ")
        begun = time.monotonic()
    assert time.monotonic() - begun < SOON
    connection.close()


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_second_signal_does_not_wait_for_a_body(number: signal.Signals, workers: str) -> None:
    """The grace period ends at once, and nobody could connect in it."""
    options = ("--grace", "1h", "--workers", workers)
    with served(*options) as server, connection_of(("127.0.0.1", server.port), "stops in the body"):
        assert server.ask(HEALTH).startswith(b"HTTP/1.1 200 ")
        server.process.send_signal(number)
        server.until_deaf()
        assert server.stop(number).code == 0


BUSY = """
from emulator.cli import main
from emulator.engine.engine import Engine

async def plan(self, request, length):
    while True:
        pass

Engine.plan = plan
main()
"""


@pytest.mark.parametrize("signals", [1, 2])
def test_an_endless_computation_does_not_keep_the_server_from_stopping(signals: int, tmp_path: Path) -> None:
    """A loop that does not get a turn is interrupted: after the grace period, or soon after a second signal."""
    state = tmp_path / "state.json"
    grace = f"{GRACE}s" if signals == 1 else "1h"
    options = ("--grace", grace, "--state", str(state))
    with served(*options, python=("-c", BUSY)) as server, server.connect(WHOLE), server.connect(HEALTH) as other:
        other.settimeout(0.3)
        with pytest.raises(TimeoutError):
            other.recv(1)
        ended = server.stop(*[signal.SIGTERM, signal.SIGINT][:signals])
    assert (ended.code, state.exists()) == (0, True)


def test_only_a_worker_is_replaced() -> None:
    """Another child of the process may end, such as a browser, or what was left to the first process of a container."""
    other = "import os\nif not os.fork(): os._exit(7)\nfrom emulator.cli import main\nmain()"
    with served("--workers", "2", "--reply", "Hello.", python=("-c", other)) as server:
        assert server.ask(HEALTH).startswith(b"HTTP/1.1 200 ")
        ended = server.stop()
    assert ended.code == 0
    assert "takes its place" not in ended.stderr


ENDING = """
import asyncio, sys
from emulator.core.settings import Settings
from emulator.wire.server import listen, serve

async def store():
    try:
        yield
    finally:
        for line in ("ending", "ended"):
            print(line, flush=True)
            sys.stdin.readline()
            await asyncio.sleep(0)

async def beside():
    await opened.__anext__()
    print("ready", flush=True)

opened = store()
serve(None, [listen("127.0.0.1", 0)], lambda: None, 0, Settings(), [beside], shared=%s)
"""


@pytest.mark.parametrize("shared", [False, True])
def test_signals_do_not_interrupt_the_end_of_the_event_loop(*, shared: bool) -> None:
    """The store ends with the event loop, which takes a while: a signal that comes then does not leave its lease."""
    command = [sys.executable, "-c", ENDING % shared]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for line in ("ready", "ending", "ended"):
            assert process.stdout.readline() == f"{line}\n"
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                process.send_signal(number)
                if line == "ready":
                    break
            if line != "ready":
                process.stdin.write("\n")
                process.stdin.flush()
        assert process.wait(PATIENCE) == 0


def test_a_hangup_is_ignored_if_it_was_before() -> None:
    """A server that was started with nohup outlives its terminal."""
    ignoring = "import signal\nsignal.signal(signal.SIGHUP, signal.SIG_IGN)\nfrom emulator.cli import main\nmain()"
    for workers in ("1", "2"):
        with served("--workers", workers, python=("-c", ignoring)) as server:
            server.ask(HEALTH)
            server.process.send_signal(signal.SIGHUP)
            assert server.ask(HEALTH).startswith(b"HTTP/1.1 200 ")
            assert server.stop().code == 0


DYING = """
import os, socket
from emulator.wire.workers import Workers

def serve(started, until_orphaned):
    print("begins", flush=True)
    started()
    os._exit(9)

raise SystemExit(Workers(1, [], serve, lambda: None, 0).run())
"""


def test_a_worker_that_dies_at_once_is_replaced_after_a_second() -> None:
    """It does not keep a core busy, and a supervisor that waits to replace it can be stopped."""
    command = [sys.executable, "-c", DYING]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "begins\n"
        assert "another one takes its place" in process.stderr.readline()
        begun = time.monotonic()
        assert process.stdout.readline() == "begins\n"
        assert time.monotonic() - begun > 0.5
        assert "another one takes its place" in process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0


def test_a_worker_that_is_paused_does_not_keep_the_server_from_stopping() -> None:
    """It is killed some seconds after the grace period."""
    with served("--workers", "2", "--grace", "0s", "--reply", "Hello.") as server:
        told = server.ask(get("/_emulator/ready"))
        os.kill(json.loads(told.partition(b"\r\n\r\n")[2])["process"][0], signal.SIGSTOP)
        begun = time.monotonic()
        assert server.stop().code == 0
        assert time.monotonic() - begun < PATIENCE / 2


def test_a_recording_stops_with_an_unfinished_request(tmp_path: Path) -> None:
    """`record` has a grace period as `serve` has."""
    command = ["record", "--upstream", "http://127.0.0.1:9", "--out", str(tmp_path / "a.yaml"), "--port", "0"]
    with subprocess.Popen(
        [sys.executable, "-m", "emulator", *command, "--grace", f"{GRACE}s"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline().split(": ")[0].rpartition(":")[2])
        with connection_of(("127.0.0.1", port), "stops in the body"):
            process.send_signal(signal.SIGTERM)
            out, _ = process.communicate(timeout=PATIENCE)
    assert (process.returncode, "0 recorded" in out) == (0, True)


# ---------------------------------------------------------------------------------------------- descriptors

FEW = 96
LIMITED = f"""
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, ({FEW}, {FEW}))
from emulator.cli import main
main()
"""
PERSON = {"type": "object", "properties": {"email": {"type": "string", "format": "email"}}, "required": ["email"]}
FORMAT = {"type": "json_schema", "json_schema": {"name": "person", "schema": PERSON}}


@pytest.mark.parametrize("few", [6, 12, 16])
@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_server_without_descriptors_does_not_start(few: int, workers: str) -> None:
    """One sentence says why, and what to do."""
    with served(
        "--workers", workers, "--reply", "Hello.", python=("-c", LIMITED.replace(str(FEW), str(few)))
    ) as server:
        ended = server.end()
    told = f"Error: cannot start: too few file descriptors are free (the limit is {few}); raise ulimit -n"
    assert (ended.code, ended.stderr.splitlines()[-1]) == (1, told)
    assert "Traceback" not in ended.stderr


def flood(server: Served, sent: bytes) -> list[socket.socket]:
    """More connections than the server has descriptors, on each of which this was sent."""
    connections = []
    for _ in range(FEW + 40):
        connection = socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE)
        connections.append(connection)
        with contextlib.suppress(ConnectionError):
            connection.sendall(sent)
    return connections


@pytest.mark.parametrize("sent", [b"", WHOLE[:40], WHOLE], ids=["nothing", "a part of a head", "a request"])
def test_connections_without_a_request_make_room(sent: bytes) -> None:
    """With few descriptors left the longest unused ones go, and files can still be opened; one line says so."""
    with served("--log-level", "warning", python=("-c", LIMITED)) as server:
        unused = flood(server, sent)
        answer = server.ask(post(CHAT, {**BODY, "response_format": FORMAT}, "akml-other"))
        for connection in unused:
            connection.close()
        ended = server.stop()
    assert answer.startswith(b"HTTP/1.1 200 ")
    (line,) = ended.stderr.splitlines()
    assert (ended.code, f"Few of {FEW} file descriptors are left" in line) == (0, True)


def test_requests_without_a_descriptor_are_refused_until_there_is_one() -> None:
    """If all connections are in use, the error says so; nothing else has to happen for the server to recover."""
    with served("--grace", "0.1s", "--log-level", "error", python=("-c", LIMITED)) as server:
        busy = flood(server, SILENT)
        refused = server.ask(post("/anthropic/v1/messages", {**BODY, "max_tokens": 5}))
        for connection in busy:
            connection.close()
        answer = b""
        while not answer.startswith(b"HTTP/1.1 200 "):
            answer = server.ask(post(CHAT, BODY))
            assert answer[:13] in (b"HTTP/1.1 200 ", b"HTTP/1.1 503 ", b"")
        ended = server.stop()
    assert refused.startswith(b"HTTP/1.1 503 ") and b"no file descriptor left" in refused
    assert json.loads(refused.partition(b"\r\n\r\n")[2])["error"]["type"] == "overloaded_error"
    assert (ended.code, ended.stderr) == (0, "")


EXHAUSTED = """
import json, os, resource, socket, sys
from emulator import Emulator

resource.setrlimit(resource.RLIMIT_NOFILE, (96, 96))
requests = [part.encode("latin-1") for part in json.load(sys.stdin)]

def ask(connection, request):
    connection.settimeout(30)
    connection.sendall(request)
    return connection.recv(1 << 16).split()[1].decode()

with Emulator() as akash:
    address = "127.0.0.1", int(akash.url.rpartition(":")[2])
    before = [socket.create_connection(address) for _ in requests]
    for connection in before:
        ask(connection, b"GET /_emulator/health HTTP/1.1\\r\\n\\r\\n")
    held = []
    try:
        while True:
            held.append(os.open(os.devnull, os.O_RDONLY))
    except OSError:
        pass
    without = [ask(connection, request) for connection, request in zip(before, requests)]
    for number in held:
        os.close(number)
    again = [ask(socket.create_connection(address), request) for request in requests]
print(json.dumps([without, again]))
"""
FIRST = {
    "an answer": WHOLE,
    "a stream": post(CHAT, {**BODY, "stream": True}, close=False),
    "a schema": post(CHAT, {**BODY, "response_format": FORMAT}, close=False),
    "a scenario": post(CHAT, BODY, "akml-hello", close=False),
    "messages": post("/anthropic/v1/messages", {**BODY, "max_tokens": 9}, close=False),
    "a number of tokens": post("/anthropic/v1/messages/count_tokens", BODY, close=False),
    "the record": b"GET /_emulator/inferences HTTP/1.1\r\n\r\n",
    "the verdict": b"GET /_emulator/verdict HTTP/1.1\r\n\r\n",
    "the scenarios": b"GET /_emulator/scenarios HTTP/1.1\r\n\r\n",
}


def test_what_cannot_be_opened_is_a_503_and_is_opened_later() -> None:
    """The first request of each kind loads modules and files: without a descriptor it fails, and nothing is spoilt."""
    asked = json.dumps([request.decode("latin-1") for request in FIRST.values()])
    command = [sys.executable, "-c", EXHAUSTED]
    ended = subprocess.run(
        command, input=asked, capture_output=True, check=True, cwd=ROOT, timeout=PATIENCE, text=True, env=os.environ
    )
    without, again = json.loads(ended.stdout)
    assert dict(zip(FIRST, without, strict=True)) == dict.fromkeys(FIRST, "503")
    assert dict(zip(FIRST, again, strict=True)) == dict.fromkeys(FIRST, "200")
    assert ended.stderr == ""
