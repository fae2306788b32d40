"""The place of a frame fault: frames are divided into those before it and those after it.

A frame is one server-sent event with its blank line, or a whole JSON body, which has none. What is in a frame is
recognised by the marks of its dialect.
"""

import re
from collections.abc import Callable, Iterable, Iterator

import msgspec

from emulator.core.plan import FrameFault, FrameMarks
from emulator.core.token_counts import count
from emulator.faults.text_events import size
from emulator.faults.where import Divided, Where, after, before, change_rest


class Alone(bytes):
    """A frame, or a part of one, that is sent in a separate write."""


def is_body(frame: bytes) -> bool:
    """Whether this is a whole JSON body."""
    return not frame.endswith(b"\n\n")


def from_there(where: Where, change: Callable[[Iterator[bytes]], Iterator[bytes]]) -> FrameFault:
    """The fault that changes all frames after a place, and none before it.

    A whole body is changed if it contains the place.
    """
    return lambda frames, marks: change_rest(divided(where, frames, marks), change)


def divided(where: Where, frames: Iterable[bytes], marks: FrameMarks) -> Divided[bytes]:
    """Yield the frames before a place, and return the others."""
    match where.name:
        case "tokens":
            return after(frames, where.count, lambda frame: sum(map(count, _texts(frame, marks))), _behind)
        case "bytes":
            return after(frames, where.count, lambda frame: sum(map(size, _texts(frame, marks))), _behind)
        case "events":
            return after(frames, where.count, lambda frame: 1, _behind)
        case "response":
            return before(frames, lambda frame: True)
        case name:
            place = re.compile(marks.places.get(name, rb"(?!)"), re.DOTALL)
            return before(frames, lambda frame: place.search(frame) is not None)


def _behind(frame: bytes, left: int) -> tuple[Iterable[bytes], Iterable[bytes]]:
    return ((), (frame,)) if is_body(frame) else ((frame,), ())


def _texts(frame: bytes, marks: FrameMarks) -> Iterator[str]:
    """The texts of a frame: all those of a body, or the one of an event, which may have it under two names."""
    for found in re.finditer(rb'"(?:%b)":("(?:[^"\\]++|\\.)*+")' % marks.text, frame):
        yield msgspec.json.decode(found[1], type=str)
        if not is_body(frame):
            return
