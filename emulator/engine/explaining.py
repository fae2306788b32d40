"""Why a request got its answer, from what was decided about it."""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, Self

from emulator.core.errors import ApiError, Rejected
from emulator.core.explanation import Explanation
from emulator.core.vocabulary import InferenceRequest
from emulator.engine.choosing import Choice
from emulator.engine.decision import Decision

if TYPE_CHECKING:
    from emulator.engine.scripted import Trace


def explanation(
    choice: Choice,
    trace: "Trace | None",
    answered_by: str,
    request: Callable[[], InferenceRequest],
    short: bool = False,
) -> Explanation:
    """Explain an answer. Without a trace no rule was looked at, and the request is not asked for.

    If it may be short, only the rule that answered is told of, for which the request is not asked for either.
    """
    name = choice.playing.scenario.name if choice.playing is not None else None
    if trace is None:
        return Explanation(name, choice.by, answered_by, (), choice.warning)
    from emulator.engine.scripted import answered, faults_of, rule_checks, turn_of  # noqa: PLC0415 (imported when the first scenario plays)

    checks = (short and answered(trace)) or rule_checks(trace, request())
    return Explanation(name, choice.by, answered_by, checks, choice.warning, faults_of(trace), turn_of(trace))


def expected(trace: "Trace | None") -> str:
    """Return what would answer: a rule, or what the scenario says about requests that no rule matches."""
    if trace is None:
        return "generator"
    scenario = trace.scenario
    if trace.number is not None:
        return f"{scenario.name}/{scenario.rules[trace.number].name}"
    return {"generate": "generator", "echo": f"{scenario.name}/echo", "fail": "not_found"}[scenario.unscripted]


class Foreseen(NamedTuple):
    """What would answer a request, and the error if it would be refused."""

    explanation: Explanation
    error: ApiError | None = None

    @classmethod
    def of(cls, decision: Decision, answer: Callable[[], tuple[str, object]], request: InferenceRequest) -> Self:
        """From what was decided. `answer` makes the answer, and raises `Rejected` where that fails."""
        try:
            (answered_by, _), error = answer(), None
        except Rejected as rejected:
            answered_by, error = rejected.error.kind, rejected.error
        return cls(explanation(decision.choice, decision.trace, answered_by, lambda: request), error)
