"""POST /v1/chat/completions: how a request reads, and how a chat completion and its chunks are written."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from emulator.core.fields import Fields
from emulator.core.fold import Choice, Completion
from emulator.core.ready import ReadyEvents, ReadySteps
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
    Verbatim,
)
from emulator.dialects.openai.asked import usual_chat
from emulator.dialects.openai.marks import MARKS
from emulator.dialects.openai.requests import (
    check_modalities,
    read_logprobs,
    read_max_tokens,
    read_messages,
    read_reasoning,
    read_sampling,
    read_stream,
)
from emulator.dialects.openai.structured_outputs import read_response_format
from emulator.dialects.openai.surface import (
    DONE,
    FINISHES,
    FUNCTION_FINISHES,
    OpenAISurface,
    StreamUsage,
    array,
    array_parts,
    body_parts,
    call_id,
    completion_id,
    encode,
    failure_frames,
    logprob_object,
    ready_body,
    wording,
)
from emulator.dialects.openai.tools import NO_TOOLS, read_tools
from emulator.dialects.segments import GAP, joined, segments

if TYPE_CHECKING:
    from emulator.dialects.decoding import Decoder

_TEXT_END = b'},"logprobs":null,"finish_reason":null}]'


class OpenAIChat:
    """The chat dialect."""

    endpoint = "chat"
    keep_alive = b": keep-alive\n\n"
    marks = MARKS

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._aliased = settings.v1_model_ids == "either"
        self.surface = OpenAISurface(settings)

    # ------------------------------------------------------------------------------------------ what is asked

    def parse(self, body: dict[str, Any], headers: Mapping[str, str], key: str) -> InferenceRequest:
        """The request in neutral words. Raises `Rejected` for a field that is not as documented."""
        usual = usual_chat(body) if self._settings.strictness == "vllm" else None
        if usual is None:
            return self.parse_each(body, headers, key)
        asked, messages = usual
        preferred = asked.max_completion_tokens
        return InferenceRequest(
            "chat",
            asked.model,
            self._aliased,
            messages,
            sampling=asked.sampling(asked.max_tokens if preferred is None else preferred, None),
            tool_choice=NO_TOOLS,
            stream=asked.stream,
            body=body,
            headers=headers,
            key=key,
        )

    def parse_each(self, body: dict[str, Any], headers: Mapping[str, str], key: str) -> InferenceRequest:
        """The same of any request, field by field."""
        fields = Fields(body, wording)
        tools, choice, parallel = read_tools(fields, self._settings)
        check_modalities(fields, self._settings)
        fields.string("user")
        fields.string("service_tier")
        return InferenceRequest(
            endpoint="chat",
            model=fields.required_string("model"),
            aliased=self._aliased,
            messages=read_messages(fields, self._settings),
            sampling=read_sampling(
                fields, self._settings, read_max_tokens(fields), read_logprobs(fields, self._settings)
            ),
            tools=tools,
            tool_choice=choice,
            parallel_tool_calls=parallel,
            response_format=read_response_format(fields, forced=choice.mode == "named"),
            reasoning=read_reasoning(fields),
            stream=read_stream(fields, self._settings),
            body=body,
            headers=headers,
            key=key,
        )

    # ------------------------------------------------------------------------------------------ what is answered

    @staticmethod
    def decoder() -> "Decoder":
        """A decoder for one answer, whole or streamed."""
        from emulator.dialects.openai.decoding import OpenAIDecoder  # noqa: PLC0415 (a server reads no answers)

        return OpenAIDecoder()

    def encoder(self, request: InferenceRequest, request_id: str) -> "ChatEncoder":
        """What writes the events of one stream."""
        return ChatEncoder(request, self._settings)

    def parts(self, completion: Completion, request: InferenceRequest) -> Iterator[bytes]:
        """The JSON of a whole chat completion, in parts."""
        shown = _shown("chat.completion", completion.id, completion.created, completion.model)
        choices = self._choices(completion, uses_functions(request.body))
        return body_parts(shown, choices, completion.usage, self._settings.usage_details)

    def ready_body(self, steps: ReadySteps, request: InferenceRequest) -> bytes:
        """The JSON of a whole chat completion that is ready."""
        start, events, legacy = steps.start, steps.events, uses_functions(request.body)
        if events.derives_ids:
            return b"".join(self.parts(steps.completion(), request))
        shown = _shown("chat.completion", start.id, start.created, start.model)
        choices = segments(
            events, ("chat.completion", legacy), lambda: array(self._choices(steps.completion(), legacy))
        )
        return ready_body(shown, choices[0], steps.usage, self._settings.usage_details)

    def _choices(self, completion: Completion, legacy: bool) -> Iterator[Iterator[bytes]]:
        return (self._choice(completion, choice, legacy) for choice in completion.choices)

    def _choice(self, completion: Completion, choice: Choice, legacy: bool) -> Iterator[bytes]:
        message: dict[str, Any] = {"role": "assistant", "content": choice.text, "refusal": None}
        if choice.reasoning:
            message |= dict.fromkeys(reasoning_names(self._settings), choice.reasoning)
        calls = [
            {
                "id": call_id(completion.id, choice.index, call.ordinal, call.id),
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
            }
            for call in choice.tool_calls
        ]
        if calls and legacy:
            message["function_call"] = calls[0]["function"]
        elif calls:
            message["tool_calls"] = calls
        finish, logprobs = finish_name(choice.finish_reason, legacy), choice.logprobs
        if logprobs is None:
            yield encode({"index": choice.index, "message": message, "logprobs": None, "finish_reason": finish})
            return
        yield encode({"index": choice.index, "message": message})[:-1] + b',"logprobs":{"content":'
        yield from array_parts(map(logprob_object, logprobs))
        yield b',"refusal":null},"finish_reason":%b}' % encode(finish)


class ChatEncoder:
    """Writes the events of one chat stream as chunks; `frames` gives the frames of one event."""

    def __init__(self, request: InferenceRequest, settings: Settings) -> None:
        self._settings = settings
        self._legacy = uses_functions(request.body)
        self._reasoning_names = reasoning_names(settings)
        self._usage = StreamUsage(request.body, settings)
        self._head = b""
        self._id = ""
        self._indices: dict[int, int] = {}
        self._choices = max(request.sampling.n, 1)
        self._contents: list[bytes] = []
        self._text_end = b"" if self._usage.running else _TEXT_END + self._usage.suffix(0)

    def frames(self, event: Event) -> Sequence[bytes]:
        """The SSE frames of an event, each ending with a blank line."""
        return _WRITERS[type(event)](self, event)

    def ready_frames(self, ready: ReadyEvents) -> bytes:
        """The frames of all events between `Start` and `End`, joined."""
        if self._usage.running or ready.derives_ids:
            return joined(ready, self.frames)
        key = "chat.completion.chunk", self._legacy, self._usage.suffix(0)
        return self._head.join(segments(ready, key, lambda: self._with_gaps(ready)))

    def _with_gaps(self, ready: ReadyEvents) -> bytes:
        head = self._head
        self._begin(GAP)
        frames = joined(ready, self.frames)
        self._begin(head)
        return frames

    def _text(self, event: Text) -> Sequence[bytes]:
        if event.logprobs is None:
            end = self._text_end or _TEXT_END + self._usage.suffix(event.tokens)
            return (self._contents[event.choice] + encode(event.text) + end,)
        logprobs = {"content": [logprob_object(entry) for entry in event.logprobs], "refusal": None}
        delta = b'{"content":' + encode(event.text) + b"}"
        return (self._chunk(event.choice, delta, event.tokens, logprobs=encode(logprobs)),)

    def _reasoning(self, event: Reasoning) -> Sequence[bytes]:
        if not event.text:
            self._usage.suffix(event.tokens)
            return ()
        return (self._chunk(event.choice, encode(dict.fromkeys(self._reasoning_names, event.text)), event.tokens),)

    def _tool_call(self, event: ToolCall) -> Sequence[bytes]:
        choice = event.choice
        ordinal = self._indices[choice] = self._indices.get(choice, -1) + 1
        function = {"name": event.name, "arguments": ""}
        if self._legacy:  # the deprecated form has room for one
            return () if ordinal else (self._chunk(choice, encode({"function_call": function}), 0),)
        call = {"id": call_id(self._id, choice, ordinal, event.id), "type": "function", "function": function}
        return (self._chunk(choice, self._call(choice, call), 0),)

    def _tool_arguments(self, event: ToolArguments) -> Sequence[bytes]:
        if event.choice not in self._indices or (self._legacy and self._indices[event.choice]):
            return ()
        function = {"arguments": event.text}
        delta = (
            encode({"function_call": function}) if self._legacy else self._call(event.choice, {"function": function})
        )
        return (self._chunk(event.choice, delta, event.tokens),)

    def _call(self, choice: int, fields: dict[str, Any]) -> bytes:
        return encode({"tool_calls": [{"index": self._indices[choice], **fields}]})

    def _finish(self, event: Finish) -> Sequence[bytes]:
        return (self._chunk(event.choice, b"{}", 0, finish=encode(finish_name(event.reason, self._legacy))),)

    def _start(self, event: Start) -> Sequence[bytes]:
        shown = _shown("chat.completion.chunk", event.id, event.created, event.model)
        self._id = event.id
        self._begin(b"data: " + encode(shown)[:-1])
        self._usage.start(event.prompt_tokens)
        role = b'{"role":"assistant","content":""}'
        return tuple(self._chunk(choice, role, 0) for choice in range(self._choices))

    def _begin(self, head: bytes) -> None:
        """Begin the chunks of the answer with this."""
        opening = b'%b,"choices":[{"index":%d,"delta":{"content":'
        self._head = head
        self._contents = [opening % (head, choice) for choice in range(self._choices)]

    def _end(self, event: End) -> Sequence[bytes]:
        if not self._usage.at_end:
            return (DONE,)
        return (self._head + b',"choices":[],"usage":' + self._usage.final(event.usage) + b"}\n\n", DONE)

    def _failure(self, event: Failure) -> Sequence[bytes]:
        return failure_frames(event.error, self._settings)

    def _verbatim(self, event: Verbatim) -> Sequence[bytes]:
        return (event.frame,)

    def _chunk(
        self, choice: int, delta: bytes, tokens: int, *, finish: bytes = b"null", logprobs: bytes = b"null"
    ) -> bytes:
        opening = b'%b,"choices":[{"index":%d,"delta":%b,"logprobs":%b,"finish_reason":%b}]'
        return opening % (self._head, choice, delta, logprobs, finish) + self._usage.suffix(tokens)


_WRITERS: Mapping[type[Event], Callable[[ChatEncoder, Any], Sequence[bytes]]] = {
    Text: ChatEncoder._text,
    Reasoning: ChatEncoder._reasoning,
    ToolCall: ChatEncoder._tool_call,
    ToolArguments: ChatEncoder._tool_arguments,
    Finish: ChatEncoder._finish,
    Start: ChatEncoder._start,
    End: ChatEncoder._end,
    Failure: ChatEncoder._failure,
    Verbatim: ChatEncoder._verbatim,
}


def _shown(object: str, id: str, created: int, model: str) -> dict[str, Any]:
    return {"id": completion_id("chatcmpl-", id), "object": object, "created": created, "model": model}


def reasoning_names(settings: Settings) -> tuple[str, ...]:
    """The names under which reasoning is shown."""
    return ("reasoning_content", "reasoning") if settings.reasoning_field == "both" else (settings.reasoning_field,)


def finish_name(reason: FinishReason | None, legacy: bool) -> str | None:
    """The finish reason on the wire; requests with the deprecated `functions` read `function_call`."""
    return None if reason is None else (FUNCTION_FINISHES if legacy else FINISHES)[reason]


def uses_functions(body: Mapping[str, Any]) -> bool:
    """Whether the request speaks of `functions`, the deprecated form of tools."""
    return bool(body.get("functions")) and not body.get("tools")
