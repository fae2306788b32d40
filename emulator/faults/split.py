"""Every byte is sent in a separate write."""

from collections.abc import Iterator

from emulator.core.plan import FrameFault
from emulator.faults.fault_type import FaultType
from emulator.faults.frames import Alone, from_there
from emulator.faults.where import Where


def split(where: Where) -> FrameFault:
    """Send each byte after a place in a separate write, which splits lines, JSON and UTF-8 characters."""

    def bytewise(frames: Iterator[bytes]) -> Iterator[bytes]:
        for frame in frames:
            for byte in frame:
                yield Alone((byte,))

    return from_there(where, bytewise)


FAULT = FaultType(
    level="frame",
    value=("bytes",),
    placing="optional",
    meaning="Every further byte is sent in a separate write.",
    build=lambda _, where, random: split(where),
    last=True,  # no other fault recognises a frame by its single bytes
    order=11,
)
