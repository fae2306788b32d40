"""What a pipeline uses: ports and readiness for scripts, waiting, exit codes, the container and the GitHub action."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from support.asgi import CHAT, chat
from support.served import PATIENCE, ROOT, get, post, read_all, served

from emulator import Emulator
from emulator.cli import main


def run(*arguments: str) -> Any:
    return CliRunner().invoke(main, arguments)


# ---------------------------------------------------------------------------------------------- waiting


def test_wait_returns_when_the_emulator_answers(akash: Emulator) -> None:
    """Exit code 0, and not a word."""
    done = run("wait", akash.url)
    assert (done.exit_code, done.output) == (0, "")


def test_wait_tells_why_it_gave_up() -> None:
    """Nobody there: exit code 1, with the address, the time and the reason."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    done = run("wait", f"http://127.0.0.1:{port}", "--timeout", "0")
    assert done.exit_code == 1
    assert done.output == f"Error: no emulator at http://127.0.0.1:{port} within 0 s: [Errno 111] Connection refused\n"


def test_wait_knows_an_emulator_from_another_server() -> None:
    """Something else that listens there is not taken for one."""

    class Other(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(404)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Other) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        done = run("wait", f"127.0.0.1:{server.server_port}", "--timeout", "0")
        server.shutdown()
        thread.join()
    assert (done.exit_code, "so it is no emulator" in done.output) == (1, True)


@pytest.mark.parametrize("url", ["https://127.0.0.1:1", "http://"])
def test_wait_refuses_what_is_no_address(url: str) -> None:
    """The message shows what one looks like."""
    done = run("wait", url)
    assert (done.exit_code, "such as http://127.0.0.1:8402" in done.output) == (1, True)


# ---------------------------------------------------------------------------------------------- ports and readiness


def test_the_port_is_written_where_a_script_finds_it(tmp_path: Path) -> None:
    """--port-file has the real port of --port 0, whole, once requests are answered; --print nothing says nothing."""
    path = tmp_path / "port"
    read, write = os.pipe()
    command = [sys.executable, "-m", "emulator", "serve", "--port", "0", "--port-file", str(path), "--print", "nothing"]
    with subprocess.Popen(
        [*command, "--ready-fd", str(write)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        pass_fds=[write],
    ) as process:
        os.close(write)
        with os.fdopen(read) as ready:
            url = ready.readline().strip()
        assert url == f"http://127.0.0.1:{int(path.read_text())}"
        assert run("wait", url, "--timeout", "0").exit_code == 0
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=PATIENCE) == ("", "")
        assert process.returncode == 0


@pytest.mark.parametrize(
    ("flags", "status", "words"),
    [
        (["--credits", "0.00"], 402, b"Insufficient credits"),
        (["--tokens-per-minute", "5"], 429, b"can never pass"),
    ],
)
def test_the_limits_of_the_command_line(flags: list[str], status: int, words: bytes) -> None:
    """They hold for every key of which no scenario says more."""
    with served(*flags, "--log-level", "error") as server:
        answer = server.ask(post(CHAT, chat()))
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert words in answer


def test_requests_a_minute_of_the_command_line() -> None:
    """One each, for two keys."""
    with served(
        "--requests-per-minute", "1", "--concurrency", "5", "--clock", "frozen", "--log-level", "error"
    ) as server:
        keys = ("akml-a", "akml-a", "akml-b")
        statuses = [server.ask(post(CHAT, chat(), key=key)).split(b" ")[1] for key in keys]
    assert statuses == [b"200", b"429", b"200"]


def test_an_amount_that_is_none() -> None:
    """It is told as a mistake of the command line."""
    done = run("serve", "--credits", "5 EUR")
    assert (done.exit_code, done.output) == (1, "Error: --credits: expected an amount such as 5.00 USD, got 5 EUR\n")


def test_a_state_that_cannot_be_used(tmp_path: Path) -> None:
    """The server does not start with half a state, and says which file it is."""
    path = tmp_path / "state.json"
    path.write_text("{}")
    done = run("serve", "--port", "0", "--state", str(path))
    assert done.exit_code == 1
    assert done.output.startswith(f"Error: {path}: this is no state")


def test_inferences_are_written_as_they_end(tmp_path: Path) -> None:
    """--inferences FILE has a line of JSON for each, also after a restart, and no key in it."""
    path = tmp_path / "inferences.jsonl"
    for _ in range(2):
        with served("--inferences", str(path), "--log-level", "error") as server:
            server.ask(post(CHAT, chat(), key="akml-secret-0123456789"))
            server.stop()
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["status"] for line in lines] == [200, 200]
    assert "secret-0123456789" not in path.read_text()


# ---------------------------------------------------------------------------------------------- recording


def test_record_and_replay_at_the_command_line(tmp_path: Path, akash: Emulator) -> None:
    """What `record` wrote, `--mode replay` answers without an upstream, and `serve` plays it too."""
    out = tmp_path / "recorded.yaml"
    command = [sys.executable, "-m", "emulator", "record", "--out", str(out), "--port", "0", "--log-level", "error"]

    def asked(*more: str) -> Any:
        with subprocess.Popen([*command, *more], stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
            assert process.stdout is not None
            port = int(process.stdout.readline().split("http://127.0.0.1:")[1].split(":")[0])
            with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
                connection.sendall(post(CHAT, chat("What is a harbour?")))
                answer = read_all(connection)
            process.terminate()
            process.wait(PATIENCE)
        return json.loads(answer.partition(b"\r\n\r\n")[2])["choices"]

    recorded = asked("--upstream", akash.url)
    assert asked("--mode", "replay") == recorded
    with served("--scenario", str(out), "--log-level", "error") as server:
        assert (
            json.loads(server.ask(post(CHAT, chat("What is a harbour?"))).partition(b"\r\n\r\n")[2])["choices"]
            == recorded
        )


def test_drift_of_an_emulator_is_none(akash: Emulator) -> None:
    """Exit code 0 where nothing differs; without a key it is told which variable has it."""
    arguments = ["drift", "--upstream", akash.url]
    assert "AKASHML_API_KEY is not set" in CliRunner(env={"AKASHML_API_KEY": None}).invoke(main, arguments).output
    done = CliRunner(env={"AKASHML_API_KEY": "akml-drift"}).invoke(main, [*arguments, "--json"])
    assert (done.exit_code, json.loads(done.output)["differences"]) == (0, [])


# ---------------------------------------------------------------------------------------------- containers, actions


def exec_forms(dockerfile: str) -> dict[str, list[str]]:
    """The JSON arrays of a Dockerfile, by the instruction that has them."""
    lines = [line for line in dockerfile.splitlines() if line.endswith("]") and "[" in line]
    return {line.split()[0]: json.loads(line[line.index("[") :]) for line in lines}


def test_the_container_starts_and_is_healthy() -> None:
    """Its commands are the CLI's own: what it serves with answers what its health check asks."""
    text = (ROOT / "Dockerfile").read_text()
    commands = exec_forms(text)
    assert commands["ENTRYPOINT"] == [commands["HEALTHCHECK"][0]] == ["akashml-emulator"]
    assert "USER emulator" in text
    assert "curl" not in text
    with served(*commands["CMD"][1:]) as server:
        port = server.url.rpartition(":")[2]
        assert run(*[word.replace("8402", port) for word in commands["HEALTHCHECK"][1:]]).exit_code == 0
    copied = {word for line in text.splitlines() if line.startswith("COPY") for word in line.split()[1:-1]}
    assert all((ROOT / name).exists() for name in copied)


def test_the_compose_example_serves(tmp_path: Path) -> None:
    """Its command starts a server that knows the mounted scenarios."""
    (service,) = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"].values()
    assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    command = [str(ROOT / "scenarios") if word == "/stories" else word for word in service["command"]]
    with served(*command[1:]) as server:
        address = ("127.0.0.1", server.port)
        with socket.create_connection(address, timeout=PATIENCE) as connection:
            connection.sendall(get("/_emulator/scenarios/hello", key=json.loads(server.first)["control_token"]))
            assert connection.recv(1 << 16).startswith(b"HTTP/1.1 200 ")


def test_the_action_starts_a_server_for_later_steps(tmp_path: Path) -> None:
    """Its script leaves a running server, its address as an output, and the SDKs' variables."""
    steps = yaml.safe_load((ROOT / "action.yml").read_text())["runs"]["steps"]
    assert steps[1]["run"].split("/")[-2:] == ["deploy", 'start.sh"']
    shim = tmp_path / "akashml-emulator"
    shim.write_text(f'#!/bin/sh\nexec {sys.executable} -m emulator "$@"\n')
    shim.chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "GITHUB_OUTPUT": str(tmp_path / "output"),
        "GITHUB_ENV": str(tmp_path / "env"),
        "SCENARIO": "insufficient-credits",
        "ARGUMENTS": "--clock frozen",
    }
    script = ["bash", str(ROOT / "deploy" / "start.sh")]
    with subprocess.Popen(script, env=environment, start_new_session=True) as process:
        try:
            assert process.wait(PATIENCE) == 0
            url = (tmp_path / "output").read_text().strip().removeprefix("url=")
            assert f"OPENAI_BASE_URL={url}/v1\n" in (tmp_path / "env").read_text()
            with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), timeout=PATIENCE) as connection:
                connection.sendall(post(CHAT, chat()))
                assert connection.recv(1 << 16).startswith(b"HTTP/1.1 402 ")
        finally:
            os.killpg(process.pid, signal.SIGTERM)
