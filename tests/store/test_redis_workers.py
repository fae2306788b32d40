"""Several worker processes on one Redis: what they count together, and what becomes of it when one of them dies."""

import json
import os
import signal
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from fuzz.soak_redis import soak
from support.asgi import CHAT, PLAIN, chat
from support.redis_server import RedisServer, needs_redis, new_url, redis_server
from support.served import PATIENCE, Served, get, post, read_all, served

from emulator.cli import main
from emulator.core.clock import patience

pytestmark = pytest.mark.usefixtures("redis")
WITHIN = 5
"""Seconds in which the others notice that a worker is gone."""
REPLIES = 60
PRICE = f"models: {{{PLAIN}: {{pricing: {{input: '1', output: '1'}}}}}}\n"
SEQUENCE = f"""
account: {{credits: 1000000 USD, keys: {{default: {{requests_per_minute: {REPLIES}, concurrency: 20}}}}}}
{PRICE}
rules: [{{replies: [{", ".join(f"{{text: Reply {number}.}}" for number in range(2 * REPLIES))}]}}]
"""
STREAM = f"""
account: {{credits: 1000000 USD}}
models: {{{PLAIN}: {{pricing: {{input: '1', output: '1'}}, backends: {{slots: 1, queue: 30s}}}}}}
rules:
  - when: {{last_user: slow}}
    reply: {{text: {" ".join(["word"] * 200)}, stream: {{between_tokens: 50ms}}}}
  - reply: {{text: Quick.}}
"""


@pytest.fixture
def redis() -> None:
    """Skip the test where there is no Redis."""
    needs_redis()


def story(tmp_path: Path, text: str) -> str:
    """A file with a scenario."""
    path = tmp_path / "story.yaml"
    path.write_text(text)
    return str(path)


def options(url: str, scenario: str, *more: str) -> tuple[str, ...]:
    """The options of a server."""
    return ("--store", url, "--scenario", scenario, "--log-level", "error", *more)


def body(answer: bytes) -> Any:
    """The JSON of an answer."""
    return json.loads(answer.partition(b"\r\n\r\n")[2])


def text(answer: bytes) -> str:
    """The text of a whole answer."""
    return str(body(answer)["choices"][0]["message"]["content"])


def eventually(check: Any, within: float) -> Any:
    """What a function returns, once that is true."""
    for _ in patience(within):
        if found := check():
            return found
    raise AssertionError("it did not come true")


def ledger(server: Served) -> tuple[Counter[str], Decimal]:
    """How often each inference was charged, and the sum of all charges."""
    told = body(server.ask(get("/_emulator/ledger")))
    charges = [entry for entry in told["entries"] if entry["kind"] == "charge"]
    assert sum(Decimal(entry["amount"]) for entry in told["entries"]) == Decimal(told["balance"].removesuffix(" USD"))
    return Counter(entry["inference_id"] for entry in charges), sum((-Decimal(e["amount"]) for e in charges), Decimal())


def test_four_workers_count_as_one(tmp_path: Path) -> None:
    """Each reply of a sequence once, as many as the window has, all charged once, and never more than run at a time."""
    with served(*options(new_url(), story(tmp_path, SEQUENCE), "--workers", "4", "--clock", "frozen")) as server:
        with ThreadPoolExecutor(16) as clients:
            answers = list(clients.map(lambda _: server.ask(post(CHAT, chat())), range(REPLIES + 30)))
        statuses = Counter(answer.split(b" ")[1] for answer in answers)
        good = [answer for answer in answers if answer.startswith(b"HTTP/1.1 200 ")]
        assert set(statuses) == {b"200", b"429"}
        assert statuses[b"200"] <= REPLIES
        assert statuses[b"200"] == REPLIES or any(b"oncurrency limit" in answer for answer in answers)
        assert sorted(text(answer) for answer in good) == sorted(f"Reply {number}." for number in range(len(good)))
        charged, total = ledger(server)
        assert set(charged.values()) == {1}
        assert len(charged) == len(good)
        assert total == sum(body(answer)["usage"]["total_tokens"] for answer in good)
        processes = {body(server.ask(get("/_emulator/ready")))["process"][0] for _ in range(40)}
        assert len(processes) > 1


def test_a_worker_that_is_killed_gives_back_what_it_held(tmp_path: Path) -> None:
    """In the middle of a stream: the next in the queue has its slot within 5 s, and what was sent is charged."""
    url, scenario = new_url(), story(tmp_path, STREAM)
    with served(*options(url, scenario)) as first, served(*options(url, scenario)) as second:
        slow = first.connect(post(CHAT, chat("slow", stream=True)))
        received = b""
        while received.count(b"word") < 30:
            received += slow.recv(1 << 16)
        waiting = second.connect(post(CHAT, chat("quick")))
        assert body(second.ask(get("/_emulator/account")))["in_flight"] == 2
        first.process.kill()
        waiting.settimeout(WITHIN)
        assert text(read_all(waiting)) == "Quick."
        received += read_all(slow)
        slow.close()
        waiting.close()
        assert body(second.ask(get("/_emulator/account")))["in_flight"] == 0
        charged, total = ledger(second)
        assert set(charged.values()) == {1}
        assert len(charged) == 2
        assert 30 - 12 <= total - 2 * 8 <= received.count(b"word") + 20


@pytest.mark.parametrize("stream", [False, True])
def test_no_answer_is_free_because_its_worker_dies(tmp_path: Path, stream: bool) -> None:
    """Whichever is killed as soon as its answer has come, and whoever else is answered: each answer is charged once."""
    url, scenario = new_url(), story(tmp_path, STREAM)
    with served(*options(url, scenario)) as other:
        for _ in range(3):
            with served(*options(url, scenario)) as server:
                client = server.begin(post(CHAT, chat("quick", stream=stream), close=True))
                received = b""
                while not received.endswith((b"}", b"0\r\n\r\n")):
                    received += client.recv(1 << 16)
                server.process.kill()
                client.close()
            assert other.ask(post(CHAT, chat("quick"))).startswith(b"HTTP/1.1 200 ")
        charged, total = ledger(other)
        assert sorted(charged.values()) == [1] * 6
        assert total == 6 * body(other.ask(post(CHAT, chat("quick"))))["usage"]["total_tokens"]


def test_a_worker_that_dies_is_replaced(tmp_path: Path) -> None:
    """Another one takes its place, and the state goes on; a signal ends all of them."""
    with served(*options(new_url(), story(tmp_path, SEQUENCE), "--workers", "2")) as server:
        assert text(server.ask(post(CHAT, chat()))) == "Reply 0."
        process = body(server.ask(get("/_emulator/ready")))["process"][0]
        os.kill(process, signal.SIGKILL)

        def others() -> bool:
            with_it = [body(server.ask(get("/_emulator/ready")))["process"][0] for _ in range(10)]
            return process not in with_it and len(set(with_it)) > 1

        eventually(others, PATIENCE)
        assert text(server.ask(post(CHAT, chat()))) == "Reply 1."
        assert server.stop().code == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_workers_that_stop_end_what_they_do(tmp_path: Path, number: signal.Signals) -> None:
    """All streams are sent to their end, also if each worker gets the signal itself, as by Ctrl-C; all is recorded.

    No worker is left that others would wait for.
    """
    url, slow = new_url(), f"rules: [{{reply: {{text: {' '.join(['word'] * 50)}, stream: {{between_tokens: 10ms}}}}}}]"
    with served(*options(url, story(tmp_path, slow), "--workers", "2")) as server, ExitStack() as stack:
        streams = [stack.enter_context(server.connect(post(CHAT, chat(stream=True)))) for _ in range(12)]
        begun = [stream.recv(1 << 16) for stream in streams]
        for process in {body(server.ask(get("/_emulator/ready")))["process"][0] for _ in range(20)}:
            os.kill(process, number)
        assert server.stop(number).code == 0
        answers = [first + read_all(stream) for first, stream in zip(begun, streams, strict=True)]
    assert [answer[-21:] for answer in answers] == [b"data: [DONE]\n\n\r\n0\r\n\r\n"] * 12
    prefix = url.rpartition("=")[2]
    assert redis_server().ask("XLEN", f"{prefix}:{{shared}}:record") == b":12\r\n"
    assert redis_server().ask("ZCARD", f"{prefix}:{{shared}}:leases") == b":0\r\n"


def test_what_a_server_has_counted_stays_when_it_stops() -> None:
    """The metrics and the record of another one have it, which waits for nobody. Nothing is counted before one asks."""
    url = new_url()
    with (
        served("--store", url, "--log-level", "error") as stays,
        served("--store", url, "--log-level", "error") as stops,
    ):
        assert stops.ask(post(CHAT, chat())).startswith(b"HTTP/1.1 200 ")
        assert b"akashml_requests_total{" not in stays.ask(get("/_emulator/metrics"))
        assert stops.ask(post(CHAT, chat())).startswith(b"HTTP/1.1 200 ")
        stops.stop()
        assert b'akashml_requests_total{endpoint="chat",status="200"} 1' in stays.ask(get("/_emulator/metrics"))
        assert [each["number"] for each in body(stays.ask(get("/_emulator/inferences")))["inferences"]] == [1, 2]


def test_a_worker_that_starts_later_plays_the_newest_file(tmp_path: Path) -> None:
    """A watched file has changed since the server was started: each worker plays it, and goes on where others were."""
    replies = ", ".join(f"{{text: Reply {number}.}}" for number in range(200))
    path = Path(story(tmp_path, "rules: [{reply: {text: Old.}}]"))
    with served(*options(new_url(), str(path), "--workers", "2", "--watch")) as server:
        assert text(server.ask(post(CHAT, chat()))) == "Old."
        path.write_text(f"rules: [{{replies: [{replies}]}}]")

        def asked() -> str:
            return text(server.ask(post(CHAT, chat())))

        eventually(lambda: "Old." not in [asked() for _ in range(30)], PATIENCE)
        process = body(server.ask(get("/_emulator/ready")))["process"][0]
        os.kill(process, signal.SIGKILL)
        before = int(asked().split()[1].rstrip("."))
        processes = set[int]()
        while len(processes) < 2:
            processes |= {body(server.ask(get("/_emulator/ready")))["process"][0]} - {process}
        assert [asked() for _ in range(20)] == [f"Reply {before + number}." for number in range(1, 21)]


def test_redis_goes_away_and_comes_back(tmp_path: Path) -> None:
    """Requests get a 503 at once that says why; afterwards all goes on, and what ended meanwhile is charged once."""
    redis = RedisServer("--appendonly", "yes", "--appendfsync", "always")
    try:
        with served("--store", redis.url, "--scenario", story(tmp_path, STREAM)) as server:
            assert text(server.ask(post(CHAT, chat("quick")))) == "Quick."
            slow = server.begin(post(CHAT, chat("slow", stream=True), close=True))
            while b"word" not in slow.recv(1 << 16):
                pass
            redis.stop(signal.SIGKILL)
            refused = server.ask(post(CHAT, chat("quick")))
            assert refused.startswith(b"HTTP/1.1 503 ")
            assert "nothing listens there" in body(refused)["error"]["message"]
            assert server.ask(post("/anthropic/v1/messages", {})).startswith(b"HTTP/1.1 503 ")
            assert server.ask(get("/_emulator/account")).startswith(b"HTTP/1.1 503 ")
            rest = read_all(slow)
            slow.close()
            assert rest.endswith(b"data: [DONE]\n\n\r\n0\r\n\r\n")
            redis.start()
            eventually(lambda: server.ask(post(CHAT, chat("quick"))).startswith(b"HTTP/1.1 200 "), WITHIN)
            eventually(lambda: body(server.ask(get("/_emulator/account")))["in_flight"] == 0, WITHIN)
            charged, total = ledger(server)
            assert set(charged.values()) == {1}
            assert len(charged) == 3
            assert total > 200
            log = server.stop().stderr
            assert "#-  chat" in log
            assert "#0" not in log
    finally:
        redis.end()


def test_nothing_is_lost_or_doubled_while_workers_and_redis_are_killed() -> None:
    """A short form of `make soak-redis`: each step of a sequence once, no limit exceeded, the ledger to the cent."""
    happened, found = soak(seconds=4, workers=2, clients=24, window=300)
    assert not found, happened
    assert "'200': " in happened


# ---------------------------------------------------------------------------------------------- at start


def refused(*arguments: str) -> str:
    """The sentence with which a server does not start."""
    done = CliRunner().invoke(main, ["serve", "--port", "0", *arguments])
    assert done.exit_code == 1, done.output
    return done.output


def test_a_store_that_cannot_be_used_is_told_at_start() -> None:
    """One sentence for each reason: unreachable, a password, a replica, full memory, another version, no URL."""
    servers = []

    def server(*options: str) -> RedisServer:
        servers.append(RedisServer(*options))
        return servers[-1]

    try:
        assert "nothing listens there" in refused("--store", "redis://127.0.0.1:1/0")
        secret = server("--requirepass", "secret")
        assert "it asks for a password" in refused("--store", secret.url)
        wrong = refused("--store", secret.url.replace("//", "//:wrong@"))
        assert "the password, or the user, is wrong" in wrong
        assert "wrong@" not in wrong
        full = server("--maxmemory", "1")
        assert "its memory is full" in refused("--store", full.url)
        replica = server("--replicaof", "127.0.0.1", str(redis_server().port))
        assert "a replica that only reads" in refused("--store", replica.url)
        url = new_url()
        redis_server().ask("HSET", f"{url.rpartition('=')[2]}:{{shared}}:state", "f", "0")
        assert "is of version 0, but this emulator needs 4" in refused("--store", url)
        assert "expected a URL such as redis://" in refused("--store", "http://127.0.0.1")
        assert "store_away has no effect without --store" in refused("--set", "store_away=answer")
    finally:
        for each in servers:
            each.end()


def test_workers_without_a_store_are_refused_if_they_would_differ(tmp_path: Path) -> None:
    """Limits, sequences and a file of state need one state: the sentence says what to do; else it is a warning."""
    assert "the limits and credits of keys need one. Share it: --store redis://" in refused(
        "--workers", "2", "--credits", "5"
    )
    assert "the counts of the scenario story need one" in refused(
        "--workers", "2", "--scenario", story(tmp_path, SEQUENCE)
    )
    assert "the keys that are made need one" in refused("--workers", "2", "--auth", "strict")
    assert "a frozen clock and those who move it need one" in refused("--workers", "2", "--clock", "frozen")
    assert "--state is for one process" in refused("--workers", "2", "--state", str(tmp_path / "state.json"))
    with served("--workers", "2", "--reply", "Hello.", "--log-level", "error") as server:
        assert text(server.ask(post(CHAT, chat()))) == "Hello."
        assert "share nothing" in server.stop().stderr


def test_a_preset_that_others_would_not_see_is_not_saved(tmp_path: Path) -> None:
    """Without a folder, a server that shares a store refuses it, and says what to do."""
    put = post("/_emulator/presets/careful", {"model": PLAIN}).replace(b"POST", b"PUT", 1)
    with served("--store", new_url(), "--log-level", "error") as server:
        assert "start the server with --presets FOLDER" in body(server.ask(put))["error"]["message"]
    with served("--store", new_url(), "--log-level", "error", "--presets", str(tmp_path)) as server:
        assert body(server.ask(put))["name"] == "careful"


def test_options_that_the_store_overrules_are_told() -> None:
    """A store that was used before has its scenario and its clock: a server that was started with others says so."""
    url = new_url()
    with served("--store", url, "--scenario", "hello", "--clock", "frozen", "--log-level", "error") as server:
        server.stop()
    with served("--store", url, "--scenario", "rate-limited", "--log-level", "error") as server:
        assert body(server.ask(get("/_emulator/ready")))["scenario"] == "hello"
        assert body(server.ask(get("/_emulator/clock")))["mode"] == "frozen"
        told = server.stop().stderr
    assert "--scenario has no effect: the store goes on with hello" in told
    assert "--clock has no effect: the store's clock goes on, which is frozen" in told
