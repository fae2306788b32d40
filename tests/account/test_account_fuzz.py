"""The control routes of the account under whatever a client sends, and the account under many clients at once."""

import asyncio
import json
from collections.abc import Coroutine
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.asgi import CHAT, KEY, PLAIN, Exchange, activate, ask, chat, given_way, make_engine

from emulator.engine.engine import Engine
from emulator.store.state import KeyState, SharedState
from emulator.web.app import create_app

LIMITS = st.sampled_from([1, 3, 0, -1, 1.5, 10**12, 10**30, True, "3", None])
AMOUNTS = st.sampled_from(["1 USD", "0.000000000000000001 USD", "999999999999 USD", "0 USD", "-1 USD", "1", 5, None])
MOMENTS = st.sampled_from(
    ["2026-12-31", "2020-01-01", "1970-01-01T00:00:00+14:00", "9998-12-31", "2026-02-30", 5, None]
)
DURATIONS = st.sampled_from(["1s", "8784h", "0s", "1ms", "-1s", 5, None])
ODD = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**64), 2**64)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def fields(**known: Any) -> st.SearchStrategy[Any]:
    """An object with some of these fields, each as it should be or odd, and sometimes something else altogether."""
    odd_or_known = {name: values | ODD for name, values in known.items()}
    return st.fixed_dictionaries({}, optional=known) | st.fixed_dictionaries({}, optional=odd_or_known) | ODD


POLICIES = fields(
    requests_per_minute=LIMITS,
    tokens_per_minute=LIMITS,
    concurrency=LIMITS,
    expires=MOMENTS,
    models=st.lists(st.sampled_from(["*", "*GLM*", PLAIN, "[", "", "?" * 50]), max_size=3),
    disabled=st.booleans(),
)
TRIALS = fields(amount=AMOUNTS, expires=MOMENTS)
TOP_UPS = fields(below=AMOUNTS, add=AMOUNTS)
KEYS = st.sampled_from([KEY, "akml-other", "", "ключ", "akml-three-a-minute"])
NAMED_POLICIES = st.dictionaries(st.sampled_from(["default", KEY]), POLICIES)
FLAPPING = fields(up=DURATIONS, down=DURATIONS)
BACKENDS = LIMITS | fields(
    total=LIMITS, healthy=LIMITS, slots=LIMITS, queue=DURATIONS, flapping=FLAPPING, listed=st.booleans()
)
BODIES = {
    "account": fields(
        key=KEYS, policy=POLICIES, credits=AMOUNTS, trial=TRIALS, auto_top_up=TOP_UPS, keys=NAMED_POLICIES
    ),
    "credits": fields(key=KEYS, purchase=AMOUNTS, take=AMOUNTS, trial=TRIALS, auto_top_up=TOP_UPS),
    "ledger": ODD,
    "keys": fields(name=st.text(), policy=POLICIES),
    "keys/key_1": fields(policy=POLICIES),
    "keys/key_1/regenerate": ODD,
    "backends": fields(model=st.sampled_from([PLAIN, "nope", "zai-org--GLM-5.3"]), backends=BACKENDS),
}
REQUESTS = st.sampled_from(sorted(BODIES)).flatmap(
    lambda path: st.tuples(
        st.sampled_from(["GET", "PUT", "POST", "DELETE"]),
        st.just(path),
        BODIES[path].map(dumped) | st.binary(max_size=30),
    )
)


def dumped(body: Any) -> bytes:
    """A body, as it is sent."""
    return json.dumps(body).encode()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(REQUESTS, min_size=1, max_size=8))
def test_nothing_that_a_client_sends_makes_a_500(requests: list[tuple[str, str, bytes]]) -> None:
    """Each control route takes what it is sent or tells what is wrong; afterwards everything can still be looked at."""
    engine = make_engine()
    app = create_app(engine)
    for method, path, body in requests:
        done = ask(app, method, f"/_emulator/{path}", body, key=None)
        assert done.status < 500, (method, path, body, done.body)
        assert done.status < 400 or done.json["error"]["message"]
    for path in ("account", "credits", "ledger", "backends"):
        assert ask(app, "GET", f"/_emulator/{path}?key={KEY}", key=None).status == 200
    assert ask(app, "GET", "/_emulator/keys", key=None).status == 200
    assert ask(app, "POST", CHAT, chat()).status in (200, 401, 402, 403, 429, 504, 529)


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00"])
def test_a_moment_outside_the_calendar_is_a_mistake(moment: str) -> None:
    """An offset that leads out of the years 1 to 9999 is a 400 where it is said, and no 500 wherever it is shown."""
    app = create_app(make_engine())
    for path, body in (
        ("account", {"key": KEY, "policy": {"expires": moment}}),
        ("keys", {"policy": {"expires": moment}}),
    ):
        assert ask(app, "POST", f"/_emulator/{path}", body, key=None).status == 400
    assert ask(app, "GET", "/_emulator/keys", key=None).json == {"keys": []}


def test_what_is_refused_changes_nothing() -> None:
    """A purchase beside a mistake is no purchase."""
    app = create_app(make_engine())
    mistaken = {"key": KEY, "purchase": "1 USD", "trial": {"amount": "0 USD", "expires": "2027-01-01"}}
    for opened in ({"key": KEY, "purchase": "2 USD"}, mistaken):
        ask(app, "POST", "/_emulator/credits", opened, key=None)
    assert ask(app, "GET", f"/_emulator/credits?key={KEY}", key=None).json["balance"] == "2.00 USD"


def test_a_managed_key_can_lose_its_policy() -> None:
    """An empty policy takes the limits away; one that was set for the account alone lasts until then."""
    engine = make_engine()
    app = create_app(engine)
    key = ask(app, "POST", "/_emulator/keys", {"policy": {"requests_per_minute": 1}}, key=None).json["key"]

    def asked() -> list[int]:
        return [ask(app, "POST", CHAT, chat(), key=key).status for _ in range(3)]

    assert asked() == [200, 429, 429]
    assert ask(app, "POST", "/_emulator/account", {"key": key, "policy": {"requests_per_minute": 2}}).status == 200
    assert asked() == [200, 429, 429]
    ask(app, "PUT", "/_emulator/keys/key_1", {"policy": {}}, key=None)
    assert asked() == [200, 200, 200]


def test_nobody_is_paid_for_asking() -> None:
    """A usage that a scenario makes up, with more cached tokens than the prompt has, is no negative charge."""
    engine = make_engine()
    usage = "{prompt_tokens: 1, completion_tokens: 0, cached_tokens: 1000}"
    engine.library.put("story", f"account: {{credits: 1 USD}}\nrules: [{{reply: {{text: Hi., usage: {usage}}}}}]")
    activate(engine, "story")
    app = create_app(engine)
    assert ask(app, "POST", CHAT, chat()).status == 200
    assert usd(ask(app, "GET", f"/_emulator/credits?key={KEY}", key=None).json["balance"]) <= 1


# ---------------------------------------------------------------------------------------------- many at once

STORY = f"""
models: {{{PLAIN}: {{pricing: {{input: '0.001', output: '0.01'}}, backends: {{slots: 2, queue: 30s}}}}}}
account: {{credits: 2 USD, keys: {{default: {{concurrency: 6, requests_per_minute: 30}}}}}}
rules: [{{reply: {{text: one two three four five, stream: {{between_tokens: 1s}}}}}}]
"""


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.none() | st.integers(0, 40)), min_size=4, max_size=10))
def test_twenty_keys_at_once(requests: list[tuple[bool, int | None]]) -> None:
    """Whoever leaves when: every ledger sums to its balance, no request is charged twice, and no slot is lost."""
    engine = make_engine()
    engine.library.put("story", STORY)
    activate(engine, "story")
    keys = [f"akml-key-{number}" for number in range(20)]
    asyncio.run(all_at_once(engine, keys, requests))
    app = create_app(engine)
    for key in keys:
        account, ledger = (
            ask(app, "GET", f"/_emulator/{path}?key={key}", key=None).json for path in ("account", "ledger")
        )
        assert account["in_flight"] == 0
        assert sum(Decimal(entry["amount"]) for entry in ledger["entries"]) == usd(ledger["balance"])
        assert account["credits"]["balance"] == account["credits"]["available"] == ledger["balance"]
        assert usd(ledger["balance"]) > Decimal("-0.5")
        charged = [entry["inference_id"] for entry in ledger["entries"] if entry["kind"] == "charge"]
        assert len(charged) == len({*charged}) <= len(requests)
        models = ask(app, "GET", f"/_emulator/backends?key={key}", key=None).json["models"]
        assert [(model["running"], model["waiting"]) for model in models if model["model"] == PLAIN] == [(0, 0)]


async def all_at_once(engine: Engine, keys: list[str], requests: list[tuple[bool, int | None]]) -> None:
    """The same requests under each key, all at once; a client leaves after so many seconds, if it has a number."""
    app = create_app(engine)
    exchanges = [
        (Exchange(app, "POST", CHAT, chat(stream=stream), key=key), leaving)
        for stream, leaving in requests
        for key in keys
    ]

    async def leave(exchange: Exchange, seconds: int) -> None:
        await engine.clock.sleep_until(engine.clock.now() + seconds + 0.5)
        exchange.leave()

    playing: list[Coroutine[Any, Any, Any]] = [exchange.run() for exchange, _ in exchanges]
    leaving = [leave(exchange, seconds) for exchange, seconds in exchanges if seconds is not None]
    tasks = [asyncio.ensure_future(each) for each in [*playing, *leaving]]
    await given_way()
    for _ in range(50):
        await engine.clock.advance(2)
    done = await asyncio.wait_for(asyncio.gather(*tasks), 30)
    assert len(done) == len(tasks)
    assert {exchange.status for exchange, _ in exchanges} <= {0, 200, 402, 429, 529}


def usd(told: str) -> Decimal:
    """The figure of an amount."""
    return Decimal(told.removesuffix(" USD"))


@pytest.mark.parametrize("stream", [False, True])
def test_a_client_that_leaves_the_queue_leaves_nothing(stream: bool) -> None:
    """Its place, its slot of concurrency and what was held for its prompt are free at once, and it pays nothing."""
    engine = make_engine()
    engine.library.put("story", STORY.replace("slots: 2", "slots: 1"))
    activate(engine, "story")
    app = create_app(engine)

    async def look() -> tuple[int, bool, int]:
        def counted(own: KeyState, shared: SharedState) -> tuple[int, bool, int]:
            (_, account), (_, fleet) = own.accounts["story"], own.fleets["story"]
            assert account.credits is not None
            pool = fleet.pools[PLAIN]
            return len(account.in_flight), bool(account.credits.held), len(pool.running) + len(pool.waiting)

        return await engine.store.turn(KEY, counted)

    async def two() -> None:
        first, second = (Exchange(app, "POST", CHAT, chat(stream=stream)) for _ in range(2))
        tasks = [asyncio.ensure_future(exchange.run()) for exchange in (first, second)]
        await given_way()
        assert await look() == (2, True, 2)
        second.leave()
        await tasks[1]
        assert (await look(), second.status) == ((1, True, 1), 0)
        await engine.clock.advance(20)
        await tasks[0]
        assert await look() == (0, False, 0)

    asyncio.run(two())
    ledger = ask(app, "GET", f"/_emulator/ledger?key={KEY}", key=None).json
    assert [entry["kind"] for entry in ledger["entries"]] == ["purchase", "charge"]
