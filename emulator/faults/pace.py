"""How fast an answer comes: when its tokens arrive, and how many of them at once."""

from collections.abc import Iterable, Iterator

from emulator.core.vocabulary import Fault, Step
from emulator.faults.advance import advances
from emulator.faults.chance import Chance, Distribution
from emulator.faults.chunks import Chunk, grouped, token_by_token


def pace(first_token: Distribution, between: Distribution, jitter: float, chunk: Chunk, chance: Chance) -> Fault:
    """Put delays on the steps of an answer, in seconds, and regroup its tokens.

    The headers and what opens a stream go out at once. The first token takes what `first_token` draws, each further
    one what `between` draws; choices advance side by side and share their delays. `jitter` is the fraction of itself
    by which a delay may be shorter or longer.

    Delays are drawn from `chance` as the steps go by: make a new pace for each answer.
    """

    def wait(token: int) -> float:
        seconds = (between if token else first_token)(chance)
        return max(seconds * chance.uniform(1 - jitter, 1 + jitter) if jitter else seconds, 0.0)

    def paced(steps: Iterable[Step]) -> Iterator[Step]:
        reached = 0
        for step, tokens in advances(token_by_token(steps)):
            yield Step(step.delay + sum(map(wait, range(reached, reached + tokens))), step.event)
            reached += tokens

    group = grouped(chunk)
    return lambda steps: group(paced(steps))
