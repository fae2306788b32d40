"""Decoding the answers of /anthropic/v1/messages, whole and streamed."""

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import msgspec

from emulator.core.errors import ERRORS, ApiError, ErrorKind
from emulator.core.vocabulary import Event, Finish, FinishReason, Reasoning, Text, ToolArguments, ToolCall, Usage
from emulator.dialects.anthropic.surface import STOP_REASONS, STOP_SEQUENCE, encode
from emulator.dialects.decoding import Decoder

_REASONS: Mapping[str, FinishReason] = {name: reason for reason, name in STOP_REASONS.items()} | {STOP_SEQUENCE: "stop"}
_KINDS: Mapping[str, ErrorKind] = {row.anthropic_type: kind for kind, row in reversed([*ERRORS.items()])}
"""The first kind with this type."""
_NULL = msgspec.Raw(b"null")


# ---------------------------------------------------------------------------------------------- shapes


class _Text(msgspec.Struct, tag="text"):
    text: str = ""


class _Thinking(msgspec.Struct, tag="thinking"):
    thinking: str = ""


class _ToolUse(msgspec.Struct, tag="tool_use"):
    id: str
    name: str
    input: Any = {}


class _TextDelta(msgspec.Struct, tag="text_delta"):
    text: str


class _ThinkingDelta(msgspec.Struct, tag="thinking_delta"):
    thinking: str


class _InputDelta(msgspec.Struct, tag="input_json_delta"):
    partial_json: str


class _SignatureDelta(msgspec.Struct, tag="signature_delta"):
    pass


_Block: TypeAlias = _Text | _Thinking | _ToolUse
_Delta: TypeAlias = _TextDelta | _ThinkingDelta | _InputDelta | _SignatureDelta


class _Usage(msgspec.Struct):
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None


class _Stop(msgspec.Struct):
    stop_reason: str | None = None
    stop_sequence: str | None = None


class _Message(_Stop, tag="message"):
    id: str | None = None
    model: str | None = None
    content: list[_Block] = []
    usage: msgspec.Raw = _NULL


class _MessageStart(msgspec.Struct, tag="message_start"):
    message: _Message


class _BlockStart(msgspec.Struct, tag="content_block_start"):
    content_block: _Block
    index: int = 0


class _BlockDelta(msgspec.Struct, tag="content_block_delta"):
    delta: _Delta
    index: int = 0


class _BlockStop(msgspec.Struct, tag="content_block_stop"):
    pass


class _MessageDelta(msgspec.Struct, tag="message_delta"):
    delta: _Stop
    usage: msgspec.Raw = _NULL


class _MessageStop(msgspec.Struct, tag="message_stop"):
    pass


class _Ping(msgspec.Struct, tag="ping"):
    pass


class _Error(msgspec.Struct):
    message: str
    type: str | None = None


class _Failed(msgspec.Struct, tag="error"):
    error: _Error


_Payload: TypeAlias = (
    _Message | _MessageStart | _BlockStart | _BlockDelta | _BlockStop | _MessageDelta | _MessageStop | _Ping | _Failed
)
_decode = msgspec.json.Decoder(_Payload).decode


# ---------------------------------------------------------------------------------------------- events


class AnthropicDecoder(Decoder):
    """Decodes a message. `created` and the index of the choice are 0."""

    def __init__(self) -> None:
        super().__init__()
        self._called: int | None = None

    def _payload(self, data: bytes) -> Iterator[Event]:
        match _decode(data):
            case _Message() as message:
                yield from self._message(message)
            case _MessageStart(message):
                yield from self._message(message)
            case _BlockStart(block, index):
                yield from self._start()
                yield from self._block(block, index)
            case _BlockDelta(delta, index):
                yield from self._start()
                yield from self._delta(delta, index)
            case _MessageDelta(stop, usage):
                self._count(usage)
                yield from self._start()
                yield from self._finish(stop)
            case _MessageStop():
                yield from self._end()
            case _Failed(error):
                kind = _KINDS.get(error.type or "", "internal")
                yield from self._fail(ApiError(kind, error.message, type=error.type))

    def _message(self, message: _Message) -> Iterator[Event]:
        self._count(message.usage)
        yield from self._start(message.id, message.model)
        for index, block in enumerate(message.content):
            yield from self._block(block, index)
        yield from self._finish(message)

    def _block(self, block: _Block, index: int) -> Iterator[Event]:
        match block:
            case _Text(text):
                yield Text(0, text, 0)
            case _Thinking(text):
                yield from _reasoning(text)
            case _ToolUse(id, name, given):
                self._called = index
                yield ToolCall(0, id, name)
                yield from _arguments(
                    "" if given == {} else given if isinstance(given, str) else encode(given).decode()
                )

    def _delta(self, delta: _Delta, index: int) -> Iterator[Event]:
        match delta:
            case _TextDelta(text):
                yield Text(0, text, 0)
            case _ThinkingDelta(text):
                yield from _reasoning(text)
            case _InputDelta(text) if index == self._called:
                yield from _arguments(text)
            case _InputDelta():
                self.problems.append(f"The input of block {index}, which is not the latest tool call")

    def _finish(self, stop: _Stop) -> Iterator[Event]:
        if stop.stop_reason is None:
            return
        if stop.stop_reason in _REASONS:
            yield Finish(0, _REASONS[stop.stop_reason], stop.stop_sequence)
        else:
            self.problems.append(f"Unknown stop_reason '{stop.stop_reason}'")

    def _count(self, raw: msgspec.Raw) -> None:
        """Update the usage. The start of a message has the prompt tokens, its end the completion tokens."""
        told, before = self._part(raw, _Usage), self.usage or Usage(0, 0)
        if told is None or (told.input_tokens, told.output_tokens) == (None, None):
            return
        cached = told.cache_read_input_tokens or 0
        self.usage = Usage(
            before.prompt_tokens if told.input_tokens is None else told.input_tokens + cached,
            before.completion_tokens if told.output_tokens is None else told.output_tokens,
            cached_tokens=cached or before.cached_tokens,
        )


def _reasoning(text: str) -> Iterator[Event]:
    if text:
        yield Reasoning(0, text, 0)


def _arguments(text: str) -> Iterator[Event]:
    if text:
        yield ToolArguments(0, text, 0)
