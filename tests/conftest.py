"""What every test finds: the hypothesis profile, and a live server for the SDKs."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings
from support.redis_server import end_shared
from support.stores import STORES

from emulator import Emulator, VirtualClock
from emulator.core.clock import EPOCH
from emulator.engine import make_engine
from emulator.store import Store

pytest_plugins = ["pytester"]

# A loaded machine is slow now and then; no promise here is about time. In CI the same examples are tried every time, so
# that a change is judged by what it changes.
settings.register_profile("promises", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("promises")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Say on which store the engines are made that tests make."""
    parser.addoption("--store", choices=STORES, default="memory", help="The store of every engine.")


def pytest_unconfigure() -> None:
    """End the Redis that the tests of this process share."""
    end_shared()


def pytest_configure(config: pytest.Config) -> None:
    """Make every engine on the store that --store names, each with a state of its own."""
    config.addinivalue_line("markers", "in_memory(reason): a test that can only be run with the store in memory.")
    stores = STORES[config.getoption("--store")]

    def new_store(scenario: str | None) -> Store:
        return stores()(scenario)

    make_engine.__defaults__ = (*(make_engine.__defaults__ or ())[:-1], new_store)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip on other stores what only the one in memory has."""
    mark = item.get_closest_marker("in_memory")
    if mark is not None and item.config.getoption("--store") != "memory":
        pytest.skip(mark.args[0])


@pytest.fixture(scope="session")
def akash() -> Iterator[Emulator]:
    """One emulator on a real socket for the whole run, its clock frozen."""
    with Emulator(clock=VirtualClock(EPOCH, rate=0)) as emulator:
        yield emulator
