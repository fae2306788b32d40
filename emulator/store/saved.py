"""Converts states to types that JSON has, and back. Imported when the first state is saved or restored."""

from typing import Any

import msgspec

from emulator.account.account import Account
from emulator.account.backends import Fleet
from emulator.account.registry import Registry
from emulator.account.terms import Terms
from emulator.store.state import KeyState, SharedState


def saved(state: KeyState | SharedState) -> dict[str, Any]:
    """Convert a state, including requests in flight."""
    data: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(state))
    return data


def key_state(data: Any) -> KeyState:
    """Convert data to the state of a key. Raises `msgspec.ValidationError`, with the place, for invalid data."""
    state = msgspec.convert(data, KeyState, str_keys=True)
    state.accounts = msgspec.convert(state.accounts, dict[str, tuple[int | None, Account]])
    state.fleets = msgspec.convert(state.fleets, dict[str, tuple[int, Fleet]])
    return state


def shared_state(data: Any) -> SharedState:
    """Convert data to the shared state. Raises the same as `key_state`."""
    state = msgspec.convert(data, SharedState)
    state.terms = msgspec.convert(state.terms, Terms | None)
    state.keys = msgspec.convert(state.keys, Registry | None)
    state.fleet = msgspec.convert(state.fleet, Fleet | None)
    return state
