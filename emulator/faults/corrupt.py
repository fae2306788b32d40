"""A frame is broken."""

from collections.abc import Iterator

from emulator.core.vocabulary import FrameFault
from emulator.faults.frames import from_there, is_body
from emulator.faults.where import Where

_DATA = b"data: "


def corrupt(where: Where) -> FrameFault:
    """The JSON of the next frame that has any ends in its middle; the frame itself is well formed."""

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
    """The first half, without half a character."""
    return data[: len(data) // 2].decode("utf-8", "ignore").encode()
