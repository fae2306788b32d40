"""Turns: what has happened is the same on a store that hands out objects and on one that hands out copies."""

import asyncio
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.asgi import CHAT, KEY, PLAIN, Exchange, ask, chat, given_way
from support.stores import STORES

from emulator.core.catalog import Catalog
from emulator.core.clock import EPOCH, VirtualClock
from emulator.core.settings import Settings
from emulator.engine import Engine, make_engine
from emulator.scenario.library import Library
from emulator.store.outside import at_once
from emulator.store.snapshot import restore, snapshot
from emulator.store.state import KeyState
from emulator.web.app import create_app

SHOP = f"""
account: {{credits: 0.01 USD, keys: {{default: {{requests_per_minute: 4, tokens_per_minute: 900, concurrency: 2}}}}}}
models: {{{PLAIN}: {{backends: {{slots: 1, queue: 5s}}}}}}
rules:
  - when: {{last_user: pay}}
    reply: {{text: Paid., set_state: {{order: paid}}}}
  - when: {{state: {{order: paid}}}}
    replies: [{{text: It is packed.}}, {{text: It is on its way.}}, {{error: overloaded}}]
"""
DEEDS: list[tuple[str, str, Any]] = [
    ("POST", CHAT, chat("pay")),
    ("POST", CHAT, chat("where is it?")),
    ("POST", CHAT, chat("hello", stream=True)),
    ("POST", CHAT, {"model": "nobody/has-it", "messages": [{"role": "user", "content": "hello"}]}),
    ("POST", "/_emulator/activate", {"scenario": "shop"}),
    ("POST", "/_emulator/activate", {"scenario": "shop", "key": KEY}),
    ("POST", "/_emulator/activate", {"scenario": None}),
    ("POST", "/_emulator/reset", {"key": KEY}),
    ("POST", "/_emulator/reset", {"keep_scenario": True}),
    ("POST", "/_emulator/clock", {"advance": 30}),
    ("POST", "/_emulator/account", {"policy": {"requests_per_minute": 2}}),
    ("PUT", "/_emulator/account", {"credits": "5.00 USD"}),
    ("PUT", "/_emulator/account", {"key": KEY, "credits": "1 USD", "keys": {"default": {"concurrency": 1}}}),
    ("POST", "/_emulator/credits", {"purchase": "0.50 USD", "trial": {"amount": "1 USD", "expires": "2027-01-01"}}),
    ("POST", "/_emulator/credits", {"auto_top_up": {"below": "1 USD", "add": "2 USD"}}),
    ("POST", "/_emulator/keys", {"name": "ci", "policy": {"requests_per_minute": 1}}),
    ("POST", "/_emulator/keys/key_1/regenerate", None),
    ("DELETE", "/_emulator/keys/key_1", None),
    ("PUT", "/_emulator/backends", {"model": PLAIN, "backends": {"slots": 1}}),
    ("PUT", "/_emulator/backends", {"model": PLAIN, "backends": {"total": 0}}),
    ("PUT", "/_emulator/backends", {"model": PLAIN, "backends": None}),
    ("GET", "/_emulator/account", None),
    ("GET", "/_emulator/ledger", None),
    ("GET", "/_emulator/keys", None),
    ("GET", f"/_emulator/backends?key={KEY}", None),
    ("GET", "/v1/models", None),
    ("GET", "/v1/nothing", None),
]


def engine_on(store: str) -> Engine:
    catalog = Catalog.load()
    settings, clock = Settings(seed="0"), VirtualClock(EPOCH, rate=0)
    engine = make_engine(settings, catalog, clock, Library(catalog, []), store=STORES[store]())
    engine.library.put("shop", SHOP)
    return engine


def one_at_a_time(store: str, *, everywhere: bool) -> Engine:
    """Slow answers on one slot with a queue: of a scenario's backends, or of those of all keys."""
    engine = engine_on(store)
    rules = "rules: [{reply: {text: One two three., stream: {between_tokens: 1s}}}]"
    backends = "" if everywhere else f"models: {{{PLAIN}: {{backends: {{slots: 1, queue: 60s}}}}}}\n"
    engine.library.put("slow", backends + rules)
    at_once(engine.activate("slow"))
    if everywhere:
        slot = {"model": PLAIN, "backends": {"slots": 1, "queue": "60s"}}
        ask(create_app(engine), "PUT", "/_emulator/backends", slot, key=None)
    return engine


def answered(engine: Engine, deed: tuple[str, str, Any]) -> tuple[int, dict[str, str], bytes]:
    method, path, body = deed
    done = ask(create_app(engine), method, path, body)
    return done.status, done.headers, done.body


@pytest.mark.parametrize("store", [name for name in STORES if name != "memory"])
@settings(max_examples=60)
@given(st.lists(st.sampled_from(DEEDS), max_size=12))
def test_every_store_keeps_every_promise(store: str, deeds: list[tuple[str, str, Any]]) -> None:
    """Whatever is done in whatever order: every byte of every answer is the same, and no answer is a 500."""
    memory, other = engine_on("memory"), engine_on(store)
    for deed in deeds:
        status, headers, body = answered(memory, deed)
        assert (status, headers, body) == answered(other, deed), deed
        assert status < 500 or status in (504, 529), (deed, body)


@settings(max_examples=30)
@given(st.lists(st.sampled_from(DEEDS), max_size=12))
def test_whatever_has_happened_can_be_saved_and_gone_on_from(deeds: list[tuple[str, str, Any]]) -> None:
    """A snapshot survives JSON, and an engine that goes on from it takes the same snapshot."""
    engine, other = engine_on("memory"), engine_on("memory")
    for deed in deeds:
        answered(engine, deed)
    state = json.loads(json.dumps(at_once(snapshot(engine.store, engine.clock))))
    at_once(restore(other.store, other.clock, other.library, state))
    again = at_once(snapshot(other.store, other.clock))
    assert again["store"]["keys"] == state["store"]["keys"]
    for name in ("scenario", "terms", "keys", "fleet"):
        assert again["store"]["shared"][name] == state["store"]["shared"][name]


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("everywhere", [False, True])
def test_a_slot_goes_to_the_request_that_waits(store: str, everywhere: bool) -> None:
    """At a scenario's backends and at those of all keys: the second request begins when the first has ended."""
    engine = one_at_a_time(store, everywhere=everywhere)
    app = create_app(engine)

    async def two() -> list[float]:
        exchanges = [Exchange(app, "POST", CHAT, chat("hello", stream=True)) for _ in range(2)]
        tasks = [asyncio.ensure_future(exchange.run()) for exchange in exchanges]
        for _ in range(20):
            await given_way()
            await engine.clock.advance(1)
        await asyncio.gather(*tasks)
        assert [exchange.status for exchange in exchanges] == [200, 200]
        await engine.store.inferences.refresh()
        return [record.started + (record.first_byte or 0) - EPOCH for record in engine.store.inferences.all()]

    assert asyncio.run(two()) == [0, 3]


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize(
    ("everywhere", "method", "path", "body"),
    [
        (False, "POST", "/_emulator/reset", {}),
        (False, "POST", "/_emulator/reset", {"key": KEY}),
        (True, "POST", "/_emulator/reset", {"keep_scenario": True}),
        (True, "PUT", "/_emulator/backends", {"model": PLAIN, "backends": None}),
    ],
)
def test_a_request_whose_backends_are_gone_runs(
    store: str, everywhere: bool, method: str, path: str, body: Any
) -> None:
    """It waits for nothing any more: it is answered at once, and not refused when its time in the queue is over."""
    engine = one_at_a_time(store, everywhere=everywhere)
    app = create_app(engine)

    async def two() -> list[int]:
        exchanges = [Exchange(app, "POST", CHAT, chat("hello", stream=True)) for _ in range(2)]
        tasks = [asyncio.ensure_future(exchange.run()) for exchange in exchanges]
        await given_way()
        await Exchange(app, method, path, body, key=None).run()
        await given_way()
        assert all(exchange.status == 200 for exchange in exchanges)
        for _ in range(20):
            await given_way()
            await engine.clock.advance(1)
        await asyncio.gather(*tasks)
        return [exchange.status for exchange in exchanges]

    assert asyncio.run(two()) == [200, 200]


def test_nothing_is_held_after_a_mistake_of_the_emulator(monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure inside the emulator, in the turn or after it, leaves no slot taken and no credits held."""
    engine = engine_on("memory")
    at_once(engine.activate("shop"))
    for broken in ("emulator.engine.scripted.Scripts.choose", "emulator.engine.scripted.Scripts.answer"):
        with monkeypatch.context() as patch:
            patch.setattr(broken, lambda *arguments: 1 / 0)
            assert ask(create_app(engine), "POST", CHAT, chat("pay")).status == 500
        told = ask(create_app(engine), "GET", "/_emulator/account").json
        assert (told["in_flight"], told["credits"]["available"]) == (0, told["credits"]["balance"])


def test_the_record_has_the_price_that_the_ledger_has() -> None:
    """A scenario with other prices that begins to play while an answer runs does not change what that one costs."""
    prices = f"models: {{{PLAIN}: {{pricing: {{input: '1', output: '1'}}}}}}\naccount: {{credits: 50 USD}}\n"
    slow = "rules: [{reply: {text: One two three., stream: {between_tokens: 1s}}}]"
    engine = engine_on("memory")
    engine.library.put("dear", prices + slow)
    app = create_app(engine)

    async def meanwhile(change: Any) -> None:
        exchange = Exchange(app, "POST", CHAT, chat("hello", stream=True))
        task = asyncio.ensure_future(exchange.run())
        await given_way()
        await change()
        await engine.clock.advance(60)
        await task

    async def activate_another() -> None:
        await engine.activate("shop", KEY)

    async def remove() -> None:
        engine.library.remove("dear")

    for change in (activate_another, remove):
        at_once(engine.activate("dear", KEY))
        asyncio.run(meanwhile(change))
        record = engine.store.inferences.all(KEY)[-1]
        charged = at_once(engine.store.turn(KEY, lambda own, _: last_charge(own)))
        assert record.charge == f"{charged}.00 USD"


def last_charge(own: KeyState) -> Decimal:
    """What the last inference under the scenario was charged."""
    (_, account) = own.accounts["dear"]
    assert account.credits is not None
    entry = account.credits.ledger.entries[-1]
    assert entry.kind == "charge"
    return -entry.amount
