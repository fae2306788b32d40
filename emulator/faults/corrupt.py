"""A frame is broken."""

import re
from collections.abc import Iterator

from emulator.faults.frames import from_there, is_body
from emulator.faults.where import Where
from emulator.vocabulary import FrameFault

_DATA = re.compile(rb"^data: ", re.MULTILINE)


def corrupt(where: Where) -> FrameFault:
    """The JSON of the next frame that has any ends in its middle; the frame itself is well formed."""

    def corrupted(frames: Iterator[bytes]) -> Iterator[bytes]:
        for frame in frames:
            data = _DATA.search(frame)
            if data or is_body(frame):
                yield _cut(frame, data.end() if data else 0)
                yield from frames
            else:
                yield frame

    return from_there(where, corrupted)


def _cut(frame: bytes, start: int) -> bytes:
    """The frame with the first half of its data, and no half of a character."""
    end = len(frame.rstrip(b"\n"))
    return frame[: (start + end) // 2].decode("utf-8", "ignore").encode() + frame[end:]
