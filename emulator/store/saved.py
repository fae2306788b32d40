"""Converts states to types that JSON has, and back. Imported when the first state is saved or restored."""

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from emulator.account.account import Account
from emulator.account.backends import Fleet
from emulator.account.registry import Registry
from emulator.account.terms import Terms
from emulator.store.state import KeyState, SharedState, Version

T = TypeVar("T")


class _KeyState(KeyState):
    accounts: dict[str, tuple[Version | None, Account]] = msgspec.field(default_factory=dict)
    fleets: dict[str, tuple[Version, Fleet]] = msgspec.field(default_factory=dict)


class _SharedState(SharedState):
    terms: Terms | None = None
    keys: Registry | None = None
    fleet: Fleet | None = None


_decode_key = msgspec.json.Decoder(_KeyState).decode
_decode_shared = msgspec.json.Decoder(_SharedState).decode


class _Saved(msgspec.Struct, forbid_unknown_fields=True):
    shared: Any
    keys: dict[str, Any]


def encoded(state: KeyState | SharedState | Mapping[str, Any]) -> bytes:
    """A state as JSON, including requests in flight."""
    return msgspec.json.encode(state)


def saved(state: KeyState | SharedState) -> dict[str, Any]:
    """Convert a state, including requests in flight."""
    data: dict[str, Any] = msgspec.json.decode(encoded(state))
    return data


def decoded(data: bytes) -> KeyState:
    """The state of a key from what `encoded` made of it."""
    return _decode_key(data)


def decoded_shared(data: bytes) -> SharedState:
    """The shared state from what `encoded` made of it."""
    return _decode_shared(data)


def key_state(data: Any, place: str = "") -> KeyState:
    """Convert data to the state of a key. Raises `msgspec.ValidationError`, with the place, for invalid data."""
    return KeyState(**_fields(_converted(data, _KeyState, place)))


def shared_state(data: Any, place: str = "") -> SharedState:
    """Convert data to the shared state. Raises the same as `key_state`."""
    return SharedState(**_fields(_converted(data, _SharedState, place)))


def states_of(data: Any, most: int) -> tuple[SharedState, dict[str, Any]]:
    """The shared state of a snapshot, without requests in flight, and the data of each key, which is valid.

    Raises `msgspec.ValidationError`, with the place, for invalid data, and for more than `most` keys.
    """
    given = _converted(data, _Saved, ".store")
    shared = shared_state(given.shared, ".store.shared")
    if len(given.keys) > most + 1:  # requests without a key have a state, too
        raise msgspec.ValidationError(f"{len(given.keys)} keys are more than max_keys, which is {most}")
    for digest, state in given.keys.items():
        key_state(state, f".store.keys.{digest[:40]}").resumed()
    shared.admitted.clear()
    if shared.fleet is not None:
        shared.fleet.clear()
    return shared, given.keys


def _fields(state: msgspec.Struct) -> Mapping[str, Any]:
    return {name: getattr(state, name) for name in state.__struct_fields__}


def _converted(data: Any, kind: type[T], place: str) -> T:
    """Convert data. The error says where in the whole the data is at fault."""
    try:
        return msgspec.convert(data, kind, str_keys=True)
    except msgspec.ValidationError as error:
        message, at, path = str(error).partition(" - at `$")
        raise msgspec.ValidationError(
            f"{message} - at `${place}{path}" if at else f"{message} - at `${place}`"
        ) from None
