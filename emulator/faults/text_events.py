"""Events with text: their tokens, and events cut between two tokens."""

from collections.abc import Iterator
from itertools import accumulate
from typing import TypeAlias

from msgspec.structs import replace

from emulator.core.tokens import split
from emulator.core.vocabulary import Event, Reasoning, Text, ToolArguments

TextEvent: TypeAlias = Text | Reasoning | ToolArguments


def text_of(event: Event) -> str:
    """The text of an event, which is empty for most kinds."""
    return event.text if isinstance(event, TextEvent) else ""


def size(text: str) -> int:
    """The number of bytes of a text in UTF-8."""
    return len(text.encode("utf-8", "surrogatepass"))


def pieces(event: TextEvent) -> tuple[str, ...]:
    """The text of each token of an event. Together they are its text, and there are as many as it has tokens.

    If the text itself has more tokens than the event says, the last piece contains the rest; if it has fewer, the last
    pieces are empty.

    >>> pieces(Text(0, "one two", 2)), pieces(Text(0, "one two", 1)), pieces(Reasoning(0, "", 3))
    (('one', ' two'), ('one two',), ('', '', ''))
    """
    count = event.tokens
    if count <= 1:
        return (event.text,) * count
    found = split(event.text).pieces
    if len(found) == count:
        return found
    return (*found[: count - 1], "".join(found[count - 1 :]), *("",) * (count - 1 - len(found)))


def cut(event: TextEvent, tokens: int) -> tuple[TextEvent, TextEvent]:
    """An event cut in two: its first tokens, and the others.

    >>> [half.text for half in cut(Text(0, "one two three", 3), 1)]
    ['one', ' two three']
    """
    head = "".join(pieces(event)[:tokens])
    return _part(event, head, 0, tokens), _part(event, event.text[len(head) :], tokens, event.tokens)


def apart(event: TextEvent) -> Iterator[TextEvent]:
    """An event as one event for each token. A token without text is joined to the next, as streams do.

    >>> [(part.text, part.tokens) for event in (Text(0, "one two", 2), Reasoning(0, "", 3)) for part in apart(event)]
    [('one', 1), (' two', 1), ('', 3)]
    """
    if event.tokens <= 1:
        yield event
        return
    start = 0
    for end, piece in enumerate(pieces(event), 1):
        if piece or end == event.tokens:
            yield _part(event, piece, start, end)
            start = end


def tokens_to(event: TextEvent, count: int) -> int:
    """The number of tokens that contain the first `count` bytes of an event; 0 for an echo, which has no tokens."""
    ends = accumulate(map(size, pieces(event)))
    return next((tokens for tokens, end in enumerate(ends, 1) if end >= count), 0)


def _part(event: TextEvent, text: str, start: int, end: int) -> TextEvent:
    part = replace(event, text=text, tokens=end - start)
    if isinstance(part, Text) and part.logprobs is not None:
        return replace(part, logprobs=part.logprobs[start:end])
    return part
