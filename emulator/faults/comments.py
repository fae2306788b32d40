"""Many keep-alive comments are sent at once."""

from collections.abc import Iterator
from itertools import repeat

from emulator.core.plan import FrameFault
from emulator.faults.fault_type import FaultType
from emulator.faults.frames import from_there, is_body
from emulator.faults.where import FIRST_TOKEN, Where

COMMENT = b": keep-alive\n\n"
"""A comment, which clients ignore (WHATWG HTML, section 9.2.6)."""


def comments(where: Where, count: int) -> FrameFault:
    """Send `count` comments at a place of a stream. A whole body is not changed, since JSON has no comments."""

    def flooded(frames: Iterator[bytes]) -> Iterator[bytes]:
        for frame in frames:
            if not is_body(frame):
                yield from repeat(COMMENT, count)
            yield frame
            yield from frames

    return from_there(where, flooded)


FAULT = FaultType(
    level="frame",
    value="count",
    placing="optional",
    meaning="This number of keep-alive comments is sent at once.",
    build=lambda count, where, random: comments(where, count),
    default=FIRST_TOKEN,
    order=9,
)
