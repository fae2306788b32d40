"""A frame is sent twice."""

from collections.abc import Iterator

from emulator.core.plan import FrameFault
from emulator.faults.fault_type import FaultType
from emulator.faults.frames import from_there, is_body
from emulator.faults.where import FIRST_TOKEN, Where


def duplicate(where: Where) -> FrameFault:
    """Send the frame at a place twice. A whole body is not changed."""

    def duplicated(frames: Iterator[bytes]) -> Iterator[bytes]:
        for frame in frames:
            yield frame
            if not is_body(frame):
                yield frame
            yield from frames

    return from_there(where, duplicated)


FAULT = FaultType(
    level="frame",
    value="flag",
    placing="optional",
    meaning="One frame is sent twice.",
    build=lambda _, where, random: duplicate(where),
    default=FIRST_TOKEN,
    order=6,
)
