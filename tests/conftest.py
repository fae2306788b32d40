"""What every test finds: the hypothesis profile, and a live server for the SDKs."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from emulator import Emulator, VirtualClock
from emulator.core.clock import EPOCH

pytest_plugins = ["pytester"]

# A loaded machine is slow now and then; no promise here is about time. In CI the same examples are tried every time, so
# that a change is judged by what it changes.
settings.register_profile("promises", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("promises")


@pytest.fixture(scope="session")
def akash() -> Iterator[Emulator]:
    """One emulator on a real socket for the whole run, its clock frozen."""
    with Emulator(clock=VirtualClock(EPOCH, rate=0)) as emulator:
        yield emulator
