"""The answer of a scenario: a turn chooses the rule and the reply, and the answer is made outside the turn.

This module is imported when the first scenario is used, which keeps the start of a server fast.
"""

from collections.abc import Callable, Mapping

import msgspec

from emulator.core.catalog import Model
from emulator.core.drafts import Draft
from emulator.core.errors import ApiError, Rejected
from emulator.core.explanation import FaultApplied, Result, RuleCheck, TurnTaken
from emulator.core.prompt_sizes import PromptSize
from emulator.core.seeds import Seed
from emulator.core.tokens import split
from emulator.core.vocabulary import InferenceRequest
from emulator.engine.drafted import DraftedAnswer
from emulator.engine.planner import PlannedAnswer, Planner
from emulator.engine.scripted_steps import scripted_answer
from emulator.engine.single import SingleAnswer
from emulator.faults import FAULTS
from emulator.scenario.library import LoadedScenario
from emulator.scenario.match import description, differences, distance, explanation, match_of
from emulator.scenario.reply import START, ReplyContext, choose_reply, rendered_draft
from emulator.scenario.subject import Subject
from emulator.scenario.types import FaultSpec, Reply, Rule, Scenario
from emulator.store.state import KeyState


class Trace(msgspec.Struct, frozen=True):
    """What is needed to explain a choice later: the states as they were, and the numbers of rules.

    `passed` are the rules that matched and had no reply; `number` is the one that answered, if one did, with `reply`.
    """

    scenario: Scenario
    states: Mapping[str, str]
    passed: tuple[int, ...] = ()
    number: int | None = None
    reply: Reply | None = None


class Chosen(msgspec.Struct, frozen=True):
    """The reply of the rule that matched; without a rule, an echo of the request. `now` is in Unix seconds."""

    scenario: Scenario
    subject: Subject
    now: float
    rule: Rule | None = None
    reply: Reply | None = None


class Choosing(msgspec.Struct, frozen=True):
    """What a scenario makes of a request: a reply or an echo; `refused` where it must not be answered.

    With neither, the generator answers.
    """

    trace: Trace
    chosen: Chosen | None = None
    refused: Rejected | None = None


class Scripts:
    """Answers requests as scenarios say. Fake values derive from `seed`."""

    def __init__(self, planner: Planner, seed: Seed) -> None:
        self._planner = planner
        self._seed = seed

    def choose(
        self, playing: LoadedScenario, own: KeyState, request: InferenceRequest, identity: Seed, now: float
    ) -> Choosing:
        """Choose what the scenario answers, and take its turns and states a step further.

        Chances derive from `identity`.
        """
        scenario = playing.scenario
        progress = own.progress_of(scenario.name, playing.version)
        states = progress.states
        passed: tuple[int, ...] = ()
        subject, random_number = Subject(request, states), None
        for number in scenario.matching(subject):
            rule = scenario.rules[number]
            reply = rule.sole
            if reply is None:
                random_number = random_number or _RandomNumbers(identity)
                position = progress.positions.get(number, START)
                reply, progress.positions[number] = choose_reply(rule, position, random_number)
            if reply is not None:
                if reply.set_state:
                    progress.states = {**states, **reply.set_state}
                trace = Trace(scenario, states, passed, number, reply)
                return Choosing(trace, Chosen(scenario, subject, now, rule, reply))
            passed = (*passed, number)
            if rule.then == "fail":
                refused = _not_found(f"The rule '{rule.name}' has no more replies.")
                return Choosing(Trace(scenario, states, passed), refused=refused)
        trace = Trace(scenario, states, passed)
        if scenario.unscripted == "fail":
            return Choosing(trace, refused=_not_found(_unmatched(scenario, subject)))
        return Choosing(trace, Chosen(scenario, subject, now) if scenario.unscripted == "echo" else None)

    def trace(self, playing: LoadedScenario, own: KeyState, request: InferenceRequest) -> Trace:
        """What would be chosen, as far as no chance and no sequence of replies decides. Changes nothing."""
        progress = own.progress_of(playing.scenario.name, playing.version)
        number = next(playing.scenario.matching(Subject(request, progress.states)), None)
        return Trace(playing.scenario, progress.states, number=number)

    def answer(
        self, chosen: Chosen, model: Model, size: PromptSize, identity: Seed, question: bytes
    ) -> tuple[str, PlannedAnswer]:
        """Return the name of what answers, and the answer. Fake values derive from the question, too."""
        scenario, rule, reply = chosen.scenario, chosen.rule, chosen.reply
        if rule is None or reply is None:
            return f"{scenario.name}/echo", self._echo(chosen, model, size, identity)
        name = f"{scenario.name}/{rule.name}"
        planner, plain, request, now = self._planner, reply.plain, chosen.subject.request, chosen.now
        if plain is None:
            context = self._context(chosen, rule, question)
            return name, scripted_answer(planner, reply, context, model, size, identity)
        asked = planner.check(request, model, size)
        if type(plain) is Draft and planner.keeps(asked, plain):
            said: DraftedAnswer | SingleAnswer = planner.canned(plain)
        else:
            said = planner.repeated(asked, rendered_draft(plain, self._context(chosen, rule, question)))
        steps = planner.steps(asked, said, identity.hex(32), now, whole=not request.stream)
        return name, PlannedAnswer(steps, planner.warnings(request, model))

    def _context(self, chosen: Chosen, rule: Rule, question: bytes) -> ReplyContext:
        match = match_of(rule.when, chosen.subject)
        return ReplyContext(chosen.scenario, rule, match, chosen.subject, self._seed, chosen.now, question)

    def _echo(self, chosen: Chosen, model: Model, size: PromptSize, identity: Seed) -> PlannedAnswer:
        planner, request = self._planner, chosen.subject.request
        asked = planner.check(request, model, size)
        echoed = planner.repeated(asked, Draft(text=split("\n".join(each.text for each in chosen.subject.last_user))))
        return PlannedAnswer(planner.steps(asked, echoed, identity.hex(32), chosen.now, whole=not request.stream))


def _not_found(message: str) -> Rejected:
    return Rejected(ApiError("not_found", message))


class _RandomNumbers:
    """Random numbers in [0, 1) for one request. The generator is created when a reply first needs one."""

    def __init__(self, identity: Seed) -> None:
        self._identity = identity
        self._draw: Callable[[], float] | None = None

    def __call__(self) -> float:
        if self._draw is None:
            self._draw = self._identity.child("turn").random().random
        return self._draw()


def turn_of(trace: Trace) -> TurnTaken:
    """Which reply of its rule was chosen, and the states before it."""
    replies = () if trace.number is None else trace.scenario.rules[trace.number].replies
    reply = next((at for at, each in enumerate(replies, 1) if each is trace.reply), 0)
    return TurnTaken(reply, len(replies), trace.states)


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
        from emulator.scenario.writing import duration  # noqa: PLC0415 (imported when somebody asks why)

        return duration(value)
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {each}" for name, each in value.items())
    return value.kind if isinstance(value, ApiError) else str(value)


def rule_checks(trace: Trace, request: InferenceRequest) -> tuple[RuleCheck, ...]:
    """What each rule of the scenario made of a request, in their order."""
    subject = Subject(request, trace.states)
    return tuple(_check(trace, number, rule, subject) for number, rule in enumerate(trace.scenario.rules))


def answered(trace: Trace) -> tuple[RuleCheck, ...]:
    """The same of the rule that answered, if one did."""
    return () if trace.number is None else (_answered(trace.scenario.rules[trace.number]),)


def _answered(rule: Rule) -> RuleCheck:
    return RuleCheck(rule.name, rule.line, "answered", (description(rule.when),) if rule.when.criteria else ())


def _check(trace: Trace, number: int, rule: Rule, subject: Subject) -> RuleCheck:
    if number == trace.number:
        return _answered(rule)
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
