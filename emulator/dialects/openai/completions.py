"""POST /v1/completions: a prompt in, its continuation out."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import msgspec

from emulator.core.fields import Fields, Limits, as_integer, at_least
from emulator.core.fold import Choice, Completion
from emulator.core.ready import ReadyEvents, ReadySteps
from emulator.core.settings import Settings
from emulator.core.tokens import decode
from emulator.core.vocabulary import (
    End,
    Event,
    Failure,
    Finish,
    InferenceRequest,
    Sampling,
    Start,
    Text,
    TokenLogprob,
    Verbatim,
)
from emulator.dialects.openai.marks import MARKS
from emulator.dialects.openai.requests import read_sampling, read_stream
from emulator.dialects.openai.structured_outputs import read_response_format
from emulator.dialects.openai.surface import (
    DONE,
    FINISHES,
    OpenAISurface,
    StreamUsage,
    array,
    array_parts,
    body_parts,
    completion_id,
    encode,
    failure_frames,
    ready_body,
    wording,
)
from emulator.dialects.segments import GAP, joined, segments

if TYPE_CHECKING:
    from emulator.dialects.decoding import Decoder

DEFAULT_MAX_TOKENS = 16
"""OpenAI's default for this endpoint."""
MAX_TOKENS = at_least(0)
LOGPROBS = {"vllm": Limits(0, 20), "openai": Limits(0, 5)}
"""By the setting `strictness`: vLLM's default limit, and OpenAI's."""
BEST_OF = Limits(1, 20)
MAX_PROMPTS = 128


class OpenAICompletions:
    """The completions dialect."""

    endpoint = "completions"
    keep_alive = b": keep-alive\n\n"
    marks = MARKS

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.surface = OpenAISurface(settings)

    def parse(self, body: dict[str, Any], headers: Mapping[str, str], key: str) -> InferenceRequest:
        """The request in neutral words. Raises `Rejected` for a field that is not as documented."""
        fields = Fields(body, wording)
        model = fields.required_string("model")
        stream = read_stream(fields, self._settings)
        if fields.string("suffix") and self._settings.suffix == "reject":
            fields.reject("suffix", "no suffix: it is not supported")
        fields.string("user")
        return InferenceRequest(
            endpoint="completions",
            model=model,
            aliased=self._settings.v1_model_ids == "either",
            prompts=_prompts(fields, self._settings),
            echo=fields.boolean("echo", False),
            sampling=self._sampling(fields, stream),
            response_format=read_response_format(fields),
            stream=stream,
            body=body,
            headers=headers,
            key=key,
        )

    def _sampling(self, fields: Fields, stream: bool) -> Sampling:
        max_tokens = fields.integer("max_tokens", MAX_TOKENS)
        sampling = read_sampling(
            fields,
            self._settings,
            DEFAULT_MAX_TOKENS if max_tokens is None else max_tokens,
            fields.integer("logprobs", LOGPROBS[self._settings.strictness]),
        )
        best_of = fields.integer("best_of", BEST_OF)
        if best_of is None:
            return msgspec.structs.replace(sampling, best_of=sampling.n)
        if best_of < sampling.n:
            fields.reject("best_of", f"at least n, which is {sampling.n}")
        if stream and best_of > 1:
            fields.reject("best_of", "1, since the answer is streamed")
        return msgspec.structs.replace(sampling, best_of=best_of)

    @staticmethod
    def decoder() -> "Decoder":
        """A decoder for one answer, whole or streamed."""
        from emulator.dialects.openai.decoding import OpenAIDecoder  # noqa: PLC0415 (a server reads no answers)

        return OpenAIDecoder()

    def encoder(self, request: InferenceRequest, request_id: str) -> "CompletionEncoder":
        """What writes the events of one stream."""
        return CompletionEncoder(request, self._settings)

    def parts(self, completion: Completion, request: InferenceRequest) -> Iterator[bytes]:
        """The JSON of a whole text completion, in parts."""
        shown = _shown(completion.id, completion.created, completion.model)
        return body_parts(shown, map(_choice, completion.choices), completion.usage, self._settings.usage_details)

    def ready_body(self, steps: ReadySteps, request: InferenceRequest) -> bytes:
        """The JSON of a whole text completion that is ready."""
        start, events = steps.start, steps.events
        choices = segments(events, "text_completion", lambda: array(map(_choice, events.choices)))
        shown = _shown(start.id, start.created, start.model)
        return ready_body(shown, choices[0], steps.usage, self._settings.usage_details)


class CompletionEncoder:
    """Writes the events of one text completion stream; `frames` gives the frames of one event."""

    def __init__(self, request: InferenceRequest, settings: Settings) -> None:
        self._settings = settings
        self._usage = StreamUsage(request.body, settings)
        self._head = b""
        self._offsets: dict[int, int] = {}

    def frames(self, event: Event) -> Sequence[bytes]:
        """The SSE frames of an event, each ending with a blank line. Tools and reasoning have no words here."""
        match event:
            case Text(choice, text, tokens, logprobs):
                return (self._chunk(choice, text, tokens, logprobs=self._logprobs(choice, logprobs)),)
            case Finish(choice, reason):
                return (self._chunk(choice, "", 0, finish=encode(FINISHES[reason])),)
            case Start(id, model, created, prompt_tokens):
                self._head = b"data: " + encode(_shown(id, created, model))[:-1]
                self._usage.start(prompt_tokens)
            case End(usage):
                if not self._usage.at_end:
                    return (DONE,)
                return (self._head + b',"choices":[],"usage":' + self._usage.final(usage) + b"}\n\n", DONE)
            case Failure(error):
                return failure_frames(error, self._settings)
            case Verbatim(frame):
                return (frame,)
            case _:
                self._usage.suffix(event.tokens)
        return ()

    def ready_frames(self, ready: ReadyEvents) -> bytes:
        """The frames of all events between `Start` and `End`, joined."""
        if self._usage.running:
            return joined(ready, self.frames)
        key = "text_completion chunk", self._usage.suffix(0)
        return self._head.join(segments(ready, key, lambda: self._with_gaps(ready)))

    def _with_gaps(self, ready: ReadyEvents) -> bytes:
        head, self._head = self._head, GAP
        frames = joined(ready, self.frames)
        self._head = head
        return frames

    def _chunk(
        self, choice: int, text: str, tokens: int, *, finish: bytes = b"null", logprobs: bytes = b"null"
    ) -> bytes:
        opening = b'%b,"choices":[{"index":%d,"text":%b,"logprobs":%b,"finish_reason":%b}]'
        return opening % (self._head, choice, encode(text), logprobs, finish) + self._usage.suffix(tokens)

    def _logprobs(self, choice: int, logprobs: Sequence[TokenLogprob] | None) -> bytes:
        if logprobs is None:
            return b"null"
        offset = self._offsets.get(choice, 0)
        self._offsets[choice] = offset + sum(len(entry.token) for entry in logprobs)
        return encode(_logprobs_object(logprobs, offset))


def _shown(id: str, created: int, model: str) -> dict[str, Any]:
    return {"id": completion_id("cmpl-", id), "object": "text_completion", "created": created, "model": model}


def _prompts(fields: Fields, settings: Settings) -> tuple[str, ...]:
    prompt = fields.data.get("prompt")
    if isinstance(prompt, list) and isinstance((prompt or [0])[0], str | list) and len(prompt) > MAX_PROMPTS:
        fields.reject("prompt", f"at most {MAX_PROMPTS} prompts", got=len(prompt))
    expected = "a string, an array of strings, or token ids"
    match prompt:
        case None:
            fields.missing("prompt", expected)
        case "" if settings.strictness == "vllm":
            fields.reject("prompt", "text that is not empty", got="")
        case str():
            return (prompt,)
        case []:
            fields.reject("prompt", "at least one prompt", got=[])
        case [str(), *_]:
            prompts = fields.strings("prompt")
        case [list(), *_]:
            prompts = tuple(_decoded(fields, ids) for ids in prompt)
        case [*_]:
            prompts = (_decoded(fields, prompt),)
        case _:
            fields.wrong_type("prompt", expected)
    return prompts


def _decoded(fields: Fields, ids: Any) -> str:
    """The text of a prompt in token ids."""
    numbers = map(as_integer, ids) if isinstance(ids, list) else ()
    tokens = [number for number in numbers if number is not None]
    if not tokens or len(tokens) < len(ids):
        fields.reject("prompt", "token ids: an array of integers that is not empty", got=ids)
    try:
        return decode(tokens)
    except ValueError as error:
        fields.reject("prompt", f"token ids of this vocabulary ({error})", got=ids)


def _choice(choice: Choice) -> Iterator[bytes]:
    finish, logprobs = FINISHES[choice.finish_reason] if choice.finish_reason else None, choice.logprobs
    if logprobs is None:
        yield encode({"index": choice.index, "text": choice.text, "logprobs": None, "finish_reason": finish})
        return
    yield encode({"index": choice.index, "text": choice.text})[:-1] + b',"logprobs":{"text_offset":'
    yield from array_parts(accumulate((len(entry.token) for entry in logprobs[:-1]), initial=0) if logprobs else ())
    yield b',"token_logprobs":'
    yield from array_parts(entry.logprob for entry in logprobs)
    yield b',"tokens":'
    yield from array_parts(entry.token for entry in logprobs)
    yield b',"top_logprobs":'
    yield from array_parts(None if entry.logprob is None else _top_logprobs(entry) for entry in logprobs)
    yield b'},"finish_reason":%b}' % encode(finish)


def _logprobs_object(logprobs: Sequence[TokenLogprob], offset: int) -> dict[str, Any]:
    """The four parallel lists of OpenAI's legacy shape; offsets are in characters of `text`."""
    offsets = []
    for entry in logprobs:
        offsets.append(offset)
        offset += len(entry.token)
    return {
        "text_offset": offsets,
        "token_logprobs": [entry.logprob for entry in logprobs],
        "tokens": [entry.token for entry in logprobs],
        "top_logprobs": [None if entry.logprob is None else _top_logprobs(entry) for entry in logprobs],
    }


def _top_logprobs(entry: TokenLogprob) -> dict[str, float | None]:
    """The likeliest tokens by their text, the chosen one always among them; of equal texts the likelier counts."""
    shown: dict[str, float | None] = {}
    for top in entry.top:
        shown.setdefault(top.token, top.logprob)
    shown[entry.token] = entry.logprob
    return shown
