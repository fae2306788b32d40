"""Which inferences are attempts at the same: one asks again what another one was not, or badly, answered."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
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


def chains(inferences: Iterable[Inference]) -> list[list[Inference]]:
    """The inferences as chains of attempts, each asked after the one before it had ended.

    Those that were asked side by side are of different chains, even if they ask the same.
    """
    found: list[list[Inference]] = []
    by_question: defaultdict[tuple[str, str], list[list[Inference]]] = defaultdict(list)
    for inference in sorted(inferences, key=lambda each: (each.started, each.number)):
        alike = by_question[inference.namespace, inference.question]
        before = [chain for chain in alike if _continues(chain[-1], inference)]
        if before:
            max(before, key=lambda chain: ended(chain[-1])).append(inference)
        else:
            alike.append([inference])
            found.append(alike[-1])
    return found


def _continues(before: Inference, after: Inference) -> bool:
    """Whether the second of two that ask the same can be a retry of the first."""
    return _settled(before) <= after.started <= ended(before) + LATER + (before.retry_after or 0.0)


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
