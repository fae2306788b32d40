"""The command line: its help and its mistakes in process, its life and its signals as a process."""

import json
import re
import shlex
import signal
import socket
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import msgspec
import pytest
from click.testing import CliRunner
from support.asgi import PLAIN
from support.served import HAS_IPV6, KEY, NO_IPV6, PATIENCE, get, post, read_all, served

from emulator import __version__
from emulator.cli import main
from emulator.core.clock import EPOCH
from emulator.core.settings import Settings

CHAT = "/v1/chat/completions"
STOPS = [signal.SIGTERM, signal.SIGINT]
LINE = re.compile(
    r"\d\d:\d\d:\d\d  #\d+  (chat|completions|messages)  \S+"
    r"  (\d+|-) (stream|whole)  \d+ (tokens|bytes) in \d+\.\d+ s  .+"
)

PLANS = """
from emulator.cli import main
from emulator.engine.engine import Engine
from emulator.core.plan import Plan
from emulator.core.vocabulary import Finish, Hangup, Start, Step, Text

START, HEL = Step(0, Start("0" * 32, "m", 0, 3)), Step(0, Text(0, "Hel"))

async def plan(self, request, length=0):
    match request.model.split("/"):
        case ["slow"]:
            steps = [START, HEL, Step(3600, Text(0, "lo"))]
        case ["late"]:
            steps = [Step(3600, START.event)]
        case ["long"]:
            steps = [START, *[Step(0, Text(0, "word " * 200))] * 20_000, Step(0, Finish(0, "stop"))]
        case ["stuck"]:
            steps = iter(lambda: print("stuck", flush=True) or [None for _ in iter(int, 1)], None)
        case ["first", how]:
            steps = [Step(0, Hangup(how))]
        case ["then", how]:
            steps = [START, HEL, Step(0, Hangup(how))]
    return Plan(steps, "plan", "inference", "request")

Engine.plan = plan
main()
"""
"""The command line with an engine that answers by the model's name."""


def run(*arguments: str) -> Any:
    """The result of a command that ends by itself."""
    return CliRunner().invoke(main, arguments)


def asking(model: str = PLAIN, *, stream: bool = False, key: str = KEY, **more: Any) -> bytes:
    """The bytes of a chat request."""
    body = {"model": model, "messages": [{"role": "user", "content": "Say hello."}], "stream": stream, **more}
    return post(CHAT, body, key)


def json_of(answer: bytes) -> Any:
    """The JSON body of a raw answer."""
    return json.loads(answer.partition(b"\r\n\r\n")[2])


# ---------------------------------------------------------------------------------------------- words


@pytest.mark.parametrize("option", ["-h", "--help"])
@pytest.mark.parametrize("command", [[], ["serve"], ["settings"]], ids=["", "serve", "settings"])
def test_help(command: list[str], option: str) -> None:
    """-h is help everywhere."""
    result = run(*command, option)
    assert result.exit_code == 0
    assert result.output.startswith("Usage:")


def test_the_options_of_serve_are_told() -> None:
    """What the README names is in the help, with its default."""
    text = " ".join(run("serve", "-h").output.split())
    for option in ("--host", "--port", "--auth", "--seed", "--clock", "--models", "--set", "--print", "--log-level"):
        assert option in text
    for default in ("127.0.0.1", "8402", "running", "banner", "info"):
        assert f"default: {default}" in text


@pytest.mark.parametrize("option", ["-V", "--version"])
def test_version(option: str) -> None:
    """The package's version, in the words of the field."""
    result = run(option)
    assert (result.exit_code, result.output) == (0, f"akashml-emulator, version {__version__}\n")


def test_settings_are_listed() -> None:
    """Every setting has its name, its default and what it means."""
    lines = run("settings").output.splitlines()
    names = {line.split()[0] for line in lines[::2]}
    assert names == {field.name for field in msgspec.structs.fields(Settings)}
    assert all("default" in line for line in lines[::2])
    assert all(line.strip().endswith(".") for line in lines[1::2])


# ---------------------------------------------------------------------------------------------- mistakes


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--set", "keep_alife=3"], 'unknown setting "keep_alife"; did you mean "keep_alive"?'),
        (["--set", "keep_alive"], 'setting "keep_alive" has no value'),
        (["--set", "keep_alive=long"], 'setting "keep_alive" cannot be "long"'),
        (["--set", "max_n=0"], 'setting "max_n" cannot be "0"'),
        (["--models", "no/such/file.yaml"], "no/such/file.yaml: cannot be read"),
        (["--scenarios", "no/such/folder"], "there is no folder no/such/folder"),
        (["--scenario", "no-such-scenario"], "There is no scenario 'no-such-scenario'"),
        (["--host", "no.such.host.invalid"], "cannot listen"),
        (["--port", "65536"], "65536 is not in the range"),
        (["--auth", "maybe"], 'setting "auth" cannot be "maybe": expected format, open or strict'),
        (["--auth", "open", "--set", "auth=strict"], 'setting "auth" is given twice'),
        (["--clock", "fast"], "--clock: expected frozen, running or a speed such as x60, got fast"),
        (["--print", "yaml"], "'yaml' is not one of"),
    ],
)
def test_a_mistake_is_one_readable_line(arguments: list[str], words: str) -> None:
    """What is wrong with an argument is said in a line, without a traceback, and nothing is served."""
    result = run("serve", *arguments)
    *usage, error = result.output.strip().splitlines()
    assert error.startswith("Error: ") and words in error
    assert all(line.startswith(("Usage:", "Try ")) or not line for line in usage)
    assert result.exit_code in (1, 2)


@pytest.mark.parametrize("content", ["a: [", "models: 3", "no/such-model: {context_length: many}", "\x00"])
def test_a_models_file_that_is_wrong_is_a_readable_line_each(tmp_path: Path, content: str) -> None:
    """Each mistake has a line that names the file."""
    file = tmp_path / "models.yaml"
    file.write_text(content)
    result = run("serve", "--port", "0", "--models", str(file))
    assert result.exit_code == 1
    mistakes = result.output.removeprefix("Error: ").splitlines()
    assert mistakes
    assert all(mistake.startswith(f"{file}: ") for mistake in mistakes)


def test_a_port_that_is_taken() -> None:
    """The line says which one, and what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = run("serve", "--port", str(taken.getsockname()[1]))
    assert result.exit_code == 1
    assert re.fullmatch(r"Error: cannot listen: Address already in use .* --port 0 picks a free port\n", result.output)


# ---------------------------------------------------------------------------------------------- the first line


def test_the_banner_can_be_pasted() -> None:
    """Its variables hold addresses that answer to the key beside them, and its curl is a request that succeeds."""
    with served("--clock", "frozen", form="banner") as server:
        text = "".join(server.lines_until("    -d"))
        variables = dict(re.findall(r"(\w+)=(\S+)", text))
        for base, key, path in (
            ("OPENAI_BASE_URL", "OPENAI_API_KEY", "/models"),
            ("ANTHROPIC_BASE_URL", "", "/v1/models"),
        ):
            headers = {"Authorization": f"Bearer {variables[key or 'ANTHROPIC_AUTH_TOKEN']}"}
            with urlopen(Request(variables[base] + path, headers=headers)) as answer:  # noqa: S310 # it is http
                assert json.load(answer)["data"]
        _, url, *words = shlex.split(text[text.index("curl") :].replace("\\\n", " "))
        options = list(zip(words[::2], words[1::2], strict=True))
        headers = dict(value.split(": ", 1) for option, value in options if option == "-H")
        (body,) = (value for option, value in options if option == "-d")
        with urlopen(Request(url, body.encode(), headers)) as answer:  # noqa: S310 # it is http
            assert json.load(answer)["choices"][0]["message"]["content"]


def test_the_json_line_is_one_line() -> None:
    """--print json prints the addresses and a key that works, and never anything else."""
    with served("--auth", "strict", "--key", KEY, "--key", "akml-second") as server:
        line = json.loads(server.first)
        assert line == {
            "url": server.url,
            "openai_base_url": f"{server.url}/v1",
            "anthropic_base_url": f"{server.url}/anthropic",
            "key": KEY,
        }
        assert server.ask(get("/v1/models", KEY)).startswith(b"HTTP/1.1 200 ")
        assert server.ask(get("/v1/models", "akml-third")).startswith(b"HTTP/1.1 401 ")
        assert server.ask(get("/_emulator/health")).startswith(b"HTTP/1.1 200 ")
        assert server.ask(get("/_emulator/ready")).startswith(b"HTTP/1.1 200 ")
        assert server.stop().stdout == ""


def test_the_options_do_what_they_say(tmp_path: Path) -> None:
    """Seed, clock, models and settings reach the answers."""
    models = tmp_path / "models.yaml"
    models.write_text("me/My-Model: {context_length: 4096, max_output_length: 512, pricing: {input: '1', output: '2'}}")
    with served("--clock", "frozen", "--models", str(models), "--set", "usage_details=true") as server:
        answer = json_of(server.ask(asking("me/My-Model")))
        assert (answer["model"], answer["created"]) == ("me/My-Model", int(EPOCH))
        assert "completion_tokens_details" in answer["usage"]
    with served("--clock", "running", "--seed", "another") as other:
        different = json_of(other.ask(asking()))
        assert different["created"] > EPOCH
        assert different["id"] != answer["id"]


@pytest.mark.skipif(not HAS_IPV6, reason=NO_IPV6)
def test_ipv6() -> None:
    """An address with colons stands in brackets, as a URL has it."""
    with served("--host", "::1") as server:
        assert server.url.startswith("http://[::1]:")
        with socket.create_connection(("::1", server.port), timeout=PATIENCE) as connection:
            connection.sendall(get("/_emulator/health"))
            assert read_all(connection).startswith(b"HTTP/1.1 200 ")


# ---------------------------------------------------------------------------------------------- signals


@pytest.mark.parametrize("number", STOPS)
def test_an_idle_server_stops_when_it_is_told_to(number: signal.Signals) -> None:
    """Exit code 0 and not a word, also with a kept connection that nobody uses."""
    with served() as server, server.connect(post(CHAT, {}, close=False)) as connection:
        assert connection.recv(1 << 16).startswith(b"HTTP/1.1 400 ")
        ended = server.stop(number)
    assert (ended.code, ended.stdout, len(ended.stderr.splitlines())) == (0, "", 1)


@pytest.mark.parametrize("number", STOPS)
def test_an_open_stream_is_drained(number: signal.Signals) -> None:
    """A client that goes on reading gets its stream to the end; new clients are turned away meanwhile."""
    with served("--grace", f"{PATIENCE}s", python=("-c", PLANS)) as server:
        with server.begin(asking("long", stream=True)) as connection:
            server.process.send_signal(number)
            server.until_deaf()
            received = read_all(connection)
        ended = server.end()
    assert received.endswith(b"0\r\n\r\n")
    assert b'"finish_reason":"stop"' in received
    assert ended.code == 0
    assert "20000 tokens" in ended.stderr


@pytest.mark.parametrize("model", ["slow", "late", "long"])
@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
def test_what_outlives_the_grace_is_cut(model: str, stream: bool) -> None:
    """The exit code is 0 all the same, and the log has the line of the inference and no traceback."""
    with served("--grace", "0.1s", python=("-c", PLANS)) as server, server.begin(asking(model, stream=stream)):
        ended = server.stop()
    assert ended.code == 0
    (line,) = ended.stderr.splitlines()
    assert LINE.fullmatch(line)
    assert ("completed" if (model, stream) == ("long", False) else "cut by client") in line


def test_an_answer_that_lets_nothing_else_run_is_interrupted() -> None:
    """The server ends all the same, with the line of the inference and no traceback."""
    with served("--grace", "0.1s", python=("-c", PLANS)) as server, server.connect(asking("stuck")):
        server.lines_until("stuck")
        ended = server.stop()
    assert ended.code == 0
    (line,) = ended.stderr.splitlines()
    assert LINE.fullmatch(line)


@pytest.mark.parametrize("number", STOPS)
def test_a_second_signal_ends_the_grace(number: signal.Signals) -> None:
    """Whoever presses Ctrl-C twice does not want to wait."""
    with (
        served("--grace", f"{10 * PATIENCE}s", python=("-c", PLANS)) as server,
        server.begin(asking("slow", stream=True)),
    ):
        server.process.send_signal(number)
        server.until_deaf()
        ended = server.stop(number)
    assert ended.code == 0
    assert len(ended.stderr.splitlines()) == 1


def test_a_server_that_is_still_there_after_its_time_is_killed() -> None:
    """What fails because of that says so."""
    told = r"killed: it was still there after 0\.1 s"
    with pytest.raises(TimeoutError, match=told), served(patience=0.1) as server:
        server.ask(get("/_emulator/health"))


# ---------------------------------------------------------------------------------------------- the log


def test_each_inference_has_its_line() -> None:
    """Endpoint, model, status, form, tokens, who answered; and never the whole key."""
    with served() as server:
        whole = server.ask(asking())
        server.ask(asking(stream=True))
        server.ask(asking("no/such-model"))
        server.ask(post("/anthropic/v1/messages", {}, "sk-secret-of-another-service"))
        server.ask(get("/v1/models"))
        ended = server.stop()
    lines = ended.stderr.splitlines()
    assert [bool(LINE.fullmatch(line)) for line in lines] == [True] * 4
    tokens = json_of(whole)["usage"]["completion_tokens"]
    assert f"chat  {PLAIN}  200 whole  {tokens} tokens" in lines[0]
    assert f"chat  {PLAIN}  200 stream  {tokens} tokens" in lines[1]
    assert "chat  no/such-model  404 whole  " in lines[2]
    assert "does not exist" in lines[2]
    assert "messages  -  401 whole" in lines[3]
    assert KEY not in ended.stderr and "secret-of" not in ended.stderr
    assert f"key {KEY[:9]}…" in lines[0]


def test_the_log_can_be_turned_down() -> None:
    """--log-level warning says nothing of what goes well."""
    with served("--log-level", "warning") as server:
        server.ask(asking())
        server.ask(asking("no/such-model"))
        assert server.stop().stderr == ""


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
def test_what_is_meant_to_break_is_no_noise(stream: bool) -> None:
    """Connection faults are a line each; nothing complains about an answer that was cut on purpose."""
    models = [f"{when}/{how}" for when in ("first", "then") for how in ("end", "reset", "truncate")]
    with served("--grace", "5s", python=("-c", PLANS)) as server:
        for model in models:
            server.ask(asking(model, stream=stream))
        lines = server.stop().stderr.splitlines()
    assert len(lines) == len(models)
    assert all(LINE.fullmatch(line) and ": hung up  " in line for line in lines)


@pytest.mark.parametrize(
    ("model", "stream"), [("slow", True), ("slow", False), ("late", True), ("late", False), ("long", True)]
)
def test_a_client_that_leaves_is_no_noise(model: str, stream: bool) -> None:
    """Whether it leaves while waiting, in a silence or in mid-flow: one line says so."""
    with served("--grace", f"{PATIENCE}s", python=("-c", PLANS)) as server:
        server.begin(asking(model, stream=stream)).close()
        (line,) = server.stop().stderr.splitlines()
    assert LINE.fullmatch(line)
    assert "cut by client" in line


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--state", "/no/such/folder/x"), "cannot write /no/such/folder/x"),
        (("--port-file", "/no/such/folder/x"), "cannot write /no/such/folder/x"),
        (("--ready-fd", "99"), "cannot write to --ready-fd 99"),
    ],
)
def test_what_cannot_be_written_is_said_at_the_start(arguments: tuple[str, str], words: str) -> None:
    """A server that could not save or report later does not start, and says why in a line."""
    result = run("serve", "--port", "0", *arguments)
    assert (result.exit_code, result.output.count("\n")) == (1, 1)
    assert words in result.output
