"""Two frames are swapped."""

from collections.abc import Iterator
from itertools import islice

from emulator.core.plan import FrameFault
from emulator.faults.fault_type import FaultType
from emulator.faults.frames import from_there
from emulator.faults.where import FIRST_TOKEN, Where


def reorder(where: Where) -> FrameFault:
    """Send the frame at a place after the one that follows it."""

    def reordered(frames: Iterator[bytes]) -> Iterator[bytes]:
        yield from reversed(list(islice(frames, 2)))
        yield from frames

    return from_there(where, reordered)


FAULT = FaultType(
    level="frame",
    value="flag",
    placing="optional",
    meaning="Two frames are swapped.",
    build=lambda _, where, random: reorder(where),
    default=FIRST_TOKEN,
    order=7,
)
