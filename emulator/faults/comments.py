"""A flood of keep-alives."""

from collections.abc import Iterator
from itertools import repeat

from emulator.core.vocabulary import FrameFault
from emulator.faults.frames import from_there, is_body
from emulator.faults.where import Where

COMMENT = b": keep-alive\n\n"
"""A comment, which clients ignore (WHATWG HTML, section 9.2.6)."""


def comments(where: Where, count: int) -> FrameFault:
    """So many comments at a place of a stream. JSON has no comments: a whole body stays as it is."""

    def flooded(frames: Iterator[bytes]) -> Iterator[bytes]:
        for frame in frames:
            if not is_body(frame):
                yield from repeat(COMMENT, count)
            yield frame
            yield from frames

    return from_there(where, flooded)
