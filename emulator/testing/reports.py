"""Telling a person why a test was not met: what is wrong, and what was asked and answered."""

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from emulator.dialects.conversation import conversation
from emulator.inferences import Inference
from emulator.inferences.said import text_of
from emulator.scenario.types import Scenario

_SHOWN = 60
_LINES = 20
_OF_A_SESSION = re.compile(r"(?<=\w)--[0-9a-f]{8}\b")
"""What makes a scenario's name that of one session, which the author of the scenario did not write."""


def problems(scenario: Scenario | None, inferences: Sequence[Inference]) -> list[str]:
    """What did not happen as the scenario says, a sentence each."""
    found = [f"request {number}: {each.message}" for number, each in enumerate(inferences, 1) if _unanswered(each)]
    if scenario is not None and scenario.expect:
        from emulator.inferences.verdict import unmet  # noqa: PLC0415 (only a scenario that expects something pays for it)

        found += unmet(scenario, inferences)
    return found


def _unanswered(inference: Inference) -> bool:
    """Whether no scenario or rule had an answer: what a rule answers carries the rule's name, a 404 included."""
    return inference.answered_by == "not_found"


def told(scenario: Scenario | None, inferences: Sequence[Inference]) -> str:
    """The story of a test: what was not met, if anything, and what was asked and answered."""
    lines = []
    if found := problems(scenario, inferences):
        name = f"the scenario '{scenario.name}'" if scenario is not None else "the scenarios that played"
        lines = [f"Not as {name} would have it:", *(f"  - {each}" for each in found), ""]
    exchanges = list(_exchanges(inferences)) or ["  nothing"]
    return _OF_A_SESSION.sub("", "\n".join([*lines, "What was asked and answered:", *exchanges]))


def _exchanges(inferences: Sequence[Inference]) -> Iterator[str]:
    for number, each in islice(enumerate(inferences, 1), _LINES):
        at = each.started - inferences[0].started
        yield f"  {number}. at {at:.3f} s, {each.endpoint} {each.model or ''}: {_asked(each)}"
        by = each.answered_by if each.rule else each.ending
        yield f"     {each.status or 'no answer'} by {by}: {_answered(each)}"
    if len(inferences) > _LINES:
        yield f"  and {len(inferences) - _LINES} more"


def _asked(inference: Inference) -> str:
    """The last message of a request. A body that cannot be read is shown as it is."""
    messages = conversation(inference.request)
    said = " ".join(filter(None, (messages[-1].text, *messages[-1].others))) if messages else inference.body
    return _short(said) if said else "(nothing that could be read)"


def _answered(inference: Inference) -> str:
    said = inference.message or text_of(inference)
    return _short(said) if said else inference.ending


def _short(text: str) -> str:
    return f'"{text[:_SHOWN]}…"' if len(text) > _SHOWN else f'"{text}"'
