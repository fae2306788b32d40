"""The type of the rows in the table of faults: how a fault is written in a scenario, and how it is built."""

from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias

import msgspec

from emulator.core.plan import Fault, FrameFault
from emulator.core.seeds import Random
from emulator.faults.where import RESPONSE, Where

Header: TypeAlias = tuple[str, str]
"""The name and value of a response header; it replaces that of the answer."""
Level: TypeAlias = Literal["event", "frame", "header"]
Placing: TypeAlias = Literal["required", "optional", "none"]
ValueKind: TypeAlias = Literal["error", "duration", "rate", "flag", "count", "text"]
"""A kind of value. The fault is given an `ApiError`, seconds, a float above 0, True, an int above 0, or a str."""
ScalarValue: TypeAlias = ValueKind | tuple[str, ...]
"""A kind of value, or the words of which one is the value."""

_EXPECTED: Mapping[ValueKind, str] = {
    "error": "an error kind such as overloaded, or a mapping of status, type, code, message, param",
    "duration": "a duration such as 250ms, 2s or 1m30s",
    "rate": "a number above 0",
    "flag": "true",
    "count": "an integer from 1 to 1000000",
    "text": "a string that is not empty",
}


class FaultSetting(msgspec.Struct, frozen=True):
    """A key of a fault's value that is a mapping, with an example of its value and its meaning for the reference."""

    value: ScalarValue
    example: str
    meaning: str


class FaultSettings(msgspec.Struct, frozen=True):
    """A value that is a mapping with all of these keys. `what` names it in messages, such as "a speed"."""

    what: str
    keys: Mapping[str, FaultSetting]

    @property
    def example(self) -> str:
        """The value as it is written in a scenario."""
        return f"{{{', '.join(f'{name}: {setting.example}' for name, setting in self.keys.items())}}}"


class FaultType(msgspec.Struct, frozen=True, kw_only=True):
    """A fault of the scenario language. Its name is that of its module.

    - `level`: whether `build` makes an event fault, a frame fault or a header
    - `value`: the value of its key in a scenario; with `FaultSettings`, `build` is given a dict
    - `placing`: whether the fault takes a place, and whether it is required; the default of an optional one is
    `default`
    - `meaning`: a sentence for the reference
    - `build`: makes the fault from the value, the place, and random numbers that depend on the request
    - `last`: whether it is applied after all other faults of the answer
    - `order`: its position in the reference and in messages; faults of the same order are sorted by name
    """

    level: Level
    value: ScalarValue | FaultSettings
    placing: Placing
    meaning: str
    build: Callable[[Any, Where, Random], Fault | FrameFault | Header]
    default: Where = RESPONSE
    last: bool = False
    order: int = 100

    @property
    def expected(self) -> str:
        """The expected value, in words."""
        if isinstance(self.value, FaultSettings):
            keys = (f"{name}, {_expected(setting.value)}" for name, setting in self.value.keys.items())
            return f"a mapping with {', and '.join(keys)}"
        return _expected(self.value)


def _expected(value: ScalarValue) -> str:
    return " or ".join(value) if isinstance(value, tuple) else _EXPECTED[value]
