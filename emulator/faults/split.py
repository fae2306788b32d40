"""Every write is one byte."""

from collections.abc import Iterator

from emulator.core.vocabulary import FrameFault
from emulator.faults.frames import Alone, from_there
from emulator.faults.where import Where


def split(where: Where) -> FrameFault:
    """From a place on, each byte goes out alone: through lines, JSON and UTF-8 characters."""

    def bytewise(frames: Iterator[bytes]) -> Iterator[bytes]:
        for frame in frames:
            for byte in frame:
                yield Alone((byte,))

    return from_there(where, bytewise)
