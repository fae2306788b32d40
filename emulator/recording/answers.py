"""What an exchange's answer said, and when."""

from collections.abc import Iterator

import msgspec

from emulator.core.fold import Choice, Fold
from emulator.core.tokens import count
from emulator.core.vocabulary import ApiError, End, Event, Failure, Reasoning, Text, ToolArguments, ToolCall, Usage
from emulator.dialects.answers import decoder_of
from emulator.dialects.decoding import Decoder
from emulator.recording.seen import Exchange


class Moment(msgspec.Struct, frozen=True):
    """When something was said: seconds after the request, the number of the frame, and the answer's length by then."""

    at: float
    frame: int
    length: int


class Heard(msgspec.Struct, frozen=True):
    """An answer in neutral words.

    `error` is told instead of an answer, or ends a stream. `ended` says that a stream has told its end, whatever the
    connection did then. `problems` tell what could not be read.
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
        """Whether a choice has told why it ended."""
        return any(choice.finish_reason for choice in self.choices)

    def tokens(self, length: int) -> int:
        """About how many tokens each choice had when all of them together were so long."""
        share = length // max(len(self.choices), 1)
        return max((count(written(choice)[:share]) for choice in self.choices), default=0)


def written(choice: Choice) -> str:
    """All that a choice says, in the order in which a whole answer has it."""
    return "".join((choice.reasoning, choice.text, *(call.arguments for call in choice.tool_calls)))


def read(exchange: Exchange) -> Heard:
    """The answer of an exchange."""
    decoder, fold = decoder_of(exchange.request.endpoint), Fold()
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
    """The events of each frame, or of the whole body, and when it came."""
    if exchange.is_stream:
        yield from ((frame.at, decoder.frame(frame.data)) for frame in exchange.frames())
    else:
        yield exchange.begun, decoder.body(exchange.body)


def _length(event: Event) -> int:
    return len(event.text) if isinstance(event, Text | Reasoning | ToolArguments) else isinstance(event, ToolCall)
