"""The engine decides on the answer to a request, and returns it as a plan."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from emulator.core.catalog import Catalog
from emulator.core.clock import VirtualClock
from emulator.core.nearest import did_you_mean
from emulator.core.settings import Settings, SettingsError
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
    """Return a new engine with a new state.

    The default `clock` has the machine's time, and the default `library` has the shipped scenarios. `scenario` is the
    name of the active scenario, for keys that do not name another. `terms` are the terms of accounts, unless a scenario
    sets them. `store` is called with `scenario` and returns the store. Raises KeyError for an unknown scenario,
    ScenarioError for one that cannot be read, and SettingsError if the setting `any_model` is not in the catalogue.
    """
    catalog, settings = catalog or Catalog.load(), settings or Settings()
    if settings.any_model and catalog.named(settings.any_model, aliased=True) is None:
        told = f"expected the id of a model of the catalogue{did_you_mean(settings.any_model, catalog.models)}"
        raise SettingsError(f'setting "any_model" cannot be "{settings.any_model}": {told}')
    clock = clock or VirtualClock()
    library = library or Library(catalog)
    if scenario is not None:
        loaded = library.get(scenario)
        if loaded is None:
            raise KeyError(scenario)
        loaded.start(clock)
    return Engine(settings, catalog, clock, store(scenario), library, terms)
