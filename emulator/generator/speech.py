"""Generating text token by token, by the grammar, the sampling parameters and one random number per position.

The random number of a position does not depend on any parameter. So `max_tokens` only truncates, log probabilities do
not change the text, and a slightly higher temperature changes little of it.
"""

from codecs import getincrementaldecoder
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Set
from functools import lru_cache
from itertools import repeat
from typing import NamedTuple, TypeAlias

from emulator.core.drafts import Piece, Pieces
from emulator.core.seeds import Seed
from emulator.core.tokens import END, encode, piece_bytes
from emulator.core.vocabulary import Sampling, TokenLogprob, TopLogprob
from emulator.generator.grammar import Branch, Run, endless
from emulator.generator.sampling import (
    GREEDY,
    Distributions,
    Narrowing,
    Scores,
    choose,
    distributions,
    draw,
    is_plain,
    log_probabilities,
    penalized,
    penalizes,
    scores,
)
from emulator.generator.walk import Walk

_decoder = getincrementaldecoder("utf-8")
_AT_A_TIME = range(64)
"""Positions whose random numbers are drawn together."""


class Speech:
    """Generated text, token by token; `ended` is false if the limit cut it, which is known once it is read.

    It is read once, either token by token or, by `runs`, several tokens at a time. Each token has its log
    probabilities, if they are requested.
    """

    def __init__(self, runs: Generator[Pieces, None, bool]) -> None:
        self.ended = False
        self._runs = runs

    def __iter__(self) -> Iterator[Piece]:
        for pieces, entries in self.runs():
            yield from zip(pieces, repeat(None) if entries is None else entries, strict=False)

    def runs(self) -> Iterator[Pieces]:
        """Yield the tokens; those without a choice between them together, if that is known."""
        self.ended = yield from self._runs


def speak(walk: Walk, sampling: Sampling, seed: Seed, limit: int, prompt: Callable[[], str] = str) -> Speech:
    """Generate up to `limit` tokens along the walk. The repetition penalty counts the tokens of `prompt`, too."""
    if is_plain(sampling) and sampling.logprobs is None:
        return Speech(_spoken(walk, sampling, _Chances(seed), limit))
    return Speech(_Speaker(sampling, prompt).speak(walk, _Chances(seed), limit))


class _Chances:
    """A random number in [0, 1) for each position, which positions ask for in their order."""

    def __init__(self, seed: Seed) -> None:
        self._seed = seed
        self._random: Callable[[], float] | None = None
        self._drawn = 0
        self._numbers: list[float] = []  # of the last positions for which there are some

    def __getitem__(self, position: int) -> float:
        while position >= self._drawn:
            if self._random is None:
                self._random = self._seed.random().random
            random = self._random
            self._numbers = [random() for _ in _AT_A_TIME]
            self._drawn += len(_AT_A_TIME)
        return self._numbers[position - self._drawn]


def _spoken(walk: Walk, sampling: Sampling, chances: _Chances, limit: int) -> Generator[Pieces, None, bool]:
    """Generate text in the common case, where only a branch of the grammar needs a random number."""
    distributions = _distributions(sampling)
    least = limit + 1 if sampling.ignore_eos else sampling.min_tokens
    position = 0
    while True:
        symbol = walk.next()
        if type(symbol) is Run:
            pieces = symbol.pieces
        else:
            if symbol.can_end and position < least:
                symbol = endless(symbol)
            at = _chosen(symbol, distributions, chances, position)
            if symbol.ids[at] == END:
                return True
            pieces = symbol.runs[at]
            walk.take(symbol.rests[at])
        position += len(pieces)
        if position > limit:
            if kept := pieces[: limit - position]:
                yield kept, None
            return False
        yield pieces, None


def _chosen(branch: Branch, distributions: Distributions | None, chances: _Chances, position: int) -> int:
    """The index of the token that is chosen at a position."""
    return branch.likeliest if distributions is None else choose(distributions[branch.weights], chances[position])


def _distributions(sampling: Sampling) -> Distributions | None:
    """The distributions to draw from; None if the likeliest token is taken each time."""
    temperature = sampling.temperature
    return None if temperature < GREEDY else distributions(temperature, Narrowing.of(sampling))


class _Forced(NamedTuple):
    """The only token that can come next."""

    ids: tuple[int]
    weights: tuple[float] = (1.0,)


_Offer: TypeAlias = _Forced | Branch


class _Speaker:
    """Generates token by token, for parameters that change single scores and for log probabilities."""

    def __init__(self, sampling: Sampling, prompt: Callable[[], str]) -> None:
        self._sampling = sampling
        self._is_plain = is_plain(sampling)
        self._distributions = _distributions(sampling) if self._is_plain else None
        self._prompt = frozenset(encode(prompt())) if sampling.repetition_penalty != 1 else frozenset[int]()
        self._stops = {END, *sampling.stop_token_ids}
        self._said: Counter[int] = Counter()
        self._decoder = _decoder("replace")

    def speak(self, walk: Walk, chances: _Chances, limit: int) -> Generator[Pieces, None, bool]:
        """Generate up to `limit` tokens."""
        top = self._sampling.logprobs
        states = _states(walk)
        offer = next(states)
        previous, position = END, 0
        while True:
            id, distribution = self._next(offer, previous, position, chances)
            if id in self._stops or position == limit:
                return id in self._stops
            piece = self._decoder.decode(piece_bytes(id))
            yield (piece,), None if top is None else (token_logprob(id, piece, distribution, top),)
            position += 1
            self._said[id] += 1
            offer = states.send(id)
            previous = id

    def _next(self, offer: _Offer, previous: int, position: int, chances: _Chances) -> tuple[int, Scores]:
        """Choose the next token; returns it with the log probabilities of all candidates."""
        never = self._never(position)
        if END in never and END in offer.ids and isinstance(offer, Branch):
            offer = endless(offer)
        found = scores(offer.ids, offer.weights, previous, self._sampling.logit_bias)
        if never:  # a stop token ends the answer after all where nothing else can come
            found = {id: score for id, score in found.items() if id not in never} or found
        if penalizes(self._sampling):
            found = penalized(found, self._sampling, self._said, self._prompt)
        distribution = log_probabilities(found, self._sampling.temperature)
        if not self._is_plain:
            return draw(distribution, self._sampling, chances[position]), distribution
        at = _chosen(offer, self._distributions, chances, position) if isinstance(offer, Branch) else 0
        return offer.ids[at], distribution

    def _never(self, position: int) -> Set[int]:
        if position < self._sampling.min_tokens:
            return self._stops
        return {END} if self._sampling.ignore_eos else frozenset()


def _states(walk: Walk) -> Generator[_Offer, int, None]:
    """Yield the candidates for each token. A sent token that is no candidate is replaced by the likeliest one."""
    while True:
        symbol = walk.next()
        if isinstance(symbol, Run):
            for id in symbol.ids:
                yield _Forced((id,))
        else:
            id = yield symbol
            walk.take(symbol.targets[symbol.ids.index(id) if id in symbol.ids else _substitute(symbol)])


def _substitute(branch: Branch) -> int:
    return max(range(len(branch.ids)), key=lambda at: (branch.ids[at] != END, branch.weights[at]))


def token_logprob(id: int, piece: str, distribution: Scores, top: int) -> TokenLogprob:
    """The log probability of a token and of the `top` likeliest tokens, which always include it."""
    ids = sorted(distribution, key=distribution.__getitem__, reverse=True)[:top]
    if ids and id not in ids:
        ids[-1] = id
    return TokenLogprob(
        piece,
        distribution[id],
        piece_bytes(id),
        tuple([_alternative(other, distribution[other], piece if other == id else None) for other in ids]),
    )


def _alternative(id: int, logprob: float, piece: str | None) -> TopLogprob:
    return TopLogprob(_shown(id) if piece is None else piece, logprob, piece_bytes(id))


@lru_cache(maxsize=4_096)
def _shown(id: int) -> str:
    return piece_bytes(id).decode("utf-8", "replace")
