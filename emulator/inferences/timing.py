"""When the parts of an answer were sent, where its faults happened, and which attempts at the same question there were.

Nothing of this is noted while an answer is sent: it is read from the bytes, from the times of the sends, and from the
scenario's reply.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

import msgspec

from emulator.core.explanation import FaultApplied
from emulator.core.settings import Settings
from emulator.core.token_counts import count
from emulator.core.vocabulary import Event, Reasoning, Text, ToolArguments
from emulator.dialects.endpoints import ENDPOINTS
from emulator.dialects.sse import is_stream, split_frames
from emulator.faults.registry import FAULTS
from emulator.inferences.inference import Inference
from emulator.inferences.verdict.attempts import chains

_SETTINGS = Settings()
_INSTEAD = frozenset({"error", "hangup"})
"""Faults that end an answer, so that nothing comes after them."""


class Frame(NamedTuple):
    """A frame of a stream, or a whole body. `at` is when the last of it was sent, in seconds after the request."""

    at: float
    bytes: bytes
    events: Sequence[Event]

    @property
    def text(self) -> str:
        """The text, the reasoning and the arguments in it."""
        return "".join(event.text for event in self.events if isinstance(event, Text | Reasoning | ToolArguments))

    @property
    def is_comment(self) -> bool:
        """Whether it says nothing, but keeps the connection open."""
        return not self.events and (self.bytes.startswith(b":") or b"event: ping" in self.bytes)


class PlacedFault(msgspec.Struct, frozen=True):
    """A fault, where it happens, and the seconds after the request at which it began and at which its effect ended.

    The times are None where the answer does not show them: the place was not reached, or the fault has no duration.
    """

    fault: str
    place: str
    at: float | None = None
    until: float | None = None


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt at a question. `retry_after` are the seconds that its answer asks to wait before the next attempt.

    `waited` are those that passed until the next attempt; None for the last one.
    """

    number: int
    id: str
    started: float
    ended: float | None
    first_byte: float | None
    status: int
    outcome: str
    stream: bool
    answered_by: str
    retry_after: float | None
    waited: float | None


def frames(inference: Inference, problems: list[str] | None = None) -> Iterator[Frame]:
    """The frames of an answer, as far as it was kept and sent. What cannot be read is added to the `problems`."""
    body, timeline = inference.response.encode(), inference.timeline
    sent = list(accumulate(moment.size for moment in timeline))
    decoder = ENDPOINTS[inference.endpoint].decoder() if inference.exists else None
    stream, end = is_stream(body), 0
    for frame in split_frames(body) if stream else filter(None, (body,)):
        end += len(frame)
        at = timeline[min(bisect_left(sent, end), len(sent) - 1)].at
        events = () if decoder is None else decoder.frame(frame) if stream else decoder.body(frame)
        yield Frame(at, frame, events)
    if decoder is not None and problems is not None:
        problems += decoder.problems


def first_token(frames: Sequence[Frame]) -> float | None:
    """When the first text, reasoning or tool call was sent, in seconds after the request."""
    return next((frame.at for frame in frames if frame.text), None)


# ---------------------------------------------------------------------------------------------- faults


def placed(inference: Inference, frames: Sequence[Frame]) -> list[PlacedFault]:
    """The faults of the answer, with their times."""
    sent = [frame for frame in frames if not frame.is_comment]
    return [_placed(fault, sent, inference) for fault in inference.faults]


def _placed(fault: FaultApplied, frames: Sequence[Frame], inference: Inference) -> PlacedFault:
    begun, ended = inference.queued or 0.0, None if inference.ended is None else inference.ended - inference.started
    before = _before(fault, frames, inference)
    if before is None:
        return PlacedFault(str(fault), fault.place)
    at = frames[before - 1].at if before else begun
    after = frames[before].at if before < len(frames) else ended
    if fault.fault in _INSTEAD:
        return PlacedFault(str(fault), fault.place, ended)
    if FAULTS[fault.fault].value == "duration":
        return PlacedFault(str(fault), fault.place, at, after)
    return PlacedFault(str(fault), fault.place, after)


def _before(fault: FaultApplied, frames: Sequence[Frame], inference: Inference) -> int | None:
    """The number of frames that were sent before the place of a fault; None if the answer did not come to it."""
    if fault.kind == "" or fault.name == "response":
        return 0
    if fault.kind == "after":
        return _reached(accumulate(map(_MEASURES[fault.name], frames)), fault.count)
    if not inference.exists:
        return None
    pattern = ENDPOINTS[inference.endpoint].make(_SETTINGS).marks.places[fault.name]
    found = (number for number, frame in enumerate(frames) if re.search(pattern, frame.bytes))
    return next(found, len(frames) if fault.fault in _INSTEAD else None)


def _reached(sums: Iterator[int], wanted: int) -> int | None:
    return next((number for number, sum in enumerate(sums, 1) if sum >= wanted), None)


_MEASURES: dict[str, Callable[[Frame], int]] = {
    "tokens": lambda frame: count(frame.text),
    "events": lambda frame: 1,
    "bytes": lambda frame: len(frame.text.encode()),
}

# ---------------------------------------------------------------------------------------------- attempts


def attempts(inference: Inference, same: Iterable[Inference]) -> list[Attempt]:
    """The attempts at a question to which an inference belongs, in the order in which they were made.

    `same` are inferences with the same question and key.
    """
    found = (chain for chain in chains(same) if chain and any(each.number == inference.number for each in chain))
    chain = next(found, [inference])
    return [_attempt(each, after) for each, after in zip(chain, [*chain[1:], None], strict=True)]


def _attempt(each: Inference, after: Inference | None) -> Attempt:
    waited = None if after is None or each.ended is None else after.started - each.ended
    return Attempt(
        number=each.number,
        id=each.id,
        started=each.started,
        ended=each.ended,
        first_byte=each.first_byte,
        status=each.status,
        outcome=each.ending,
        stream=each.stream,
        answered_by=each.answered_by,
        retry_after=each.retry_after,
        waited=waited,
    )
