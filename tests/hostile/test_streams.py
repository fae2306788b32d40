"""Long answers on a real server: others are answered meanwhile, memory is bounded, leaving clients end them."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, NamedTuple

import pytest
from support.asgi import CHAT, COMPLETIONS, MESSAGES, PLAIN, REASONING
from support.served import PATIENCE, Served, get, post, read_all, served

from emulator.core.catalog import Catalog
from emulator.scenario.loader import load_objects
from emulator.scenario.reading.mistakes import ScenarioError

SOON = 5
"""Seconds in which an answer begins, and another request is answered; on an idle machine it takes milliseconds."""
LOOKS = 10
BOOK = "It rains in Lisbon. " * 5_000
LONG: dict[str, Any] = {"max_tokens": 8_000, "ignore_eos": True}
QUESTION = [{"role": "user", "content": "Tell me about the harbour of Lisbon, in long paragraphs."}]


class Hostile(NamedTuple):
    """A request, and the reply of the scenario that answers it; without one it is generated."""

    id: str
    body: dict[str, Any]
    reply: dict[str, Any] | None = None
    path: str = CHAT
    first: Literal["200", "400"] = "200"


def chat(id: str, reply: dict[str, Any] | None = None, first: Literal["200", "400"] = "200", **more: Any) -> Hostile:
    return Hostile(id, {"model": PLAIN, "messages": QUESTION, **more}, reply, CHAT, first)


def completion(id: str, prompt: Any, first: Literal["200", "400"] = "200", **more: Any) -> Hostile:
    return Hostile(id, {"model": PLAIN, "prompt": prompt, **more}, None, COMPLETIONS, first)


STREAMS = [
    chat("n=128, 8,000 tokens", n=128, stream=True, **LONG),
    chat("n=128, 20 log probabilities, no limit", n=128, logprobs=True, top_logprobs=20, stream=True),
    chat("8,000 tokens, 20 log probabilities", logprobs=True, top_logprobs=20, stream=True, **LONG),
    chat("n=64, frequency penalty", n=64, frequency_penalty=0.5, stream=True, **LONG),
    chat("n=64, stop strings", n=64, stop=["ZZZZ", "the harbour of Atlantis"], stream=True, **LONG),
    completion("128 prompts, n=128", ["Once upon a time"] * 128, n=128, stream=True),
    completion("echo with log probabilities", "harbour ship " * 30_000, echo=True, logprobs=5, stream=True),
    chat("scripted, 20 log probabilities", {"text": BOOK}, n=8, logprobs=True, top_logprobs=20, stream=True),
    chat("scripted, n=128", {"text": BOOK}, n=128, stream=True),
    chat("100 KB in single bytes", {"text": BOOK, "faults": [{"split": "bytes"}]}, stream=True),
    chat("1,000,000 comments", {"text": "Hi.", "faults": [{"comments": 1_000_000}]}, stream=True),
    chat(
        "1,000,000 comments in single bytes",
        {"text": "Hi.", "faults": [{"comments": 10**6}, {"split": "bytes"}]},
        stream=True,
    ),
    chat(
        "a slow fault without effect",
        {"text": BOOK, "faults": [{"slow": {"tokens_per_second": 1e12}}]},
        n=64,
        stream=True,
    ),
    Hostile(
        "a message with thinking",
        {"model": REASONING, "max_tokens": 131_072, "messages": QUESTION, "stream": True},
        {"text": BOOK * 5, "reasoning": BOOK * 5},
        MESSAGES,
    ),
]
WHOLE = [
    chat(
        "n=128, 16,000 tokens, 20 log probabilities",
        first="400",
        n=128,
        max_tokens=16_000,
        logprobs=True,
        top_logprobs=20,
    ),
    completion("best_of 20, 8,000 tokens, 5 logprobs", ["a", "b"], "400", best_of=20, max_tokens=8_000, logprobs=5),
    completion("n=128, a long echo", "harbour ship " * 15_000, first="400", n=128, echo=True),
    completion("128 prompts, n=128, 1,000 tokens", ["Once"] * 128, first="400", n=128, max_tokens=1_000),
    chat("n=128, JSON", n=128, response_format={"type": "json_object"}, stream=True),
    chat("n=32, 20 log probabilities", n=32, logprobs=True, top_logprobs=20),
    completion("best_of 20, 1,000 tokens", "Once", best_of=20, max_tokens=1_000, ignore_eos=True),
    chat("one chunk of everything", {"text": BOOK, "stream": {"chunk": "whole"}}, n=64, stream=True),
    chat("chunks of 100,000 characters", {"text": BOOK, "stream": {"chunk": 100_000}}, stream=True),
    chat("a whole body, scripted, n=128", {"text": BOOK}, n=128),
]


@contextmanager
def answering(hostile: Hostile, folder: Path) -> Iterator[Served]:
    """A server that plays the reply of this request."""
    arguments = []
    if hostile.reply is not None:
        file = folder / "hostile.yaml"
        file.write_text(json.dumps({"name": "hostile", "rules": [{"reply": hostile.reply}]}))
        arguments = ["--scenario", str(file)]
    with served(*arguments) as server:
        yield server


def look(server: Served) -> float:
    """The seconds that another request takes."""
    start = time.monotonic()
    assert server.ask(get("/_emulator/health")).startswith(b"HTTP/1.1 200 ")
    return time.monotonic() - start


def outcome(server: Served) -> dict[str, Any]:
    """The latest inference, once it has ended."""
    until = time.monotonic() + PATIENCE / 4
    while time.monotonic() < until:
        answer = server.ask(get("/_emulator/inferences?limit=1"))
        (found,) = json.loads(answer.partition(b"\r\n\r\n")[2])["inferences"]
        if found["outcome"] != "running":
            return dict(found)
    raise AssertionError(f"the answer goes on, {PATIENCE / 4} seconds after its client has left")


@pytest.mark.parametrize("hostile", STREAMS, ids=lambda hostile: hostile.id)
def test_a_long_stream_stops_nobody_and_ends_with_its_client(hostile: Hostile, tmp_path: Path) -> None:
    """It begins at once, others are answered while it runs, and it is recorded as cut once its client has left."""
    with answering(hostile, tmp_path) as server:
        start = time.monotonic()
        with server.connect(post(hostile.path, hostile.body)) as connection:
            assert connection.recv(12) == b"HTTP/1.1 200"
            assert time.monotonic() - start < SOON
            for _ in range(LOOKS):
                assert look(server) < SOON
                assert connection.recv(1 << 12)
        assert outcome(server)["outcome"] == "cut by client"
        assert server.stop().code == 0


@pytest.mark.parametrize("hostile", WHOLE, ids=lambda hostile: hostile.id)
def test_a_long_computation_stops_nobody(hostile: Hostile, tmp_path: Path) -> None:
    """Whether it is refused or answered in the end: others are answered at once."""
    with answering(hostile, tmp_path) as server, server.connect(post(hostile.path, hostile.body)) as connection:
        assert max(look(server) for _ in range(LOOKS)) < SOON
        answer = read_all(connection)
        assert answer.startswith(f"HTTP/1.1 {hostile.first}".encode())
        if hostile.first == "400":
            assert "max_answer" in json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["message"]


@pytest.mark.parametrize("hostile", [STREAMS[0], STREAMS[9], STREAMS[10]], ids=lambda hostile: hostile.id)
def test_a_client_that_does_not_read_holds_its_stream_up(hostile: Hostile, tmp_path: Path) -> None:
    """Nothing is made in advance: memory stays where it is, and SIGTERM ends the stream within the grace period."""
    with answering(hostile, tmp_path) as server:
        status = Path(f"/proc/{server.process.pid}/status")
        if not status.exists():
            pytest.skip("memory is read in /proc")

        def memory() -> int:
            return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmRSS"))

        with server.begin(post(hostile.path, hostile.body)):
            for _ in range(LOOKS):
                look(server)
            before = memory()
            for _ in range(5 * LOOKS):
                look(server)
            assert memory() - before < 16 * 1024
            assert server.stop().code == 0


@pytest.mark.parametrize("count", [0, -1, 1_000_001, 1_000_000_000])
def test_a_number_of_comments_has_a_bound(count: int) -> None:
    """The loader tells it, with the line."""
    with pytest.raises(ScenarioError, match="an integer from 1 to 1000000"):
        load_objects({"rules": [{"reply": {"text": "Hi.", "faults": [{"comments": count}]}}]}, catalog=Catalog.load())
