"""The reply of a rule to a request: which of its replies it is, and its content with all templates rendered."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias, TypeVar

import msgspec

from emulator.core import retry_after
from emulator.core.drafts import Draft, DraftCall
from emulator.core.errors import ApiError, Rejected
from emulator.core.prompt_sizes import overflow, prompt_tokens
from emulator.core.seeds import Seed
from emulator.core.tokens import EMPTY, Tokens, split
from emulator.core.vocabulary import InferenceRequest
from emulator.scenario.budget import Budget
from emulator.scenario.errors import api_error, default_message
from emulator.scenario.match import Match
from emulator.scenario.subject import Subject
from emulator.scenario.template import RenderError, Template, Variables, has_template, rendered
from emulator.scenario.types import ChoiceSpec, Reply, Rule, Scenario, TextOrTemplate

T = TypeVar("T")
Position: TypeAlias = tuple[int, ...]
"""How often each reply of a rule was used since the rule's first request, or since it last began again."""
START: Position = ()


def choose_reply(rule: Rule, position: Position, chance: Callable[[], float]) -> tuple[Reply | None, Position]:
    """The next reply of a rule, and the position after it. None: the rule does not answer (see `Rule.then`).

    The next reply is the first that was used less than `times` times. One with a probability is used if `chance()`, a
    number from 0 to below 1, is less than it, and is skipped otherwise. After the last reply, `repeat` uses the last
    one that has no probability, and `loop` begins again.
    """
    if rule.sole is not None:
        return rule.sole, position
    counts = position if len(position) == len(rule.replies) else (0,) * len(rule.replies)
    at = _next(rule, counts, chance)
    if at is None and rule.then == "loop" and any(counts) and not any(map(_left, rule.replies, counts)):
        counts = (0,) * len(rule.replies)
        at = _next(rule, counts, chance, again=True)
    if at is not None:
        return rule.replies[at], (*counts[:at], counts[at] + 1, *counts[at + 1 :])
    certain = (reply for reply in reversed(rule.replies) if reply.probability is None)
    return next(certain, None) if rule.then == "repeat" else None, counts


def _next(rule: Rule, counts: Position, chance: Callable[[], float], *, again: bool = False) -> int | None:
    """The number of the next reply. When a loop begins again, one without end is skipped: chance already skipped it."""
    for at, (reply, count) in enumerate(zip(rule.replies, counts, strict=True)):
        available = _left(reply, count) or (reply.times is None and not again)
        if available and (reply.probability is None or chance() < reply.probability):
            return at
    return None


def _left(reply: Reply, count: int) -> bool:
    """Whether a loop has to use the reply again before it begins anew. It does not wait for one without end."""
    return reply.times is not None and count < reply.times


class ReplyContext(msgspec.Struct, frozen=True):
    """The request that a reply answers, and the rule that matched it.

    Fake values derive from `seed` and `question`, so that the same question gets the same values. `now` is in Unix
    seconds.
    """

    scenario: Scenario
    rule: Rule
    match: Match
    subject: Subject
    seed: Seed
    now: float
    question: bytes = b""
    budget: Budget = msgspec.field(default_factory=Budget)

    @property
    def request(self) -> InferenceRequest:
        """The request."""
        return self.subject.request


# ---------------------------------------------------------------------------------------------- choices


def drafts(reply: Reply, context: ReplyContext) -> list[Draft]:
    """The choices, not yet cut to the request's limits: `n` of them for each prompt, or all as they are without `obey`.

    If the reply has fewer, they are repeated in turn. Raises Rejected for a template that fails.
    """
    if not reply.choices:
        return []
    made = [finished(rendered_draft(choice, context), reply) for choice in reply.choices]
    request = context.request
    wanted = request.sampling.n * max(len(request.prompts), 1) if reply.obey else len(made)
    return [made[at % len(made)] for at in range(wanted)]


def finished(draft: Draft, reply: Reply) -> Draft:
    """The draft with the reply's finish reason, if the reply has one."""
    return draft if reply.finish is None else msgspec.structs.replace(draft, finish=reply.finish, own_finish=True)


def rendered_draft(choice: Draft | ChoiceSpec, context: ReplyContext) -> Draft:
    """The draft of a choice with its templates rendered. Raises Rejected for a template that fails."""
    return choice if isinstance(choice, Draft) else _with_variables(context, lambda values: draft(choice, values))


def draft(spec: ChoiceSpec, values: Variables | None = None) -> Draft:
    """The draft of a choice; one without templates needs no `values`. Raises RenderError for a template that fails."""
    return Draft(
        reasoning=_tokens(spec.reasoning, values),
        text=_tokens(spec.text, values, json=spec.json),
        tool_calls=tuple([DraftCall(call.name, _tokens(call.arguments, values), call.id) for call in spec.tool_calls]),
        finish=spec.finish,
        own_finish=spec.own_finish,
    )


def _tokens(value: Any, values: Variables | None, *, json: bool = False) -> Tokens:
    """The tokens of a text, or of the JSON of a value."""
    if value == "" and not json:
        return EMPTY
    if values is not None:
        if type(value) is Template and not json:
            return value.tokens(values)
        value = rendered(value, values)
    text = _json(value) if json else arguments(value)
    return split(text) if text else EMPTY


def arguments(value: Any) -> str:
    """The arguments of a tool call as they are sent: a string as it is, any other value as JSON."""
    return value if isinstance(value, str) else _json(value)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


# ---------------------------------------------------------------------------------------------- errors and headers


def error(reply: Reply, context: ReplyContext, context_length: int = 0) -> ApiError | None:
    """The error of the reply, or None if it is no error.

    `context_length` is the model's, in tokens. An error of an exceeded context without a message of its own names it.
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
    """The error, with the numbers of a request that is as much longer than the limit as the prompt is long."""
    sized = overflow(limit + prompt_tokens(request), request.sampling.max_tokens or 0, limit)
    return msgspec.structs.replace(error, message=sized.message, overflow=sized.overflow)


def headers(reply: Reply, context: ReplyContext) -> tuple[tuple[str, str], ...]:
    """The response headers of the reply, with lower-case names. Raises Rejected for a template that fails.

    The Retry-After of an error is not among them: it is part of the `ApiError`.
    """
    if not reply.headers and reply.raw is None and reply.retry_after is None:
        return ()
    written = [*reply.headers, *(reply.raw.headers if reply.raw else ())]
    made = [(name, _header(name, value, context)) for name, value in written]
    if reply.retry_after is not None and reply.error is None:
        made.insert(0, ("retry-after", retry_after.write(reply.retry_after)))
    return tuple(made)


def _header(name: str, value: TextOrTemplate, context: ReplyContext) -> str:
    text: str = _render(value, context)
    if not is_header_value(text):
        raise _rejected(
            context, 0, f"the header {name} would be more than one line, or have letters that are not Latin"
        )
    return text


def is_header_value(text: str) -> bool:
    """Whether HTTP can send the text (RFC 9110, section 5.5): no control characters, and nothing beyond Latin-1."""
    return all((" " <= character <= "\xff" and character != "\x7f") or character == "\t" for character in text)


# ---------------------------------------------------------------------------------------------- templates


def _render(value: Any, context: ReplyContext) -> Any:
    return _with_variables(context, lambda values: rendered(value, values)) if has_template(value) else value


def _with_variables(context: ReplyContext, render: Callable[[Variables], T]) -> T:
    try:
        seed = partial(context.seed.child, "said", context.question)
        return render(Variables(context.subject, context.match.groups, seed, context.now, context.budget))
    except RenderError as failure:
        raise _rejected(context, failure.line, str(failure)) from None


def _rejected(context: ReplyContext, line: int, why: str) -> Rejected:
    where = f"line {line} of " if line else ""
    message = f"The template in {where}the scenario {context.scenario.name}, rule {context.rule.name}, failed: {why}"
    return Rejected(ApiError("internal", message))
