"""The types that all packages share: a request, and the events of an answer with their timing. Read this first.

An HTTP request becomes an `InferenceRequest`; the engine turns it into a `Plan` of timed `Step`s; a player plays the
steps; a dialect encodes their events. Nothing here depends on a dialect, a clock or a rule.

Principles of these types:

- **Delay is data.** A `Step` says how long to wait before its event; only `respond` waits.
- **Failing and hanging up are events.** The position of a `Failure` decides its meaning, for every dialect: before
  `Start` it is an HTTP status; after it, an error inside the stream. A whole body is sent only when its plan has
  ended, so there every `Failure` is a status.
- **A whole body is a fold** (fold.py) over the events that a stream would have sent.

Do not subclass these.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, TypeAlias

import msgspec

from emulator.core.errors import ApiError

Role: TypeAlias = Literal["system", "developer", "user", "assistant", "tool", "function"]
FinishReason: TypeAlias = Literal["stop", "length", "tool_calls", "content_filter"]
# ---------------------------------------------------------------------------------------------- what is asked


class Media(msgspec.Struct, frozen=True):
    """A part of a message that is not text.

    `kind` is image, audio, video or file; `source` is its origin: `url`, `data` (inlined) or `file_id`.
    """

    kind: Literal["image", "audio", "video", "file"]
    source: str


class ToolUse(msgspec.Struct, frozen=True):
    """A tool call that an earlier assistant message made; `arguments` is the JSON text as the client sent it."""

    id: str
    name: str
    arguments: str


class Message(msgspec.Struct, frozen=True):
    """One message of the conversation. `text` joins its text parts; a tool message answers `tool_call_id`."""

    role: Role
    text: str = ""
    media: tuple[Media, ...] = ()
    reasoning: str = ""
    tool_calls: tuple[ToolUse, ...] = ()
    tool_call_id: str | None = None
    name: str | None = None


class Tool(msgspec.Struct, frozen=True):
    """A tool that the model may call; `parameters` is the JSON Schema of its arguments.

    If `strict`, an invalid schema is always refused; otherwise only when the tool is called. `place` is the path of the
    schema in the request, for error messages.
    """

    name: str
    description: str = ""
    parameters: Mapping[str, Any] = {}
    strict: bool = False
    place: str = "tools"


class ToolChoice(msgspec.Struct, frozen=True):
    """Whether the model may (`auto`), must (`required`, or `named` for one tool) or must not (`none`) call tools.

    `finish` is the finish reason of a choice with calls, unless a scenario sets one.
    """

    mode: Literal["none", "auto", "required", "named"] = "auto"
    name: str | None = None
    finish: FinishReason = "tool_calls"


class ResponseFormat(msgspec.Struct, frozen=True):
    """The required form of the text; `schema` is the JSON Schema of `json_schema`, `place` its path in the request.

    If `raw`, the value is a string, and the text is the string itself instead of its JSON. The generator knows no
    grammars: `grammar` is only for scripted answers.
    """

    kind: Literal["text", "json_object", "json_schema", "grammar"] = "text"
    schema: Mapping[str, Any] | bool = True
    strict: bool = False
    place: str = "response_format"
    raw: bool = False


class ReasoningControl(msgspec.Struct, frozen=True):
    """How much a reasoning model should reason. If all are None, the model's default applies.

    `max_tokens` is a budget in tokens; with `exclude` the model reasons, but the reasoning is not shown.
    """

    enabled: bool | None = None
    effort: str | None = None
    max_tokens: int | None = None
    exclude: bool = False


class Sampling(msgspec.Struct, frozen=True):
    """How tokens are sampled, and when sampling ends. None means that the request does not say.

    `max_tokens` counts reasoning too. `logprobs` is None (not wanted) or the number of alternatives per token.
    """

    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    min_p: float = 0.0
    frequency_penalty: float = 0.0
    presence_penalty: float = 0.0
    repetition_penalty: float = 1.0
    logit_bias: Mapping[int, float] = {}
    seed: int | None = None
    stop: tuple[str, ...] = ()
    stop_token_ids: tuple[int, ...] = ()
    min_tokens: int = 0
    ignore_eos: bool = False
    max_tokens: int | None = None
    n: int = 1
    best_of: int = 1
    logprobs: int | None = None


class InferenceRequest(msgspec.Struct, frozen=True):
    """One inference, as every dialect understands it.

    `endpoint` is a name in the table of endpoints. Chat-like endpoints fill `messages`; completions fills `prompts`,
    with `n` answers for each prompt. `body` is the JSON as the client sent it, for fields that only one dialect or rule
    uses; `headers` have lower-case names; `key` is the API key, which is also the namespace. `aliased` says that
    `--` in the model's id may stand for `/`. `warning` says what of the request has no effect.
    """

    endpoint: str
    model: str
    aliased: bool = False
    messages: tuple[Message, ...] = ()
    prompts: tuple[str, ...] = ()
    echo: bool = False
    sampling: Sampling = Sampling()
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice = ToolChoice()
    parallel_tool_calls: bool = True
    response_format: ResponseFormat = ResponseFormat()
    reasoning: ReasoningControl = ReasoningControl()
    stream: bool = False
    body: Mapping[str, Any] = {}
    headers: Mapping[str, str] = {}
    key: str = ""
    warning: str = ""

    def last(self, role: Role) -> Message | None:
        """The last message with that role, or None."""
        for message in reversed(self.messages):
            if message.role == role:
                return message
        return None


# ---------------------------------------------------------------------------------------------- what is answered
# Every event has `tokens`, the completion tokens that it carries: most of them none.


class Usage(msgspec.Struct, frozen=True):
    """The token counts of one inference."""

    prompt_tokens: int
    """The tokens of the request, those that were cached included."""
    completion_tokens: int
    """The tokens of the answer, those of reasoning included."""
    reasoning_tokens: int = 0
    """Those of the answer that are reasoning."""
    cached_tokens: int = 0
    """Those of the request that were cached."""
    detailed: bool = False
    """Whether a scenario states the last two, which are then told whatever the settings are."""

    @property
    def total_tokens(self) -> int:
        """The sum of prompt tokens and completion tokens."""
        return self.prompt_tokens + self.completion_tokens


class TopLogprob(msgspec.Struct, frozen=True, gc=False):
    """One alternative at a position: its text, its natural-log probability, and its UTF-8 bytes."""

    token: str
    logprob: float
    bytes: bytes


class TokenLogprob(msgspec.Struct, frozen=True, gc=False):
    """The chosen token at a position. `logprob` is None only for the first token of an echoed prompt."""

    token: str
    logprob: float | None
    bytes: bytes
    top: tuple[TopLogprob, ...] = ()


class Start(msgspec.Struct, frozen=True):
    """The answer begins. A stream sends its status, 200, at this point, so later errors cannot change it.

    The dialect adds its prefix to an `id` of 32 hexadecimal digits, such as "chatcmpl-", and sends any other `id`
    unchanged.
    `created` is in Unix seconds; `cached_tokens` are those of `prompt_tokens` that were cached.
    """

    id: str
    model: str
    created: int
    prompt_tokens: int
    cached_tokens: int = 0
    tokens: ClassVar[int] = 0


class Text(msgspec.Struct, frozen=True, gc=False):
    """Some text of a choice, and its number of tokens."""

    choice: int
    text: str
    tokens: int = 1
    logprobs: tuple[TokenLogprob, ...] | None = None


class Reasoning(msgspec.Struct, frozen=True, gc=False):
    """Some reasoning text of a choice. Hidden reasoning has tokens and no text."""

    choice: int
    text: str
    tokens: int = 1


class ToolCall(msgspec.Struct, frozen=True, gc=False):
    """A tool call of a choice begins. Without an `id`, the dialect derives one in its own form from the answer's id."""

    choice: int
    id: str | None
    name: str
    tokens: ClassVar[int] = 0


class ToolArguments(msgspec.Struct, frozen=True, gc=False):
    """Some JSON text of the arguments of the choice's latest tool call."""

    choice: int
    text: str
    tokens: int = 1


class Finish(msgspec.Struct, frozen=True):
    """A choice ends. `stop_sequence` is the client's stop string that ended it, if any."""

    choice: int
    reason: FinishReason
    stop_sequence: str | None = None
    tokens: ClassVar[int] = 0


class End(msgspec.Struct, frozen=True):
    """The answer is complete."""

    usage: Usage
    tokens: ClassVar[int] = 0


class Failure(msgspec.Struct, frozen=True):
    """The inference fails here: an HTTP status before `Start`, an error inside the stream after it."""

    error: ApiError
    tokens: ClassVar[int] = 0


class Hangup(msgspec.Struct, frozen=True):
    """The answer ends here: `end` the body in order, `reset` the connection (TCP RST), or `truncate` the body.

    `end` before `Start` closes the connection without an answer; `truncate` leaves out the last chunk.
    """

    how: Literal["end", "reset", "truncate"]
    tokens: ClassVar[int] = 0


class Raw(msgspec.Struct, frozen=True):
    """An arbitrary HTTP response instead of an inference, such as a proxy would send. Nothing comes after it."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    tokens: ClassVar[int] = 0


class Verbatim(msgspec.Struct, frozen=True):
    """A frame that is sent unchanged, in any dialect; a plan of these is a stream without `Start`."""

    frame: bytes
    tokens: ClassVar[int] = 0


class Progress(msgspec.Struct, frozen=True):
    """Nothing is sent: the answer is still being made. A long computation yields it, so that others have their turn."""

    tokens: ClassVar[int] = 0


Event: TypeAlias = (
    Start | Text | Reasoning | ToolCall | ToolArguments | Finish | End | Failure | Hangup | Raw | Verbatim | Progress
)


class Step(msgspec.Struct, frozen=True, gc=False):
    """An event, and the seconds (`delay`) to wait before it."""

    delay: float
    event: Event
