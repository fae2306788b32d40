"""The frames of a stream, each with the time at which it is due."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from itertools import chain

from emulator.core.clock import Turns
from emulator.core.plan import FrameFault, FrameMarks
from emulator.core.vocabulary import End, Event, Hangup, Progress, Start, Step, Usage
from emulator.dialects import Encoder

PIECE = 64 * 1024
"""Bytes of an answer that are sent at once; the last frame of a piece may exceed them."""
_STEPS = 16
"""Steps that are encoded before the size of the piece and the time are looked at."""


class TimedFrames:
    """The frames of a stream in order, each with its due time. `used` counts those that were returned so far.

    Steps are read, and frames encoded, only when the pieces that contain them are taken; those that are due next are
    encoded before their time has come.
    """

    __slots__ = (
        "_batches",
        "_end_turn",
        "_held",
        "_returned",
        "_size",
        "_start",
        "_steps",
        "_tokens",
        "_turns",
        "due",
        "last",
        "over",
    )

    def __init__(
        self,
        steps: Iterable[Step],
        encoder: Encoder,
        faults: Sequence[FrameFault],
        marks: FrameMarks,
        begun: float,
        turns: Turns,
        end_turn: Callable[[], Awaitable[None]],
    ) -> None:
        self.due = begun
        self.over = False
        self.last: Event | None = None
        self._turns = turns
        self._end_turn = end_turn
        self._start: Start | None = None
        self._tokens = 0
        self._returned: tuple[Start | None, int] = None, 0
        self._held: Sequence[bytes] = ()
        self._batches: Iterator[Sequence[bytes]] = self._encoded(steps, encoder)
        self._size, self._steps = PIECE, _STEPS
        if faults:
            self._size, self._steps = 1, 1  # each frame is sent separately, so that faults determine the writes
            frames: Iterator[bytes] = chain.from_iterable(self._batches)
            for fault in faults:
                frames = fault(frames, marks)
            self._batches = ((frame,) for frame in frames)

    async def due_until(self, now: float) -> bytes:
        """The next piece of frames that are due, joined; `due` is the time of the next ones, if there are any."""
        ready = [*self._held]
        measured = size = 0
        for steps, frames in enumerate(self._batches, 1):
            if not steps % self._steps:
                size += sum(map(len, ready[measured:]))
                measured = len(ready)
                if self._turns.over:
                    await self._end_turn()
            if self.due > now or size >= self._size:
                self._held = frames
                break
            ready += frames
        else:
            self._held = ()
            self.over = self.due <= now  # a hang-up has no frame, but its time
        self._returned = self._start, self._tokens
        return b"".join(ready)

    def _encoded(self, steps: Iterable[Step], encoder: Encoder) -> Iterator[Sequence[bytes]]:
        """Tokens are counted when the next frames are requested, after the frames that carry them were taken."""
        encode = encoder.frames
        for step in steps:
            self.due += step.delay
            self.last = event = step.event
            kind = type(event)
            if kind is Hangup:
                return
            yield () if kind is Progress else encode(event)
            if type(event) is Start:
                self._start = event
            self._tokens += event.tokens

    @property
    def used(self) -> Usage | None:
        """The usage of the frames returned so far, in tokens."""
        if self.over and isinstance(self.last, End):
            return self.last.usage
        start, tokens = self._returned
        return None if start is None else Usage(start.prompt_tokens, tokens)
