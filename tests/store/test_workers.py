"""Two worker processes of one server: what is done at one of them, the other has done as well."""

import json
import os
import signal
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from support.asgi import CHAT, PLAIN, chat
from support.redis_server import needs_redis
from support.served import KEY, PATIENCE
from support.workers import SLOW, Worker, two_workers

from emulator.core.clock import patience

pytestmark = pytest.mark.usefixtures("redis")


@pytest.fixture
def redis() -> None:
    """Skip the test where there is no Redis."""
    needs_redis()


def sequence(name: str, *texts: str) -> str:
    """A scenario that answers with these texts in turn."""
    return f"name: {name}\nrules: [{{replies: [{', '.join(f'{{text: {text}}}' for text in texts)}]}}]\n"


def test_scenarios_are_put_activated_and_deleted_at_any_worker() -> None:
    """With the next request, the other worker plays what was put at one, and goes on in its sequence."""
    with two_workers() as (_, first, second):
        first.do("PUT", "scenarios/story", sequence("story", "A1.", "A2.", "A3."))
        second.do("POST", "activate", {"scenario": "story"})
        assert [worker.text() for worker in (first, second, first)] == ["A1.", "A2.", "A3."]
        second.do("PUT", "scenarios/story", sequence("story", "B1.", "B2."))
        assert [worker.text() for worker in (first, second)] == ["B1.", "B2."]
        first.do("PUT", "scenarios/mine", sequence("mine", "C1.", "C2."))
        first.do("POST", "activate", {"scenario": "mine", "key": KEY})
        assert [worker.text() for worker in (second, first)] == ["C1.", "C2."]
        second.do("DELETE", "scenarios/mine")
        assert [worker.ask("POST", CHAT, chat("Hello."))[0] for worker in (first, second)] == [404, 404]
        first.do("POST", "activate", {"scenario": None, "key": KEY})
        assert [worker.text() for worker in (first, second)] == ["B2.", "B2."]
        assert second.do("DELETE", "scenarios/story") == {"deleted": "story", "deactivated": True}
        assert not {worker.text() for worker in (first, second)} & {"B1.", "B2."}
        assert all("mine" not in json.dumps(worker.told("/_emulator/scenarios")) for worker in (first, second))


def test_snapshot_restore_and_reset_at_any_worker() -> None:
    """A snapshot is the same wherever it is taken; it is restored, and everything is reset, for both."""
    with two_workers("--credits", "5") as (_, first, second):
        first.do("PUT", "scenarios/story", sequence("story", "A1.", "A2.", "A3."))
        first.do("POST", "activate", {"scenario": "story"})
        assert first.text() == "A1."
        state, same = (worker.told("/_emulator/snapshot") for worker in (first, second))
        assert state["store"] == same["store"]
        spent = second.told("/_emulator/ledger")
        assert [worker.text() for worker in (second, first)] == ["A2.", "A3."]
        first.do("PUT", "snapshot", state)
        assert second.told("/_emulator/ledger") == first.told("/_emulator/ledger") == spent
        assert [worker.text() for worker in (second, first)] == ["A2.", "A3."]
        second.do("POST", "reset", {"keep_scenario": True})
        for worker in (first, second):
            assert worker.told("/_emulator/inferences")["inferences"] == []
        assert [worker.text() for worker in (first, second)] == ["A1.", "A2."]


def test_a_watched_file_is_read_by_all_workers(tmp_path: Path) -> None:
    """Each plays what was saved, and both go on in one sequence."""
    story = tmp_path / "story.yaml"
    story.write_text(sequence("story", "A1.", "A2.", "A3."))
    with two_workers("--scenario", str(story), "--watch") as (_, first, second):
        assert [worker.text() for worker in (first, second)] == ["A1.", "A2."]
        new = tmp_path / "story.new"
        for worker in (first, second):  # neither of them sees each time that it was saved
            while b'"name":"new"' not in worker.ask("GET", "/_emulator/scenarios/story")[1]:
                new.write_text(sequence("story", "B1.", "B2.", "B3.").replace("replies:", "name: new, replies:"))
                new.replace(story)
        assert [worker.text() for worker in (first, second, first)] == ["B1.", "B2.", "B3."]


def test_the_clock_is_moved_at_any_worker() -> None:
    """It is set, run and frozen for both; `advance` returns when the streams of both have ended."""
    with two_workers() as (server, first, second):

        def moved(here: Worker, there: Worker, move: dict[str, Any]) -> None:
            told = here.do("POST", "clock", move)
            assert any(there.told("/_emulator/clock")["rate"] == told["rate"] for _ in patience(PATIENCE))
            if not told["rate"]:
                assert any(there.told("/_emulator/clock") == told for _ in patience(PATIENCE))

        for here, there in ((first, second), (second, first)):
            moved(here, there, {"run": True})
            moved(here, there, {"freeze": True})
            moved(here, there, {"set": "2027-01-01" if here is first else "2027-02-03"})
        first.do("PUT", "scenarios/slow", SLOW)
        first.do("POST", "activate", {"scenario": "slow"})
        assert first.running() == (0, 0)
        streams = [Worker(server.port) for _ in range(8)]
        while len({stream.process for stream in streams}) < 2:
            streams.append(Worker(server.port))
        for stream in streams:
            stream.stream()
        assert any(first.running() == (len(streams), 0) for _ in patience(PATIENCE))
        second.do("POST", "clock", {"advance": "60s"})
        assert first.running() == (0, 0)
        for stream in streams:
            assert stream.connection.getresponse().read().endswith(b"data: [DONE]\n\n")
            stream.connection.close()


def test_workers_that_stop_accept_no_connections() -> None:
    """A client that connects while open answers have their grace is refused, and does not wait for its end."""
    with two_workers("--grace", f"{PATIENCE}s") as (server, first, second):
        first.do("PUT", "scenarios/slow", SLOW)
        first.do("POST", "activate", {"scenario": "slow"})
        first.stream()
        assert any(second.running()[0] == 1 for _ in patience(PATIENCE))
        server.process.send_signal(signal.SIGTERM)
        server.until_deaf()
        assert server.process.poll() is None
        assert server.stop().code == 0


def test_metrics_are_the_sums_over_all_workers() -> None:
    """After traffic at both, each tells the sums, and what runs and waits; a dead worker has nothing running."""
    with two_workers() as (server, first, second):
        assert first.metrics()["vllm:num_requests_running"] == 0
        usage = [json.loads(worker.ask("POST", CHAT, chat())[1])["usage"] for worker in (first, second, second)]
        assert first.ask("POST", CHAT, {**chat(), "model": "nobody/has-it"})[0] == 404
        told = second.metrics()
        assert told == first.metrics()
        assert told['akashml_requests_total{endpoint="chat",status="200"}'] == 3
        assert told['akashml_requests_total{endpoint="chat",status="404"}'] == 1
        assert told['akashml_refusals_total{kind="model_not_found"}'] == 1
        for name, part in (("prompt", "prompt_tokens"), ("generation", "completion_tokens")):
            assert told[f'vllm:{name}_tokens_total{{model_name="{PLAIN}"}}'] == sum(each[part] for each in usage)
        first.do("PUT", "scenarios/slow", f"models: {{{PLAIN}: {{backends: {{slots: 1, queue: 1h}}}}}}\n{SLOW}")
        first.do("POST", "activate", {"scenario": "slow"})
        with ExitStack() as stack:
            streams = dict[int, Worker]()
            while len(streams) < 2:
                worker = Worker(server.port)
                stack.callback(worker.connection.close)
                streams.setdefault(worker.process, worker)
            for process in (second.process, first.process):
                streams[process].stream()
                assert any(first.running()[0] == 1 + (process == first.process) for _ in patience(PATIENCE))
            assert first.running() == (2, 1)
            os.kill(second.process, signal.SIGKILL)
            assert any(first.running() == (1, 0) for _ in patience(PATIENCE))
