"""Decoding the answers of /v1: chat completions and text completions, whole and streamed."""

from collections.abc import Iterator, Mapping
from typing import Annotated, TypeAlias

import msgspec

from emulator.core.errors import ERRORS, ApiError, ErrorKind
from emulator.core.vocabulary import (
    Event,
    Finish,
    FinishReason,
    Reasoning,
    Text,
    TokenLogprob,
    ToolArguments,
    ToolCall,
    TopLogprob,
    Usage,
)
from emulator.dialects.decoding import Decoder
from emulator.dialects.openai.surface import FINISHES, FUNCTION_FINISHES, TITLES, UNTITLED

_REASONS: Mapping[str, FinishReason] = {
    name: reason for table in (FUNCTION_FINISHES, FINISHES) for reason, name in table.items()
}
_OVERFLOW: ErrorKind = "context_length_exceeded"
_KINDS: Mapping[str | None, ErrorKind] = {
    **{
        name: kind
        for kind, row in reversed([*ERRORS.items()])
        for name in (row.v1_type, row.v1_code, TITLES[row.status])
        if name and kind != _OVERFLOW
    },
    _OVERFLOW: _OVERFLOW,
    ERRORS[_OVERFLOW].v1_type: "bad_request",
}
"""The first kind with this name, which is a type, a code or a title. vLLM has one type for all that is a 400."""
_DONE = b"[DONE]"
_NULL = msgspec.Raw(b"null")
_Byte: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=255)]


# ---------------------------------------------------------------------------------------------- shapes


class _Function(msgspec.Struct):
    name: str | None = None
    arguments: str | None = None


class _Call(msgspec.Struct):
    function: _Function
    index: int | None = None
    id: str | None = None


class _Message(msgspec.Struct):
    """A message, or a delta of one. Reasoning has either name, or both."""

    content: str | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    tool_calls: list[_Call] | None = None
    function_call: _Function | None = None


class _Choice(msgspec.Struct):
    index: int = 0
    message: _Message | None = None
    delta: _Message | None = None
    text: str | None = None
    logprobs: msgspec.Raw = _NULL
    finish_reason: str | None = None


class _Error(msgspec.Struct):
    message: str
    type: str | None = None
    param: str | None = None
    code: str | int | None = None


class _Answer(msgspec.Struct):
    """A completion, a chunk of one, or an error. `message` belongs to a flat error."""

    id: str | int | None = None
    created: int | float | None = None
    model: str | None = None
    choices: list[_Choice] | None = None
    usage: msgspec.Raw = _NULL
    error: _Error | str | None = None
    message: str = ""


class _PromptDetails(msgspec.Struct):
    cached_tokens: int | None = None


class _CompletionDetails(msgspec.Struct):
    reasoning_tokens: int | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: int
    completion_tokens: int
    prompt_tokens_details: _PromptDetails | None = None
    completion_tokens_details: _CompletionDetails | None = None


class _TopLogprob(msgspec.Struct):
    token: str
    logprob: float
    bytes: list[_Byte] | None = None


class _Logprob(msgspec.Struct):
    token: str
    logprob: float | None
    bytes: list[_Byte] | None = None
    top_logprobs: list[_TopLogprob] | None = None


class _Logprobs(msgspec.Struct):
    """A chat's list of entries, or the parallel lists of text completions."""

    content: list[_Logprob] | None = None
    tokens: list[str] | None = None
    token_logprobs: list[float | None] = []
    top_logprobs: list[dict[str, float] | None] | None = None


_decode = msgspec.json.Decoder(_Answer).decode


# ---------------------------------------------------------------------------------------------- events


class OpenAIDecoder(Decoder):
    """Decodes a chat completion or a text completion."""

    def __init__(self) -> None:
        super().__init__()
        self._calls: dict[int, tuple[int, str | None]] = {}

    def _payload(self, data: bytes) -> Iterator[Event]:
        if data == _DONE:
            return self._end()
        return self._answer(_decode(data))

    def _answer(self, answer: _Answer) -> Iterator[Event]:
        if answer.error is not None:
            yield from self._fail(_error(answer.error, answer.message))
            return
        if answer.choices is None:
            self.problems.append("Object has neither choices nor an error")
            return
        if usage := self._part(answer.usage, _Usage):
            self.usage = _counted(usage)
        if answer.choices or usage:
            yield from self._start(answer.id, answer.model, answer.created)
        for choice in answer.choices:
            yield from self._choice(choice)

    def _choice(self, choice: _Choice) -> Iterator[Event]:
        message = choice.delta or choice.message or _Message(choice.text)
        if reasoning := message.reasoning_content or message.reasoning:
            yield Reasoning(choice.index, reasoning, 0)
        text, logprobs = message.refusal or message.content, self._logprobs(choice.logprobs)
        if text is not None or logprobs is not None:
            yield Text(choice.index, text or "", 0, logprobs)
        for at, call in enumerate(message.tool_calls or ()):
            yield from self._call(choice.index, at if call.index is None else call.index, call.id, call.function)
        if message.function_call is not None:
            yield from self._call(choice.index, 0, None, message.function_call)
        if choice.finish_reason is not None:
            yield from self._finish(choice.index, choice.finish_reason)

    def _call(self, choice: int, index: int, id: str | None, function: _Function) -> Iterator[Event]:
        latest, its_id = self._calls.get(choice, (-1, None))
        # some services number all calls alike, and some make up an id for each piece of one
        if index > latest or (function.name and id and id != its_id):
            if function.name is None:
                self.problems.append("A tool call begins without a name")
                return
            self._calls[choice] = index, id
            yield ToolCall(choice, id or None, function.name)
        elif index < latest:
            self.problems.append("A tool call goes on after the next one has begun")
            return
        if function.arguments:
            yield ToolArguments(choice, function.arguments, 0)

    def _finish(self, choice: int, name: str) -> Iterator[Event]:
        if name in _REASONS:
            yield Finish(choice, _REASONS[name])
        else:
            self.problems.append(f"Unknown finish_reason '{name}'")

    def _logprobs(self, raw: msgspec.Raw) -> tuple[TokenLogprob, ...] | None:
        given = self._part(raw, _Logprobs) if self.logprobs else None
        if given is None:
            return None
        if given.content is not None:
            return tuple(map(_entry, given.content))
        if given.tokens is None:
            return None
        count, top = len(given.tokens), given.top_logprobs or [None] * len(given.tokens)
        if len(given.token_logprobs) != count or len(top) != count:
            self.problems.append("The lists of logprobs have different lengths")
            return None
        return tuple(map(_legacy_entry, given.tokens, given.token_logprobs, top))


def _error(error: _Error | str, message: str) -> ApiError:
    """The error in an error object, or in the title and the message of a flat body."""
    if isinstance(error, str):
        code = None if error in (*TITLES.values(), UNTITLED) else error
        return ApiError(_KINDS.get(error, "internal"), message, code=code, flat=True)
    code = None if error.code is None else str(error.code)
    overflow = error.type == ERRORS[_OVERFLOW].v1_type and error.param == ERRORS[_OVERFLOW].param
    kind = _OVERFLOW if overflow else _KINDS.get(code) or _KINDS.get(error.type, "internal")
    return ApiError(kind, error.message, param=error.param, type=error.type, code=code)


def _counted(usage: _Usage) -> Usage:
    cached = usage.prompt_tokens_details and usage.prompt_tokens_details.cached_tokens
    reasoning = usage.completion_tokens_details and usage.completion_tokens_details.reasoning_tokens
    return Usage(usage.prompt_tokens, usage.completion_tokens, reasoning or 0, cached or 0)


def _entry(entry: _Logprob) -> TokenLogprob:
    top = tuple(TopLogprob(each.token, each.logprob, _bytes(each)) for each in entry.top_logprobs or ())
    return TokenLogprob(entry.token, entry.logprob, _bytes(entry), top)


def _bytes(entry: _TopLogprob | _Logprob) -> bytes:
    return entry.token.encode() if entry.bytes is None else bytes(entry.bytes)


def _legacy_entry(token: str, logprob: float | None, top: dict[str, float] | None) -> TokenLogprob:
    """An entry of a text completion, which has no bytes beside the token."""
    alternatives = tuple(TopLogprob(text, each, text.encode()) for text, each in (top or {}).items())
    return TokenLogprob(token, logprob, token.encode(), alternatives)
