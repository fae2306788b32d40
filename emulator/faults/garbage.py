"""A line of noise is sent."""

from collections.abc import Iterator

from emulator.core.plan import FrameFault
from emulator.core.seeds import Random
from emulator.faults.fault_type import FaultType
from emulator.faults.frames import from_there
from emulator.faults.where import FIRST_TOKEN, Where

_LENGTH = 64
_NO_BREAKS = bytes.maketrans(b"\r\n", b"  ")


def garbage(where: Where, random: Random) -> FrameFault:
    """Send a line of random bytes at a place, which is not JSON, not a field of an event, and not UTF-8."""
    noise = b"\xff" + random.randbytes(_LENGTH).translate(_NO_BREAKS) + b"\n\n"

    def littered(frames: Iterator[bytes]) -> Iterator[bytes]:
        yield noise
        yield from frames

    return from_there(where, littered)


FAULT = FaultType(
    level="frame",
    value="flag",
    placing="optional",
    meaning="A line of random bytes is sent, which is neither an event nor UTF-8.",
    build=lambda _, where, random: garbage(where, random),
    default=FIRST_TOKEN,
    order=10,
)
