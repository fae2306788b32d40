"""Decoding answers into events: the part that all decoders share.

An answer comes from the network: from this emulator, from AkashML, or from another service with the same API. It may be
whole, or cut anywhere. So a decoder never raises an exception; it records what it could not read.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import TypeVar

import msgspec

from emulator.core.errors import ApiError
from emulator.core.vocabulary import End, Event, Failure, Start, Usage
from emulator.dialects.sse import field, is_stream, split_frames

Shape = TypeVar("Shape")


class Decoder(ABC):
    """Decodes one answer. It is the inverse of a dialect's `parts` and of its encoder's `frames`.

    Events are in the order of the wire: Start comes first, and End or Failure last if the answer is complete. They
    equal the encoded events except for what is not on the wire: `tokens` is 0; ids are as the dialect wrote them; an
    error has an explicit type and code, and the first kind with that name; missing usage is 0. A choice may begin with
    an empty Text, and a whole body has a single Text for each choice.

    `usage` is the last usage in the answer. `problems` has a sentence for each thing that could not be read. Log
    probabilities are left out unless `logprobs` is true.
    """

    def __init__(self) -> None:
        self.usage: Usage | None = None
        self.problems: list[str] = []
        self.logprobs = True
        self._started = False
        self._failed = False

    def frame(self, frame: bytes) -> list[Event]:
        """Decode one server-sent event. A comment has no events."""
        data = field(frame, b"data")
        return self._events(data) if data else []

    def body(self, body: bytes) -> list[Event]:
        """Decode a whole body."""
        events = self._events(body)
        return [*events, *self._end()] if events else []

    def _events(self, payload: bytes) -> list[Event]:
        found: list[Event] = []
        try:
            found.extend(self._payload(payload))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            self.problems.append(str(error))
        return found

    @abstractmethod
    def _payload(self, data: bytes) -> Iterator[Event]:
        """Yield the events of the JSON in a body or a frame. Exceptions of msgspec become problems."""

    # ------------------------------------------------------------------------------------------ for dialects

    def _start(
        self, id: str | int | None = None, model: str | None = None, created: float | None = None
    ) -> Iterator[Event]:
        """Yield Start, unless the answer has started already."""
        if not self._started:
            self._started = True
            prompt_tokens = self.usage.prompt_tokens if self.usage else 0
            yield Start("" if id is None else str(id), model or "", int(created or 0), prompt_tokens)

    def _end(self) -> Iterator[Event]:
        """Yield End, unless the answer has failed."""
        if not self._failed:
            yield End(self.usage or Usage(0, 0))

    def _fail(self, error: ApiError) -> Iterator[Event]:
        self._failed = True
        yield Failure(error)

    def _part(self, raw: msgspec.Raw, shape: type[Shape]) -> Shape | None:
        """Decode a part of a payload separately, so that a malformed one does not cost the rest. None for null."""
        if bytes(raw) == b"null":
            return None
        try:
            return msgspec.json.decode(raw, type=shape)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            self.problems.append(str(error))
            return None


def decode(decoder: Decoder, body: bytes) -> list[Event]:
    """Decode an answer, whole or streamed, as far as its bytes go."""
    if not is_stream(body):
        return decoder.body(body)
    return [event for frame in split_frames(body) for event in decoder.frame(frame)]
