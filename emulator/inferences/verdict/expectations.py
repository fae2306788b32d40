"""Whether what a scenario expects of its client was met."""

from collections import deque
from collections.abc import Iterator, Sequence
from heapq import heappop, heappush

from emulator.core.decimals import decimal
from emulator.inferences.inference import Inference
from emulator.inferences.verdict.attempts import ended
from emulator.inferences.verdict.client import stood_still, too_early
from emulator.scenario.types import Expectation, Scenario


def unmet(scenario: Scenario, inferences: Sequence[Inference]) -> Iterator[str | None]:
    """A sentence for each expectation that the inferences of one namespace do not meet; None in between."""
    for expected in scenario.expect:
        where = f"{scenario.source or scenario.name}:{expected.line}"
        for sentence in _unmet(scenario, expected, inferences):
            yield sentence and f"{where}: {sentence}"


def _unmet(scenario: Scenario, expected: Expectation, inferences: Sequence[Inference]) -> Iterator[str | None]:
    if expected.rule is not None:
        answered = sum(each.answered_by == f"{scenario.name}/{expected.rule}" for each in inferences)
        if not answered if expected.times is None else answered != expected.times:
            wanted = "at least once" if expected.times is None else _times(expected.times)
            yield f"the rule '{expected.rule}' was to answer {wanted}; it answered {_times(answered)}."
    if expected.no_request_within_retry_after:
        yield from _impatient(inferences)


def _impatient(inferences: Sequence[Inference]) -> Iterator[str | None]:
    """The requests that came while Retry-After told to wait, whatever they asked.

    Of several answers that told to wait, the last one counts.
    """
    stands = stood_still(inferences)
    told = deque(sorted((each for each in inferences if each.retry_after), key=lambda each: (ended(each), each.number)))
    waits: list[tuple[float, int, Inference]] = []
    for after in sorted(inferences, key=lambda each: (each.started, each.number)):
        while told and (ended(told[0]), told[0].number) < (after.started, after.number):
            before = told.popleft()
            heappush(waits, (-ended(before), -before.number, before))
        while waits and not too_early(waits[0][2], after):
            heappop(waits)
        if waits and stands:
            yield (
                "nobody can tell whether the client waited for Retry-After, because the emulator's clock stood still: "
                "run the clock, or advance it while the client waits."
            )
            return
        yield _early(waits[0][2], after) if waits else None


def _early(before: Inference, after: Inference) -> str:
    waited = after.started - ended(before)
    return (
        f"request #{after.number} came {decimal(waited, 3)} s after #{before.number}, "
        f"which was told to wait {decimal(before.retry_after or 0, 3)} s."
    )


def _times(count: int) -> str:
    return "never" if count == 0 else "once" if count == 1 else f"{count} times"
