"""The language model, which generates the answers that no scenario gives. It is small, deterministic and sampled.

A grammar defines which tokens can come next and how likely each is. Phrases of the request fill its slots, and the
sampling parameters choose between its tokens. All random numbers derive from the seed, so the same request always has
the same answer.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from emulator.core.drafts import TOGETHER, Draft, DraftCall, obey, one_by_one, reasoning_events, text_events
from emulator.core.errors import Rejected
from emulator.core.lazy import lazy
from emulator.core.seeds import Seed
from emulator.core.tokens import EMPTY, Tokens, split
from emulator.core.vocabulary import Event, Finish, InferenceRequest
from emulator.generator.composing import answer, thoughts
from emulator.generator.describing import describe, describe_echo
from emulator.generator.requested import Made, Requested, may_ask
from emulator.generator.sampling import for_reasoning, is_plain
from emulator.generator.speech import Speech, speak
from emulator.generator.stopping import Stopped

if TYPE_CHECKING:
    from emulator.generator.calls import Structured

__all__ = ["GeneratedChoice", "describe", "describe_echo"]

_SHARES = {"max": 0.95, "xhigh": 0.95, "high": 0.8, "medium": 0.5, "low": 0.2, "minimal": 0.1}
_EXCEEDING = 695 / 256, 1197 / 256
"""How many times its budget a loose reasoning has, at least and at most: measured with 256 (docs/contract.md)."""
_LOW_EFFORT = 634, 3219
"""Tokens of a loose reasoning with low effort, at least and at most, as measured."""


def _may_ask(request: InferenceRequest) -> bool:
    """Whether the answer may be something else than free text."""
    return bool(request.tools) or request.response_format.kind != "text" or may_ask(request)


class GeneratedChoice:
    """One choice of at most `limit` tokens, including its reasoning, which is generated while its events are read.

    `reasons` is whether the model can reason; if `loose`, it exceeds the budget that the request sets. A smaller limit
    yields a prefix of what a larger one yields.
    `empty_arguments` is how a tool call without arguments is written. `first` is the first choice for the same request.
    They share the budget for schemas: a choice that cannot be made with what is left of it repeats the first.
    """

    def __init__(
        self,
        request: InferenceRequest,
        *,
        reasons: bool,
        seed: Seed,
        choice: int,
        limit: int,
        loose: bool = False,
        empty_arguments: str = "{}",
        first: "GeneratedChoice | None" = None,
    ) -> None:
        self._request = request
        self._reasons = reasons and request.reasoning.enabled is not False and request.reasoning.effort != "none"
        self._seed = seed
        self._number = choice
        self._limit = limit
        self._loose = loose
        self._empty_arguments = empty_arguments
        self._first = first
        self._is_structured: bool = _may_ask(request) if first is None else first._is_structured

    def another(self, choice: int) -> "GeneratedChoice":
        """Return another choice for the same request."""
        return GeneratedChoice(
            self._request,
            reasons=self._reasons,
            seed=self._seed,
            choice=choice,
            limit=self._limit,
            loose=self._loose,
            empty_arguments=self._empty_arguments,
            first=self,
        )

    @property
    def is_quick(self) -> bool:
        """Whether many of its events can be made at once (see `PlannedChoice`).

        They are not if each token is compared with others, and if a form of another choice than the first has to be
        made.
        """
        sampling = self._request.sampling
        is_made = not self._is_structured or self._first is None
        return is_made and sampling.logprobs is None and is_plain(sampling)

    def events(self, choice: int, *, whole: bool, hide_reasoning: bool) -> Iterator[Event]:
        """Make the events of the choice (see `PlannedChoice`)."""
        seed, left = self._seed.child("choice", self._number), self._limit
        if self._reasons:
            least = self._exceeded(seed) if self._loose else 0
            room = min(least or self._budget(), left)
            speech = self._thoughts(seed, room, least)
            for event in reasoning_events(choice, speech.runs(TOGETHER), whole=whole, hide=hide_reasoning):
                left -= event.tokens
                yield event
            if not speech.ended and room == self._limit:
                yield Finish(choice, "length")
                return
        draft, sampling = self._structured if self._is_structured else None, self._request.sampling
        least = max(sampling.min_tokens - (self._limit - left), 0)
        if draft is not None:
            draft = obey(draft, sampling.stop, left, stop_ids=sampling.stop_token_ids, least=least)
            yield from draft.events(choice, whole=whole, hide_reasoning=hide_reasoning)
            return
        speech = self._speech(seed, left, least)
        if not sampling.stop:
            yield from text_events(choice, speech.runs(TOGETHER), whole=whole)
            yield Finish(choice, "stop" if speech.ended else "length")
            return
        text = Stopped(speech, sampling.stop, least)
        yield from text_events(choice, one_by_one(text), whole=whole)
        yield Finish(choice, "stop" if speech.ended or text.sequence else "length", text.sequence)

    def check(self) -> None:
        """Raise `Rejected` for a schema that is invalid or that no value satisfies."""
        if self._is_structured:
            _ = self._structured

    @lazy
    def _structured(self) -> Draft | None:
        """The tool calls, or the text in a form, that the request asks for; None if it asks for neither."""
        request, first = self._request, self._first
        if not request.tools and request.response_format.kind == "text":
            return self._as_requested()
        if first is None:
            return self._drafted(self._maker)
        try:
            return self._drafted(first._maker)
        except Rejected:
            return first._structured

    @lazy
    def _requesting(self) -> Requested:
        return Requested(self._request) if self._first is None else self._first._requesting

    @lazy
    def _maker(self) -> "Structured":
        from emulator.generator.calls import Structured  # noqa: PLC0415 - most answers are text

        return Structured(self._request)

    def _drafted(self, maker: "Structured") -> Draft | None:
        seed = self._seed.child("choice", self._number)
        calls = maker.tool_calls(seed)
        if calls:
            return Draft(tool_calls=tuple(map(self._written, calls)), finish=self._request.tool_choice.finish)
        kind = self._request.response_format.kind
        if kind in ("text", "json_object") and (requested := self._as_requested()):
            return requested
        return None if kind == "text" else self._text(maker.json_text(seed.child("format")), seed)

    def _as_requested(self) -> Draft | None:
        """The whole text in the form that the conversation asks for, if it does."""
        text = self._requested
        return self._text(split(text), self._seed.child("choice", self._number)) if isinstance(text, str) else None

    @lazy
    def _requested(self) -> Made | None:
        requesting = self._requesting
        return requesting.make(self._seed.child("choice", self._number)) if requesting.asks else None

    def _text(self, text: Tokens, seed: Seed) -> Draft:
        top = self._request.sampling.logprobs
        return Draft(text=text, logprobs=None if top is None else lambda: describe(text, seed, top))

    def _written(self, call: DraftCall) -> DraftCall:
        """A call, with empty arguments as AkashML was once seen to send them."""
        empty = call.arguments.text == "{}" and not self._empty_arguments
        return msgspec.structs.replace(call, arguments=EMPTY) if empty else call

    def _budget(self) -> int:
        """The tokens that reasoning may have."""
        control = self._request.reasoning
        if control.max_tokens is not None:
            return control.max_tokens
        effort = self._effort()
        return int(self._limit * _SHARES.get(effort, 0.5)) if effort else self._limit

    def _exceeded(self, seed: Seed) -> int:
        """The tokens that reasoning has instead of its budget or of what its effort suggests; 0 if neither is set."""
        control = self._request.reasoning
        if control.max_tokens is not None:
            low, high = (control.max_tokens * factor for factor in _EXCEEDING)
        elif effort := self._effort():
            low, high = (tokens * _SHARES.get(effort, 0.5) / _SHARES["low"] for tokens in _LOW_EFFORT)
        else:
            return 0
        return int(low + (high - low) * seed.child("budget").random().random())

    def _effort(self) -> str:
        control = self._request.reasoning
        return control.effort or ("medium" if control.enabled else "")

    def _thoughts(self, seed: Seed, room: int, least: int) -> Speech:
        request = self._request
        walk = thoughts(request, self._effort()).walk()
        sampling = msgspec.structs.replace(for_reasoning(request.sampling), min_tokens=least)
        return speak(walk, sampling, seed.child("reasoning"), room)

    def _speech(self, seed: Seed, limit: int, least: int) -> Speech:
        request, sampling = self._request, self._request.sampling
        if least != sampling.min_tokens:
            sampling = msgspec.structs.replace(sampling, min_tokens=least)
        requested = self._requested if self._is_structured else None
        composition = answer(request) if requested is None or isinstance(requested, str) else requested
        return speak(composition.walk(), sampling, seed.child("text"), limit, self._prompt)

    def _prompt(self) -> str:
        request = self._request
        return "\n".join([*request.prompts, *(message.text for message in request.messages)])
