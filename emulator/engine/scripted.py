"""Which rule of a scenario answers a request, and what: matching, turns and states, in one step.

This room is imported when the first scenario plays, so that a server that plays none starts without it.
"""

from collections.abc import Callable, Mapping
from typing import Any

from emulator.core.catalog import Model
from emulator.core.drafts import Draft
from emulator.core.seeds import Seed
from emulator.core.tokens import split
from emulator.core.vocabulary import ApiError, InferenceRequest, Rejected
from emulator.engine.planner import PlannedAnswer, Planner
from emulator.engine.scripted_steps import perform
from emulator.scenario.library import LoadedScenario
from emulator.scenario.match import explanation, matching
from emulator.scenario.reply import START, ReplyContext, choose
from emulator.scenario.subject import Subject
from emulator.scenario.types import Scenario
from emulator.store import Progress


class Scene:
    """One request to one scenario: where it has come to, what its ids derive from, and what fake values do.

    `now` is in Unix seconds.
    """

    def __init__(
        self,
        story: LoadedScenario,
        progress: Progress,
        request: InferenceRequest,
        model: Model,
        identity: Seed,
        seed: Seed,
        question: bytes,
        now: float,
    ) -> None:
        self._scenario = story.scenario
        self._progress = progress
        self._subject = Subject(request, progress.states)
        self._request = request
        self._model = model
        self._identity = identity
        self._seed = seed
        self._question = question
        self._now = now

    def direct(self, planner: Planner) -> tuple[str, PlannedAnswer] | None:
        """What is answered, and by what; None where the generator is to answer. Raises `Rejected` for a refusal."""
        scenario, progress = self._scenario, self._progress
        chance = _Chance(self._identity)
        for number, rule, match in matching(scenario, self._subject):
            position = progress.positions.get(number, START)
            reply, progress.positions[number] = choose(rule, position, chance)
            if reply is not None:
                if reply.set_state:
                    progress.states = {**progress.states, **reply.set_state}
                context = ReplyContext(scenario, rule, match, self._subject, self._seed, self._now, self._question)
                return f"{scenario.name}/{rule.name}", perform(planner, reply, context, self._model, self._identity)
            if rule.then == "fail":
                raise Rejected(ApiError("not_found", f"The rule '{rule.name}' has no more replies."))
        if scenario.unscripted == "fail":
            raise Rejected(ApiError("not_found", _unmatched(scenario, self._subject)))
        return (f"{scenario.name}/echo", self._echo(planner)) if scenario.unscripted == "echo" else None

    def _echo(self, planner: Planner) -> PlannedAnswer:
        asked = planner.admit(self._request, self._model)
        said = "\n".join(text.text for text in self._subject.last_user)
        choices = self._request.sampling.n * max(len(self._request.prompts), 1)
        echoed = planner.obeyed(asked, [Draft(text=split(said))] * choices)
        now, whole = self._now, not self._request.stream
        return PlannedAnswer(planner.steps(asked, echoed, self._identity.hex(32), now, whole=whole))


class _Chance:
    """Numbers from 0 to below 1, of the request's own; made when a reply with a probability first asks for one."""

    def __init__(self, identity: Seed) -> None:
        self._identity = identity
        self._draw: Callable[[], float] | None = None

    def __call__(self) -> float:
        if self._draw is None:
            self._draw = self._identity.child("turn").random().random
        return self._draw()


def explain(story: LoadedScenario, progress: Progress, request: InferenceRequest) -> Mapping[str, Any]:
    """Which rule would answer a request, or what kept the nearest from it. Changes nothing."""
    subject = Subject(request, progress.states)
    rule = next((rule for _, rule, _ in matching(story.scenario, subject)), None)
    nearest = [] if rule else explanation(story.scenario, subject)
    return {"scenario": story.scenario.name, "rule": rule.name if rule else None, "nearest": nearest}


def _unmatched(scenario: Scenario, subject: Subject) -> str:
    told = [
        f"{near['rule']} (line {near['line']}): {'; '.join(near['differences'])}"
        for near in explanation(scenario, subject)
    ]
    nearest = f" The nearest: {' | '.join(told)}" if told else ""
    return f"No rule of the scenario '{scenario.name}' matches this request.{nearest}"
