"""What goes wrong with Redis, or with a worker, while requests are answered: it is told and passes, nothing is lost."""

import asyncio
import json
import re
import signal
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from support.asgi import CHAT, PLAIN, Exchange, chat, given_way
from support.redis_server import RedisServer, needs_redis, new_url, redis_server
from support.served import ROOT, Served, get, post, read_all, served
from support.settling import elsewhere

from emulator.cli import main
from emulator.core.catalog import Catalog
from emulator.core.clock import EPOCH, VirtualClock, patience
from emulator.core.settings import Settings
from emulator.engine import Engine, make_engine
from emulator.scenario.library import Library
from emulator.store.outside import at_once
from emulator.store.redis.store import RedisStore
from emulator.web.app import create_app

pytestmark = pytest.mark.usefixtures("redis")
WITHIN = 5
"""Seconds in which everything is as before."""
BOB = ("--user", "bob", "on", ">hunter2")
STORY = f"""
account: {{credits: 1000000 USD}}
models: {{{PLAIN}: {{pricing: {{input: '1', output: '1'}}, backends: {{slots: 1, queue: 1h}}}}}}
rules:
  - when: {{last_user: slow}}
    reply: {{text: {" ".join(["word"] * 100)}, stream: {{between_tokens: 50ms}}}}
  - reply: {{text: Quick.}}
"""


@pytest.fixture
def redis() -> None:
    """Skip the test where there is no Redis."""
    needs_redis()


@pytest.fixture
def own() -> Iterator[RedisServer]:
    """A Redis for one test, which keeps what it has when it is restarted."""
    server = RedisServer("--appendonly", "yes", "--appendfsync", "always")
    yield server
    server.end()


def story(tmp_path: Path, text: str = STORY) -> str:
    """A file with a scenario."""
    path = tmp_path / "story.yaml"
    path.write_text(text)
    return str(path)


def body(answer: bytes) -> Any:
    """The JSON of an answer."""
    return json.loads(answer.partition(b"\r\n\r\n")[2])


def charges(server: Served) -> tuple[Counter[str], Decimal]:
    """How often each inference was charged, and the sum of all charges."""
    entries = [entry for entry in body(server.ask(get("/_emulator/ledger")))["entries"] if entry["kind"] == "charge"]
    return Counter(entry["inference_id"] for entry in entries), sum(
        (-Decimal(entry["amount"]) for entry in entries), Decimal()
    )


def in_flight(server: Served) -> int:
    """How many requests of the key hold something."""
    told: int = body(server.ask(get("/_emulator/account")))["in_flight"]
    return told


def engine_at(url: str, **settings: Any) -> Engine:
    """The engine of one process, whose clock is its own."""
    stores = []

    def store(scenario: str | None) -> RedisStore:
        stores.append(RedisStore(url, scenario))
        return stores[0]

    catalog = Catalog.load()
    engine = make_engine(Settings(**settings), catalog, VirtualClock(EPOCH, rate=0), Library(catalog, []), store=store)
    elsewhere.add(stores[0].settled)
    engine.library.put("story", STORY)
    return engine


# ---------------------------------------------------------------------------------------------- workers


def test_a_worker_that_was_paused_ends_like_one_that_died(tmp_path: Path) -> None:
    """Others end what it held: its stream is cut, its whole answer refused, and what was sent is charged once."""
    url, scenario = new_url(), story(tmp_path, STORY.replace("slots: 1", "slots: 2"))
    options = ("--store", url, "--scenario", scenario)
    with served(*options) as paused, served(*options) as other:
        stream, whole = (paused.begin(post(CHAT, chat("slow", stream=each), close=True)) for each in (True, False))
        received = b""
        while received.count(b"word") < 10:
            received += stream.recv(1 << 16)
        paused.process.send_signal(signal.SIGSTOP)
        assert any(in_flight(other) == 0 for _ in patience(WITHIN))
        paused.process.send_signal(signal.SIGCONT)
        received += read_all(stream)
        refused = read_all(whole)
        assert b"[DONE]" not in received
        assert refused.startswith(b"HTTP/1.1 503 ")
        assert "others have ended its requests" in body(refused)["error"]["message"]
        for server in (paused, other):
            assert any(server.ask(post(CHAT, chat("quick"))).startswith(b"HTTP/1.1 200 ") for _ in patience(WITHIN))
        counted, total = charges(other)
        assert set(counted.values()) == {1}
        assert len(counted) == 3
        assert total <= received.count(b"word") + 3 * 20
        assert in_flight(other) == 0
        listed = body(other.ask(get("/_emulator/inferences")))["inferences"]
        outcomes = {each["number"]: (each["outcome"], each["stream"]) for each in listed}
        ended = [outcome for outcome in outcomes.values() if outcome[0] != "completed"]
        assert len(outcomes) == len(listed)
        assert sorted(ended) == [("failed: unavailable", False), ("failed: unavailable", True)]
        stream.close()
        whole.close()
        assert "Traceback" not in paused.stop().stderr


def test_nobody_is_taken_for_dead_because_redis_was_away(own: RedisServer, tmp_path: Path) -> None:
    """It comes back after longer than a lease: what runs in other workers goes on, and is charged to its end."""
    options = ("--store", own.url, "--scenario", story(tmp_path))
    with served(*options) as first, served(*options) as second:
        stream = first.begin(post(CHAT, chat("slow", stream=True), close=True))
        while b"word" not in stream.recv(1 << 16):
            pass
        own.stop(signal.SIGKILL)
        for _ in patience(3):  # longer than a lease
            pass
        own.start()
        for server in (second, first):
            assert any(server.ask(get("/_emulator/account")).startswith(b"HTTP/1.1 200 ") for _ in patience(WITHIN))
        assert in_flight(second) == 1
        assert b"[DONE]" in read_all(stream)
        stream.close()
        assert any(in_flight(second) == 0 for _ in patience(WITHIN))
        assert charges(second)[1] >= 100
        assert "is gone" not in second.stop().stderr


def test_a_slot_that_is_free_while_nobody_hears_it_is_not_waited_for() -> None:
    """The connection on which it is told is lost: the next in the queue looks for itself."""
    url = new_url()
    first, second = engine_at(url), engine_at(url)

    async def play() -> Exchange:
        await first.activate("story")
        running = Exchange(create_app(first), "POST", CHAT, chat("slow", stream=True))
        tasks = [asyncio.ensure_future(running.run())]
        await given_way()
        waiting = Exchange(create_app(second), "POST", CHAT, chat("quick"))
        tasks.append(asyncio.ensure_future(waiting.run()))
        await given_way()
        redis_server().ask("CLIENT", "KILL", "TYPE", "pubsub")
        running.leave()
        await asyncio.wait_for(tasks[1], WITHIN)
        await tasks[0]
        return waiting

    assert at_once(play()).json["choices"][0]["message"]["content"] == "Quick."


@pytest.mark.parametrize(("away", "status"), [("refuse", 503), ("answer", 200)])
def test_a_request_in_a_queue_does_not_wait_for_a_store_that_is_away(own: RedisServer, away: str, status: int) -> None:
    """It gets the same as one that comes now: a 503, or by the setting an answer without state, with the warning."""
    engine = engine_at(own.url, store_away=away)

    async def play() -> tuple[Exchange, int]:
        await engine.activate("story")
        running = Exchange(create_app(engine), "POST", CHAT, chat("slow", stream=True))
        waiting = Exchange(create_app(engine), "POST", CHAT, chat("quick"))
        tasks = []
        for each in (running, waiting):
            tasks.append(asyncio.ensure_future(each.run()))
            await given_way()
        own.stop(signal.SIGKILL)
        await asyncio.wait_for(tasks[1], WITHIN)
        running.leave()
        await tasks[0]
        own.start()
        for _ in patience(WITHIN):
            account = await Exchange(create_app(engine), "GET", "/_emulator/account").run()
            if account.status == 200 and account.json["in_flight"] == 0:
                return waiting, account.status
            await given_way()
        raise AssertionError("it is not settled")

    answer, _ = at_once(play())
    assert answer.status == status
    assert ("answered without state" in answer.headers.get("x-emulator-warning", "")) == (status == 200)


# ---------------------------------------------------------------------------------------------- Redis


@pytest.mark.parametrize(
    ("fault", "undo", "why"),
    [
        ("CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0", "its memory is full"),
        ("REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE", "a replica that only reads"),
        ("SET akml:{shared}:leases text", "DEL akml:{shared}:leases", "another program has stored something"),
        ("HSET akml:{shared}:state f 9", "HSET akml:{shared}:state f 4", "is of version 9"),
        ("CONFIG SET requirepass hunter2", "CONFIG SET requirepass ", "it asks for a password"),
        ("CLIENT PAUSE 2500", "", "does not answer"),
        ("FLUSHALL", "", "was deleted"),
        ("SCRIPT FLUSH", "", ""),
        ("CLIENT KILL TYPE pubsub", "", ""),
        ("CLIENT KILL TYPE normal", "", ""),
    ],
)
def test_a_fault_of_redis_is_told_and_passes(own: RedisServer, tmp_path: Path, fault: str, undo: str, why: str) -> None:
    """Requests are answered, or get a 503 that says why; afterwards all goes on, and the log has no traceback."""
    with served("--store", own.url, "--scenario", story(tmp_path), "--log-level", "warning") as server:
        assert server.ask(post(CHAT, chat())).startswith(b"HTTP/1.1 200 ")
        connection = own.connection()
        own.say(connection, fault)
        if why in ("is of version 9", "it asks for a password"):  # which matters to those that connect
            own.say(connection, "CLIENT KILL TYPE normal SKIPME yes")
        answers = [server.ask(post(CHAT, chat())) for _ in range(8)]
        refused = {body(each)["error"]["message"] for each in answers if each.startswith(b"HTTP/1.1 503 ")}
        assert {each.split(b" ")[1] for each in answers} <= {b"200", b"503"}
        assert all(why in message for message in refused) if why else not refused
        if undo:
            assert refused
            own.say(connection, undo)
        connection.close()
        assert any(server.ask(post(CHAT, chat())).startswith(b"HTTP/1.1 200 ") for _ in patience(WITHIN))
        assert any(in_flight(server) == 0 for _ in patience(WITHIN))
        assert set(charges(server)[0].values()) == {1}
        ended = server.stop()
        assert ended.code == 0
        assert "Traceback" not in ended.stderr
        assert "hunter2" not in ended.stderr


# ---------------------------------------------------------------------------------------------- at start


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("redis://127.0.0.1:0/0", "expected a URL such as redis://"),
        ("redis://127.0.0.1:65536/0", "expected a URL such as redis://"),
        ("redis://127.0.0.1:no/0", "expected a URL such as redis://"),
        ("redis://:hunter2/x@127.0.0.1/0", "expected a URL such as redis://"),
        ("redis://:hunter2@127.0.0.1/0#1", "expected a URL such as redis://"),
        ("redis://127.0.0.1/name", "expected a URL such as redis://"),
        ("redis://[::1", "expected a URL such as redis://"),
        ("redis:127.0.0.1", "expected a URL such as redis://"),
        ("unix://", "expected a URL such as redis://"),
        ("redis://127.0.0.1/0?prefx=a", 'unknown parameter prefx; did you mean "prefix"?'),
        ("redis://127.0.0.1/0?password=hunter2", "unknown parameter password"),
        ("redis://bob:1?hunter2@127.0.0.1/0", "expected a URL such as redis://"),
        ("redis://127.0.0.1/?db=two", "db must be a number"),
        ("redis://127.0.0.1/0?db=1", "a parameter is given twice"),
        ("redis://127.0.0.1/0?ssl_cert_reqs=none", "ssl_cert_reqs is for TLS: write rediss://"),
        ("rediss://127.0.0.1/0?ssl_cert_reqs=never", "ssl_cert_reqs must be none, optional or required"),
        ("rediss://127.0.0.1/0?ssl_check_hostname=maybe", "ssl_check_hostname must be true or false"),
        ("rediss://127.0.0.1/0?ssl_ca_certs=/no/file", "ssl_ca_certs: there is no file /no/file"),
        ("redis://127.0.0.1/0?prefix=a&prefix=b", "a parameter is given twice"),
        ("redis://127.0.0.1/0?prefix=", "the prefix must be of"),
        ("redis://127.0.0.1/0?prefix=%7Ba%7D", "the prefix must be of"),
        ("redis://127.0.0.1/0?prefix=a%20b", "the prefix must be of"),
        ("redis://:hunter2@127.0.0.1:1/0", "redis://127.0.0.1:1/0 cannot be used: nothing listens there"),
        ("unix:///no/socket", "nothing listens there"),
        ("redis://:hunter2@host.invalid/0", "there is no host of that name"),
    ],
)
def test_a_wrong_url_is_told_in_one_sentence(url: str, told: str) -> None:
    """What is wrong with it, without a traceback, and without the password that it may have."""
    done = CliRunner().invoke(main, ["serve", "--port", "0", "--store", url])
    assert done.exit_code == 1
    assert done.exception is None or isinstance(done.exception, SystemExit)
    assert told in done.output
    assert done.output.count("\n") == 1
    assert "hunter2" not in done.output


@pytest.mark.parametrize(
    ("options", "user", "told"),
    [
        (("--cluster-enabled", "yes"), "", "it is of a Redis Cluster, which is not supported"),
        ((*BOB, "~*", "&*", "+@all", "-evalsha"), "bob:hunter2@", "the user may not do this"),
        ((*BOB, "~*", "+@all"), "bob:hunter2@", "the user may not do this"),
    ],
    ids=["a cluster", "no scripts", "no channels"],
)
def test_a_redis_that_does_not_do_all_is_told_at_start(options: tuple[str, ...], user: str, told: str) -> None:
    """One sentence, without the password."""
    server = RedisServer(*options)
    try:
        done = CliRunner().invoke(main, ["serve", "--port", "0", "--store", server.url.replace("//", f"//{user}")])
    finally:
        server.end()
    assert (done.exit_code, done.output.count("\n")) == (1, 1)
    assert told in done.output
    assert "hunter2" not in done.output


def test_a_user_needs_no_dangerous_command() -> None:
    """With the rights that docs/scaling.md names, requests are answered, and all can be reset."""
    rights = re.findall(r"`(\+@all [^`]+)`", (ROOT / "docs" / "scaling.md").read_text("utf-8"))[0]
    server = RedisServer(*BOB, *rights.replace("PREFIX", "akml").split())
    try:
        url = server.url.replace("//", "//bob:hunter2@")
        with served("--log-level", "error", "--credits", "5", environment={"AKASHML_EMULATOR_STORE": url}) as emulator:
            assert emulator.ask(post(CHAT, chat())).startswith(b"HTTP/1.1 200 ")
            assert emulator.ask(get("/_emulator/metrics")).startswith(b"HTTP/1.1 200 ")
            assert emulator.ask(post("/_emulator/clock", {"advance": "1s"})).startswith(b"HTTP/1.1 200 ")
            assert emulator.ask(post("/_emulator/reset", {})).startswith(b"HTTP/1.1 200 ")
            ended = emulator.stop()
        assert server.ask("EXISTS", "akml:{shared}:state") == b":1\r\n"
    finally:
        server.end()
    assert (ended.code, ended.stderr) == (0, "")


def test_a_redis_that_deletes_what_it_has_is_told_at_start() -> None:
    """The warning names its policy."""
    server = RedisServer("--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru")
    try:
        with served("--store", server.url, "--log-level", "error") as emulator:
            assert "(maxmemory-policy allkeys-lru)" in emulator.stop().stderr
    finally:
        server.end()


def test_a_database_that_there_is_not_is_told() -> None:
    """Redis itself says so."""
    url = f"{redis_server().url.rpartition('/')[0]}/99"
    assert "DB index is out of range" in CliRunner().invoke(main, ["serve", "--port", "0", "--store", url]).output


def test_servers_that_were_started_with_another_setting_are_told(tmp_path: Path) -> None:
    """Who joins others with another seed, other credits or another file is told which; who was alone before is not."""
    url, texts = new_url(), ("Hello.", "Good morning.")
    folders = [tmp_path / name for name in "ab"]
    for folder, text in zip(folders, texts, strict=True):
        folder.mkdir()
        (folder / "story.yaml").write_text(f"name: story\nrules: [{{reply: {{text: {text}}}}}]\n")

    def options(folder: Path, *more: str) -> tuple[str, ...]:
        return ("--store", url, "--log-level", "error", "--scenarios", str(folder), *more)

    with served(*options(folders[1], "--seed", "7")) as alone:
        assert "another" not in alone.stop().stderr
    with served(*options(folders[0], "--credits", "5")) as first:
        first.ask(post(CHAT, chat()))
        with served(*options(folders[0], "--credits", "5", "--control-token", "own")) as same:
            assert "another" not in same.stop().stderr
        with served(*options(folders[1], "--credits", "6", "--seed", "7", "--key", "akml-secret")) as other:
            told = other.stop().stderr
    assert (
        "were started with another: credits or limits, file story.yaml, setting auth, setting keys, setting seed"
        in told
    )
