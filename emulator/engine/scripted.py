"""The answer of a scenario: a turn chooses the rule and the reply, and the answer is made outside the turn.

This module is imported when the first scenario is used, which keeps the start of a server fast.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from emulator.core.catalog import Model
from emulator.core.drafts import Draft
from emulator.core.errors import ApiError, Rejected
from emulator.core.explanation import FaultApplied, Result, RuleCheck
from emulator.core.prompt_sizes import PromptSize
from emulator.core.seeds import Seed
from emulator.core.tokens import split
from emulator.core.vocabulary import InferenceRequest
from emulator.engine.planner import PlannedAnswer, Planner
from emulator.engine.scripted_steps import scripted_answer
from emulator.faults import FAULTS
from emulator.scenario.library import LoadedScenario
from emulator.scenario.match import Match, description, differences, distance, explanation, matching
from emulator.scenario.reply import START, ReplyContext, choose_reply
from emulator.scenario.subject import Subject
from emulator.scenario.types import FaultSpec, Reply, Rule, Scenario
from emulator.scenario.writing import duration
from emulator.store.state import KeyState


class Trace(NamedTuple):
    """What is needed to explain a choice later: the states as they were, and the numbers of rules.

    `passed` are the rules that matched and had no reply; `number` is the one that answered, if one did, with `reply`.
    """

    scenario: Scenario
    states: Mapping[str, str]
    passed: tuple[int, ...] = ()
    number: int | None = None
    reply: Reply | None = None


class Chosen(NamedTuple):
    """The reply of the rule that matched; without a rule, an echo of the request. `now` is in Unix seconds."""

    scenario: Scenario
    subject: Subject
    now: float
    rule: Rule | None = None
    reply: Reply | None = None
    match: Match | None = None


class Choosing(NamedTuple):
    """What a scenario makes of a request: a reply or an echo; `refused` where it must not be answered.

    With neither, the generator answers.
    """

    trace: Trace
    chosen: Chosen | None = None
    refused: Rejected | None = None


def choose(playing: LoadedScenario, own: KeyState, request: InferenceRequest, identity: Seed, now: float) -> Choosing:
    """Choose what the scenario answers, and take its turns and states a step further.

    Chances derive from `identity`.
    """
    scenario, progress = playing.scenario, own.progress_of(playing.scenario.name, playing.version)
    subject, random_number = Subject(request, progress.states), _RandomNumbers(identity)
    trace = Trace(scenario, progress.states)
    for number, rule, match in matching(scenario, subject):
        position = progress.positions.get(number, START)
        reply, progress.positions[number] = choose_reply(rule, position, random_number)
        if reply is not None:
            if reply.set_state:
                progress.states = {**progress.states, **reply.set_state}
            return Choosing(
                trace._replace(number=number, reply=reply), Chosen(scenario, subject, now, rule, reply, match)
            )
        trace = trace._replace(passed=(*trace.passed, number))
        if rule.then == "fail":
            return Choosing(trace, refused=_not_found(f"The rule '{rule.name}' has no more replies."))
    if scenario.unscripted == "fail":
        return Choosing(trace, refused=_not_found(_unmatched(scenario, subject)))
    return Choosing(trace, Chosen(scenario, subject, now) if scenario.unscripted == "echo" else None)


def _not_found(message: str) -> Rejected:
    return Rejected(ApiError("not_found", message))


def answer(
    planner: Planner, chosen: Chosen, model: Model, size: PromptSize, identity: Seed, seed: Seed, question: bytes
) -> tuple[str, PlannedAnswer]:
    """Return the name of what answers, and the answer. Fake values derive from `seed` and `question`."""
    scenario, rule, reply = chosen.scenario, chosen.rule, chosen.reply
    if rule is None or reply is None or chosen.match is None:
        return f"{scenario.name}/echo", _echo(planner, chosen, model, size, identity)
    context = ReplyContext(scenario, rule, chosen.match, chosen.subject, seed, chosen.now, question)
    return f"{scenario.name}/{rule.name}", scripted_answer(planner, reply, context, model, size, identity)


def _echo(planner: Planner, chosen: Chosen, model: Model, size: PromptSize, identity: Seed) -> PlannedAnswer:
    request = chosen.subject.request
    asked = planner.check(request, model, size)
    text = "\n".join(each.text for each in chosen.subject.last_user)
    choices = request.sampling.n * max(len(request.prompts), 1)
    echoed = planner.obeyed(asked, [Draft(text=split(text))] * choices)
    return PlannedAnswer(planner.steps(asked, echoed, identity.hex(32), chosen.now, whole=not request.stream))


class _RandomNumbers:
    """Random numbers in [0, 1) for one request. The generator is created when a reply first needs one."""

    def __init__(self, identity: Seed) -> None:
        self._identity = identity
        self._draw: Callable[[], float] | None = None

    def __call__(self) -> float:
        if self._draw is None:
            self._draw = self._identity.child("turn").random().random
        return self._draw()


def trace_of(playing: LoadedScenario, own: KeyState, request: InferenceRequest) -> Trace:
    """What would be chosen for a request, as far as no chance and no sequence of replies decides. Changes nothing."""
    progress = own.progress_of(playing.scenario.name, playing.version)
    subject = Subject(request, progress.states)
    number = next((number for number, _, _ in matching(playing.scenario, subject)), None)
    return Trace(playing.scenario, progress.states, number=number)


def faults_of(trace: Trace) -> tuple[FaultApplied, ...]:
    """The faults of the reply, in the order of the scenario."""
    return () if trace.reply is None else tuple(map(_fault, trace.reply.faults))


def _fault(spec: FaultSpec) -> FaultApplied:
    value = "" if spec.value is True else _written(spec)
    if spec.where is None:
        return FaultApplied(spec.what, value)
    return FaultApplied(spec.what, value, spec.where.kind, spec.where.name, spec.where.count)


def _written(spec: FaultSpec) -> str:
    """The value of a fault in words."""
    value = spec.value
    if FAULTS[spec.what].value == "duration":
        return duration(value)
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {each}" for name, each in value.items())
    return value.kind if isinstance(value, ApiError) else str(value)


def rule_checks(trace: Trace, request: InferenceRequest) -> tuple[RuleCheck, ...]:
    """What each rule of the scenario made of a request, in their order."""
    subject = Subject(request, trace.states)
    return tuple(_check(trace, number, rule, subject) for number, rule in enumerate(trace.scenario.rules))


def _check(trace: Trace, number: int, rule: Rule, subject: Subject) -> RuleCheck:
    if number == trace.number:
        return RuleCheck(rule.name, rule.line, "answered", (description(rule.when),) if rule.when.criteria else ())
    if number in trace.passed:
        return RuleCheck(rule.name, rule.line, "passed over", (f"then: {rule.then}",))
    found = differences(rule.when, subject)
    result: Result = "differs" if found else "comes later"
    return RuleCheck(rule.name, rule.line, result, tuple(map(str, found)), distance(rule.when, found))


def _unmatched(scenario: Scenario, subject: Subject) -> str:
    rules = [
        f"{near['rule']} (line {near['line']}): {'; '.join(near['differences'])}"
        for near in explanation(scenario, subject)
    ]
    nearest = f" The nearest: {' | '.join(rules)}" if rules else ""
    return f"No rule of the scenario '{scenario.name}' matches this request.{nearest}"
