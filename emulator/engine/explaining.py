"""Why a request got its answer, from what was decided about it."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from emulator.core.explanation import Explanation
from emulator.core.vocabulary import InferenceRequest
from emulator.engine.choosing import Choice

if TYPE_CHECKING:
    from emulator.engine.scripted import Trace


def explanation(
    choice: Choice, trace: "Trace | None", answered_by: str, request: Callable[[], InferenceRequest]
) -> Explanation:
    """Explain an answer. Without a trace no rule was looked at, and the request is not asked for."""
    name = choice.playing.scenario.name if choice.playing is not None else None
    if trace is None:
        return Explanation(name, choice.by, answered_by, (), choice.warning)
    from emulator.engine.scripted import faults_of, rule_checks  # noqa: PLC0415 (imported when the first scenario plays)

    checks = rule_checks(trace, request())
    return Explanation(name, choice.by, answered_by, checks, choice.warning, faults_of(trace))


def expected(trace: "Trace | None") -> str:
    """Return what would answer: a rule, or what the scenario says about requests that no rule matches."""
    if trace is None:
        return "generator"
    scenario = trace.scenario
    if trace.number is not None:
        return f"{scenario.name}/{scenario.rules[trace.number].name}"
    return {"generate": "generator", "echo": f"{scenario.name}/echo", "fail": "not_found"}[scenario.unscripted]
