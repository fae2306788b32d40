"""Every fault of the scenario language: how it is written, and how it is made."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, TypeAlias

import msgspec

from emulator.core.vocabulary import Fault, FrameFault
from emulator.faults.chance import Chance
from emulator.faults.comments import comments
from emulator.faults.corrupt import corrupt
from emulator.faults.drop import PARTS, drop
from emulator.faults.duplicate import duplicate
from emulator.faults.error import error
from emulator.faults.garbage import garbage
from emulator.faults.hangup import WAYS, hangup
from emulator.faults.reorder import reorder
from emulator.faults.slow import slow
from emulator.faults.split import split
from emulator.faults.stall import stall
from emulator.faults.where import FIRST_TOKEN, RESPONSE, Where

Header: TypeAlias = tuple[str, str]
"""Name and value of a response header; it replaces the one that the answer would have."""
Value: TypeAlias = Literal["error", "duration", "choice", "rate", "flag", "count", "text"]
Level: TypeAlias = Literal["event", "frame", "header"]
Placing: TypeAlias = Literal["required", "optional", "none"]

EXPECTED: Mapping[Value, str] = {
    "error": "an error kind such as overloaded, or a mapping of status, type, code, message, param",
    "duration": "a duration such as 250ms, 2s or 1m30s",
    "rate": "a mapping with tokens_per_second, a number above 0",
    "flag": "true",
    "count": "an integer of at least 1",
    "text": "a string that is not empty",
}
"""What has to be written for each kind of value, in words; a choice is told by its choices."""


class FaultType(msgspec.Struct, frozen=True):
    """One fault of the language.

    `level` is what `build` makes: an event fault, a frame fault, or a header.
    `value` is the kind of what is written behind its key, and `build` is given: for an error an `ApiError`, for a
    duration seconds, for a choice one of `choices`, for a rate tokens per second, for a flag True, for a count an int,
    for a text a str. `placing` says whether a place is written, too; an optional one is `default` when it is not.
    """

    level: Level
    value: Value
    placing: Placing
    meaning: str
    build: Callable[[Any, Where, Chance], Fault | FrameFault | Header]
    default: Where = RESPONSE
    choices: tuple[str, ...] = ()

    @property
    def expected(self) -> str:
        """What the value has to be, in words."""
        return " or ".join(self.choices) if self.choices else EXPECTED[self.value]


FAULTS: Mapping[str, FaultType] = {
    "error": FaultType(
        "event",
        "error",
        "required",
        "The inference fails: an HTTP status before the response, an error inside the stream after it.",
        lambda told, where, chance: error(where, told),
    ),
    "stall": FaultType(
        "event",
        "duration",
        "required",
        "Nothing comes for so long.",
        lambda seconds, where, chance: stall(where, seconds),
    ),
    "hangup": FaultType(
        "event",
        "choice",
        "required",
        "The connection ends: closed in order, reset (TCP RST), or before the body is complete.",
        lambda how, where, chance: hangup(where, how),
        choices=WAYS,
    ),
    "slow": FaultType(
        "event",
        "rate",
        "optional",
        "From there on, no more tokens a second than this.",
        lambda rate, where, chance: slow(where, rate),
    ),
    "corrupt": FaultType(
        "frame",
        "flag",
        "optional",
        "One frame, or the whole body, has invalid JSON.",
        lambda _, where, chance: corrupt(where),
        default=FIRST_TOKEN,
    ),
    "duplicate": FaultType(
        "frame",
        "flag",
        "optional",
        "One frame comes twice.",
        lambda _, where, chance: duplicate(where),
        default=FIRST_TOKEN,
    ),
    "reorder": FaultType(
        "frame",
        "flag",
        "optional",
        "Two frames change places.",
        lambda _, where, chance: reorder(where),
        default=FIRST_TOKEN,
    ),
    "drop": FaultType(
        "frame",
        "choice",
        "none",
        "A part is missing. done is [DONE] and message_stop; event_names are the event: lines.",
        lambda part, where, chance: drop(part),
        choices=PARTS,
    ),
    "comments": FaultType(
        "frame",
        "count",
        "optional",
        "So many keep-alive comments come at once.",
        lambda count, where, chance: comments(where, count),
        default=FIRST_TOKEN,
    ),
    "garbage": FaultType(
        "frame",
        "flag",
        "optional",
        "A line of noise comes, which is no event and no UTF-8.",
        lambda _, where, chance: garbage(where, chance),
        default=FIRST_TOKEN,
    ),
    "split": FaultType(
        "frame",
        "choice",
        "optional",
        "From there on, every byte is a write of its own.",
        lambda _, where, chance: split(where),
        choices=("bytes",),
    ),
    "content_type": FaultType(
        "header",
        "text",
        "none",
        "The Content-Type is this.",
        lambda value, where, chance: ("content-type", value),
    ),
}
"""All faults, by their key in the language."""


class Faults(msgspec.Struct, frozen=True):
    """What goes wrong with one answer. `events` are applied to its steps, `frames` to its frames, in their order."""

    events: tuple[Fault, ...] = ()
    frames: tuple[FrameFault, ...] = ()
    headers: tuple[Header, ...] = ()


NO_FAULTS = Faults()


def assemble(written: Iterable[tuple[str, Any, Where | None]], chance: Chance) -> Faults:
    """The faults of one answer, from the key, value and place of each as the language has them.

    Bytes are split last, whatever the order: no other fault knows a frame by its single bytes. Raises KeyError for a
    fault that is not in the language.
    """
    made: dict[Level, list[Any]] = {"event": [], "frame": [], "header": []}
    for what, value, where in sorted(written, key=lambda fault: fault[0] == "split"):
        fault = FAULTS[what]
        made[fault.level].append(fault.build(value, where or fault.default, chance))
    return Faults(tuple(made["event"]), tuple(made["frame"]), tuple(made["header"]))
