"""The record that several processes share, as one of them reads it and appends to it."""

from collections.abc import Sequence
from typing import Any

import pytest
from support.asgi import CHAT, Exchange, chat
from support.redis_server import needs_redis, new_url
from support.settling import elsewhere

from emulator.core.catalog import Catalog
from emulator.core.clock import EPOCH
from emulator.core.settings import Settings
from emulator.engine import Engine, make_engine
from emulator.inferences.selecting import selection
from emulator.scenario.library import Library
from emulator.store import Away
from emulator.store.outside import at_once
from emulator.store.redis.clock import SharedClock
from emulator.store.redis.journal import SharedJournal
from emulator.store.redis.link import Lost
from emulator.store.redis.scripts import RECORD, Script
from emulator.store.redis.store import RedisStore
from emulator.web.app import create_app

pytestmark = pytest.mark.usefixtures("redis")


@pytest.fixture
def redis() -> None:
    """Skip the test where there is no Redis."""
    needs_redis()


class DeafStore(RedisStore):
    """Does not hear the answers to what it appends to the record while it is `deaf`."""

    deaf = False

    async def run(self, script: Script, keys: Sequence[str], *arguments: Any) -> Any:
        """Run a script."""
        told = await super().run(script, keys, *arguments)
        if script is RECORD and self.deaf:
            raise Lost("the answer was lost")
        return told


def engine_at(url: str, **settings: Any) -> tuple[Engine, DeafStore]:
    """The engine of one process, and its store."""
    catalog, stores = Catalog.load(), list[DeafStore]()

    def store(scenario: str | None) -> RedisStore:
        stores.append(DeafStore(url, scenario))
        return stores[0]

    engine = make_engine(Settings(**settings), catalog, SharedClock(EPOCH, rate=0), Library(catalog, []), store=store)
    elsewhere.add(stores[0].settled)
    return engine, stores[0]


async def asked(engine: Engine, question: str) -> None:
    """Ask one question."""
    assert (await Exchange(create_app(engine), "POST", CHAT, chat(question)).run()).status == 200


def numbers(engine: Engine) -> list[int]:
    """The numbers of what is listed."""
    return [each.number for each in engine.store.inferences.select(selection({})) if each is not None]


def test_what_is_appended_again_under_another_id_is_recorded_once() -> None:
    """The answer to an append was lost, and others took the worker for dead before it could repeat it."""
    url = new_url()
    (engine, store), (other, _) = engine_at(url), engine_at(url)

    async def play() -> None:
        store.deaf = True
        for number in range(3):
            await asked(engine, f"Number {number}.")
        assert isinstance(store.inferences, SharedJournal)
        with pytest.raises(Away):
            await store.inferences.append(store.worker)
        await store.call("ZREM", store.names.of("shared", "leases"), store.worker)
        await store.lapse(store.worker)
        store.deaf = False
        for each in (engine, other):
            await each.store.inferences.refresh()
            assert numbers(each) == [1, 2, 3]

    at_once(play())


def test_a_list_has_no_gap_behind_which_there_is_something() -> None:
    """What is appended here while the list is read is not in it: something of another worker may come before."""
    url = new_url()
    (first, own), (second, _) = engine_at(url), engine_at(url)

    async def play() -> None:
        await asked(first, "The first.")
        await first.store.inferences.refresh()
        await second.store.inferences.refresh()
        await asked(second, "The second.")
        await second.store.inferences.refresh()
        await asked(first, "The third.")
        await own.ask("append", "another")
        assert numbers(first) == [1]
        await first.store.inferences.refresh()
        assert numbers(first) == [1, 2, 3]

    at_once(play())


def test_what_has_no_room_is_counted_once() -> None:
    """While an append is under way, more comes than is kept: each is in the record or forgotten."""
    engine, store = engine_at(new_url(), max_inferences=30)
    journal = store.inferences
    assert isinstance(journal, SharedJournal)

    async def play() -> None:
        store.deaf = True
        for number in range(100):
            await asked(engine, f"Number {number}.")
        store.deaf = False
        await journal.refresh()
        assert numbers(engine)[-1] == 100
        assert journal.forgotten + len(journal.all()) == 100

    at_once(play())


def test_a_record_of_long_inferences_is_shorter() -> None:
    """It is bounded in bytes as well, for every worker alike: what is left out is counted."""
    url, most = new_url(), 40_000
    engines = [engine_at(url), engine_at(url)]
    for engine, _ in engines:
        assert isinstance(engine.store.inferences, SharedJournal)
        engine.store.inferences.most_bytes = most
        engine.store.inferences.ended.bound(1000, most)

    async def play() -> None:
        for number in range(40):
            await asked(engines[number % 2][0], f"Number {number}. {'Long. ' * (number % 7) * 100}")
            if number % 9 == 0:
                await engines[0][0].store.inferences.refresh()
        for engine, store in engines * 2:
            await engine.store.inferences.refresh()
            found = await store.call("XRANGE", store.names.of("shared", "record"), "-", "+")
            assert most / 2 < sum(len(fields[3]) for _, fields in found) <= most
            assert numbers(engine) == list(range(41 - len(found), 41))
            assert engine.store.inferences.forgotten == 40 - len(found)

    at_once(play())
