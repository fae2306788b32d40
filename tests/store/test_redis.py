"""The store in Redis, with a real one: what several workers share, what it costs, and what becomes of it."""

import asyncio
import signal
import threading
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from support.asgi import CHAT, KEY, PLAIN, SAMPLES, Exchange, chat, given_way
from support.redis_server import RedisServer, needs_redis, new_url, redis_server
from support.served import PATIENCE
from support.settling import elsewhere

from emulator.account.account import Account
from emulator.account.keys import label
from emulator.core.catalog import Catalog
from emulator.core.clock import EPOCH, VirtualClock, patience
from emulator.core.settings import Settings
from emulator.engine import Engine, make_engine
from emulator.scenario.library import Library
from emulator.store.outside import at_once
from emulator.store.redis.clock import SharedClock
from emulator.store.redis.scripts import COMMIT, Script
from emulator.store.redis.store import RedisStore
from emulator.store.state import KeyState, SharedState
from emulator.web.app import create_app

pytestmark = pytest.mark.usefixtures("redis")

SLOW = "rules: [{reply: {text: One two three., stream: {between_tokens: 1s}}}]"
LIMITED = "account: {credits: 5 USD, keys: {default: {requests_per_minute: 50, concurrency: 9}}}\n"
WITHIN = 5
"""Seconds in which the others notice that a worker is gone."""


@pytest.fixture
def redis() -> None:
    """Skip the test where there is no Redis."""
    needs_redis()


class CountingStore(RedisStore):
    """Counts the round trips for turns, and what is sent in them."""

    trips = 0
    sent = 0

    async def run(self, script: Script, keys: Sequence[str], *arguments: Any) -> Any:
        """Run a script."""
        if script is COMMIT:
            self.trips += 1
            self.sent += sum(len(each) if isinstance(each, bytes) else len(str(each)) for each in arguments)
        return await super().run(script, keys, *arguments)


def engine_at(url: str, kind: type[VirtualClock] = SharedClock, **settings: Any) -> Engine:
    """The engine of one process."""
    stores = []

    def store(scenario: str | None) -> RedisStore:
        stores.append(CountingStore(url, scenario))
        return stores[0]

    catalog = Catalog.load()
    clock = kind(EPOCH, rate=0)
    engine = make_engine(Settings(**settings), catalog, clock, Library(catalog, []), store=store)
    elsewhere.add(stores[0].settled)
    return engine


async def asked(engine: Engine, method: str, path: str, body: Any = None, **more: Any) -> Exchange:
    """One exchange with the app of an engine."""
    return await Exchange(create_app(engine), method, path, body, **more).run()


# ---------------------------------------------------------------------------------------------- turns


def test_a_turn_that_was_overtaken_is_taken_again() -> None:
    """Another process commits while a turn decides: it is decided on the newest state, of the key and of all keys."""
    url = new_url()
    first, other = RedisStore(url), RedisStore(url)
    seen = list[tuple[str | None, str | None]]()

    def decide(own: KeyState, shared: SharedState) -> None:
        if not seen:
            thread = threading.Thread(target=lambda: at_once(overtake()))
            thread.start()
            thread.join()
        seen.append((own.scenario, shared.scenario))

    async def overtake() -> None:
        await other.turn(KEY, lambda own, shared: setattr(own, "scenario", "mine"))
        await other.shared_turn(lambda shared: setattr(shared, "scenario", "everybody's"))

    at_once(first.turn(KEY, decide))
    assert seen == [(None, None), ("mine", "everybody's")]


@pytest.mark.parametrize(
    ("story", "most"), [("rules: [{reply: {text: Hello.}}]", 1), (f"{LIMITED}rules: [{{reply: {{text: Hello.}}}}]", 2)]
)
def test_the_round_trips_of_a_request(story: str, most: int) -> None:
    """One if nothing but the count of the question depends on it, and one more before its end if it is charged."""
    engine = engine_at(new_url())
    store = engine.store
    assert isinstance(store, CountingStore)
    engine.library.put("story", story)

    async def trips() -> list[int]:
        await engine.activate("story")
        counted = []
        for number in range(4):
            before = store.trips
            assert (await asked(engine, "POST", CHAT, chat(f"Number {number}."))).status == 200
            counted.append(store.trips - before)
        return counted

    first, *others = at_once(trips())
    assert first <= most + 1
    assert others == [most] * 3


def test_a_turn_costs_the_same_however_long_the_ledger_is() -> None:
    """What a request sends to Redis does not grow with the number of entries."""
    engine = engine_at(new_url())
    store = engine.store
    assert isinstance(store, CountingStore)
    engine.library.put("story", f"{LIMITED}rules: [{{reply: {{text: Hello.}}}}]")

    def charge(account: Account, now: float) -> None:
        assert account.credits is not None
        for number in range(500):
            account.credits.charge(now, Decimal("0.001"), str(number))

    async def sent() -> int:
        before = store.sent
        assert (await asked(engine, "POST", CHAT, chat())).status == 200
        return store.sent - before

    async def play() -> tuple[int, int]:
        await engine.activate("story")
        await sent()
        first = await sent()
        await engine.with_account(KEY, charge)
        return first, await sent()

    first, later = at_once(play())
    assert later < first + 200


def test_a_whole_answer_that_cannot_be_charged_is_refused() -> None:
    """Redis goes away while an answer is waited for: it gets a 503, and costs nothing when Redis is back."""
    redis = RedisServer("--appendonly", "yes", "--appendfsync", "always")
    engine = engine_at(redis.url, VirtualClock)
    engine.library.put("slow", LIMITED + SLOW)

    async def play() -> tuple[Exchange, Exchange]:
        await engine.activate("slow")
        exchange = Exchange(create_app(engine), "POST", CHAT, chat())
        playing = asyncio.ensure_future(exchange.run())
        await given_way()
        redis.stop(signal.SIGKILL)
        while not playing.done():
            await engine.clock.advance(1)
            await asyncio.wait([playing], timeout=0.01)
        redis.start()
        for _ in patience(WITHIN):
            account = await asked(engine, "GET", "/_emulator/account")
            if account.status == 200 and account.json["in_flight"] == 0:
                return await playing, account
            await given_way()
        raise AssertionError("it did not end")

    try:
        refused, account = at_once(play())
    finally:
        redis.end()
    assert refused.status == 503
    assert "cannot be used" in refused.json["error"]["message"]
    assert account.json["credits"]["available"] == "5.00 USD"


def test_each_refusal_has_an_id_of_its_own_while_redis_is_away() -> None:
    """The same request, refused three times, has three Inference-Ids, so that each is found in the record."""
    redis = RedisServer()
    engine = engine_at(redis.url, VirtualClock)

    async def play() -> list[str]:
        await asked(engine, "POST", CHAT, chat())
        redis.stop(signal.SIGKILL)
        refused = [await asked(engine, "POST", CHAT, chat()) for _ in range(3)]
        assert [each.status for each in refused] == [503] * 3
        return [each.headers["inference-id"] for each in refused]

    try:
        assert len(set(at_once(play()))) == 3
    finally:
        redis.end()


def test_requests_are_answered_without_state_while_redis_is_away() -> None:
    """If the setting says so: always as a new key's first request, with a warning, and nothing is counted later."""
    redis = RedisServer("--appendonly", "yes", "--appendfsync", "always")
    engine = engine_at(redis.url, VirtualClock, store_away="answer", auth="strict", keys=(KEY,))
    story = "account: {credits: 5 USD, keys: {default: {requests_per_minute: 3}}}\n"
    engine.library.put("story", f"{story}rules: [{{replies: [{{text: First.}}, {{text: Second.}}, {{text: Third.}}]}}]")

    async def one(path: str = CHAT, **more: Any) -> Exchange:
        return await asked(engine, "POST", path, {**SAMPLES[path], **more})

    async def play() -> None:
        await engine.activate("story")
        made = (await asked(engine, "POST", "/_emulator/keys", {"name": "made"})).json["key"]
        assert "First." in (await one()).body.decode()
        redis.stop(signal.SIGKILL)
        for path in (*SAMPLES, *SAMPLES):
            answer = await one(path)
            assert (answer.status, "First." in answer.body.decode()) == (200, True)
            assert "answered without state" in answer.headers["x-emulator-warning"]
        assert "answered without state" in (await one(stream=True)).headers["x-emulator-warning"]
        assert (await one(model="no/model")).status == 404
        assert (await asked(engine, "GET", "/v1/models")).status == 200
        assert (await asked(engine, "POST", CHAT, chat(), key=made)).status == 200
        assert (await asked(engine, "POST", CHAT, chat(), key="akml-unknown")).status == 401
        assert (await asked(engine, "POST", CHAT, b"{")).status == 400
        assert (await asked(engine, "GET", "/_emulator/account")).status == 503
        redis.start()
        for _ in patience(WITHIN):
            answer = await one()
            if "x-emulator-warning" not in answer.headers:
                break
        assert "Second." in answer.body.decode()
        account = (await asked(engine, "GET", "/_emulator/account")).json
        assert account["in_flight"] == 0
        assert answer.headers["x-ratelimit-remaining"] == "1"
        told = (await asked(engine, "GET", "/_emulator/inferences")).json["inferences"]
        assert sum("answered without state" in each["warning"] for each in told) >= 2 * len(SAMPLES) + 1

    try:
        at_once(play())
    finally:
        redis.end()


def test_keys_that_hold_nothing_make_room() -> None:
    """Only so many keys are remembered: one that holds nothing is forgotten, and one that does is not."""
    url = new_url()
    engine = engine_at(url, max_keys=3)

    async def play() -> list[int]:
        await engine.activate("story", "akml-0")
        statuses = [(await asked(engine, "POST", CHAT, chat(), key=f"akml-{number}")).status for number in range(1, 6)]
        for number in range(6, 8):
            await engine.activate("story", f"akml-{number}")
        return [*statuses, (await asked(engine, "POST", CHAT, chat(), key="akml-new")).status]

    engine.library.put("story", "rules: [{reply: {text: Hello.}}]")
    assert at_once(play()) == [200] * 5 + [503]


# ---------------------------------------------------------------------------------------------- what is shared


def test_a_clock_is_moved_everywhere() -> None:
    """It is set or advanced in one process, and is in all others; `advance` returns when all has happened in each."""
    url = new_url()
    first, second = engine_at(url), engine_at(url)
    for engine in (first, second):
        engine.library.put("slow", SLOW)

    async def play() -> None:
        await first.activate("slow")
        await second.active()
        first.clock.set(EPOCH + 1000)
        await given_way()
        assert second.clock.now() == EPOCH + 1000
        streams = [Exchange(create_app(engine), "POST", CHAT, chat(stream=True)) for engine in (first, second)]
        tasks = [asyncio.ensure_future(stream.run()) for stream in streams]
        await given_way()
        assert not any(stream.complete for stream in streams)
        await second.clock.advance(60)
        assert all(stream.complete for stream in streams)
        assert first.clock.now() == second.clock.now() == EPOCH + 1060
        await asyncio.gather(*tasks)

    at_once(play())


@pytest.mark.parametrize("moves", [[{"freeze": True}, {"rate": 7}], [{"rate": 7}, {"advance": 5}, {"freeze": True}]])
def test_clocks_that_are_moved_at_the_same_time_agree(moves: list[dict[str, Any]]) -> None:
    """When all calls have returned, the last one holds in every process, and no advance has let the time run again."""
    url = new_url()
    engines = [engine_at(url) for _ in range(3)]

    async def move(engine: Engine, move: dict[str, Any]) -> None:
        assert (await asked(engine, "POST", "/_emulator/clock", move)).status == 200

    async def play() -> None:
        for engine in engines:
            await engine.active()
        for number in range(20):
            using = [engines[(number + at) % 3] for at in range(3)]
            await asyncio.gather(*(move(*each) for each in zip(using, moves, strict=False)))
            assert len({engine.clock.rate for engine in engines}) == 1
        await move(engines[0], {"freeze": True})
        assert len({(engine.clock.rate, engine.clock.now()) for engine in engines}) == 1
        await asyncio.gather(move(engines[1], {"freeze": True}), *(move(each, {"advance": 5}) for each in engines))
        assert [engine.clock.rate for engine in engines] == [0] * 3

    at_once(play())


@pytest.mark.parametrize("to", [EPOCH - 1e6, EPOCH + 1e6])
def test_an_advance_in_which_another_worker_sets_the_clock_takes_as_long(to: float) -> None:
    """As many seconds remain as before, and the clocks agree."""
    url = new_url()
    first, second = engine_at(url), engine_at(url)
    first.library.put("slow", SLOW)

    async def play() -> None:
        await first.activate("slow")
        await second.active()

        async def set_later() -> None:
            await second.clock.sleep_until(EPOCH + 1.5)
            second.clock.set(to)
            await second.clock.everywhere()

        setting = asyncio.ensure_future(set_later())
        stream = Exchange(create_app(first), "POST", CHAT, chat(stream=True))
        task = asyncio.ensure_future(stream.run())
        await given_way(lambda: bool(stream.sends))
        await first.clock.advance(10)
        assert first.clock.now() == second.clock.now() == to + 8.5
        assert stream.complete
        await asyncio.gather(setting, task)

    at_once(play())


def test_a_worker_that_has_died_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its lease is still good, but nobody hears what is asked: the answers are those of the others."""
    monkeypatch.setattr("emulator.store.redis.asking._PATIENCE", 10 * PATIENCE)
    url = new_url()
    first, second, leases = engine_at(url), engine_at(url), RedisStore(url).names.of("shared", "leases")

    async def play() -> None:
        await second.active()
        assert (await asked(first, "GET", "/_emulator/metrics")).status == 200
        redis_server().ask("ZADD", leases, str(2**40), "gone")
        for method, path, body in (
            ("POST", "clock", {"advance": 5}),
            ("GET", "inferences", None),
            ("POST", "reset", {}),
        ):
            answer = await asyncio.wait_for(asked(first, method, f"/_emulator/{path}", body), PATIENCE)
            assert answer.status == 200
        assert second.clock.now() == EPOCH + 5

    at_once(play())


@pytest.mark.parametrize("move", [{"freeze": True}, {"set": "2027-01-01"}, {"advance": 5}])
def test_a_clock_that_cannot_be_moved_everywhere_is_refused(move: dict[str, Any]) -> None:
    """While Redis is away, a move is a 503 that says so; once it is back, all are where they were."""
    redis = RedisServer("--appendonly", "yes", "--appendfsync", "always")
    engine = engine_at(redis.url)

    async def play() -> None:
        await engine.active()
        engine.clock.run(1)
        await engine.clock.everywhere()
        redis.stop()
        answer = await asked(engine, "POST", "/_emulator/clock", move)
        assert (answer.status, "cannot be used" in answer.body.decode()) == (503, True)
        redis.start()
        for _ in patience(WITHIN):
            if (await asked(engine, "POST", CHAT, chat())).status == 200:
                break
        await given_way()
        assert engine.clock.rate == 1
        assert EPOCH <= engine.clock.now() < EPOCH + PATIENCE

    try:
        at_once(play())
    finally:
        redis.end()


def test_a_slot_is_handed_on_in_order_of_time_while_a_clock_is_advanced() -> None:
    """Streams in two processes take turns on one slot: each begins at the emulated time at which the last one ended."""
    url = new_url()
    engines = [engine_at(url), engine_at(url)]
    for engine in engines:
        engine.library.put("slow", f"models: {{{PLAIN}: {{backends: {{slots: 1, queue: 60s}}}}}}\n{SLOW}")

    async def play() -> list[float]:
        await engines[0].activate("slow")
        tasks = []
        for number in range(4):
            exchange = Exchange(create_app(engines[number % 2]), "POST", CHAT, chat(stream=True))
            tasks.append(asyncio.ensure_future(exchange.run()))
            await given_way()
        await engines[0].clock.advance(60)
        await asyncio.gather(*tasks)
        await engines[1].store.inferences.refresh()
        records = engines[1].store.inferences.all()
        return sorted(round(record.started + (record.first_byte or 0) - EPOCH, 3) for record in records)

    first, *others = at_once(play())
    assert first == 0
    assert others == [3, 6, 9]


def test_an_advance_ends_in_a_server_that_is_never_idle() -> None:
    """What was due has happened in each process, however many requests come meanwhile, one after the other."""
    url = new_url()
    first, second = engine_at(url), engine_at(url)
    first.library.put("slow", SLOW)

    async def ask(engine: Engine) -> None:
        while True:
            assert (await asked(engine, "POST", CHAT, chat(), key="akml-fedcba9876543210fedcba")).status == 200

    async def play() -> None:
        await first.store.turn(KEY, lambda own, shared: setattr(own, "scenario", "slow"))
        stream = Exchange(create_app(first), "POST", CHAT, chat(stream=True))
        tasks = [asyncio.ensure_future(each) for each in (stream.run(), ask(first), ask(second))]
        await given_way(lambda: bool(stream.sends))
        await asyncio.wait_for(second.clock.advance(60), PATIENCE)
        assert stream.complete
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert first.clock.now() == second.clock.now() == EPOCH + 60

    at_once(play())


def test_an_advance_ends_in_a_server_whose_streams_never_end() -> None:
    """Requests that come meanwhile do not prolong it, although each of them takes its time, here and there."""
    url = new_url()
    engines = [engine_at(url), engine_at(url)]
    for engine in engines:
        engine.library.put("slow", SLOW)

    async def ask(engine: Engine, key: str) -> None:
        while True:
            stream = asyncio.create_task(asked(engine, "POST", CHAT, chat(stream=True), key=key))
            try:
                assert (await stream).status == 200
            finally:
                stream.cancel()

    async def play() -> None:
        keys = ["akml-slow--a", "akml-slow--b", "akml-slow--c"]
        stream = Exchange(create_app(engines[0]), "POST", CHAT, chat(stream=True), key="akml-slow--own")
        asking = (ask(engine, key) for engine in engines for key in keys)
        tasks = [asyncio.ensure_future(each) for each in (stream.run(), *asking)]
        await given_way(lambda: bool(stream.sends))
        await asyncio.wait_for(engines[1].clock.advance(30 * 86400), PATIENCE)
        assert stream.complete
        assert {engine.clock.now() for engine in engines} == {EPOCH + 30 * 86400}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    at_once(play())


def test_all_that_wait_are_let_in_by_one_advance() -> None:
    """Each that ends lets in the next one, here or there, however many there are; none takes any time itself."""
    url = new_url()
    engines = [engine_at(url), engine_at(url)]
    for engine in engines:
        engine.library.put("slow", f"models: {{{PLAIN}: {{backends: {{slots: 1, queue: 60s}}}}}}\n{SLOW}")
        engine.library.put("quick", f"models: {{{PLAIN}: {{backends: {{slots: 1, queue: 60s}}}}}}")

    async def play() -> None:
        await engines[0].activate("slow")
        tasks = [asyncio.ensure_future(asked(engines[0], "POST", CHAT, chat(stream=True)))]
        await given_way()
        for number in range(40):
            key = f"akml-{number:022}"
            await engines[0].store.turn(key, lambda own, shared: setattr(own, "scenario", "quick"))
            tasks.append(asyncio.ensure_future(asked(engines[number % 2], "POST", CHAT, chat(), key=key)))
            await given_way()
        await engines[1].clock.advance(3)
        assert [task.done() for task in tasks] == [True] * len(tasks)
        assert [task.result().status for task in tasks] == [200] * len(tasks)

    at_once(play())


def test_a_scenario_that_is_put_plays_everywhere() -> None:
    """Put, put again and deleted in one process, it plays from its beginning in all, one that begins later included."""
    url = new_url()
    first, second = engine_at(url), engine_at(url)
    path = "/_emulator/scenarios/story"

    def story(*replies: str) -> bytes:
        return f"rules: [{{replies: [{', '.join(f'{{text: {reply}}}' for reply in replies)}]}}]".encode()

    async def told(engine: Engine) -> str:
        done = await asked(engine, "POST", CHAT, chat())
        return str(done.json["choices"][0]["message"]["content"])

    async def play() -> None:
        await second.active()
        assert (await asked(first, "PUT", path, story("A1.", "A2.", "A3."), key=None)).status == 200
        assert (await asked(second, "POST", "/_emulator/activate", {"scenario": "story"}, key=None)).status == 200
        assert [await told(engine) for engine in (first, second)] == ["A1.", "A2."]
        third = engine_at(url)
        assert await told(third) == "A3."
        assert (await asked(second, "PUT", path, story("A1.", "A2.", "A3."), key=None)).status == 200
        assert [await told(engine) for engine in (first, third, second)] == ["A1.", "A2.", "A3."]
        assert (await asked(third, "DELETE", path, key=None)).json == {"deleted": "story", "deactivated": True}
        assert not {await told(engine) for engine in (first, second, third)} & {"A1.", "A2.", "A3."}
        by_name = await asked(first, "POST", CHAT, chat(), headers={"x-emulator-scenario": "story"})
        assert by_name.status == 404

    at_once(play())


def test_the_record_is_read_in_any_process() -> None:
    """Each is in it once, with its number and without its key, and it is followed, judged and erased anywhere."""
    url = new_url()
    first, second = engine_at(url), engine_at(url)

    async def play() -> None:
        heard: list[str] = []
        await second.active()
        await second.store.inferences.refresh()
        stop = second.store.inferences.listen(lambda inference: heard.append(inference.endpoint))
        for number in range(3):
            key = "akml-0123456789abcdefghij"
            await asked(first if number % 2 else second, "POST", CHAT, chat(f"Number {number}."), key=key)
        for engine in (first, second):
            listed = (await asked(engine, "GET", "/_emulator/inferences", key=None)).json["inferences"]
            assert [each["number"] for each in listed] == [1, 2, 3]
            assert {each["key"] for each in listed} == {label("akml-0123456789abcdefghij")}
            told = (await asked(engine, "GET", "/_emulator/accounts", key=None)).json["accounts"]
            assert [each["key"] for each in told] == [label("akml-0123456789abcdefghij")]
            one = (await asked(engine, "GET", f"/_emulator/inferences/{listed[1]['id']}", key=None)).json
            assert one["request"]["messages"][0]["content"] == "Number 1."
            mine = await asked(engine, "GET", "/_emulator/inferences?key=akml-0123456789abcdefghij", key=None)
            assert len(mine.json["inferences"]) == 3
            assert (await asked(engine, "GET", "/_emulator/verify", key=None)).json["asked"] == 3
        assert heard == ["chat"] * 3
        stop()
        await asked(first, "POST", "/_emulator/reset", {}, key=None)
        assert (await asked(second, "GET", "/_emulator/inferences", key=None)).json["inferences"] == []

    at_once(play())
    assert b"0123456789abcdefghij" not in everything(url)


def everything(url: str) -> bytes:
    """All that Redis stores under the prefix of a URL."""
    prefix = url.rpartition("=")[2]
    script = (
        "local told = {} for _, key in ipairs(redis.call('KEYS', ARGV[1] .. ':*')) do "
        "told[#told + 1] = key .. redis.call('DUMP', key) end return table.concat(told)"
    )
    return redis_server().ask("EVAL", script, "0", prefix)
