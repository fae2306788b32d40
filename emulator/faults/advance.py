"""The progress of an answer whose choices are sent at the same time."""

from collections.abc import Iterable, Iterator

from emulator.core.vocabulary import Reasoning, Step, Text, ToolArguments, ToolCall

_CONTENT = (Text, Reasoning, ToolCall, ToolArguments)


def advances(steps: Iterable[Step]) -> Iterator[tuple[Step, int]]:
    """Each step, with the number of tokens by which it advances the longest choice.

    Tokens of a shorter choice count nothing, since the choices of a batch are generated at the same time. The start of
    a tool call, which has no tokens, counts as one.

    >>> [tokens for _, tokens in advances([Step(0.0, Text(choice, "a")) for choice in (0, 1, 0)])]
    [1, 0, 1]
    """
    lengths: dict[int, int] = {}
    longest = 0
    for step in steps:
        event = step.event
        tokens = 0
        if isinstance(event, _CONTENT):
            length = lengths[event.choice] = lengths.get(event.choice, 0) + (event.tokens or 1)
            if length > longest:
                tokens, longest = length - longest, length
        yield step, tokens
