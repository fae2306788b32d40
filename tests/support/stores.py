"""The stores, by the name that `pytest --store` takes. A new store is a row here, and the tests of stores cover it.

Each value returns a maker of stores that share one state, as those of several processes do.
"""

from collections.abc import Callable
from functools import cache

from support.redis_server import new_url
from support.settling import elsewhere
from support.strict_store import StrictStore

from emulator.store import Store
from emulator.store.memory import MemoryStore

STORES: dict[str, Callable[[], Callable[[str | None], Store]]] = {
    "memory": lambda: cache(MemoryStore),
    "strict": lambda: cache(StrictStore),
    "redis": lambda: _of_redis(new_url()),
}


def _of_redis(url: str) -> Callable[[str | None], Store]:
    """A maker of stores at one URL: each is that of a process of its own."""

    def made(scenario: str | None) -> Store:
        from emulator.store.redis.store import RedisStore

        store = RedisStore(url, scenario)
        elsewhere.add(store.settled)
        return store

    return made
