"""From a distribution to a token: what the sampling parameters do, in the order in which vLLM applies them.

Bias, then penalties, then temperature make the distribution whose log probabilities are reported; `min_p`, `top_k` and
`top_p` then narrow what is drawn from. At temperature 0 the likeliest token is taken, and the log probabilities are
those at temperature 1, where they say something.
"""

import math
from bisect import bisect
from collections.abc import Mapping, Sequence, Set
from functools import lru_cache
from itertools import accumulate

from emulator.vocabulary import Sampling

Scores = dict[int, float]

_CERTAIN = 20.0
_HARDLY = -10.0
_UNLIKELY = math.log(2**-27)


def scores(
    ids: Sequence[int],
    weights: Sequence[float],
    others: Mapping[int, float],
    bias: Mapping[int, float],
    never: Set[int],
) -> Scores:
    """The scores of what can come next: what the grammar says, with weights that add up to 1, then a few others.

    The others, whose shares add up to 1, have less than 1e-8 of the probability together. Any other token scores so low
    that it comes only when a bias lifts it. Tokens in `never` are left out.
    """
    found = {id: _CERTAIN + math.log(weight) for id, weight in zip(ids, weights, strict=True)}
    for id, share in others.items():
        found.setdefault(id, _CERTAIN + _UNLIKELY + math.log(share))
    for id, extra in bias.items():
        found[id] = found.get(id, _HARDLY) + extra
    return {id: score for id, score in found.items() if id not in never}


def penalized(scores: Scores, sampling: Sampling, said: Mapping[int, int], prompt: Set[int]) -> Scores:
    """The scores after the penalties; `said` counts the tokens of the answer so far."""
    changed = dict(scores)
    for id, score in scores.items():
        times = said.get(id, 0)
        if times or id in prompt:
            changed[id] = score / sampling.repetition_penalty if score > 0 else score * sampling.repetition_penalty
        if times:
            changed[id] -= sampling.frequency_penalty * times + sampling.presence_penalty
    return changed


def log_probabilities(scores: Scores, temperature: float) -> Scores:
    """The natural logarithms of the probabilities of these scores, each at most 0."""
    heat = temperature or 1.0
    highest = max(scores.values())
    total = math.log(sum([math.exp((score - highest) / heat) for score in scores.values()]))
    return {id: min((score - highest) / heat - total, 0.0) for id, score in scores.items()}


def draw(logprobs: Scores, sampling: Sampling, chance: float) -> int:
    """The id that a chance in [0, 1) draws from a distribution at the right temperature."""
    ids = list(logprobs)
    if sampling.temperature == 0:
        return max(ids, key=logprobs.__getitem__)
    weights = [math.exp(logprob) for logprob in logprobs.values()]
    return ids[choose(_narrowed(weights, 1.0, sampling.top_k, sampling.top_p, sampling.min_p), chance)]


def choose(cumulative: Sequence[float], chance: float) -> int:
    """The place in a cumulative distribution, which may end below 1, that a chance in [0, 1) falls on."""
    return bisect(cumulative, chance * cumulative[-1], 0, len(cumulative) - 1)


@lru_cache(maxsize=4096)
def narrowed(weights: tuple[float, ...], temperature: float, top_k: int, top_p: float, min_p: float) -> list[float]:
    """The cumulative distribution of these weights at a temperature above 0, of what is left to be drawn."""
    return _narrowed(weights, temperature, top_k, top_p, min_p)


def _narrowed(weights: Sequence[float], temperature: float, top_k: int, top_p: float, min_p: float) -> list[float]:
    heated = [weight ** (1 / temperature) for weight in weights] if temperature != 1 else weights
    least = min_p * max(heated)
    order = sorted((at for at, weight in enumerate(heated) if weight >= least), key=lambda at: -heated[at])
    order = order[:top_k] if top_k > 0 else order
    enough = top_p * sum([heated[at] for at in order])
    kept, mass = set(), 0.0
    for at in order:
        kept.add(at)
        mass += heated[at]
        if mass >= enough:
            break
    return list(accumulate(weight if at in kept else 0.0 for at, weight in enumerate(heated)))


def is_plain(sampling: Sampling) -> bool:
    """Whether the grammar alone decides: nothing but a temperature up to 1 and a narrower choice is asked for."""
    return sampling.temperature <= 1 and not (
        sampling.logit_bias
        or sampling.stop_token_ids
        or sampling.min_tokens
        or sampling.ignore_eos
        or penalizes(sampling)
    )


def penalizes(sampling: Sampling) -> bool:
    """Whether any penalty is asked for."""
    return sampling.frequency_penalty != 0 or sampling.presence_penalty != 0 or sampling.repetition_penalty != 1
