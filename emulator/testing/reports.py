"""Reports of the expectations that a test did not meet, with all requests and answers."""

import re
from collections.abc import Iterator, Sequence

from emulator.account.keys import label
from emulator.core.printable import one_line
from emulator.dialects.endpoints import conversation
from emulator.inferences import Inference
from emulator.inferences.said import text_of
from emulator.web.expectations import Judged

_SHOWN = 60
_LINES = 20
_OF_A_SESSION = re.compile(r"(?<=\w)--[0-9a-f]{8}\b")
"""The suffix that a session appends to a scenario's name."""


def problems(judged: Sequence[Judged], inferences: Sequence[Inference]) -> list[str]:
    """The expectations that were not met, one sentence each."""
    found = [f"request #{each.number}: {each.message}" for each in inferences if _unanswered(each)]
    for each in judged:
        of = f" (key {label(each.key)})" if each.key and len(judged) > 1 else ""
        found += [sentence + of for sentence in each.unmet]
    return found


def _unanswered(inference: Inference) -> bool:
    """Whether no scenario or rule answered: an answer from a rule has its name, even if it is a 404."""
    return inference.answered_by == "not_found"


def told(
    problems: Sequence[str],
    judged: Sequence[Judged],
    inferences: Sequence[Inference],
    strays: Sequence[Inference] = (),
) -> str:
    """The report on a test: its problems, if there are any, and all requests and answers.

    It ends with what may be missing among them: the rules that answered nothing, and `strays`, the requests that came
    with other keys.
    """
    lines = []
    if problems:
        scenarios = {name for each in judged for name in each.scenarios}
        name = f"the scenario '{scenarios.pop()}'" if len(scenarios) == 1 else "the scenarios that played"
        lines = [f"Not as {name} would have it:", *(f"  - {each}" for each in problems), ""]
    exchanges = list(_exchanges(inferences)) or ["  nothing"]
    lines += ["What was asked and answered:", *exchanges]
    played = {each.rule for each in inferences}
    if unused := [rule for each in judged for rule in each.rules if rule not in played]:
        lines.append(
            f"Rules that answered nothing: {', '.join(unused[:_LINES])}{' ...' if len(unused) > _LINES else ''}"
        )
    if strays:
        keys = ", ".join(dict.fromkeys(each.key or "no key" for each in strays))
        lines += [
            f"Asked with other keys ({keys}), which have scenarios and records of their own:",
            *_exchanges(strays),
        ]
    return _OF_A_SESSION.sub("", "\n".join(map(one_line, lines)))


def _exchanges(inferences: Sequence[Inference]) -> Iterator[str]:
    for each in inferences[:_LINES]:
        at = each.started - inferences[0].started
        yield f"  #{each.number} at {at:.3f} s, {each.endpoint} {each.model or ''}: {_asked(each)}"
        by = each.answered_by if each.rule or each.answered_by == "generator" else each.ending
        yield f"     {each.status or 'no answer'} by {by}: {_answered(each)}"
        if each.fallback or each.warning:
            yield f"     {each.why}"
    if len(inferences) > _LINES:
        yield f"  and {len(inferences) - _LINES} more"


def _asked(inference: Inference) -> str:
    """The last message of a request. A body that cannot be parsed is shown unchanged."""
    messages = conversation(inference.request)
    said = " ".join(filter(None, (messages[-1].text, *messages[-1].others))) if messages else inference.body
    return _short(said) if said else "(nothing that could be read)"


def _answered(inference: Inference) -> str:
    said = inference.message or text_of(inference)
    return _short(said) if said else inference.ending


def _short(text: str) -> str:
    return f'"{text[:_SHOWN]}…"' if len(text) > _SHOWN else f'"{text}"'
