"""POST /anthropic/v1/messages: how a message and its stream of events are written."""

import base64
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from emulator.core.fields import Fields
from emulator.core.fold import Block, Choice, Completion, ReasoningBlock, TextBlock
from emulator.core.ready import ReadyEvents, ReadySteps
from emulator.core.seeds import Seed
from emulator.core.settings import Settings
from emulator.core.vocabulary import (
    End,
    Event,
    Failure,
    Finish,
    FinishReason,
    InferenceRequest,
    Reasoning,
    Start,
    Text,
    ToolArguments,
    ToolCall,
    Usage,
    Verbatim,
)
from emulator.dialects import BARE_ID
from emulator.dialects.anthropic.marks import MARKS
from emulator.dialects.anthropic.passed_over import PassedOver
from emulator.dialects.anthropic.requests import (
    MAX_TOKENS,
    omits_thinking,
    read_messages,
    read_reasoning,
    read_response_format,
    read_sampling,
)
from emulator.dialects.anthropic.surface import (
    STOP_REASONS,
    STOP_SEQUENCE,
    AnthropicSurface,
    encode,
    error_object,
    wording,
)
from emulator.dialects.anthropic.tools import read_tools
from emulator.dialects.partial_json import whole_part
from emulator.dialects.segments import joined, segments

if TYPE_CHECKING:
    from emulator.dialects.decoding import Decoder


_NONE = Choice(0, (), None)


class AnthropicMessages:
    """The messages dialect."""

    endpoint = "messages"
    keep_alive = b'event: ping\ndata: {"type": "ping"}\n\n'
    marks = MARKS

    def __init__(self, settings: Settings) -> None:
        self.surface = AnthropicSurface()
        self._refuses_unknown = settings.unknown_blocks == "reject"

    def parse(self, body: dict[str, Any], headers: Mapping[str, str], key: str) -> InferenceRequest:
        """The request in neutral words. Raises `Rejected` for a field that is not as documented."""
        fields = Fields(body, wording)
        max_tokens = fields.integer("max_tokens", MAX_TOKENS)
        if max_tokens is None:
            fields.missing("max_tokens", "an integer of at least 0")
        return self._read(fields, max_tokens, headers, key)

    def parse_count(self, body: dict[str, Any], headers: Mapping[str, str], key: str) -> InferenceRequest:
        """A request of count_tokens: the same fields, without max_tokens. Raises `Rejected` as `parse` does."""
        return self._read(Fields(body, wording), None, headers, key)

    def _read(self, fields: Fields, max_tokens: int | None, headers: Mapping[str, str], key: str) -> InferenceRequest:
        model = fields.required_string("model")
        metadata = fields.object("metadata")
        if metadata is not None:
            metadata.string("user_id")
        passed_over = PassedOver(refuse=self._refuses_unknown)
        tools, choice, parallel = read_tools(fields, passed_over)
        return InferenceRequest(
            endpoint="messages",
            model=model,
            aliased=True,
            messages=read_messages(fields, passed_over),
            sampling=read_sampling(fields, max_tokens),
            tools=tools,
            tool_choice=choice,
            parallel_tool_calls=parallel,
            response_format=read_response_format(fields),
            reasoning=read_reasoning(fields, max_tokens, headers, passed_over),
            stream=fields.boolean("stream", False),
            body=fields.data,
            headers=headers,
            key=key,
            warning=passed_over.warning,
        )

    @staticmethod
    def decoder() -> "Decoder":
        """A decoder for one answer, whole or streamed."""
        from emulator.dialects.anthropic.decoding import AnthropicDecoder  # noqa: PLC0415 (a server reads no answers)

        return AnthropicDecoder()

    def encoder(self, request: InferenceRequest, request_id: str) -> "MessageEncoder":
        """What writes the events of one stream."""
        return MessageEncoder(request_id, omits_thinking=omits_thinking(request.body))

    def parts(self, completion: Completion, request: InferenceRequest) -> Iterator[bytes]:
        """The JSON of a whole message, in parts."""
        yield _message(completion, _content(completion, omits_thinking(request.body)))

    def ready_body(self, steps: ReadySteps, request: InferenceRequest) -> bytes:
        """The JSON of a whole message that is ready. Only ids and signatures in its content differ."""
        completion, events = steps.completion(), steps.events
        if events.derives_ids or any(choice.reasoning for choice in completion.choices):
            return b"".join(self.parts(completion, request))
        content = segments(events, "content", lambda: encode(_content(completion, omits_thinking=False)))
        return _message(completion, msgspec.Raw(content[0]))

    def count(self, tokens: int) -> bytes:
        """The body of an answer to count_tokens."""
        return encode({"input_tokens": tokens})


class MessageEncoder:
    """Writes the events of one message stream; `frames` gives the frames of one event.

    Blocks are strictly sequential: another kind of content closes the open block and opens the next.
    """

    def __init__(self, request_id: str, *, omits_thinking: bool = False) -> None:
        self._request_id = request_id
        self._omits_thinking = omits_thinking
        self._id = ""
        self._index = -1
        self._open: str | None = None
        self._head = b""
        self._thinking: list[str] = []
        self._calls = 0
        self._stop: dict[str, Any] = _stop(None, None)

    def frames(self, event: Event) -> Sequence[bytes]:
        """The SSE frames of an event, each with its `event:` line, without which the SDKs drop it."""
        return _WRITERS[type(event)](self, event)

    def ready_frames(self, ready: ReadyEvents) -> bytes:
        """The frames of all events between `Start` and `End`, joined. Only ids and signatures differ."""
        choice = ready.choices[0]
        if ready.derives_ids or choice.reasoning or len(ready.choices) > 1:
            return joined(ready, self.frames)
        self._stop = _stop(choice.finish_reason, choice.stop_sequence)
        return segments(ready, "events", lambda: joined(ready, self.frames))[0]

    def _text(self, event: Text) -> Sequence[bytes]:
        if not event.text:
            return ()
        opening = () if self._open == "text" else self._begin({"type": "text", "text": ""})
        return (*opening, self._head + b'"text_delta","text":' + encode(event.text) + b"}}\n\n")

    def _reasoning(self, event: Reasoning) -> Sequence[bytes]:
        if not event.text:
            return ()
        block = {"type": "thinking", "thinking": "", "signature": ""}
        opening = () if self._open == "thinking" else self._begin(block)
        self._thinking.append(event.text)
        if self._omits_thinking:
            return opening
        return (*opening, self._head + b'"thinking_delta","thinking":' + encode(event.text) + b"}}\n\n")

    def _tool_call(self, event: ToolCall) -> Sequence[bytes]:
        id = call_id(self._id, self._calls, event.id)
        self._calls += 1
        return self._begin({"type": "tool_use", "id": id, "name": event.name, "input": {}})

    def _tool_arguments(self, event: ToolArguments) -> Sequence[bytes]:
        if self._open != "tool_use":
            return ()
        return (self._head + b'"input_json_delta","partial_json":' + encode(event.text) + b"}}\n\n",)

    def _finish(self, event: Finish) -> Sequence[bytes]:
        self._stop = _stop(event.reason, event.stop_sequence)
        return self._close()

    def _start(self, event: Start) -> Sequence[bytes]:
        self._id = event.id
        message = {
            "id": message_id(event.id),
            "type": "message",
            "role": "assistant",
            "model": event.model,
            "content": [],
            **_stop(None, None),
            "usage": usage_object(Usage(event.prompt_tokens, 0, cached_tokens=event.cached_tokens)),
        }
        return (_frame(b"message_start", {"type": "message_start", "message": message}),)

    def _end(self, event: End) -> Sequence[bytes]:
        delta = {"type": "message_delta", "delta": self._stop, "usage": usage_object(event.usage)}
        return (_frame(b"message_delta", delta), _frame(b"message_stop", {"type": "message_stop"}))

    def _failure(self, event: Failure) -> Sequence[bytes]:
        return (_frame(b"error", error_object(event.error, self._request_id)),)

    def _verbatim(self, event: Verbatim) -> Sequence[bytes]:
        return (event.frame,)

    def _begin(self, block: dict[str, Any]) -> Sequence[bytes]:
        """Close the open block and open this one. Anthropic sends one ping after the first block has started."""
        closing = self._close()
        self._open = block["type"]
        self._index += 1
        delta = b'event: content_block_delta\ndata: {"type":"content_block_delta","index":%d,"delta":{"type":'
        self._head = delta % self._index
        start = {"type": "content_block_start", "index": self._index, "content_block": block}
        ping = (AnthropicMessages.keep_alive,) if self._index == 0 else ()
        return (*closing, _frame(b"content_block_start", start), *ping)

    def _close(self) -> Sequence[bytes]:
        if self._open is None:
            return ()
        stop = _frame(b"content_block_stop", {"type": "content_block_stop", "index": self._index})
        signed = self._signature() if self._open == "thinking" else ()
        self._open = None
        return (*signed, stop)

    def _signature(self) -> Sequence[bytes]:
        text = signature(self._id, "".join(self._thinking))
        self._thinking.clear()
        return (self._head + b'"signature_delta","signature":' + encode(text) + b"}}\n\n",)


_WRITERS: Mapping[type[Event], Callable[[MessageEncoder, Any], Sequence[bytes]]] = {
    Text: MessageEncoder._text,
    Reasoning: MessageEncoder._reasoning,
    ToolCall: MessageEncoder._tool_call,
    ToolArguments: MessageEncoder._tool_arguments,
    Finish: MessageEncoder._finish,
    Start: MessageEncoder._start,
    End: MessageEncoder._end,
    Failure: MessageEncoder._failure,
    Verbatim: MessageEncoder._verbatim,
}


def _frame(name: bytes, payload: dict[str, Any]) -> bytes:
    return b"event: " + name + b"\ndata: " + encode(payload) + b"\n\n"


def _message(completion: Completion, content: Any) -> bytes:
    choice = completion.choices[0] if completion.choices else _NONE
    return encode(
        {
            "id": message_id(completion.id),
            "type": "message",
            "role": "assistant",
            "model": completion.model,
            "content": content,
            **_stop(choice.finish_reason, choice.stop_sequence),
            "usage": usage_object(completion.usage) if completion.usage else None,
        }
    )


def _content(completion: Completion, omits_thinking: bool) -> list[dict[str, Any]]:
    choice = completion.choices[0] if completion.choices else _NONE
    return [_block(completion.id, block, omits_thinking, choice.finish_reason) for block in choice.blocks]


def message_id(id: str) -> str:
    """The id of a message, in Anthropic's form; a scenario's own id as it is."""
    return f"msg_01{id[:22]}" if BARE_ID.fullmatch(id) else id


def call_id(message_id: str, ordinal: int, id: str | None) -> str:
    """The id of a tool call: the scenario's own, or one derived from the message's id."""
    return id if id is not None else f"toolu_01{message_id[:20]}{ordinal:02x}"


def signature(id: str, thinking: str) -> str:
    """The signature of a thinking block: opaque to every client, and never verified here."""
    return base64.b64encode(Seed.of("signature", id, thinking).digest).decode()


def usage_object(usage: Usage) -> dict[str, int]:
    """Usage as the SDKs type it. Clients of streams read the input tokens from `message_delta` as well."""
    return {
        "input_tokens": max(0, usage.prompt_tokens - usage.cached_tokens),
        "output_tokens": usage.completion_tokens,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": usage.cached_tokens,
    }


def _stop(reason: Any, stop_sequence: str | None) -> dict[str, Any]:
    if reason == "stop" and stop_sequence is not None:
        return {"stop_reason": STOP_SEQUENCE, "stop_sequence": stop_sequence}
    return {"stop_reason": STOP_REASONS[reason] if reason else None, "stop_sequence": None}


def _block(id: str, block: Block, omits_thinking: bool, finish: FinishReason | None) -> dict[str, Any]:
    if isinstance(block, TextBlock):
        return {"type": "text", "text": block.text}
    if isinstance(block, ReasoningBlock):
        shown = "" if omits_thinking else block.text
        return {"type": "thinking", "thinking": shown, "signature": signature(id, block.text)}
    return {
        "type": "tool_use",
        "id": call_id(id, block.ordinal, block.id),
        "name": block.name,
        "input": _input(block.arguments, cut=finish == "length"),
    }


def _input(arguments: str, *, cut: bool) -> Any:
    """The arguments as JSON; of those that were `cut`, what is complete.

    What is no JSON stays the text that it is: an answer that is broken on purpose.
    """
    if not arguments:
        return {}
    try:
        return msgspec.json.decode(arguments)
    except (msgspec.MsgspecError, RecursionError):
        part = whole_part(arguments) if cut else None
        return arguments if part is None else part
