"""How far an answer has come, when its choices advance side by side."""

from collections.abc import Iterable, Iterator

from emulator.core.vocabulary import Reasoning, Step, Text, ToolArguments, ToolCall

Content = Text | Reasoning | ToolCall | ToolArguments


def advances(steps: Iterable[Step]) -> Iterator[tuple[Step, int]]:
    """Each step, and by how many tokens it takes the choice that is furthest further.

    What another choice has said before takes no time: the choices of a batch share their moments. The opening of a
    tool call, which has no tokens, counts as one.

    >>> [tokens for _, tokens in advances([Step(0.0, Text(choice, "a")) for choice in (0, 1, 0)])]
    [1, 0, 1]
    """
    said: dict[int, int] = {}
    furthest = 0
    for step in steps:
        event = step.event
        further = 0
        if isinstance(event, Content):
            said[event.choice] = said.get(event.choice, 0) + max(event.tokens, 1)
            further = max(said[event.choice] - furthest, 0)
            furthest += further
        yield step, further
