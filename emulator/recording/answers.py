"""The decoded answer of an exchange: its content, and when each part of it arrived."""

from collections.abc import Iterator

import msgspec

from emulator.core.errors import ApiError
from emulator.core.fold import Choice, Fold
from emulator.core.token_counts import count
from emulator.core.vocabulary import End, Event, Failure, Reasoning, Text, ToolArguments, ToolCall, Usage
from emulator.dialects.decoding import Decoder
from emulator.dialects.endpoints import ENDPOINTS
from emulator.recording.seen import Exchange


class Moment(msgspec.Struct, frozen=True):
    """A frame with content: seconds after the request, the frame's number, and the total length so far."""

    at: float
    frame: int
    length: int


class Heard(msgspec.Struct, frozen=True):
    """A decoded answer.

    `error` is an error that was returned instead, or that ended a stream. `ended` is true for a stream that was
    complete, however the connection ended. `problems` has a sentence for each part that could not be decoded.
    """

    choices: tuple[Choice, ...]
    model: str
    usage: Usage | None
    error: ApiError | None
    ended: bool
    moments: tuple[Moment, ...]
    problems: tuple[str, ...]

    @property
    def finished(self) -> bool:
        """Whether a choice has a finish reason."""
        return any(choice.finish_reason for choice in self.choices)

    def tokens(self, length: int) -> int:
        """Estimate the tokens of each choice at the point where all choices had this total length."""
        share = length // max(len(self.choices), 1)
        return max((count(written(choice)[:share]) for choice in self.choices), default=0)


def written(choice: Choice) -> str:
    """The reasoning, text and arguments of a choice, in the order of a non-streamed body."""
    return "".join((choice.reasoning, choice.text, *(call.arguments for call in choice.tool_calls)))


def read(exchange: Exchange) -> Heard:
    """Decode the answer of an exchange."""
    decoder, fold = ENDPOINTS[exchange.request.endpoint].decoder(), Fold()
    moments: list[Moment] = []
    error, ended, length = None, False, 0
    for number, (at, events) in enumerate(_events(exchange, decoder)):
        for event in events:
            fold.add(event)
            error = event.error if isinstance(event, Failure) else error
            ended = ended or isinstance(event, End | Failure)
        if said := sum(map(_length, events)):
            length += said
            moments.append(Moment(at, number, length))
    return Heard(
        choices=(fold.completion().choices or (Choice(0, (), None),)) if fold.start else (),
        model=fold.start.model if fold.start else "",
        usage=decoder.usage,
        error=error,
        ended=ended and exchange.is_stream,
        moments=tuple(moments),
        problems=tuple(decoder.problems) if fold.start or error else ("no answer", *decoder.problems),
    )


def _events(exchange: Exchange, decoder: Decoder) -> Iterator[tuple[float, list[Event]]]:
    """The events of each frame, or of the whole body, with its arrival time."""
    if exchange.is_stream:
        yield from ((frame.at, decoder.frame(frame.data)) for frame in exchange.frames())
    else:
        yield exchange.begun, decoder.body(exchange.body)


def _length(event: Event) -> int:
    return len(event.text) if isinstance(event, Text | Reasoning | ToolArguments) else isinstance(event, ToolCall)
