"""Frames that are encoded once, although each answer has its own id, time and model in every frame.

What differs is left out when the frames are encoded: they are kept as the segments between these gaps.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence

from emulator.core.ready import ReadyEvents
from emulator.core.vocabulary import Event

GAP = b"\0"
"""What stands for the part that differs. Frames of JSON have control characters in escaped form only."""


def segments(ready: ReadyEvents, key: Hashable, encode: Callable[[ReadyEvents], bytes]) -> Sequence[bytes]:
    """The segments of the frames of these events, which `encode` writes with gaps the first time.

    `key` tells apart what else the frames depend on.
    """
    found = ready.segments.get(key)
    if found is None:
        found = ready.segments[key] = encode(ready).split(GAP)
    return found


def joined(ready: ReadyEvents, frames: Callable[[Event], Iterable[bytes]]) -> bytes:
    """The frames of these events, one after the other."""
    return b"".join([frame for step in ready.steps for frame in frames(step.event)])
