"""Generating text token by token, by the grammar, the sampling parameters and one random number per position.

The random number of a position does not depend on any parameter. So `max_tokens` only truncates, log probabilities do
not change the text, and a slightly higher temperature changes little of it.
"""

from codecs import getincrementaldecoder
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Set
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from emulator.core.drafts import Piece
from emulator.core.seeds import Seed
from emulator.core.tokens import END, encode, piece_bytes
from emulator.core.vocabulary import Sampling, TokenLogprob, TopLogprob
from emulator.generator.grammar import Branch, Run, endless
from emulator.generator.sampling import (
    GREEDY,
    Narrowing,
    Scores,
    choose,
    cumulative,
    draw,
    is_plain,
    log_probabilities,
    penalized,
    penalizes,
    scores,
)
from emulator.generator.walk import Walk

_decoder = getincrementaldecoder("utf-8")


class Speech:
    """Generated text, token by token; `ended` is false if the limit cut it, which is known once it is read.

    It is read once. Each token has its log probabilities, if they are requested.
    """

    def __init__(self, pieces: Generator[Piece, None, bool]) -> None:
        self.ended = False
        self._pieces = pieces

    def __iter__(self) -> Iterator[Piece]:
        self.ended = yield from self._pieces


def speak(walk: Walk, sampling: Sampling, seed: Seed, limit: int, prompt: str) -> Speech:
    """Generate up to `limit` tokens along the walk. The repetition penalty counts the tokens of `prompt`, too."""
    if is_plain(sampling) and sampling.logprobs is None:
        return Speech(_spoken(walk, sampling, _Chances(seed), limit))
    return Speech(_Speaker(sampling, prompt).speak(walk, _Chances(seed), limit))


class _Chances:
    """A random number in [0, 1) for each position, which positions ask for in their order."""

    def __init__(self, seed: Seed) -> None:
        self._random = seed.random().random
        self._next = 0
        self._found = 0.0

    def __getitem__(self, position: int) -> float:
        while position >= self._next:
            self._found = self._random()
            self._next += 1
        return self._found


def _spoken(walk: Walk, sampling: Sampling, chances: _Chances, limit: int) -> Generator[Piece, None, bool]:
    """Generate text in the common case, where only a branch of the grammar needs a random number."""
    decide = _decision(sampling)
    least = limit + 1 if sampling.ignore_eos else sampling.min_tokens
    position = 0
    while True:
        symbol = walk.next()
        if isinstance(symbol, Run):
            for piece in symbol.pieces:
                if position == limit:
                    return False
                yield piece, None
                position += 1
            continue
        if position < least and END in symbol.ids:
            symbol = endless(symbol)
        index = decide(symbol, chances[position])
        if symbol.ids[index] == END:
            return True
        if position == limit:
            return False
        yield symbol.pieces[index], None
        position += 1
        walk.take(symbol.targets[index])


def _decision(sampling: Sampling) -> Callable[[Branch, float], int]:
    """Return the function that chooses between the tokens of a branch, given a random number."""
    temperature, narrowing = sampling.temperature, Narrowing.of(sampling)
    if temperature < GREEDY:
        return lambda branch, chance: branch.likeliest
    if temperature == 1 and narrowing is None:
        return lambda branch, chance: choose(branch.cumulative, chance)
    return lambda branch, chance: choose(cumulative(branch.weights, temperature, narrowing), chance)


class _Forced(NamedTuple):
    """The only token that can come next."""

    ids: tuple[int]
    weights: tuple[float] = (1.0,)


_Offer: TypeAlias = _Forced | Branch


class _Speaker:
    """Generates token by token, for parameters that change single scores and for log probabilities."""

    def __init__(self, sampling: Sampling, prompt: str) -> None:
        self._sampling = sampling
        self._decide = _decision(sampling) if is_plain(sampling) else None
        self._prompt = frozenset(encode(prompt)) if sampling.repetition_penalty != 1 else frozenset[int]()
        self._stops = {END, *sampling.stop_token_ids}
        self._said: Counter[int] = Counter()
        self._decoder = _decoder("replace")

    def speak(self, walk: Walk, chances: _Chances, limit: int) -> Generator[Piece, None, bool]:
        """Generate up to `limit` tokens."""
        top = self._sampling.logprobs
        states = _states(walk)
        offer = next(states)
        previous, position = END, 0
        while True:
            id, distribution = self._next(offer, previous, position, chances[position])
            if id in self._stops or position == limit:
                return id in self._stops
            piece = self._decoder.decode(piece_bytes(id))
            yield piece, None if top is None else token_logprob(id, piece, distribution, top)
            position += 1
            self._said[id] += 1
            offer = states.send(id)
            previous = id

    def _next(self, offer: _Offer, previous: int, position: int, chance: float) -> tuple[int, Scores]:
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
        if self._decide is None:
            return draw(distribution, self._sampling, chance), distribution
        return offer.ids[self._decide(offer, chance) if isinstance(offer, Branch) else 0], distribution

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
