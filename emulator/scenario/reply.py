"""What a reply answers to a request: its drafts or its error, with the templates rendered; and whose turn it is."""

from collections.abc import Callable
from typing import Any, TypeAlias

import msgspec

from emulator.core import retry_after
from emulator.core.clock import moment
from emulator.core.drafts import Draft
from emulator.core.prompt_sizes import overflow, prompt_tokens
from emulator.core.seeds import Seed
from emulator.core.vocabulary import ApiError, InferenceRequest, Rejected
from emulator.scenario.language.choices import draft
from emulator.scenario.language.errors import api_error, default_message
from emulator.scenario.language.raw import is_header_value
from emulator.scenario.match import Match, Subject
from emulator.scenario.template import Failed, is_template, rendered, variables
from emulator.scenario.types import Recipe, Reply, Rule, Scenario, Written

Position: TypeAlias = tuple[int, ...]
"""How often each reply of a rule was played since it began, or last began again."""
START: Position = ()


def choose(rule: Rule, position: Position, chance: Callable[[], float]) -> tuple[Reply | None, Position]:
    """The reply whose turn it is, and the position after it. None: the rule does not answer (see `Rule.then`).

    The first reply that is not used up has its turn. One with a probability is played if `chance()`, a number from 0
    to below 1, is less than it, and otherwise the next one's turn comes. After the last one, `repeat` plays the last
    reply without a probability, and `loop` begins again.
    """
    if rule.sole is not None:
        return rule.sole, position
    counts = position or (0,) * len(rule.replies)
    at = _turn(rule, counts, chance)
    if at is None and rule.then == "loop" and any(counts) and not any(map(_left, rule.replies, counts)):
        counts = (0,) * len(rule.replies)
        at = _turn(rule, counts, chance, again=True)
    if at is not None:
        return rule.replies[at], (*counts[:at], counts[at] + 1, *counts[at + 1 :])
    certain = (reply for reply in reversed(rule.replies) if reply.probability is None)
    return next(certain, None) if rule.then == "repeat" else None, counts


def _turn(rule: Rule, counts: Position, chance: Callable[[], float], *, again: bool = False) -> int | None:
    """Which reply is played. One without end is not asked again when a loop begins anew: chance passed it over."""
    for at, (reply, count) in enumerate(zip(rule.replies, counts, strict=True)):
        has_turn = _left(reply, count) or (reply.times is None and not again)
        if has_turn and (reply.probability is None or chance() < reply.probability):
            return at
    return None


def _left(reply: Reply, count: int) -> bool:
    """Whether it is still to be played before the end comes, for which one without end is not waited."""
    return reply.times is not None and count < reply.times


class Context(msgspec.Struct, frozen=True):
    """What a reply is rendered with: who answers, what matched, and where fake values and the time come from.

    Fake values derive from `seed` and from the `question` that is asked, so that the same request reads the same;
    `now` is in Unix seconds.
    """

    scenario: Scenario
    rule: Rule
    match: Match
    subject: Subject
    seed: Seed
    now: float
    question: bytes = b""

    @property
    def request(self) -> InferenceRequest:
        """The request."""
        return self.subject.request


def drafts(reply: Reply, context: Context) -> list[Draft]:
    """What the choices say, not yet cut to what the request allows: one for each `n`, or as they are without `obey`.

    Fewer choices than `n` are repeated in turn. Raises Rejected for a template that fails.
    """
    if not reply.choices:
        return []
    made = [finished(_draft(choice, context), reply) for choice in reply.choices]
    request = context.request
    wanted = request.sampling.n * max(len(request.prompts), 1) if reply.obey else len(made)
    return [made[at % len(made)] for at in range(wanted)]


def error(reply: Reply, context: Context, context_length: int = 0) -> ApiError | None:
    """The error of the reply, or None if it answers something else.

    `context_length` is the model's, in tokens: a context that is exceeded without a message of its own names it.
    Raises Rejected for a template that fails.
    """
    spec = reply.error
    if spec is None:
        return None
    message = (
        _render(spec.message, context) if spec.message is not None else default_message(spec.kind, context.request)
    )
    exceeded = spec.kind == "context_length_exceeded" and spec.message is None and context_length > 0
    made = api_error(spec, message, reply.retry_after)
    return _exceeded(made, context.request, context_length) if exceeded else made


def _exceeded(error: ApiError, request: InferenceRequest, limit: int) -> ApiError:
    """The error with the numbers of a request that is too long by as much as it really is."""
    told = overflow(limit + prompt_tokens(request), request.sampling.max_tokens or 0, limit)
    return msgspec.structs.replace(error, message=told.message, param=error.param or told.param, overflow=told.overflow)


def headers(reply: Reply, context: Context) -> tuple[tuple[str, str], ...]:
    """The response headers of the reply, names in lower case. Raises Rejected for a template that fails.

    The Retry-After of an error is not among them: the `ApiError` has it.
    """
    if not reply.headers and reply.raw is None and reply.retry_after is None:
        return ()
    written = [*reply.headers, *(reply.raw.headers if reply.raw else ())]
    made = [(name, _header(name, value, context)) for name, value in written]
    if reply.retry_after is not None and reply.error is None:
        made.insert(0, ("retry-after", retry_after.write(reply.retry_after)))
    return tuple(made)


def _header(name: str, value: Written, context: Context) -> str:
    text: str = _render(value, context)
    if not is_header_value(text):
        raise _rejected(
            context, 0, f"the header {name} would be more than one line, or have letters that are not Latin"
        )
    return text


def finished(draft: Draft, reply: Reply) -> Draft:
    """The draft with the finish reason that the reply gives, if it gives one; also for what the generator says."""
    return draft if reply.finish is None else msgspec.structs.replace(draft, finish=reply.finish)


def _draft(choice: Draft | Recipe, context: Context) -> Draft:
    if isinstance(choice, Draft):
        return choice
    said = (choice.reasoning, choice.text, [call.arguments for call in choice.tool_calls])
    reasoning, text, arguments = _render(list(said), context)
    calls = [
        msgspec.structs.replace(call, arguments=args) for call, args in zip(choice.tool_calls, arguments, strict=True)
    ]
    return draft(msgspec.structs.replace(choice, reasoning=reasoning, text=text, tool_calls=tuple(calls)))


def _render(value: Any, context: Context) -> Any:
    if not is_template(value):
        return value
    try:
        seed = context.seed.child("said", context.question)
        return rendered(value, variables(context.subject, context.match.groups, seed, moment(context.now)))
    except Failed as failed:
        raise _rejected(context, failed.line, str(failed)) from None


def _rejected(context: Context, line: int, why: str) -> Rejected:
    place = f"line {line} of " if line else ""
    told = f"The template in {place}the scenario {context.scenario.name}, rule {context.rule.name}, failed: {why}"
    return Rejected(ApiError("internal", told))
