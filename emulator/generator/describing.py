"""Log probabilities for text that was not sampled: they look like sampled ones and derive from a seed."""

import math
from collections.abc import Iterable, Iterator
from itertools import islice

from msgspec.structs import replace

from emulator.core.seeds import Seed
from emulator.core.tokens import END, Tokens, identified, ids_of
from emulator.core.vocabulary import TokenLogprob
from emulator.generator.sampling import common
from emulator.generator.speech import token_logprob

_SUREST = 1 - 2**-50
"""The highest probability of a token: others keep some."""


def describe(tokens: Tokens, seed: Seed, top: int) -> Iterator[TokenLogprob]:
    """Make the log probabilities of a canned text.

    Each token has `top` alternatives, which include the token itself. The token is usually the likeliest, as if it had
    been sampled.
    """
    return _described(zip(ids_of(tokens), tokens.pieces, strict=True), seed, top)


def describe_echo(prompt: str, seed: Seed, top: int) -> Iterator[TokenLogprob]:
    """Make the log probabilities of a prompt while it is read. The first token has none."""
    entries = _described(identified(prompt), seed, top)
    for first in islice(entries, 1):
        yield replace(first, logprob=None, top=())
    yield from entries


def _described(tokens: Iterable[tuple[int, str]], seed: Seed, top: int) -> Iterator[TokenLogprob]:
    random = seed.child("logprobs").random().random
    previous = END
    for id, piece in tokens:
        chance = random()
        chosen = 0.05 + 0.3 * chance if chance < 0.1 else min(1 - 0.6 * random() ** 3, _SUREST)
        distribution = {
            other: math.log((1 - chosen) * share) for other, share in common(previous).items() if other != id
        }
        distribution[id] = math.log(chosen)
        yield token_logprob(id, piece, distribution, top)
        previous = id
