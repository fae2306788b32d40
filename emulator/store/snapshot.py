"""The whole state as one JSON file: to go on from later, or to attach to a bug report. No API key is in it.

It has the clock, the active scenarios, turns and states, accounts with their windows and ledgers, managed keys and
backends. It does not have requests in flight, and scenarios that were put over HTTP.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from emulator.core.clock import VirtualClock
from emulator.scenario.library import Library
from emulator.store import Store
from emulator.store.memory import at_once

VERSION = 2
_encode = msgspec.json.Encoder(order="deterministic").encode


class StateError(ValueError):
    """A state that cannot be gone on from; the message says what is wrong and where."""


class _Clock(msgspec.Struct):
    time: float
    rate: float
    ahead: float


class _Shared(msgspec.Struct):
    scenario: str | None


class _Store(msgspec.Struct):
    shared: _Shared


class _State(msgspec.Struct):
    version: int
    clock: _Clock
    store: _Store


async def snapshot(store: Store, clock: VirtualClock) -> dict[str, Any]:
    """The state, in types that JSON has."""
    return {"version": VERSION, "clock": clock.snapshot(), "store": await store.snapshot()}


async def restore(store: Store, clock: VirtualClock, library: Library, data: Mapping[str, Any]) -> None:
    """Go on from a state. Raises StateError for one that cannot be used, and leaves everything as it was then."""
    try:
        state = msgspec.convert(data, _State)
        if state.version != VERSION:
            raise StateError(f"the state is of version {state.version}; expected {VERSION}")
        scenario = state.store.shared.scenario
        if scenario is not None and scenario not in library:
            raise StateError(f"the state needs the scenario {scenario}, which is not known here")
        await store.restore(data["store"])
    except (msgspec.ValidationError, ValueError, OverflowError) as error:
        raise error if isinstance(error, StateError) else StateError(f"this is no state: {error}") from None
    clock.restore(msgspec.structs.asdict(state.clock))


def read_state(store: Store, clock: VirtualClock, library: Library, path: Path) -> None:
    """Go on from a file, before a server starts. Raises StateError for one that cannot be read or used."""
    try:
        data = msgspec.json.decode(path.read_bytes())
    except OSError as error:
        raise StateError(f"{path} cannot be read: {error.strerror}") from None
    except msgspec.DecodeError as error:
        raise StateError(f"{path} cannot be read: {error}") from None
    try:
        at_once(restore(store, clock, library, data))
    except StateError as error:
        raise StateError(f"{path}: {error}") from None


def write_state(store: Store, clock: VirtualClock, path: Path) -> None:
    """Save the state, after a server has ended. Whatever happens meanwhile, the file is the old or the new one, whole.

    Raises OSError.
    """
    _write_at_once(path, _encode(at_once(snapshot(store, clock))))


def _write_at_once(path: Path, content: bytes) -> None:
    new = path.with_name(f"{path.name}.new")
    with new.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    folder = os.open(path.absolute().parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
