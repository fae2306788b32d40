"""The progress of an answer whose choices are sent at the same time."""

from emulator.core.vocabulary import Event, Reasoning, Text, ToolArguments, ToolCall

_CONTENT = (Text, Reasoning, ToolCall, ToolArguments)


class Advance:
    """How far the longest choice of an answer has come.

    Tokens of a shorter choice count nothing, since the choices of a batch are generated at the same time. The start of
    a tool call, which has no tokens, counts as one.

    >>> advance = Advance()
    >>> [advance.by(Text(choice, "a")) for choice in (0, 1, 0)]
    [1, 0, 1]
    """

    __slots__ = ("_lengths", "_longest")

    def __init__(self) -> None:
        self._lengths: dict[int, int] = {}
        self._longest = 0

    def by(self, event: Event) -> int:
        """The tokens by which the next event advances the longest choice."""
        if not isinstance(event, _CONTENT):
            return 0
        lengths, choice, longest = self._lengths, event.choice, self._longest
        length = lengths[choice] = lengths.get(choice, 0) + (event.tokens or 1)
        if length <= longest:
            return 0
        self._longest = length
        return length - longest
