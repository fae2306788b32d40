"""The language model, which generates the answers that no scenario gives. It is small, deterministic and sampled.

A grammar defines which tokens can come next and how likely each is. Phrases of the request fill its slots, and the
sampling parameters choose between its tokens. All random numbers derive from the seed, so the same request always has
the same answer.
"""

import msgspec

from emulator.core.drafts import Draft, obey
from emulator.core.seeds import Seed
from emulator.core.tokens import EMPTY, Tokens
from emulator.core.vocabulary import InferenceRequest
from emulator.generator.composing import answer, thoughts
from emulator.generator.describing import describe
from emulator.generator.sampling import for_reasoning
from emulator.generator.speech import Speech, speak

__all__ = ["describe", "generate"]

_SHARES = {"max": 0.95, "xhigh": 0.95, "high": 0.8, "medium": 0.5, "low": 0.2, "minimal": 0.1}


def generate(request: InferenceRequest, *, reasons: bool, seed: Seed, choice: int, limit: int) -> Draft:
    """Generate one choice of at most `limit` tokens, including its reasoning.

    `reasons` is whether the model can reason. A smaller limit yields a prefix of what a larger one yields. The caller
    applies the stop strings. Raises `Rejected` for a schema that is invalid or that no value satisfies.
    """
    seed = seed.child("choice", choice)
    reasoning, finished = _reasoning(request, seed, limit) if reasons else (EMPTY, True)
    if not finished:
        return Draft(reasoning, finish="length")
    structured = request.tools or request.response_format.kind != "text"
    draft = _structured(request, seed) if structured else None
    if draft is None:
        return _text(request, reasoning, seed, limit)
    sampling, draft = request.sampling, msgspec.structs.replace(draft, reasoning=reasoning)
    return obey(draft, (), limit, stop_ids=sampling.stop_token_ids, least=sampling.min_tokens)


def _reasoning(request: InferenceRequest, seed: Seed, limit: int) -> tuple[Tokens, bool]:
    """Generate the reasoning; the second value is false if the limit cut it, so that no answer can follow."""
    control = request.reasoning
    if control.enabled is False or control.effort == "none":
        return EMPTY, True
    effort = control.effort or ("medium" if control.enabled else "")
    budget = control.max_tokens if control.max_tokens is not None else limit
    if control.max_tokens is None and effort:
        budget = int(limit * _SHARES.get(effort, 0.5))
    sampling = for_reasoning(request.sampling)
    room = min(budget, limit)
    speech = speak(thoughts(request, effort).walk(), sampling, seed.child("reasoning"), room, "")
    return _tokens(speech), speech.ended or room < limit


def _structured(request: InferenceRequest, seed: Seed) -> Draft | None:
    """Generate tool calls or JSON; None if the request asks for neither."""
    from emulator.generator.calls import json_text, tool_calls  # noqa: PLC0415 - most answers are text

    calls = tool_calls(request, seed)
    if calls:
        return Draft(tool_calls=calls, finish="tool_calls")
    if request.response_format.kind == "text":
        return None
    text = json_text(request, seed.child("format"))
    top = request.sampling.logprobs
    return Draft(text=text, logprobs=None if top is None else describe(text, seed, top))


def _text(request: InferenceRequest, reasoning: Tokens, seed: Seed, limit: int) -> Draft:
    sampling = request.sampling
    if reasoning and sampling.min_tokens:
        sampling = msgspec.structs.replace(sampling, min_tokens=max(sampling.min_tokens - len(reasoning), 0))
    prompt = "\n".join([*request.prompts, *(message.text for message in request.messages)])
    speech = speak(answer(request).walk(), sampling, seed.child("text"), limit - len(reasoning), prompt)
    text = _tokens(speech)
    return Draft(reasoning, text, finish="stop" if speech.ended else "length", logprobs=speech.logprobs)


def _tokens(speech: Speech) -> Tokens:
    return Tokens("".join(speech.pieces), speech.pieces)
