"""What /anthropic/v1/messages is asked: the words and limits of its fields, and types for the usual forms.

A type is narrower than what is accepted, never wider. What is of the type is read in one go; anything else, rare or
wrong, is None here, and is read field by field, which accepts it, passes it over, or says what is wrong.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, NamedTuple, TypeAlias

import msgspec

from emulator.core.fields import INT64, Limits, at_least, converted
from emulator.core.vocabulary import Message, Sampling, Tool, ToolUse
from emulator.dialects.anthropic.surface import encode

MAX_TOKENS = at_least(0)
THINKING_BUDGET = at_least(1024)
TEMPERATURE = TOP_P = Limits(0, 1)
TOP_K = at_least(0)
EFFORTS = ("low", "medium", "high", "xhigh", "max")
THINKING = ("enabled", "adaptive", "disabled")
DISPLAYS = ("summarized", "omitted")
TOOL_NAME = re.compile(r"[A-Za-z0-9_-]{1,128}")
SOURCES: Mapping[str, Literal["data", "url", "file_id"]] = {"base64": "data", "url": "url", "file": "file_id"}
"""Which field a source of each type has."""
DOCUMENTS = ("text", "base64", "url", "content", "file")
_BILLING_BLOCK = "x-anthropic-billing-header"
_Nonempty: TypeAlias = Annotated[str, msgspec.Meta(min_length=1)]


class Blocks(NamedTuple):
    """The types of blocks that are read in an array, and those that are refused because they belong elsewhere.

    All others are passed over.
    """

    read: tuple[str, ...]
    refused: tuple[str, ...]


_OF_ASSISTANTS = ("tool_use", "thinking", "redacted_thinking")
_PARTS = ("text", "image", "document", "search_result")
USER = Blocks((*_PARTS, "tool_result"), _OF_ASSISTANTS)
ASSISTANT = Blocks(("text", *_OF_ASSISTANTS), ("tool_result",))
RESULT = Blocks(_PARTS, (*_OF_ASSISTANTS, "tool_result"))
PAGE = Blocks(_PARTS[:2], (*_PARTS[2:], *RESULT.refused))
TEXT = Blocks(_PARTS[:1], (*_PARTS[1:], *RESULT.refused))


# ---------------------------------------------------------------------------------------------- messages


class _TextOnly(msgspec.Struct):
    type: Literal["text"]
    text: str


class _Text(msgspec.Struct, tag_field="type", tag="text"):
    text: str


class _Thinking(msgspec.Struct, tag_field="type", tag="thinking"):
    thinking: str


class _Use(msgspec.Struct, tag_field="type", tag="tool_use"):
    id: _Nonempty
    name: _Nonempty
    input: dict[str, Any]


class _Result(msgspec.Struct, tag_field="type", tag="tool_result"):
    tool_use_id: _Nonempty
    content: str | tuple[_TextOnly, ...] | None = None
    is_error: bool | None = None

    def message(self) -> Message:
        content = self.content or ""
        text = content if isinstance(content, str) else "\n".join([block.text for block in content])
        return Message("tool", text, tool_call_id=self.tool_use_id)


class _User(msgspec.Struct, tag_field="role", tag="user"):
    content: str | tuple[_Text | _Result, ...]

    def results(self) -> Sequence[_Result]:
        return () if isinstance(self.content, str) else [block for block in self.content if type(block) is _Result]

    def messages(self) -> list[Message]:
        """First the results of tools, then what the user says."""
        if isinstance(self.content, str):
            return [Message("user", self.content)]
        messages = [result.message() for result in self.results()]
        texts = [block.text for block in self.content if type(block) is _Text]
        return [*messages, Message("user", "\n".join(texts))] if texts or not messages else messages


class _Assistant(msgspec.Struct, tag_field="role", tag="assistant"):
    content: str | tuple[_Text | _Thinking | _Use, ...]

    def calls(self) -> Sequence[_Use]:
        return () if isinstance(self.content, str) else [block for block in self.content if type(block) is _Use]

    def messages(self) -> list[Message]:
        if isinstance(self.content, str):
            return [Message("assistant", self.content)]
        texts = [block.text for block in self.content if type(block) is _Text]
        thoughts = [block.thinking for block in self.content if type(block) is _Thinking]
        calls = [ToolUse(call.id, call.name, encode(call.input).decode()) for call in self.calls()]
        return [Message("assistant", "".join(texts), reasoning="".join(thoughts), tool_calls=tuple(calls))]


class _Conversation(msgspec.Struct):
    messages: Annotated[tuple[_User | _Assistant, ...], msgspec.Meta(min_length=1)]
    system: str | tuple[_TextOnly, ...] | None = None


def usual_messages(body: Mapping[str, Any]) -> tuple[Message, ...] | None:
    """The system prompt and the messages of a request if they are text, thinking, calls and their results."""
    asked = converted(body, _Conversation)
    if asked is None or not _are_paired(asked.messages):
        return None
    system = asked.system or ""
    text = system if isinstance(system, str) else system_text([block.text for block in system])
    told = [message for entry in asked.messages for message in entry.messages()]
    return (Message("system", text), *told) if text else tuple(told)


def _are_paired(entries: Sequence[_User | _Assistant]) -> bool:
    """Whether each call has one result before the assistant's next turn, and each result a call."""
    waiting, answered = set[str](), True
    for entry in entries:
        if isinstance(entry, _Assistant):
            for call in entry.calls():
                if call.id in waiting:
                    return False
                waiting.add(call.id)
            if not answered:
                return False
        else:
            for result in entry.results():
                if result.tool_use_id not in waiting:
                    return False
                waiting.remove(result.tool_use_id)
            answered = not waiting
    return not waiting


def system_text(texts: Sequence[str]) -> str:
    """The text of a system prompt's blocks. Claude Code's first one is about billing, and not for the model."""
    return "\n".join([text for text in texts if not text.startswith(_BILLING_BLOCK)])


# ---------------------------------------------------------------------------------------------- tools


class _Tool(msgspec.Struct):
    name: Annotated[str, msgspec.Meta(pattern=rf"\A{TOOL_NAME.pattern}\Z")]
    input_schema: dict[str, Any]
    description: str | None = None
    strict: bool | None = None


class _Tools(msgspec.Struct):
    tools: tuple[_Tool, ...]


def usual_tools(body: Mapping[str, Any]) -> tuple[Tool, ...] | None:
    """The tools of a request that has only such as it describes itself."""
    asked = converted(body, _Tools)
    return None if asked is None else tuple([_tool(at, tool) for at, tool in enumerate(asked.tools)])


def _tool(at: int, tool: _Tool) -> Tool:
    return Tool(tool.name, tool.description or "", tool.input_schema, tool.strict or False, f"tools.{at}.input_schema")


# ---------------------------------------------------------------------------------------------- sampling


class _Sampling(msgspec.Struct):
    temperature: Annotated[float, TEMPERATURE.meta] = 1.0
    top_p: Annotated[float, TOP_P.meta] = 1.0
    top_k: Annotated[int, TOP_K.meta] = 0
    stop_sequences: tuple[Annotated[str, msgspec.Meta(pattern=r"\S")], ...] = ()
    seed: Annotated[int, INT64.meta] | None = None


def usual_sampling(body: Mapping[str, Any], max_tokens: int | None) -> Sampling | None:
    """The sampling of a request."""
    asked = converted(body, _Sampling)
    if asked is None:
        return None
    return Sampling(
        temperature=asked.temperature,
        top_p=asked.top_p,
        top_k=asked.top_k,
        stop=asked.stop_sequences,
        max_tokens=max_tokens,
        seed=asked.seed,
    )
