"""The frames of a stream, each with the time at which it is due."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from emulator.core.clock import Clock
from emulator.core.plan import FrameFault, FrameMarks
from emulator.core.vocabulary import End, Event, Hangup, Start, Step, Usage
from emulator.dialects import Encoder

_JOINED_FRAMES = 256


class TimedFrames:
    """The frames of a stream in order, each with its due time. `tokens` counts those of the frames returned so far."""

    def __init__(
        self,
        steps: Iterable[Step],
        encoder: Encoder,
        faults: Sequence[FrameFault],
        marks: FrameMarks,
        clock: Clock,
        begun: float,
    ) -> None:
        self.due = begun
        self.start: Start | None = None
        self.tokens = 0
        self.over = False
        self.last: Event | None = None
        self._clock = clock
        self._held: Sequence[bytes] = ()
        self._batches: Iterator[Sequence[bytes]] = self._encoded(steps, encoder)
        self._most = _JOINED_FRAMES
        if faults:
            self._most = 0  # each frame is sent separately, so that faults determine the writes
            frames: Iterator[bytes] = chain.from_iterable(self._batches)
            for fault in faults:
                frames = fault(frames, marks)
            self._batches = ((frame,) for frame in frames)

    def due_now(self) -> bytes:
        """All frames that are due, joined; `due` is the time of the next ones, if there are any."""
        ready, now = [*self._held], self._clock.now()
        self._held = ()
        for frames in self._batches:
            if self.due > now or len(ready) > self._most:
                self._held = frames
                return b"".join(ready)
            ready += frames
        self.over = True
        return b"".join(ready)

    def _encoded(self, steps: Iterable[Step], encoder: Encoder) -> Iterator[Sequence[bytes]]:
        """Tokens are counted when the next frames are requested, after the frames that carry them were taken."""
        encode = encoder.frames
        for step in steps:
            self.due += step.delay
            self.last = event = step.event
            if type(event) is Hangup:
                return
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
