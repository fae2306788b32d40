"""Log probabilities for text that was not sampled: they look like sampled ones and derive from a seed."""

import math

from emulator.core.seeds import Seed
from emulator.core.tokens import END, Tokens, ids_of
from emulator.core.vocabulary import TokenLogprob
from emulator.generator.sampling import common
from emulator.generator.speech import token_logprob


def describe(tokens: Tokens, seed: Seed, top: int) -> tuple[TokenLogprob, ...]:
    """The log probabilities of a canned text, with `top` alternatives for each token, which include the token itself.

    The token is usually the likeliest, as if it had been sampled.
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
        described.append(token_logprob(id, piece, distribution, top))
        previous = id
    return tuple(described)
