"""A frame comes twice."""

from collections.abc import Iterator

from emulator.core.vocabulary import FrameFault
from emulator.faults.frames import from_there, is_body
from emulator.faults.where import Where


def duplicate(where: Where) -> FrameFault:
    """The frame at a place is sent twice. A whole body is not."""

    def duplicated(frames: Iterator[bytes]) -> Iterator[bytes]:
        for frame in frames:
            yield frame
            if not is_body(frame):
                yield frame
            yield from frames

    return from_there(where, duplicated)
