"""Something that belongs to every answer is missing."""

import re
from collections.abc import Iterator, Mapping
from typing import Literal, TypeAlias, get_args

import msgspec

from emulator.core.vocabulary import FrameFault
from emulator.faults.frames import is_body

Part: TypeAlias = Literal["role", "finish", "usage", "done", "event_names", "message_stop"]
PARTS: tuple[Part, ...] = get_args(Part)

_NEVER = re.compile(rb"(?!)")


class _Missing(msgspec.Struct, frozen=True):
    """Frames of a stream that are left out, and what is cut out of all others, and of a whole body."""

    frame: re.Pattern[bytes] = _NEVER
    field: re.Pattern[bytes] = _NEVER


_MISSING: Mapping[Part, _Missing] = {
    # the chunks that open the choices; the event that opens a message
    "role": _Missing(
        frame=re.compile(rb'"delta":\{"role":|\Aevent: message_start\n'),
        field=re.compile(rb'(?:(?<="message":\{)|(?<="type":"message",))"role":"assistant",'),
    ),
    # each choice's last chunk; the event with the stop reason, which has the usage, too
    "finish": _Missing(
        frame=re.compile(rb'"finish_reason":"|\Aevent: message_delta\n'),
        field=re.compile(rb',"finish_reason":"\w+"(?=\}(?:\]|,\{"index":))|,"stop_reason":"\w+"(?=,"stop_sequence":)'),
    ),
    # the chunk without choices; the field wherever else it stands, always the last of its object
    "usage": _Missing(
        frame=re.compile(rb'"choices":\[\],"usage":'),
        field=re.compile(rb',"usage":(?:null|\{(?:[^{}]|\{[^{}]*\})*\})(?=\}+\s*\Z)'),
    ),
    # the last frame of either surface
    "done": _Missing(frame=re.compile(rb"\Adata: \[DONE\]|\Aevent: message_stop\n")),
    # the line that Anthropic's SDKs go by: frames without it are silently ignored
    "event_names": _Missing(field=re.compile(rb"\Aevent: \w+\n")),
    # the last frame of a message only
    "message_stop": _Missing(frame=re.compile(rb"\Aevent: message_stop\n")),
}


def drop(part: Part) -> FrameFault:
    """Leave a part out of a stream, and out of a whole body if it has it."""
    missing = _MISSING[part]

    def dropped(frames: Iterator[bytes]) -> Iterator[bytes]:
        for frame in frames:
            if is_body(frame) or not missing.frame.search(frame):
                yield missing.field.sub(b"", frame)

    return dropped
