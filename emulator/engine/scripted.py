"""The answer of a scenario: a turn chooses the rule and the reply, and the answer is made outside the turn.

This module is imported when the first scenario is used, which keeps the start of a server fast.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from emulator.core.catalog import Model
from emulator.core.drafts import Draft
from emulator.core.errors import ApiError, Rejected
from emulator.core.prompt_sizes import PromptSize
from emulator.core.seeds import Seed
from emulator.core.tokens import split
from emulator.core.vocabulary import InferenceRequest
from emulator.engine.planner import PlannedAnswer, Planner
from emulator.engine.scripted_steps import scripted_answer
from emulator.scenario.library import LoadedScenario
from emulator.scenario.match import Match, explanation, matching
from emulator.scenario.reply import START, ReplyContext, choose_reply
from emulator.scenario.subject import Subject
from emulator.scenario.types import Reply, Rule, Scenario
from emulator.store.state import KeyState


class Chosen(NamedTuple):
    """The reply of the rule that matched; without a rule, an echo of the request. `now` is in Unix seconds."""

    scenario: Scenario
    subject: Subject
    now: float
    rule: Rule | None = None
    reply: Reply | None = None
    match: Match | None = None


def choose(
    playing: LoadedScenario, own: KeyState, request: InferenceRequest, identity: Seed, now: float
) -> Chosen | None:
    """Choose the scenario's reply, and update its positions and states; None: the generator answers.

    Probabilities are drawn from `identity`. Raises `Rejected` if the scenario refuses the request.
    """
    scenario, progress = playing.scenario, own.progress_of(playing.scenario.name, playing.version)
    subject, random_number = Subject(request, progress.states), _RandomNumbers(identity)
    for number, rule, match in matching(scenario, subject):
        position = progress.positions.get(number, START)
        reply, progress.positions[number] = choose_reply(rule, position, random_number)
        if reply is not None:
            if reply.set_state:
                progress.states = {**progress.states, **reply.set_state}
            return Chosen(scenario, subject, now, rule, reply, match)
        if rule.then == "fail":
            raise Rejected(ApiError("not_found", f"The rule '{rule.name}' has no more replies."))
    if scenario.unscripted == "fail":
        raise Rejected(ApiError("not_found", _unmatched(scenario, subject)))
    return Chosen(scenario, subject, now) if scenario.unscripted == "echo" else None


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


def explain(playing: LoadedScenario, own: KeyState, request: InferenceRequest) -> Mapping[str, Any]:
    """Return which rule would answer a request, or why the closest rules do not match. Changes nothing."""
    scenario = playing.scenario
    subject = Subject(request, own.progress_of(scenario.name, playing.version).states)
    rule = next((rule for _, rule, _ in matching(scenario, subject)), None)
    nearest = [] if rule else explanation(scenario, subject)
    return {"scenario": scenario.name, "rule": rule.name if rule else None, "nearest": nearest}


def _unmatched(scenario: Scenario, subject: Subject) -> str:
    rules = [
        f"{near['rule']} (line {near['line']}): {'; '.join(near['differences'])}"
        for near in explanation(scenario, subject)
    ]
    nearest = f" The nearest: {' | '.join(rules)}" if rules else ""
    return f"No rule of the scenario '{scenario.name}' matches this request.{nearest}"
