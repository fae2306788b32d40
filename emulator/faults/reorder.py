"""Two frames change places."""

from collections.abc import Iterator
from itertools import islice

from emulator.core.vocabulary import FrameFault
from emulator.faults.frames import from_there
from emulator.faults.where import Where


def reorder(where: Where) -> FrameFault:
    """The frame at a place comes after the one that follows it."""

    def reordered(frames: Iterator[bytes]) -> Iterator[bytes]:
        yield from reversed(list(islice(frames, 2)))
        yield from frames

    return from_there(where, reordered)
