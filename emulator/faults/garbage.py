"""Something that is no answer at all."""

from collections.abc import Iterator

from emulator.core.vocabulary import FrameFault
from emulator.faults.chance import Chance
from emulator.faults.frames import from_there
from emulator.faults.where import Where

_LENGTH = 64
_NO_BREAKS = bytes.maketrans(b"\r\n", b"  ")


def garbage(where: Where, chance: Chance) -> FrameFault:
    """A line of noise at a place, drawn from `chance`: no JSON, no field of an event, no UTF-8."""
    noise = b"\xff" + chance.randbytes(_LENGTH).translate(_NO_BREAKS) + b"\n\n"

    def littered(frames: Iterator[bytes]) -> Iterator[bytes]:
        yield noise
        yield from frames

    return from_there(where, littered)
