"""Generating text token by token, by the grammar, the sampling parameters and one random number per position.

The random number of a position does not depend on any parameter. So `max_tokens` only truncates, log probabilities do
not change the text, and a slightly higher temperature changes little of it.
"""

from bisect import bisect
from codecs import getincrementaldecoder
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence, Set
from functools import lru_cache, partial
from itertools import repeat
from typing import NamedTuple, TypeAlias

from emulator.core.drafts import Piece, Pieces
from emulator.core.seeds import Seed
from emulator.core.tokens import END, encode, piece_bytes
from emulator.core.vocabulary import Sampling, TokenLogprob, TopLogprob
from emulator.generator.grammar import Branch, NonTerminal, Slot, endless, programs
from emulator.generator.sampling import (
    GREEDY,
    Distributions,
    Narrowing,
    Scores,
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
_SIDE_BY_SIDE = range(64)
"""Positions whose random numbers are drawn together."""


class Speech:
    """Generated text, token by token; `ended` is false if the limit cut it, which is known once it is read.

    It is read once, either token by token or, by `runs`, many at a time. Each token has its log probabilities, if they
    are requested.
    """

    def __init__(self, runs: Callable[[int], Generator[Pieces, None, bool]]) -> None:
        self.ended = False
        self._runs = runs

    def __iter__(self) -> Iterator[Piece]:
        for pieces, entries in self.runs(1):
            yield from zip(pieces, repeat(None) if entries is None else entries, strict=False)

    def runs(self, together: int) -> Iterator[Pieces]:
        """Yield the tokens, no fewer than `together` at a time if nothing about a single one is requested."""
        self.ended = yield from self._runs(together)


def speak(walk: Walk, sampling: Sampling, seed: Seed, limit: int, prompt: Callable[[], str] = str) -> Speech:
    """Generate up to `limit` tokens along the walk. The repetition penalty counts the tokens of `prompt`, too."""
    chances = _Chances(seed)
    if is_plain(sampling) and sampling.logprobs is None:
        return Speech(partial(_spoken, walk, sampling, chances, limit))
    return Speech(lambda _: _Speaker(sampling, prompt).speak(walk, chances, limit))


class _Chances:
    """A random number in [0, 1) for each position, which positions ask for in their order."""

    def __init__(self, seed: Seed) -> None:
        self._seed = seed
        self._random: Callable[[], float] | None = None
        self._numbers: list[float] = []
        self._end = 0

    def __getitem__(self, position: int) -> float:
        numbers, end = self.around(position)
        return numbers[position - end]

    def around(self, position: int) -> tuple[Sequence[float], int]:
        """Return the numbers of a position and those beside it, and the first position after them."""
        if position >= self._end:
            random = self._random = self._random or self._seed.random().random
            while position >= self._end:
                self._numbers = [random() for _ in _SIDE_BY_SIDE]
                self._end += len(_SIDE_BY_SIDE)
        return self._numbers, self._end


def _spoken(
    walk: Walk, sampling: Sampling, chances: _Chances, limit: int, together: int
) -> Generator[Pieces, None, bool]:
    """Generate text in the common case, where only a branch of the grammar needs a random number."""
    distributions = _distributions(sampling)
    least = limit + 1 if sampling.ignore_eos else sampling.min_tokens
    stack = walk.stack
    numbers: Sequence[float] = ()
    position = begin = end = 0
    said: list[str] = []
    while True:
        symbol = stack.pop()
        if type(symbol) is Branch:
            if symbol.can_end and position < least:
                symbol = endless(symbol)
            if distributions is None:
                at = symbol.likeliest
            else:
                if position >= end:
                    numbers, end = chances.around(position)
                cumulative, total = distributions[symbol]
                at = bisect(cumulative, numbers[position - end] * total)
            if symbol.can_end and symbol.ids[at] == END:
                break
            pieces, symbols = symbol.moves[at] or symbol.move(at)
            said += pieces
            stack += symbols
        elif type(symbol) is Slot:
            filling = walk.filled(symbol)
            at = 0
            if distributions is not None and len(filling.runs) > 1:
                if position >= end:
                    numbers, end = chances.around(position)
                cumulative, total = distributions[filling.choice]
                at = bisect(cumulative, numbers[position - end] * total)
            said += filling.runs[at]
        elif type(symbol) is NonTerminal:
            stack += programs[symbol]
            continue
        else:
            said += symbol.pieces
        position = begin + len(said)
        if position > limit:
            del said[limit - begin :]
            break
        if position >= begin + together:
            yield said, None
            begin, said = position, []
    if said:
        yield said, None
    return position <= limit


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
        return offer.ids[self._chosen(offer, chances[position]) if isinstance(offer, Branch) else 0], distribution

    def _chosen(self, branch: Branch, chance: float) -> int:
        return branch.likeliest if self._distributions is None else self._distributions.choose(branch.weights, chance)

    def _never(self, position: int) -> Set[int]:
        if position < self._sampling.min_tokens:
            return self._stops
        return {END} if self._sampling.ignore_eos else frozenset()


def _states(walk: Walk) -> Generator[_Offer, int, None]:
    """Yield the candidates for each token. A sent token that is no candidate is replaced by the likeliest one."""
    while True:
        symbol = walk.next()
        if not isinstance(symbol, Branch):
            for id in symbol.ids:
                yield _Forced((id,))
        else:
            id = yield symbol
            walk.stack += symbol.targets[symbol.ids.index(id) if id in symbol.ids else _substitute(symbol)]


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
