"""All that has happened, as one JSON file: to go on from later, or to attach to a bug report. No API key is in it.

What is saved: the clock, which scenarios play, turns and states, accounts with their windows and ledgers, managed keys,
backends. What is not: requests in flight, and scenarios that were put over HTTP.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from emulator.engine.engine import Engine

VERSION = 1
_encode = msgspec.json.Encoder(order="deterministic").encode


class StateError(ValueError):
    """A state that cannot be gone on from; says what is wrong and where."""


class _Clock(msgspec.Struct):
    time: float
    rate: float
    ahead: float


class _State(msgspec.Struct):
    version: int
    clock: _Clock
    scenario: str | None
    store: dict[str, Any]


def snapshot(engine: Engine) -> dict[str, Any]:
    """The state, in types that JSON has."""
    return {
        "version": VERSION,
        "clock": engine.clock.snapshot(),
        "scenario": engine.scenario,
        "store": engine.store.snapshot(),
    }


def restore(engine: Engine, data: Mapping[str, Any]) -> None:
    """Go on from a state. Raises StateError for one that cannot be used, and leaves everything as it was then."""
    try:
        state = msgspec.convert(data, _State)
        if state.version != VERSION:
            raise StateError(f"the state is of version {state.version}; expected {VERSION}")
        if state.scenario is not None and state.scenario not in engine.library:
            raise StateError(f"the state needs the scenario {state.scenario}, which is not known here")
        engine.store.restore(state.store)
    except (msgspec.ValidationError, ValueError, OverflowError) as error:
        raise error if isinstance(error, StateError) else StateError(f"this is no state: {error}") from None
    engine.clock.restore(msgspec.structs.asdict(state.clock))
    engine.scenario = state.scenario


def read_state(engine: Engine, path: Path) -> None:
    """Go on from a file. Raises StateError for one that cannot be read or used."""
    try:
        data = msgspec.json.decode(path.read_bytes())
    except (OSError, msgspec.DecodeError) as error:
        raise StateError(f"{path} cannot be read: {error}") from None
    try:
        restore(engine, data)
    except StateError as error:
        raise StateError(f"{path}: {error}") from None


def write_state(engine: Engine, path: Path) -> None:
    """Save the state: whatever happens meanwhile, the file is the old one or the new one, and whole. Raises OSError."""
    new = path.with_name(f"{path.name}.new")
    with new.open("wb") as file:
        file.write(_encode(snapshot(engine)))
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    folder = os.open(path.absolute().parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
