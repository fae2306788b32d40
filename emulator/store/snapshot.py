"""The whole state as a JSON file without API keys, to continue from later or to attach to a bug report.

It contains the clock, the active scenarios with their positions and states, accounts with windows and ledgers, managed
keys and backends. It does not contain requests in flight or scenarios that were added over HTTP.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec

from emulator.core.clock import END, FASTEST, VirtualClock
from emulator.core.fields import NOT_JSON
from emulator.core.files import write_atomically
from emulator.core.saved_times import Moment
from emulator.scenario.library import Library
from emulator.store import Store
from emulator.store.outside import at_once

VERSION = 2
_encode = msgspec.json.Encoder(order="deterministic").encode


class StateError(ValueError):
    """A state that cannot be used; the message says what is wrong, and where."""


class _Version(msgspec.Struct):
    version: int


class _Clock(msgspec.Struct, forbid_unknown_fields=True):
    time: Moment
    rate: Annotated[float, msgspec.Meta(ge=0, le=FASTEST)]
    ahead: Annotated[float, msgspec.Meta(ge=-END, le=END)]


class _Shared(msgspec.Struct):
    scenario: str | None


class _Store(msgspec.Struct):
    shared: _Shared


class _State(msgspec.Struct, forbid_unknown_fields=True):
    version: int
    clock: _Clock
    store: _Store


async def snapshot(store: Store, clock: VirtualClock) -> dict[str, Any]:
    """Return the state, in types that JSON has."""
    return {"version": VERSION, "clock": clock.snapshot(), "store": await store.snapshot()}


async def restore(store: Store, clock: VirtualClock, library: Library, data: Mapping[str, Any]) -> None:
    """Continue from a state. Raises StateError, and changes nothing, if it cannot be used."""
    try:
        version = msgspec.convert(data, _Version).version
        if version != VERSION:
            raise StateError(f"the state is of version {version}; expected {VERSION}")
        state = msgspec.convert(data, _State)
        clock.check(msgspec.structs.asdict(state.clock))
        scenario = state.store.shared.scenario
        if scenario is not None and scenario not in library:
            raise StateError(f"the state needs the scenario {scenario}, which is not known here")
        await store.restore(data["store"])
    except StateError:
        raise
    except (msgspec.ValidationError, ValueError, ArithmeticError) as error:
        told = f"this is no state, as GET /_emulator/snapshot and --state write it: {error}"
        raise StateError(told) from None
    clock.restore(msgspec.structs.asdict(state.clock))
    await clock.everywhere()


def read_state(store: Store, clock: VirtualClock, library: Library, path: Path) -> None:
    """Continue from a file, before a server starts. Raises StateError if it cannot be read or used."""
    try:
        data = msgspec.json.decode(path.read_bytes())
    except OSError as error:
        raise StateError(f"{path} cannot be read: {error.strerror}") from None
    except NOT_JSON as error:
        raise StateError(f"{path} is not valid JSON: {error}") from None
    try:
        at_once(restore(store, clock, library, data))
    except StateError as error:
        raise StateError(f"{path}: {error}") from None


def write_state(store: Store, clock: VirtualClock, path: Path) -> None:
    """Save the state after a server has ended. The file is replaced as a whole, so a crash leaves the old one.

    Raises OSError.
    """
    write_atomically(path, _encode(at_once(snapshot(store, clock))))
