"""The frames of a stream, each with the time at which it is due."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from emulator.core.clock import Clock, Turns
from emulator.core.plan import FrameFault, FrameMarks
from emulator.core.vocabulary import End, Event, Hangup, Progress, Start, Step, Usage
from emulator.dialects import Encoder

PIECE = 64 * 1024
"""Bytes of an answer that are sent at once; the last frame of a piece may exceed them."""
_WITHOUT_FRAMES = frozenset((Hangup, Progress))
_STEPS = 16
"""Steps that are encoded before the size of the piece and the time are looked at."""


class TimedFrames:
    """The frames of a stream in order, each with its due time. `tokens` counts those of the frames returned so far.

    Steps are read, and frames encoded, only when the pieces that contain them are taken.
    """

    def __init__(
        self,
        steps: Iterable[Step],
        encoder: Encoder,
        faults: Sequence[FrameFault],
        marks: FrameMarks,
        clock: Clock,
        begun: float,
        turns: Turns,
    ) -> None:
        self.due = begun
        self.start: Start | None = None
        self.tokens = 0
        self.over = False
        self.last: Event | None = None
        self._clock = clock
        self._turns = turns
        self._held: Sequence[bytes] = ()
        self._batches: Iterator[Sequence[bytes]] = self._encoded(steps, encoder)
        self._size, self._steps = PIECE, _STEPS
        if faults:
            self._size, self._steps = 1, 0  # each frame is sent separately, so that faults determine the writes
            frames: Iterator[bytes] = chain.from_iterable(self._batches)
            for fault in faults:
                frames = fault(frames, marks)
            self._batches = ((frame,) for frame in frames)

    async def due_now(self) -> bytes:
        """The next piece of frames that are due, joined; `due` is the time of the next ones, if there are any."""
        ready, now, left = [*self._held], self._clock.now(), self._steps
        measured = size = 0
        full = False
        for frames in self._batches:
            if left <= 0:
                size += sum(map(len, ready[measured:]))
                full = size >= self._size
                measured, left = len(ready), self._steps
                if self._turns.over:
                    await self._turns.end()
            if full or self.due > now:
                self._held = frames
                return b"".join(ready)
            ready += frames
            left -= 1
        self._held = ()
        self.over = self.due <= now  # a hang-up has no frame, but its time
        return b"".join(ready)

    def _encoded(self, steps: Iterable[Step], encoder: Encoder) -> Iterator[Sequence[bytes]]:
        """Tokens are counted when the next frames are requested, after the frames that carry them were taken."""
        encode = encoder.frames
        for step in steps:
            self.due += step.delay
            self.last = event = step.event
            if type(event) in _WITHOUT_FRAMES:
                if type(event) is Hangup:
                    return
                yield ()
                continue
            yield encode(event)
            if type(event) is Start:
                self.start = event
            self.tokens += event.tokens

    @property
    def used(self) -> Usage | None:
        """The usage of the frames returned so far, in tokens."""
        if self.over and isinstance(self.last, End):
            return self.last.usage
        return None if self.start is None else Usage(self.start.prompt_tokens, self.tokens)
