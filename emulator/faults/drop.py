"""A part of the answer is missing."""

import re
from collections.abc import Iterator
from typing import Literal, TypeAlias, get_args

from emulator.core.plan import FrameFault, FrameMarks, MissingPart
from emulator.faults.fault_type import FaultType
from emulator.faults.frames import is_body

Part: TypeAlias = Literal["role", "finish", "usage", "done", "event_names", "message_stop"]
PARTS: tuple[Part, ...] = get_args(Part)


def drop(part: Part) -> FrameFault:
    """Remove a part of a stream, and of a whole body if the body has it."""

    def dropped(frames: Iterator[bytes], marks: FrameMarks) -> Iterator[bytes]:
        missing = marks.parts.get(part, MissingPart())
        frame_of, field = re.compile(missing.frame), re.compile(missing.field)
        for frame in frames:
            if is_body(frame) or not frame_of.search(frame):
                yield field.sub(b"", frame)

    return dropped


FAULT = FaultType(
    level="frame",
    value=PARTS,
    placing="none",
    meaning="A part is missing. done is [DONE] and message_stop; event_names are the event: lines.",
    build=lambda part, where, random: drop(part),
    order=8,
)
