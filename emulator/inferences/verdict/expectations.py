"""Whether what a scenario expects of its client was met."""

from collections.abc import Iterator, Sequence

from emulator.core.decimals import decimal
from emulator.inferences.inference import Inference
from emulator.inferences.verdict.client import stood_still, too_early
from emulator.scenario.types import Expectation, Scenario


def unmet(scenario: Scenario, inferences: Sequence[Inference]) -> list[str]:
    """A sentence for each expectation that the inferences of one namespace do not meet; none if all is well."""
    return [sentence for expected in scenario.expect for sentence in _unmet(scenario, expected, inferences)]


def _unmet(scenario: Scenario, expected: Expectation, inferences: Sequence[Inference]) -> Iterator[str]:
    where = f"{scenario.source or scenario.name}:{expected.line}"
    if expected.rule is not None:
        answered = sum(each.answered_by == f"{scenario.name}/{expected.rule}" for each in inferences)
        if not answered if expected.times is None else answered != expected.times:
            wanted = "at least once" if expected.times is None else _times(expected.times)
            yield f"{where}: the rule '{expected.rule}' was to answer {wanted}; it answered {_times(answered)}."
    if expected.no_request_within_retry_after:
        yield from (f"{where}: {sentence}" for sentence in _impatient(inferences))


def _impatient(inferences: Sequence[Inference]) -> Iterator[str]:
    """The requests that came while Retry-After told to wait, whatever they asked."""
    told = [each for each in inferences if each.retry_after]
    early = [(before, after) for before in told for after in inferences if _within(before, after)]
    if early and stood_still(inferences):
        yield (
            "nobody can tell whether the client waited for Retry-After, because the emulator's clock stood still: "
            "run the clock, or advance it while the client waits."
        )
        return
    for before, after in early:
        waited = after.started - (before.ended or before.started)
        yield (
            f"request #{after.number} came {decimal(waited, 3)} s after #{before.number}, "
            f"which was told to wait {decimal(before.retry_after or 0, 3)} s."
        )


def _within(before: Inference, after: Inference) -> bool:
    return after.number > before.number and too_early(before, after)


def _times(count: int) -> str:
    return "never" if count == 0 else "once" if count == 1 else f"{count} times"
