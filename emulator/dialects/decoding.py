"""Reading answers back into events: what every dialect's decoder shares.

Answers come from the network: from this emulator, from AkashML, or from another service of the same shape, whole or
cut anywhere. So a decoder raises nothing, and notes what it could not read.
"""

from collections.abc import Iterator
from typing import TypeVar

import msgspec

from emulator.core.vocabulary import ApiError, End, Event, Failure, Start, Usage
from emulator.dialects.sse import field, is_stream, split_frames

Shape = TypeVar("Shape")


class Decoder:
    """Reads one answer, the inverse of a dialect's `body` and of its encoder's `frames`.

    Events come in the order of the wire: Start first, whatever begins the answer, and End or Failure last, if the
    answer says that it is over. They are the events that were encoded, except for what the wire does not tell: each
    has 0 tokens; ids are as the dialect wrote them; an error has its type and code, and the first kind of that name;
    usage that is not told is 0. A choice may begin with an empty Text, and a whole body has all of its text in one.

    `usage` is what was told last. `problems` are sentences on what could not be read.
    """

    def __init__(self) -> None:
        self.usage: Usage | None = None
        self.problems: list[str] = []
        self._started = False
        self._failed = False

    def frame(self, frame: bytes) -> list[Event]:
        """The events of one server-sent event. A comment has none."""
        data = field(frame, b"data")
        return self._events(data) if data else []

    def body(self, body: bytes) -> list[Event]:
        """The events of a whole body."""
        events = self._events(body)
        return [*events, *self._end()] if events else []

    def _events(self, payload: bytes) -> list[Event]:
        found: list[Event] = []
        try:
            found.extend(self._payload(payload))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            self.problems.append(str(error))
        return found

    def _payload(self, data: bytes) -> Iterator[Event]:
        """The events of the JSON of a body or of a frame; may raise what msgspec raises."""
        raise NotImplementedError

    # ------------------------------------------------------------------------------------------ for dialects

    def _start(
        self, id: str | int | None = None, model: str | None = None, created: float | None = None
    ) -> Iterator[Event]:
        """The event that begins the answer, once."""
        if not self._started:
            self._started = True
            prompt_tokens = self.usage.prompt_tokens if self.usage else 0
            yield Start("" if id is None else str(id), model or "", int(created or 0), prompt_tokens)

    def _end(self) -> Iterator[Event]:
        """The event that completes the answer, unless it has failed."""
        if not self._failed:
            yield End(self.usage or Usage(0, 0))

    def _fail(self, error: ApiError) -> Iterator[Event]:
        self._failed = True
        yield Failure(error)

    def _part(self, raw: msgspec.Raw, shape: type[Shape]) -> Shape | None:
        """A part of a payload that is read by itself, so that the rest can be read where it is odd; None for null."""
        if bytes(raw) == b"null":
            return None
        try:
            return msgspec.json.decode(raw, type=shape)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            self.problems.append(str(error))
            return None


def decode(decoder: Decoder, body: bytes) -> list[Event]:
    """The events of an answer, whole or streamed, as far as its bytes go."""
    if not is_stream(body):
        return decoder.body(body)
    return [event for frame in split_frames(body) for event in decoder.frame(frame)]
