"""Drawing a token from a distribution, with the sampling parameters in the order in which vLLM applies them.

Bias, penalties and temperature yield the distribution whose log probabilities are reported; `min_p`, `top_k` and
`top_p` then exclude tokens from the draw. At temperature 0 the likeliest token is taken, and the log probabilities are
those at temperature 1, since at 0 they would all be 0 or minus infinity.
"""

import math
from bisect import bisect
from collections.abc import Mapping, Sequence, Set
from functools import cache, lru_cache
from itertools import accumulate
from typing import NamedTuple, Protocol, TypeAlias

from msgspec.structs import replace

from emulator.core.tokens import END, encode
from emulator.core.vocabulary import Sampling

Scores = dict[int, float]

_CERTAIN = 20.0
_HARDLY = -10.0
GREEDY = 1e-5
"""Temperatures below this one take the likeliest token, as 0 does."""

_UNLIKELY = math.log(2**-27)


def scores(ids: tuple[int, ...], weights: tuple[float, ...], previous: int, bias: Mapping[int, float]) -> Scores:
    """The scores of the candidates: the grammar's tokens, whose weights add up to 1, and common tokens.

    Any other token with a bias starts from a score so low that only a high bias makes it likely.
    """
    offered = dict(zip(ids, _scores(weights), strict=True))
    found = {**offered, **_common(previous), **offered}
    for id, extra in bias.items():
        found[id] = found.get(id, _HARDLY) + extra
    return found


@lru_cache(maxsize=4096)
def _scores(weights: tuple[float, ...]) -> list[float]:
    return [_CERTAIN + math.log(weight) for weight in weights]


@lru_cache(maxsize=1024)
def common(previous: int) -> Mapping[int, float]:
    """Common tokens as unlikely successors of a token, with shares that add up to 1."""
    order = sorted(_common_ids(), key=lambda other: (other * 31 + previous * 17) % 101)
    total = sum(1 / rank for rank in range(1, len(order) + 1))
    return {id: 1 / rank / total for rank, id in enumerate(order, 1)}


@lru_cache(maxsize=1024)
def _common(previous: int) -> Scores:
    return {id: _CERTAIN + _UNLIKELY + math.log(share) for id, share in common(previous).items()}


@cache
def _common_ids() -> list[int]:
    return encode(" the a of and to in is that it for with as on at by from or this an be not are but,.")


def penalized(scores: Scores, sampling: Sampling, said: Mapping[int, int], prompt: Set[int]) -> Scores:
    """The scores after the penalties; `said` counts the tokens of the answer so far."""
    factor = min(max(sampling.repetition_penalty, 1e-3), 1e3)  # so that scores stay finite
    changed = dict(scores)
    for id in (scores.keys() & said.keys()) | (scores.keys() & prompt):
        changed[id] = scores[id] / factor if scores[id] > 0 else scores[id] * factor
        if id in said:
            changed[id] -= sampling.frequency_penalty * said[id] + sampling.presence_penalty
    return changed


def log_probabilities(scores: Scores, temperature: float) -> Scores:
    """The natural logarithms of the probabilities of these scores, each at most 0."""
    heat = 1.0 if temperature < GREEDY else temperature
    highest = max(scores.values())
    heated = [(score - highest) / heat for score in scores.values()]
    total = math.log(sum(map(math.exp, heated)))
    return dict(zip(scores, [score - total for score in heated], strict=True))


def draw(logprobs: Scores, sampling: Sampling, chance: float) -> int:
    """Draw an id from a distribution, whose temperature is applied, by a random number in [0, 1)."""
    ids = list(logprobs)
    if sampling.temperature < GREEDY:
        return max(ids, key=logprobs.__getitem__)
    weights = list(map(math.exp, logprobs.values()))
    narrowing = Narrowing.of(sampling)
    *cumulative, total = narrowing.cumulative(weights, 1.0) if narrowing else accumulate(weights)
    return ids[bisect(cumulative, chance * total)]


class Narrowing(NamedTuple):
    """The parameters that restrict the tokens which can be drawn. It is hashable, which `Sampling` is not."""

    min_p: float
    top_k: int
    top_p: float

    @classmethod
    def of(cls, sampling: Sampling) -> "Narrowing | None":
        """Those of a request, or None if they exclude no token."""
        if sampling.top_p >= 1 and sampling.top_k <= 0 and sampling.min_p <= 0:
            return None
        return cls(sampling.min_p, sampling.top_k, sampling.top_p)

    def cumulative(self, weights: Sequence[float], temperature: float) -> list[float]:
        """The cumulative distribution of these weights at a temperature above 0, with 0 for excluded tokens."""
        heated = _heated(weights, temperature)
        order = sorted((at for at, weight in enumerate(heated) if weight >= self.min_p), key=lambda at: -heated[at])
        order = order[: self.top_k] if self.top_k > 0 else order
        enough = self.top_p * sum([heated[at] for at in order])
        kept, mass = set(), 0.0
        for at in order:
            kept.add(at)
            mass += heated[at]
            if mass >= enough:
                break
        return list(accumulate(weight if at in kept else 0.0 for at, weight in enumerate(heated)))


class Weighted(Protocol):
    """A choice of the grammar, which lasts as long as the process does."""

    @property
    def weights(self) -> tuple[float, ...]:
        """The weights of what can be chosen, which add up to 1."""
        ...


Distribution: TypeAlias = tuple[list[float], float]
"""A cumulative distribution without its end, the total, which follows it."""


class Distributions(dict[Weighted, Distribution]):
    """The distributions at a temperature above 0, by the choice of the grammar; those with equal weights share one."""

    def __init__(self, temperature: float, narrowing: Narrowing | None) -> None:
        super().__init__()
        self._temperature = temperature
        self._narrowing = narrowing
        self._by_weights: dict[tuple[float, ...], Distribution] = {}

    def __missing__(self, choice: Weighted) -> Distribution:
        self[choice] = found = self._of(choice.weights)
        return found

    def choose(self, weights: tuple[float, ...], chance: float) -> int:
        """Return the index that a random number in [0, 1) selects."""
        cumulative, total = self._of(weights)
        return bisect(cumulative, chance * total)

    def _of(self, weights: tuple[float, ...]) -> Distribution:
        found = self._by_weights.get(weights)
        if found is None:
            found = self._by_weights[weights] = self._made(weights)
        return found

    def _made(self, weights: tuple[float, ...]) -> Distribution:
        if self._narrowing is not None:
            *cumulative, total = self._narrowing.cumulative(weights, self._temperature)
        elif self._temperature == 1:
            *cumulative, total = accumulate(weights)
        else:
            *cumulative, total = accumulate(_heated(weights, self._temperature))
        return cumulative, total


distributions = lru_cache(maxsize=16)(Distributions)


def _heated(weights: Sequence[float], temperature: float) -> list[float]:
    """The weights at a temperature, in proportion to the highest."""
    highest = max(weights)
    return [(weight / highest) ** (1 / temperature) for weight in weights]


def for_reasoning(sampling: Sampling) -> Sampling:
    """The parameters that reasoning is sampled with.

    Penalties and stop tokens concern only the answer, and so does a bias on its end.
    """
    return replace(
        sampling,
        temperature=min(sampling.temperature, 1.0),
        logit_bias={id: extra for id, extra in sampling.logit_bias.items() if id != END},
        frequency_penalty=0.0,
        presence_penalty=0.0,
        repetition_penalty=1.0,
        stop_token_ids=(),
        min_tokens=0,
        ignore_eos=False,
        logprobs=None,
    )


def is_plain(sampling: Sampling) -> bool:
    """Whether the grammar alone decides: there is no bias, penalty or stop token, and no temperature above 1."""
    asks = sampling.logit_bias or sampling.stop_token_ids or penalizes(sampling)
    return sampling.temperature <= 1 and not asks


def penalizes(sampling: Sampling) -> bool:
    """Whether any penalty is set."""
    return sampling.frequency_penalty != 0 or sampling.presence_penalty != 0 or sampling.repetition_penalty != 1
