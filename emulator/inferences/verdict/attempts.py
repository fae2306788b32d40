"""Which inferences are attempts at the same: one asks again what another one was not, or badly, answered."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from heapq import heappop, heappush
from itertools import pairwise
from math import inf
from typing import NamedTuple

from emulator.inferences.inference import Inference

LATER = 60.0
"""Seconds after which asking the same again is no retry any more, unless Retry-After told to wait that long."""


class Retry(NamedTuple):
    """Two attempts that follow each other, and the seconds from the end of the first to the start of the second."""

    before: Inference
    after: Inference

    @property
    def gap(self) -> float:
        """How long the client waited."""
        return self.after.started - ended(self.before)


def ended(inference: Inference) -> float:
    """When it ended, in Unix seconds; never, as long as it runs."""
    return inf if inference.ended is None else inference.ended


def chains(inferences: Iterable[Inference]) -> Iterator[list[Inference] | None]:
    """The inferences as chains of attempts, each asked after the one before it had ended; None in between.

    Those that were asked side by side are of different chains, even if they ask the same.
    """
    by_question: defaultdict[tuple[str, str], list[Inference]] = defaultdict(list)
    for each in inferences:
        by_question[each.namespace, each.question].append(each)
        yield None
    for alike in by_question.values():
        yield from _chains(alike)


def _chains(alike: Iterable[Inference]) -> Iterator[list[Inference] | None]:
    """The chains among those that ask the same.

    Of the chains that can go on, the one goes on that ended last. It is the first of `settled`, a heap, unless it ended
    too long ago, as it did for all that come later. In `unsettled` are the chains that something may yet come of.
    """
    found: list[list[Inference]] = []
    unsettled: list[tuple[float, int]] = []
    settled: list[tuple[float, int]] = []
    for each in sorted(alike, key=lambda each: (each.started, each.number)):
        while unsettled and unsettled[0][0] <= each.started:
            _, number = heappop(unsettled)
            heappush(settled, (-ended(found[number][-1]), number))
        while settled and _too_late(found[settled[0][1]][-1], each):
            heappop(settled)
        if settled:
            _, number = heappop(settled)
            found[number].append(each)
        else:
            number = len(found)
            found.append([each])
        heappush(unsettled, (_settled(each), number))
        yield None
    yield from found


def _too_late(before: Inference, after: Inference) -> bool:
    """Whether the second of two that ask the same is no retry of the first any more."""
    return after.started > ended(before) + LATER + (before.retry_after or 0.0)


def _settled(inference: Inference) -> float:
    """When nothing more came of it. The server notices some time later that a client has left, perhaps to ask again."""
    if inference.outcome == "cut by client" and inference.timeline:
        return inference.started + inference.timeline[-1].at
    return ended(inference)


def retries(chain: Sequence[Inference]) -> Iterator[Retry]:
    """The retries of a chain: the answer before was not good."""
    return (Retry(before, after) for before, after in pairwise(chain) if not before.ok)


def failing_runs(chain: Sequence[Inference]) -> Iterator[list[Inference]]:
    """The runs of attempts up to a good answer, or to the end."""
    run: list[Inference] = []
    for inference in chain:
        run.append(inference)
        if inference.ok:
            yield run
            run = []
    if run:
        yield run
