"""What /v1 is asked: the words and limits of its fields, and types for the usual forms of messages, tools and sampling.

A type is narrower than what is accepted, never wider. What is of the type is read in one go; anything else, rare or
wrong, is None here, and is read field by field, which accepts it or says what is wrong.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

import msgspec

from emulator.core.fields import INT64, NOT_JSON, Limits, at_least, converted
from emulator.core.vocabulary import Message, Role, Sampling, Tool, ToolUse

ROLES: tuple[Role, ...] = ("system", "developer", "user", "assistant", "tool", "function")
EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
MEDIA: Mapping[str, Any] = {"image_url": "image", "input_audio": "audio", "file": "file", "video_url": "video"}
URL_SCHEMES = ("http://", "https://", "data:")
STREAM_OPTIONS = ("include_usage", "continuous_usage_stats", "include_obfuscation")
TOOL_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
MAX_TOKENS = at_least(1)
MIN_TOKENS = at_least(0)
TOP_K = at_least(-1)
REASONING_TOKENS = at_least(0)
THINKING_TOKENS = at_least(-1)
TOP_LOGPROBS = Limits(0, 20)
LOGIT_BIAS = Limits(-100, 100)
MAX_BIASES = 1024
"""The token ids of a `logit_bias`, each of which is looked up for every token of an answer."""
NUMBERS = {
    "temperature": Limits(0, 2),
    "top_p": Limits(0, 1, above=True),
    "min_p": Limits(0, 1),
    "frequency_penalty": Limits(-2, 2),
    "presence_penalty": Limits(-2, 2),
    "repetition_penalty": Limits(0, 2, above=True),
}
"""The sampling fields that are numbers."""
_Nonempty: TypeAlias = Annotated[str, msgspec.Meta(min_length=1)]


# ---------------------------------------------------------------------------------------------- messages


class _TextPart(msgspec.Struct):
    type: Literal["text"]
    text: str


_Content: TypeAlias = str | tuple[_TextPart, ...]


class _Said(msgspec.Struct, tag_field="role"):
    """A message that is text. Each role is a subclass."""

    role: ClassVar[Role]
    content: _Content
    name: str | None = None
    reasoning_content: None = None
    reasoning: None = None

    def message(self) -> Message:
        content = self.content
        return Message(self.role, content if isinstance(content, str) else _joined(content), name=self.name)


class _System(_Said, tag="system"):
    role = "system"


class _Developer(_Said, tag="developer"):
    role = "developer"


class _User(_Said, tag="user"):
    role = "user"


class _FunctionMade(msgspec.Struct):
    name: _Nonempty
    arguments: _Nonempty


class _Call(msgspec.Struct):
    id: _Nonempty
    function: _FunctionMade

    def made(self) -> ToolUse:
        """The call. Raises one of `NOT_JSON` if its arguments are no JSON."""
        msgspec.json.decode(self.function.arguments)
        return ToolUse(self.id, self.function.name, self.function.arguments)


class _Assistant(msgspec.Struct, tag_field="role", tag="assistant"):
    content: _Content | None = None
    name: str | None = None
    tool_calls: tuple[_Call, ...] | None = None
    function_call: None = None
    reasoning_content: str | None = None
    reasoning: str | None = None

    def message(self) -> Message:
        content = self.content or ""
        return Message(
            "assistant",
            content if isinstance(content, str) else _joined(content),
            reasoning=self.reasoning_content or self.reasoning or "",
            tool_calls=tuple([call.made() for call in self.tool_calls]) if self.tool_calls else (),
            name=self.name,
        )


class _Result(msgspec.Struct, tag_field="role", tag="tool"):
    content: _Content
    tool_call_id: _Nonempty
    name: str | None = None
    reasoning_content: None = None
    reasoning: None = None

    def message(self) -> Message:
        content = self.content
        text = content if isinstance(content, str) else _joined(content)
        return Message("tool", text, tool_call_id=self.tool_call_id, name=self.name)


_Messages: TypeAlias = Annotated[
    tuple[_System | _Developer | _User | _Assistant | _Result, ...], msgspec.Meta(min_length=1)
]


class _Conversation(msgspec.Struct):
    messages: _Messages


def _joined(parts: Iterable[_TextPart]) -> str:
    return "".join([part.text for part in parts])


def usual_messages(body: Mapping[str, Any]) -> tuple[Message, ...] | None:
    """The messages of a request if they are text, calls and results."""
    asked = converted(body, _Conversation)
    return None if asked is None else _said(asked.messages)


def _said(messages: _Messages) -> tuple[Message, ...] | None:
    """The messages, unless the arguments of a call are no JSON."""
    try:
        return tuple([each.message() for each in messages])
    except NOT_JSON:
        return None


# ---------------------------------------------------------------------------------------------- tools


class _Function(msgspec.Struct):
    name: Annotated[str, msgspec.Meta(pattern=rf"\A{TOOL_NAME.pattern}\Z")]
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class _Tool(msgspec.Struct):
    type: Literal["function"]
    function: _Function


class _Tools(msgspec.Struct):
    tools: tuple[_Tool, ...]


def usual_tools(body: Mapping[str, Any]) -> tuple[Tool, ...] | None:
    """The tools of a request that has some."""
    asked = converted(body, _Tools)
    return None if asked is None else tuple([_tool(at, tool.function) for at, tool in enumerate(asked.tools)])


def _tool(at: int, function: _Function) -> Tool:
    return Tool(
        function.name,
        function.description or "",
        function.parameters or {},
        function.strict or False,
        f"tools[{at}].function.parameters",
    )


# ---------------------------------------------------------------------------------------------- sampling


class _Sampling(msgspec.Struct):
    """What most requests say of sampling."""

    temperature: Annotated[float, NUMBERS["temperature"].meta] = 1.0
    top_p: Annotated[float, NUMBERS["top_p"].meta] = 1.0
    frequency_penalty: Annotated[float, NUMBERS["frequency_penalty"].meta] = 0.0
    presence_penalty: Annotated[float, NUMBERS["presence_penalty"].meta] = 0.0
    seed: Annotated[int, INT64.meta] | None = None
    stop: _Nonempty | tuple[_Nonempty, ...] | None = None
    n: Literal[1] = 1

    def sampling(self, max_tokens: int | None, logprobs: int | None) -> Sampling:
        """The sampling, with what the endpoints say each in its own way."""
        stop = self.stop or ()
        return Sampling(
            temperature=self.temperature,
            top_p=self.top_p,
            frequency_penalty=self.frequency_penalty,
            presence_penalty=self.presence_penalty,
            seed=self.seed,
            stop=(stop,) if isinstance(stop, str) else stop,
            max_tokens=max_tokens,
            logprobs=logprobs,
        )


SAMPLING = frozenset(field.name for field in msgspec.structs.fields(Sampling)) - {"max_tokens", "logprobs"}
"""The fields of both endpoints that say how tokens are sampled."""
_RARE = SAMPLING.difference(field.name for field in msgspec.structs.fields(_Sampling))


def usual_sampling(body: Mapping[str, Any], max_tokens: int | None, logprobs: int | None) -> Sampling | None:
    """The sampling of a request that says no more of it than most do."""
    asked = converted(body, _Sampling) if _RARE.isdisjoint(body) else None
    return None if asked is None else asked.sampling(max_tokens, logprobs)


# ---------------------------------------------------------------------------------------------- a whole request


class UsualChat(_Sampling, kw_only=True):
    """A request for a chat completion that is words and nothing else, as most are."""

    model: _Nonempty
    messages: _Messages
    max_tokens: Annotated[int, MAX_TOKENS.meta] | None = None
    max_completion_tokens: Annotated[int, MAX_TOKENS.meta] | None = None
    stream: bool = False
    user: str | None = None
    service_tier: str | None = None


_CHAT = frozenset(field.name for field in msgspec.structs.fields(UsualChat))


def usual_chat(body: Mapping[str, Any]) -> tuple[UsualChat, tuple[Message, ...]] | None:
    """The request and its messages, if it has no field that few requests have, such as tools or a response format."""
    asked = converted(body, UsualChat) if body.keys() <= _CHAT else None
    messages = None if asked is None else _said(asked.messages)
    return None if asked is None or messages is None else (asked, messages)
