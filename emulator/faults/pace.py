"""The timing of an answer: the delays of its tokens, and the size of its chunks."""

from collections.abc import Iterable, Iterator

from emulator.core.plan import Fault
from emulator.core.seeds import Random
from emulator.core.vocabulary import Step
from emulator.faults.advance import Advance
from emulator.faults.chunks import Chunk, grouped, token_by_token
from emulator.faults.distributions import Distribution


def pace(first_token: Distribution, between: Distribution, jitter: float, chunk: Chunk, random: Random) -> Fault:
    """Delay the steps of an answer, and join its tokens to chunks. All times are in seconds.

    The headers and the start of a stream are sent at once. The delay of the first token is drawn from `first_token`,
    that of each further one from `between`; several choices share their delays. `jitter` is the fraction by which each
    delay is randomly shorter or longer.

    Delays are drawn from `random` while the steps are played: make a new pace for each answer.
    """
    group = grouped(chunk)
    return lambda steps: group(_paced(steps, first_token, between, jitter, random))


def _paced(
    steps: Iterable[Step], first_token: Distribution, between: Distribution, jitter: float, random: Random
) -> Iterator[Step]:
    advance, distribution = Advance(), first_token
    for step in steps:
        delay = step.delay
        for event in token_by_token(step.event):
            wait = 0.0
            for _ in range(advance.by(event)):
                seconds = distribution(random)
                distribution = between
                wait += max(seconds * random.uniform(1 - jitter, 1 + jitter) if jitter else seconds, 0.0)
            yield Step(delay + wait, event)
            delay = 0.0
