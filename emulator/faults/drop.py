"""A part of the answer is missing."""

import re
from collections.abc import Iterator, Mapping
from typing import Literal, TypeAlias, get_args

import msgspec

from emulator.core.plan import FrameFault
from emulator.faults.fault_type import FaultType
from emulator.faults.frames import is_body

Part: TypeAlias = Literal["role", "finish", "usage", "done", "event_names", "message_stop"]
PARTS: tuple[Part, ...] = get_args(Part)

_NEVER = re.compile(rb"(?!)")


class _Missing(msgspec.Struct, frozen=True):
    """The frames that are left out of a stream, and what is removed from its other frames and from a whole body."""

    frame: re.Pattern[bytes] = _NEVER
    field: re.Pattern[bytes] = _NEVER


_MISSING: Mapping[Part, _Missing] = {
    # the first chunk of each choice; the first event of a message
    "role": _Missing(
        frame=re.compile(rb'"delta":\{"role":|\Aevent: message_start\n'),
        field=re.compile(rb'(?:(?<="message":\{)|(?<="type":"message",))"role":"assistant",'),
    ),
    # the last chunk of each choice; the event with the stop reason, which also has the usage
    "finish": _Missing(
        frame=re.compile(rb'"finish_reason":"|\Aevent: message_delta\n'),
        field=re.compile(rb',"finish_reason":"\w+"(?=\}(?:\]|,\{"index":))|,"stop_reason":"\w+"(?=,"stop_sequence":)'),
    ),
    # the chunk without choices; the field elsewhere, which is always the last of its object
    "usage": _Missing(
        frame=re.compile(rb'"choices":\[\],"usage":'),
        field=re.compile(rb',"usage":(?:null|\{(?:[^{}]|\{[^{}]*\})*\})(?=\}+\s*\Z)'),
    ),
    # the last frame of either surface
    "done": _Missing(frame=re.compile(rb"\Adata: \[DONE\]|\Aevent: message_stop\n")),
    # the line by which Anthropic's SDKs recognise events: frames without it are silently ignored
    "event_names": _Missing(field=re.compile(rb"\Aevent: \w+\n")),
    # the last frame of a message
    "message_stop": _Missing(frame=re.compile(rb"\Aevent: message_stop\n")),
}


def drop(part: Part) -> FrameFault:
    """Remove a part of a stream, and of a whole body if the body has it."""
    missing = _MISSING[part]

    def dropped(frames: Iterator[bytes]) -> Iterator[bytes]:
        for frame in frames:
            if is_body(frame) or not missing.frame.search(frame):
                yield missing.field.sub(b"", frame)

    return dropped


FAULT = FaultType(
    level="frame",
    value=PARTS,
    placing="none",
    meaning="A part is missing. done is [DONE] and message_stop; event_names are the event: lines.",
    build=lambda part, where, random: drop(part),
    order=8,
)
