"""Turns a scenario's reply into steps: its drafts or its error, its pace, and its faults."""

from collections.abc import Iterable, Iterator

import msgspec

from emulator.core.catalog import Model
from emulator.core.drafts import Draft
from emulator.core.prompt_sizes import PromptSize
from emulator.core.seeds import Seed
from emulator.core.vocabulary import End, Finish, Raw, Start, Step, Usage, Verbatim
from emulator.engine.drafted import DraftedAnswer
from emulator.engine.planner import CheckedRequest, PlannedAnswer, Planner, failing
from emulator.faults import NO_FAULTS, Faults, assemble, pace
from emulator.scenario import reply as replies
from emulator.scenario.reply import ReplyContext
from emulator.scenario.types import Generate, Reply, UsageSpec


def scripted_answer(
    planner: Planner, reply: Reply, context: ReplyContext, model: Model, size: PromptSize, identity: Seed
) -> PlannedAnswer:
    """Return the answer of a reply to one request. Raises `Rejected` if the model cannot process the request."""
    headers = (*replies.headers(reply, context), *planner.warnings(context.request, model))
    if not reply.faults and reply.stream is None:
        return PlannedAnswer(_steps(planner, reply, context, model, size, identity, NO_FAULTS, headers), headers)
    chance = identity.child("chance").late_random()
    faults = assemble(((fault.what, fault.value, fault.where) for fault in reply.faults), chance)
    steps = _steps(planner, reply, context, model, size, identity, faults, headers)
    if reply.stream is not None:
        paced = reply.stream
        steps = pace(paced.first_token, paced.between, paced.jitter, paced.chunk, chance)(steps)
    for fault in faults.events:
        steps = fault(steps)
    return PlannedAnswer(steps, (*headers, *faults.headers), faults.frames)


def _steps(
    planner: Planner,
    reply: Reply,
    context: ReplyContext,
    model: Model,
    size: PromptSize,
    identity: Seed,
    faults: Faults,
    headers: tuple[tuple[str, str], ...],
) -> Iterable[Step]:
    if reply.raw is not None:
        return [Step(0.0, Raw(reply.raw.status, headers, reply.raw.body))]
    if reply.frames is not None:
        return [Step(0.0, Verbatim(frame)) for frame in reply.frames]
    error = replies.error(reply, context, model.context_length)
    if error is not None:
        return failing(error)
    asked = planner.check(context.request, model, size)
    said = _said(planner, reply, context, asked)
    whole = not context.request.stream and reply.stream is None and not faults.events
    steps = planner.steps(asked, said, reply.id or identity.hex(32), context.now, whole=whole)
    return _overridden(steps, reply) if reply.model or reply.usage or (reply.generate and reply.finish) else steps


def _said(planner: Planner, reply: Reply, context: ReplyContext, asked: CheckedRequest) -> DraftedAnswer:
    if reply.generate is not None:
        exact = reply.generate.reasoning_tokens is not None
        return planner.generate(_generating(asked, reply.generate), exact=exact)
    draft = reply.choices[0] if reply.choices else None
    if type(draft) is Draft and reply.finish is None:
        unchanged = planner.keeps(asked, draft) if reply.obey else len(reply.choices) == 1
        if unchanged:
            return planner.canned(draft)
    drafts = replies.drafts(reply, context)
    return planner.obeyed(asked, drafts) if reply.obey else DraftedAnswer(drafts)


def _generating(asked: CheckedRequest, wanted: Generate) -> CheckedRequest:
    """The request for the generator, with the tokens and the seed that the scenario sets."""
    request = asked.request
    sampling, reasoning, limit = request.sampling, request.reasoning, asked.limit
    if wanted.seed is not None:
        sampling = msgspec.structs.replace(sampling, seed=int(Seed.of(wanted.seed).hex(15), 16))
    if wanted.reasoning_tokens is not None:
        enabled = wanted.reasoning_tokens > 0
        reasoning = msgspec.structs.replace(reasoning, enabled=enabled, max_tokens=wanted.reasoning_tokens or None)
    if wanted.tokens is not None:
        sampling = msgspec.structs.replace(sampling, ignore_eos=True)
        limit = min(limit, wanted.tokens + (wanted.reasoning_tokens or 0))
    request = msgspec.structs.replace(request, sampling=sampling, reasoning=reasoning)
    return msgspec.structs.replace(asked, request=request, limit=limit)


def _overridden(steps: Iterable[Step], reply: Reply) -> Iterator[Step]:
    """The steps with the model, the usage and the finish reason that the scenario sets."""
    for step in steps:
        event = step.event
        if isinstance(event, Start):
            asked = _usage(Usage(event.prompt_tokens, 0), reply.usage) if reply.usage else event
            event = msgspec.structs.replace(
                event,
                model=reply.model or event.model,
                prompt_tokens=asked.prompt_tokens,
                cached_tokens=asked.cached_tokens,
            )
        elif isinstance(event, Finish) and reply.generate and reply.finish:
            event = msgspec.structs.replace(event, reason=reply.finish)
        elif isinstance(event, End) and reply.usage:
            event = End(_usage(event.usage, reply.usage))
        yield Step(step.delay, event)


def _usage(counted: Usage, said: UsageSpec) -> Usage:
    given = {name: value for name, value in msgspec.structs.asdict(said).items() if value is not None}
    detailed = said.cached_tokens is not None or said.reasoning_tokens is not None
    used = msgspec.structs.replace(counted, **given, detailed=detailed)
    if said.prompt_tokens is None and used.cached_tokens > used.prompt_tokens:  # they are part of them
        return msgspec.structs.replace(used, prompt_tokens=used.cached_tokens)
    return used
