"""Log probabilities for text that nothing sampled: the shape of the sampled ones, decided by a seed."""

import math

from emulator.core.seeds import Seed
from emulator.core.tokens import END, Tokens, ids_of
from emulator.core.vocabulary import TokenLogprob
from emulator.generator.sampling import common
from emulator.generator.speech import told


def describe(tokens: Tokens, seed: Seed, top: int) -> tuple[TokenLogprob, ...]:
    """The log probabilities of a canned text, with `top` alternatives a token; the text's own is always one of them.

    Mostly the text's token is the likeliest, as if it had been sampled.
    """
    random = seed.child("logprobs").random().random
    described: list[TokenLogprob] = []
    previous = END
    for id, piece in zip(ids_of(tokens), tokens.pieces, strict=True):
        chance = random()
        chosen = 0.05 + 0.3 * chance if chance < 0.1 else 1 - 0.6 * random() ** 3
        distribution = {
            other: math.log((1 - chosen) * share) for other, share in common(previous).items() if other != id
        }
        distribution[id] = math.log(chosen)
        described.append(told(id, piece, distribution, top))
        previous = id
    return tuple(described)
