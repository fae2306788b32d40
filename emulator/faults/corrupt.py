"""A frame has invalid JSON."""

from collections.abc import Iterator

from emulator.core.plan import FrameFault
from emulator.faults.fault_type import FaultType
from emulator.faults.frames import from_there, is_body
from emulator.faults.where import FIRST_TOKEN, Where

_DATA = b"data: "


def corrupt(where: Where) -> FrameFault:
    """Cut the JSON of the next frame that has any in half. The frame itself stays well formed."""

    def corrupted(frames: Iterator[bytes]) -> Iterator[bytes]:
        for frame in frames:
            if is_body(frame):
                yield _halved(frame)
            elif _DATA in frame:
                head, mark, data = frame.partition(_DATA)
                yield head + mark + _halved(data.rstrip(b"\n")) + b"\n\n"
            else:
                yield frame
                continue
            yield from frames

    return from_there(where, corrupted)


def _halved(data: bytes) -> bytes:
    """The first half, cut between two characters."""
    return data[: len(data) // 2].decode("utf-8", "ignore").encode()


FAULT = FaultType(
    level="frame",
    value="flag",
    placing="optional",
    meaning="One frame, or the whole body, has invalid JSON.",
    build=lambda _, where, random: corrupt(where),
    default=FIRST_TOKEN,
    order=5,
)
