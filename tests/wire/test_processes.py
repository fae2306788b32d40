"""Two processes and what they share: the same bytes for the same requests, and only the imports that they need."""

import json
import re
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from support.asgi import CHAT, CHAT_TOOL, COMPLETIONS, MESSAGE_TOOL, MESSAGES, PLAIN, REASONING
from support.served import KEY, PATIENCE, ROOT, Served, get, post, served

QUESTION = [{"role": "user", "content": "What is the weather in Paris?"}]
SHIP = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "email": {"type": "string", "format": "email"},
        "masts": {"type": "integer", "minimum": 1, "maximum": 5},
        "ports": {"type": "array", "items": {"type": "string"}, "minItems": 2, "uniqueItems": True},
    },
    "required": ["name", "email", "masts", "ports"],
    "additionalProperties": False,
}
FORMAT = {"type": "json_schema", "json_schema": {"name": "ship", "schema": SHIP, "strict": True}}
COUNT = "/anthropic/v1/messages/count_tokens"


def chat(**more: Any) -> tuple[str, dict[str, Any]]:
    """The path and the body of a chat request."""
    return CHAT, {"model": REASONING, "messages": QUESTION, **more}


def message(**more: Any) -> tuple[str, dict[str, Any]]:
    """The path and the body of a messages request."""
    return MESSAGES, {"model": REASONING, "max_tokens": 4000, "messages": QUESTION, **more}


def completion(**more: Any) -> tuple[str, dict[str, Any]]:
    """The path and the body of a completions request."""
    return COMPLETIONS, {"model": PLAIN, "prompt": "Once upon a time", **more}


ASKED = {
    "chat": chat(),
    "chat n=2": chat(n=2, temperature=1.5),
    "chat seed": chat(seed=7, top_p=0.5, top_k=3, frequency_penalty=1, logit_bias={"1000": 5}),
    "chat logprobs": chat(logprobs=True, top_logprobs=5),
    "chat tools": chat(tools=[CHAT_TOOL]),
    "chat required tool": chat(tools=[CHAT_TOOL], tool_choice="required", n=2),
    "chat json_object": chat(response_format={"type": "json_object"}),
    "chat json_schema": chat(response_format=FORMAT),
    "messages": message(),
    "messages thinking": message(thinking={"type": "enabled", "budget_tokens": 1024}),
    "messages tools": message(tools=[MESSAGE_TOOL], tool_choice={"type": "any"}),
    "messages json_schema": message(output_config={"format": {"type": "json_schema", "schema": SHIP}}),
    "completions": completion(),
    "completions n=2": completion(prompt=["Once upon a time", "The harbour"], n=2, echo=True, logprobs=3),
}
OTHERS = {
    "models": get("/v1/models"),
    "model": get(f"/v1/models/{PLAIN}"),
    "messages models": get("/anthropic/v1/models?limit=3"),
    "probe": get("/anthropic"),
    "health": get("/_emulator/health"),
    "count": post(COUNT, {"model": PLAIN, "messages": QUESTION}),
    "no such path": get("/v1/nothing"),
    "no such model": post(CHAT, {"model": "no/such-model", "messages": QUESTION}),
    "bad field": post(CHAT, {"model": PLAIN, "messages": QUESTION, "temperature": 9}),
    "bad key": post(MESSAGES, {}, key="sk-elsewhere"),
}
WITHOUT_ID = {"probe", "health"}
REQUESTS = {
    # each form under a key of its own: a question that is asked twice has other ids the second time
    f"{name}, {form}": post(path, {**body, "stream": form == "stream"}, f"{KEY}-{form}")
    for name, (path, body) in ASKED.items()
    for form in ("whole", "stream")
} | OTHERS


def answers(server: Served, names: list[str], at_once: int) -> dict[str, bytes]:
    """All bytes of the answer to each of these requests, asked so many at once."""
    with ThreadPoolExecutor(at_once) as pool:
        return dict(zip(names, pool.map(lambda name: server.ask(REQUESTS[name]), names), strict=True))


@pytest.fixture(scope="module")
def two() -> list[dict[str, bytes]]:
    """The answers of two processes: one is asked in order, the other backwards and eight at once."""
    names = list(REQUESTS)
    with served("--clock", "frozen", environment={"PYTHONHASHSEED": "1"}) as first:
        in_order = answers(first, names, 1)
    with served("--clock", "frozen", environment={"PYTHONHASHSEED": "2"}) as second:
        return [in_order, answers(second, names[::-1], 8)]


@pytest.mark.parametrize("name", REQUESTS)
def test_another_process_answers_with_the_same_bytes(two: list[dict[str, bytes]], name: str) -> None:
    """Status, headers and body, ids and dates among them, whatever the process hashes and whatever else it does."""
    first, second = (answers[name] for answers in two)
    assert first == second
    assert first.startswith((b"HTTP/1.1 200 ", b"HTTP/1.1 4"))


def test_every_answer_has_its_own_id(two: list[dict[str, bytes]]) -> None:
    """Being the same in two processes is not being the same everywhere: no Inference-Id comes twice."""
    ids = re.findall(rb"^inference-id: (\S+)\r$", b"".join(two[0].values()), re.MULTILINE)
    assert len(ids) == len(set(ids)) == len(REQUESTS) - len(WITHOUT_ID)


def imported(*python: str) -> set[str]:
    """The modules that a program has imported when it ends."""
    program = [*python[:-1], f"{python[-1]}\nimport sys, json\nprint(json.dumps(sorted(sys.modules)))"]
    command = [sys.executable, *program]
    ended = subprocess.run(command, capture_output=True, check=True, cwd=ROOT, timeout=PATIENCE)
    return set(json.loads(ended.stdout))


HEAVY = {"faker", "jinja2", "jsonschema", "yaml", "starlette", "uvicorn", "asyncio", "msgspec", "click"}


def test_importing_the_package_is_cheap() -> None:
    """`import emulator` brings in nothing that a server needs, and the public names are there all the same."""
    assert not imported("-c", "import emulator") & HEAVY
    assert imported("-c", "from emulator import Emulator, VirtualClock, __version__") > {"uvicorn", "starlette"}


def test_help_is_cheap() -> None:
    """Asking for help does not load the server."""
    program = "from emulator.cli import main\nmain(['serve', '-h'], standalone_mode=False)"
    command = [sys.executable, "-X", "importtime", "-c", program]
    ended = subprocess.run(command, capture_output=True, check=True, cwd=ROOT, timeout=PATIENCE, text=True)
    assert not modules(ended.stderr) & (HEAVY - {"click"})


def paths(report: str) -> set[str]:
    """The modules and packages of a report of -X importtime, and the packages that they are in."""
    lines = (line.rpartition("|")[2].strip() for line in report.splitlines() if "import time:" in line)
    return {".".join(path[:depth]) for path in (line.split(".") for line in lines) for depth in range(1, len(path) + 1)}


def modules(report: str) -> set[str]:
    """The top-level modules of a report of -X importtime."""
    return {path.partition(".")[0] for path in paths(report)}


def loaded(*arguments: str, asked: Iterable[str]) -> set[str]:
    """The modules that a server has loaded when it has answered these requests."""
    with served(*arguments, python=("-X", "importtime", "-m", "emulator")) as server:
        for name in asked:
            assert server.ask(REQUESTS[name]).startswith(b"HTTP/1.1 200 ")
        return paths(server.stop().stderr)


NEVER = {"faker", "jinja2", "jsonschema", "pydantic", "fastapi", "httpx", "hypothesis"}
SCENARIOS = {"yaml", "emulator.scenario.types", "emulator.faults", "emulator.patterns"}
GENERATOR = {"emulator.generator", "emulator.schema_values"}


def test_serving_imports_late_what_is_needed_late() -> None:
    """Names, templates, schemas and scenarios are not loaded to serve text and tool calls without them."""
    found = loaded(asked=("chat, whole", "chat, stream", "messages, whole", "completions, whole", "models"))
    assert {"uvicorn", "starlette", "emulator.generator"} <= found
    assert not found & (NEVER | SCENARIOS)


def test_a_server_is_healthy_before_it_knows_how_to_answer() -> None:
    """The first answer of the health check needs neither scenarios nor the generator."""
    assert not loaded(asked=["health"]) & (NEVER | SCENARIOS | GENERATOR | {"difflib"})


def test_an_answer_of_a_scenario_needs_no_generator() -> None:
    """A server whose scenario says all its answers loads what reads scenarios, and not what generates text."""
    found = loaded("--reply", "Hello!", asked=("chat, whole", "messages, stream"))
    assert "emulator.scenario.types" in found
    assert not found & (NEVER | GENERATOR)


COMPILED = """
import re, sys
compile_now = re.compile

def compiling(pattern, flags=0):
    module = sys._getframe(1).f_globals["__name__"]
    if module.startswith("emulator.") and len(pattern) > 70:
        print(module, pattern)
    return compile_now(pattern, flags)

re.compile = compiling
import emulator.generator, emulator.scenario.loader, emulator.web.app, emulator.wire.server
"""


def test_importing_compiles_no_long_expression() -> None:
    """An expression that takes long to compile is compiled when it is first used, and not when its module is loaded."""
    ended = subprocess.run(
        [sys.executable, "-c", COMPILED], capture_output=True, check=True, cwd=ROOT, timeout=PATIENCE, text=True
    )
    assert ended.stdout == ""


SILENT = """
import socket, urllib.request
from emulator import Emulator

for _ in range(3):
    with Emulator() as akash:
        urllib.request.urlopen(f"{akash.url}/anthropic").close()
        host, port = akash.url.removeprefix("http://").split(":")
        idle, begun = (socket.create_connection((host, int(port))) for _ in range(2))
        begun.sendall(%r)
        urllib.request.urlopen(f"{akash.url}/anthropic").close()
    idle.close()
    begun.close()
"""


def test_the_emulator_in_a_program_says_nothing() -> None:
    """It starts and stops without a word, whatever clients have left open: here one idle, one in mid-request."""
    command = [sys.executable, "-c", SILENT % post(CHAT, {})[:-1]]
    ended = subprocess.run(command, capture_output=True, check=True, cwd=ROOT, timeout=PATIENCE)
    assert (ended.stdout, ended.stderr) == (b"", b"")
