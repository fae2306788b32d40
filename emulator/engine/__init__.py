"""The one place where it is decided what a request is answered."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from emulator.core.catalog import Catalog
from emulator.core.clock import VirtualClock
from emulator.core.settings import Settings
from emulator.engine.engine import Engine
from emulator.scenario.library import Library
from emulator.store import Store
from emulator.store.memory import MemoryStore

if TYPE_CHECKING:
    from emulator.account.terms import Terms

__all__ = ["Engine", "make_engine"]


def make_engine(
    settings: Settings | None = None,
    catalog: Catalog | None = None,
    clock: VirtualClock | None = None,
    library: Library | None = None,
    scenario: str | None = None,
    terms: "Terms | None" = None,
    store: Callable[[str | None], Store] = MemoryStore,
) -> Engine:
    """A new engine with a past of its own.

    Without a `clock` it has the machine's time, without a `library` the shipped scenarios. `scenario` is the name of
    the one that plays for keys that name no other; `terms` are those of accounts of which no scenario says more.
    `store` makes the store, in which that scenario plays from the beginning. Raises KeyError for an unknown scenario
    and ScenarioError for one that cannot be read.
    """
    catalog = catalog or Catalog.load()
    clock = clock or VirtualClock()
    library = library or Library(catalog)
    if scenario is not None:
        loaded = library.get(scenario)
        if loaded is None:
            raise KeyError(scenario)
        loaded.start(clock)
    return Engine(settings or Settings(), catalog, clock, store(scenario), library, terms)
