"""Every fault of the table, with values for it: as scenarios write them, and as faults are given them."""

from collections.abc import Iterator, Mapping
from typing import Any

from emulator.core.errors import ApiError
from emulator.faults import FAULTS
from emulator.faults.fault_type import FaultSettings, ScalarValue, ValueKind

TEAPOT = ApiError("bad_request", "I am a teapot.", status=418)
_KINDS: Mapping[ValueKind, list[tuple[Any, Any]]] = {
    "error": [
        ("overloaded", ApiError("overloaded", "The service is overloaded. Please retry later.")),
        ({"kind": "overloaded", "message": "Busy"}, ApiError("overloaded", "Busy")),
        ({"status": 418, "message": "I am a teapot."}, TEAPOT),
    ],
    "duration": [("1m30s", 90.0)],
    "rate": [(2, 2.0)],
    "flag": [(True, True)],
    "count": [(5, 5)],
    "text": [("text/html", "text/html")],
}

KEEP_TEXT = ("error", "stall", "hangup", "slow", "comments", "split")
"""The faults that may end or delay what an answer says, but change none of it."""


def values(name: str) -> list[tuple[Any, Any]]:
    """Values of a fault, each as a scenario writes it and as the fault is given it."""
    return list(_values(FAULTS[name].value))


def _values(value: ScalarValue | FaultSettings) -> Iterator[tuple[Any, Any]]:
    if isinstance(value, tuple):
        yield from ((word, word) for word in value)
    elif isinstance(value, FaultSettings):
        pairs = {key: next(_values(setting.value)) for key, setting in value.keys.items()}
        yield {key: pair[0] for key, pair in pairs.items()}, {key: pair[1] for key, pair in pairs.items()}
    else:
        yield from _KINDS[value]


def written(name: str) -> list[dict[str, Any]]:
    """The fault as scenarios write it, with each of its values, but without a place."""
    return [{name: value} for value, _ in values(name)]
