"""Saving a part of the state and reading it again, as a store does that keeps it elsewhere."""

from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


def saved(state: Any) -> Any:
    """The state in types that JSON has."""
    return msgspec.json.decode(msgspec.json.encode(state))


def restored(type: type[T], data: Any) -> T:
    """The state that was saved. Raises `msgspec.ValidationError` for anything else."""
    return msgspec.convert(data, type, str_keys=True)
