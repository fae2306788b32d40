"""The stores, by the name that `pytest --store` takes. A new store is a row here, and the tests of stores cover it.

Each value returns a maker of stores that share one state, as those of several processes do.
"""

from collections.abc import Callable
from functools import cache

from support.strict_store import StrictStore

from emulator.store import Store
from emulator.store.memory import MemoryStore

STORES: dict[str, Callable[[], Callable[[str | None], Store]]] = {
    "memory": lambda: cache(MemoryStore),
    "strict": lambda: cache(StrictStore),
}
