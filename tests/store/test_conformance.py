"""Any interleaving of requests, departures, time and changes, over two processes: as if one process had done it all."""

import asyncio
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.asgi import CHAT, MESSAGES, PLAIN, Exchange, chat, given_way, message
from support.stores import STORES

from emulator.core.catalog import Catalog
from emulator.core.clock import EPOCH, VirtualClock
from emulator.core.settings import Settings
from emulator.engine import make_engine
from emulator.scenario.library import Library
from emulator.web.app import create_app

KEYS = ("akml-one", "akml-two")
MADE = "the managed key that was made last"
STORY = f"""
account: {{credits: 50 USD, keys: {{default: {{requests_per_minute: 6, concurrency: 3}}}}}}
models: {{{PLAIN}: {{pricing: {{input: '0.01', output: '0.03'}}, backends: {{slots: 2, queue: 6.7s}}}}}}
rules:
  - when: {{last_user: pay}}
    reply: {{text: Paid., set_state: {{order: paid}}}}
  - when: {{state: {{order: paid}}}}
    replies: [{{text: It is packed.}}, {{text: It is on its way.}}, {{error: overloaded}}]
  - reply: {{text: One two three., stream: {{between_tokens: 1s}}}}
"""
OTHER = """
account: {trial: {amount: 1 USD, expires: '2026-01-01T00:00:30Z'}, keys: {default: {tokens_per_minute: 300}}}
rules:
  - when: {last_user: hello}
    replies: [{text: Once., times: 2}, {text: Perhaps., probability: 0.5, times: 1}, {text: Then.}]
    then: loop
  - replies: [{text: Slow and slower., stream: {first_token: 2s, between_tokens: 500ms}}, {error: rate_limited}]
    then: unscripted
"""
CHANGES: list[tuple[str, str, Any]] = [
    ("POST", "reset", {"key": KEYS[0], "keep_scenario": True}),
    ("POST", "account", {"key": KEYS[0], "policy": {"requests_per_minute": 2}}),
    ("POST", "credits", {"key": KEYS[1], "purchase": "2 USD"}),
    ("POST", "activate", {"scenario": None, "key": KEYS[1]}),
    ("POST", "activate", {"scenario": "story"}),
    ("POST", "keys", {"name": "ci", "policy": {"requests_per_minute": 1}}),
    ("PUT", "backends", {"model": PLAIN, "backends": {"slots": 1, "queue": "2.7s"}}),
    ("PUT", "backends", {"model": PLAIN, "backends": None}),
    ("PUT", "account", {"credits": "3 USD", "keys": {"default": {"concurrency": 1}}}),
    ("PUT", "account", {"key": KEYS[0], "credits": "0.1 USD"}),
    ("POST", "credits", {"key": KEYS[0], "auto_top_up": {"threshold": "49 USD", "amount": "5 USD"}}),
    ("POST", "activate", {"scenario": "other", "key": KEYS[0]}),
    ("POST", "reset", {}),
    ("PUT", "keys/ID", {"policy": {"requests_per_minute": 3, "tokens_per_minute": 200}}),
    ("POST", "keys/ID/regenerate", {}),
    ("DELETE", "keys/ID", None),
    ("GET", "snapshot", None),
    ("PUT", "snapshot", "the last"),
]
"""What is done at the control API; ID is that of the managed key that was made last.

No wait in a queue ends when an answer does: it would be open which of them comes first.
"""
PROCESS = st.integers(0, 1)
STEP = st.one_of(
    st.tuples(
        *(st.just("ask"), PROCESS, st.sampled_from([*KEYS, MADE]), st.sampled_from(["pay", "hello", "where?"])),
        *(st.booleans(), st.sampled_from([CHAT, MESSAGES]), st.sampled_from([None, "other"])),
    ),
    st.tuples(st.just("change"), PROCESS, st.sampled_from(CHANGES)),
    st.tuples(st.just("leave"), st.integers(0, 5)),
    st.tuples(st.just("advance"), st.sampled_from([0.5, 1.25, 4.0, 61.0])),
)


def told(store: str, steps: list[Any], *, processes: int) -> tuple[list[Any], list[Any]]:
    """What is answered to each step, and in the end of each key: its charges, and what it still holds."""
    stores, clock, catalog = STORES[store](), VirtualClock(EPOCH, rate=0), Catalog.load()
    engines = [
        make_engine(Settings(seed="0"), catalog, clock, Library(catalog, []), store=stores) for _ in range(processes)
    ]
    for engine in engines:
        engine.library.put("story", STORY)
        engine.library.put("other", OTHER)

    async def play() -> tuple[list[Any], list[Any]]:
        apps = [create_app(engine) for engine in engines]
        await engines[0].activate("story")
        asked, tasks, changed = list[Exchange](), list[asyncio.Future[Exchange]](), list[Any]()
        made, id, saved = KEYS[0], "none", None
        for kind, *what in steps:
            if kind == "ask":
                at, key, question, stream, path, scenario = what
                sent = (chat if path == CHAT else message)(question, stream=stream)
                headers = {"X-Emulator-Scenario": scenario} if scenario else {}
                key = made if key == MADE else key
                asked.append(Exchange(apps[at % processes], "POST", path, sent, headers, key))
                tasks.append(asyncio.ensure_future(asked[-1].run()))
            elif kind == "change":
                at, (method, path, body) = what
                path, body = path.replace("ID", id), saved if body == "the last" else body
                done = await Exchange(apps[at % processes], method, f"/_emulator/{path}", body, key=None).run()
                if (method, path) == ("GET", "snapshot"):  # which has the versions of each process
                    saved = done.json
                    continue
                changed.append((done.status, done.body))
                if "keys" in path and done.status < 300:
                    made, id = done.json.get("key", made), done.json["id"]
            elif kind == "leave" and what[0] < len(asked):
                asked[what[0]].leave()
            elif kind == "advance":
                await clock.advance(what[0])
            await given_way()
        for _ in range(4):
            await clock.advance(30)
            await given_way()
        await asyncio.wait_for(asyncio.gather(*tasks), 30)
        answers = [(each.status, each.body) for each in asked]
        return [*changed, *answers], [await held(apps[-1], key) for key in (*KEYS, made)]

    return asyncio.run(play())


async def held(app: Any, key: str) -> Any:
    """What a key was charged and still holds; its ledger sums to its balance."""
    account, ledger = [
        (await Exchange(app, "GET", f"/_emulator/{path}?key={key}", key=None).run()).json
        for path in ("account", "ledger")
    ]
    assert account["in_flight"] == 0
    if not ledger.get("entries"):
        return ledger
    assert sum(Decimal(entry["amount"]) for entry in ledger["entries"]) == Decimal(ledger["balance"].split()[0])
    return sorted(
        json.dumps([entry["kind"], entry["amount"], entry.get("inference_id")]) for entry in ledger["entries"]
    )


@pytest.mark.parametrize("store", STORES)
@settings(max_examples=10)
@given(st.lists(STEP, min_size=1, max_size=12))
def test_two_processes_are_one(store: str, steps: list[Any]) -> None:
    """Every byte of every answer is that of one process with the state in memory, and so is the ledger of each key."""
    assert told(store, steps, processes=2) == told("memory", steps, processes=1)
