"""Two frames change places."""

from collections.abc import Iterator
from itertools import islice

from emulator.faults.frames import from_there
from emulator.faults.where import Where
from emulator.vocabulary import FrameFault


def reorder(where: Where) -> FrameFault:
    """The frame at a place comes after the one that follows it."""

    def reordered(frames: Iterator[bytes]) -> Iterator[bytes]:
        yield from reversed(list(islice(frames, 2)))
        yield from frames

    return from_there(where, reordered)
