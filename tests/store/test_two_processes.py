"""Two engines on the same state, as two processes have: what one has done, the other continues."""

import asyncio
from decimal import Decimal
from functools import partial

import pytest
from starlette.types import Message
from support.asgi import CHAT, KEY, PLAIN, Exchange, ask, chat, given_way
from support.stores import STORES

from emulator.account.account import Account
from emulator.account.credits import AutoTopUp
from emulator.account.ledger import MAX_ENTRIES, Ledger
from emulator.account.terms import Terms
from emulator.core.catalog import Catalog
from emulator.core.clock import EPOCH, VirtualClock
from emulator.core.settings import Settings
from emulator.engine import Engine, make_engine
from emulator.scenario.library import Library
from emulator.store.outside import at_once
from emulator.store.state import KeyState, SharedState
from emulator.web.app import create_app

pytestmark = pytest.mark.parametrize("store", STORES)
SLOW = "rules: [{reply: {text: One two three., stream: {between_tokens: 1s}}}]"
PRICES = f"models: {{{PLAIN}: {{pricing: {{input: '0.001', output: '0.01'}}}}}}\n"


ANSWERS = {
    "short": "{text: One two three.}",
    "delayed": "{text: One two three., stream: {first_token: 1s}}",
    "long": "{generate: {tokens: 30000}}",
    "paced": "{text: One two three., stream: {between_tokens: 1s}}",
    "corrupt": "{text: One two three., faults: [{corrupt: true}]}",
    "raw": "{raw: {status: 502, body: Bad Gateway}}",
    "refused": "{error: 500}",
    "failing": "{text: One two three., faults: [{error: 500, after: {tokens: 2}}]}",
}


class Settled(Exchange):
    """An exchange that asks another process for the account before it takes the last part of the answer."""

    other: Engine
    in_flight: int | None = None
    charged: int | None = None

    async def take(self, message: Message) -> None:
        """Receive a part of the answer."""
        if message["type"] == "http.response.body" and not message.get("more_body"):
            self.in_flight, self.charged = await _account(self.other)
        await super().take(message)


async def _account(engine: Engine) -> tuple[int, int]:
    in_flight = await engine.with_account(KEY, lambda account, now: len(account.in_flight))
    ledger = await engine.store.ledger(KEY, "story")
    return in_flight, sum(entry.kind == "charge" for entry in ledger.entries)


def two_engines(store: str, story: str) -> tuple[Engine, Engine]:
    """Engines on one state and one clock. `story` is active; each library has read its scenarios in another order."""
    stores, clock, catalog = STORES[store](), VirtualClock(EPOCH, rate=0), Catalog.load()
    first, second = (make_engine(Settings(), catalog, clock, Library(catalog, []), store=stores) for _ in range(2))
    for engine, names in ((first, ["story", "other"]), (second, ["other", "story"])):
        for name in names:
            engine.library.put(name, story)
    at_once(first.activate("story"))
    return first, second


async def begun(engines: tuple[Engine, Engine], requests: int, *, stream: bool) -> list[Exchange]:
    """Exchanges that play by now, each on the other engine than the one before it; `clock.advance` ends them."""
    apps = [create_app(engine) for engine in engines]
    exchanges = [Exchange(apps[number % 2], "POST", CHAT, chat(stream=stream)) for number in range(requests)]
    for exchange in exchanges:
        exchange.scope["playing"] = asyncio.ensure_future(exchange.run())
    for _ in range(requests):
        await given_way()
    return exchanges


async def ended(exchanges: list[Exchange]) -> list[int]:
    """The statuses, once all have ended."""
    await asyncio.wait_for(asyncio.gather(*(exchange.scope["playing"] for exchange in exchanges)), 20)
    return [exchange.status for exchange in exchanges]


def test_a_sequence_goes_on_in_another_process(store: str) -> None:
    """Ten requests at once get the ten replies of a sequence and ten ids, none of them twice."""
    replies = [f"Reply {number}." for number in range(10)]
    engines = two_engines(store, f"rules: [{{replies: [{', '.join(f'{{text: {reply}}}' for reply in replies)}]}}]")

    async def ten() -> list[Exchange]:
        exchanges = await begun(engines, 10, stream=False)
        await ended(exchanges)
        return exchanges

    done = asyncio.run(ten())
    assert sorted(each.json["choices"][0]["message"]["content"] for each in done) == replies
    assert len({each.headers["inference-id"] for each in done}) == 10


@pytest.mark.parametrize("stream", [False, True])
def test_a_concurrency_limit_holds_for_both_processes(store: str, stream: bool) -> None:
    """Of eight requests at once three run; when these have ended, three more may."""
    engines = two_engines(store, f"account: {{keys: {{default: {{concurrency: 3}}}}}}\n{SLOW}")

    async def eight() -> list[int]:
        exchanges = await begun(engines, 8, stream=stream)
        await engines[0].clock.advance(60)
        return sorted(await ended(exchanges))

    for _ in range(2):
        assert asyncio.run(eight()) == [200] * 3 + [429] * 5


@pytest.mark.parametrize("stream", [False, True])
def test_both_processes_charge_one_balance(store: str, stream: bool) -> None:
    """Whoever leaves: each answer that began is charged once, nothing stays held, and both tell the same ledger."""
    engines = two_engines(store, f"{PRICES}account: {{credits: 5 USD}}\n{SLOW}")

    async def twelve() -> None:
        exchanges = await begun(engines, 12, stream=stream)
        await engines[0].clock.advance(1.5)
        for exchange in exchanges[:4]:
            exchange.leave()
        await given_way()
        await engines[0].clock.advance(60)
        await ended(exchanges)

    asyncio.run(twelve())
    (told, account), other = (
        [ask(create_app(engine), "GET", f"/_emulator/{path}").json for path in ("ledger", "account")]
        for engine in engines
    )
    assert [told, account] == other
    assert sum(Decimal(entry["amount"]) for entry in told["entries"]) == Decimal(told["balance"].removesuffix(" USD"))
    charged = [entry["inference_id"] for entry in told["entries"] if entry["kind"] == "charge"]
    assert len(charged) == len({*charged}) == (12 if stream else 8)
    assert (account["in_flight"], account["credits"]["available"]) == (0, told["balance"])


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("answer", ANSWERS)
def test_an_answer_is_charged_before_its_end_is_sent(store: str, answer: str, stream: bool) -> None:
    """Who has read an answer can ask any process again: all that it held is free, and it is charged if it costs."""
    rules = f"rules: [{{reply: {ANSWERS[answer]}}}]"
    first, second = two_engines(
        store, f"{PRICES}account: {{credits: 5 USD, keys: {{default: {{concurrency: 1}}}}}}\n{rules}"
    )

    done = Settled(create_app(first), "POST", CHAT, chat(stream=stream))
    done.other = second

    async def one() -> None:
        playing = asyncio.ensure_future(done.run())
        while not playing.done():
            await given_way(playing.done)
            await first.clock.advance(1)
        await playing

    asyncio.run(one())
    costs = done.status == 200
    assert (done.complete, done.in_flight, done.charged) == (True, 0, int(costs))
    assert at_once(_account(second)) == (0, int(costs))


def test_a_ledger_is_the_same_however_it_is_stored(store: str) -> None:
    """Entries that both processes make are merged, saved, restored and begun anew as the ledger itself says."""
    engines, other = two_engines(store, "account: {credits: 5 USD}\n" + SLOW), two_engines(store, SLOW)
    now, expected = EPOCH, Ledger()
    expected.record(now, "purchase", Decimal(5), "the balance at the beginning")

    def charge(account: Account, now: float, first: int) -> None:
        assert account.credits is not None
        for number in range(first, first + 60):
            account.credits.charge(now, Decimal("0.01"), str(number))

    async def play() -> None:
        for turn, first in enumerate(range(0, MAX_ENTRIES + 1100, 60)):
            await engines[turn % 2].with_account(KEY, partial(charge, first=first))
            for number in range(first, first + 60):
                expected.record(now, "charge", Decimal("-0.01"), "", str(number))
        for engine in engines:
            assert await engine.store.ledger(KEY, "story") == expected
        await other[0].store.restore(await engines[1].store.snapshot())
        for engine in other:
            engine.library.put("story", "account: {credits: 5 USD}\n" + SLOW)
        await other[1].with_account(KEY, partial(charge, first=0))
        assert len((await other[0].store.ledger(KEY, "story")).entries) == len(expected.entries) + 60
        await engines[0].open_account(KEY, Terms(credits=Decimal(1)))
        assert [entry.kind for entry in (await engines[1].store.ledger(KEY, "story")).entries] == ["purchase"]
        await engines[1].open_account(KEY, Terms(auto_top_up=AutoTopUp(Decimal(-5), Decimal(1))))
        assert await engines[0].store.ledger(KEY, "story") == Ledger()
        await engines[1].store.forget(KEY)
        await engines[0].with_account(KEY, partial(charge, first=0))
        assert len((await engines[1].store.ledger(KEY, "story")).entries) == 61

    at_once(play())


@pytest.mark.parametrize("everywhere", [False, True])
def test_a_slot_goes_to_a_request_of_another_process(store: str, everywhere: bool) -> None:
    """Four streams on one slot run one after the other without a gap; the client of one leaves, which frees it."""
    backends = f"models: {{{PLAIN}: {{backends: {{slots: 1, queue: 60s}}}}}}\n"
    engines = two_engines(store, SLOW if everywhere else backends + SLOW)
    if everywhere:
        slot = {"model": PLAIN, "backends": {"slots": 1, "queue": "60s"}}
        assert ask(create_app(engines[0]), "PUT", "/_emulator/backends", slot).status == 200

    async def four() -> list[float]:
        exchanges = await begun(engines, 4, stream=True)
        for second in range(20):
            if second == 1:
                next(exchange for exchange in exchanges if exchange.status).leave()
            await given_way()
            await engines[0].clock.advance(1)
        assert await ended(exchanges) == [200] * 4
        for engine in engines:
            await engine.store.inferences.refresh()
        records = [record for engine in engines for record in engine.store.inferences.all()]
        return sorted({record.started + (record.first_byte or 0) - EPOCH for record in records})

    assert asyncio.run(four()) == [0, 1, 4, 7]


def test_a_turn_of_a_key_is_decided_on_the_newest_shared_state(store: str) -> None:
    """A turn that has read what all keys share is taken again if that changes before it commits."""
    first, second = two_engines(store, SLOW)

    def note(own: KeyState, shared: SharedState) -> str | None:
        own.scenario = shared.scenario
        return shared.scenario

    async def both() -> str | None:
        _, noted = await asyncio.gather(second.activate("other"), first.store.turn(KEY, note))
        return noted

    noted = asyncio.run(both())
    assert noted == at_once(second.store.turn(KEY, lambda own, shared: own.scenario))
    assert noted == "other" or store == "redis"  # there, nobody knows which of the two commits first
