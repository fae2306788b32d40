"""Answers that are encoded once, although each has its own id, time and model, in a stream even in every frame.

What differs is left out when they are encoded: the segments between these gaps are kept.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence

from emulator.core.ready import ReadyEvents
from emulator.core.vocabulary import Event

GAP = b"\0"
"""What stands for the part that differs. Frames of JSON have control characters in escaped form only."""


def segments(ready: ReadyEvents, key: Hashable, encode: Callable[[], bytes]) -> Sequence[bytes]:
    """The segments of these events, which `encode` writes with gaps the first time.

    `key` tells apart what else they depend on.
    """
    found = ready.segments.get(key)
    if found is None:
        found = ready.segments[key] = encode().split(GAP)
    return found


def joined(ready: ReadyEvents, frames: Callable[[Event], Iterable[bytes]]) -> bytes:
    """The frames of these events, one after the other."""
    return b"".join([frame for step in ready.steps for frame in frames(step.event)])
