"""Reading what /anthropic/v1/messages is asked: messages and their blocks, tools, thinking, formats."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from emulator.core.errors import ApiError, Rejected
from emulator.core.fields import Fields, Limits, at_least
from emulator.core.vocabulary import (
    Media,
    Message,
    ReasoningControl,
    ResponseFormat,
    Sampling,
    Tool,
    ToolChoice,
    ToolUse,
)
from emulator.dialects.anthropic.surface import encode
from emulator.dialects.open_calls import OpenCalls

MAX_TOKENS = at_least(1)
THINKING_BUDGET = at_least(1024)
TEMPERATURE = TOP_P = Limits(0, 1)
TOP_K = at_least(0)
TOOL_NAME = re.compile(r"[A-Za-z0-9_-]{1,128}")
EFFORTS = ("low", "medium", "high", "xhigh", "max")
DISPLAYS = ("summarized", "omitted")
_BILLING_BLOCK = "x-anthropic-billing-header"
_USER_BLOCKS = ("text", "image", "tool_result", "document", "search_result")
_ASSISTANT_BLOCKS = ("text", "tool_use", "thinking", "redacted_thinking")
PASSED_OVER = re.compile(
    r"server_tool_use|\w+_tool_result|tool_reference|container_upload|mid_conv\w*|fallback|connector_text"
)
"""Blocks of Anthropic's own server-side features, which clients send back and this API has no use for."""


def read_messages(fields: Fields) -> tuple[Message, ...]:
    """The system prompt and the messages. System entries among the messages join the conversation where they stand."""
    messages = list(_system(fields))
    if not fields.has("messages"):
        fields.missing("messages", "an array of messages")
    given = list(fields.objects("messages", "a valid list"))
    if not given:
        fields.reject("messages", "at least one message is required", got=[])
    calls, before = OpenCalls(), ""
    for entry in given:
        roles = ("user", "assistant", "system")
        role = entry.one_of("role", roles) or entry.missing("role", "a role")
        match role:
            case "assistant":
                if before != "assistant":  # neighbours of one role are one turn
                    _check_answered(calls)
                    calls.begin(entry)
                messages.append(_assistant(entry, calls))
            case "user":
                messages.extend(_user(entry, calls))
            case _:
                messages.append(Message("system", _text_only(entry, "content")))
        before = role
    _check_answered(calls)
    return tuple(messages)


def _check_answered(calls: OpenCalls) -> None:
    if calls.turn is not None and (ids := ", ".join(calls.waiting())):
        calls.turn.reject(
            "content",
            f"`tool_use` ids were found without `tool_result` blocks immediately after: {ids[:100]}. Each `tool_use` "
            "block must have a corresponding `tool_result` block in the next message.",
        )


def _system(fields: Fields) -> Iterator[Message]:
    if fields.has("system") and (text := _text_only(fields, "system")):
        yield Message("system", text)


def _text_only(fields: Fields, name: str) -> str:
    value = fields.data.get(name)
    if isinstance(value, str):
        return value
    if value is None:
        fields.missing(name, "a string or a list of text blocks")
    if not isinstance(value, list):
        fields.wrong_type(name, "a string or a list of text blocks")
    texts = []
    for block in fields.objects(name):
        block.one_of("type", ("text",))
        texts.append(block.required_string("text", empty=True))
    return "\n".join(text for text in texts if not text.startswith(_BILLING_BLOCK))


def _blocks(entry: Fields, allowed: tuple[str, ...]) -> Iterator[tuple[str, Fields]]:
    content = entry.data.get("content")
    if content is None:
        entry.missing("content", "a string or a list of blocks")
    if not isinstance(content, list):
        entry.wrong_type("content", "a string or a list of blocks")
    for block in entry.objects("content"):
        kind = block.string("type") or block.missing("type", "the type of the block")
        if kind in allowed:
            yield kind, block
        elif not PASSED_OVER.fullmatch(kind):
            block.reject("type", f"Input should be one of {', '.join(repr(name) for name in allowed)}")


def _assistant(entry: Fields, open: OpenCalls) -> Message:
    if isinstance(content := entry.data.get("content"), str):
        return Message("assistant", content)
    texts: list[str] = []
    thoughts: list[str] = []
    calls: list[ToolUse] = []
    for kind, block in _blocks(entry, _ASSISTANT_BLOCKS):
        match kind:
            case "text":
                texts.append(block.required_string("text", empty=True))
            case "thinking":
                thoughts.append(block.required_string("thinking", empty=True))
            case "tool_use":
                given = block.required_object("input").data
                name, id = block.required_string("name"), block.required_string("id")
                if not open.make(id):
                    block.reject("id", "`tool_use` ids must be unique")
                calls.append(ToolUse(id, name, encode(given).decode()))
    return Message("assistant", "".join(texts), reasoning="".join(thoughts), tool_calls=tuple(calls))


def _user(entry: Fields, calls: OpenCalls) -> Iterator[Message]:
    """A user entry as messages: first the results of tools, then what the user says."""
    if isinstance(content := entry.data.get("content"), str):
        yield Message("user", content)
        return
    results: list[Message] = []
    texts: list[str] = []
    media: list[Media] = []
    for kind, block in _blocks(entry, _USER_BLOCKS):
        if kind == "tool_result":
            results.append(_tool_result(block, calls, media))
        else:
            _read_part(kind, block, texts, media)
    yield from results
    if texts or media or not results:
        yield Message("user", "\n".join(texts), tuple(media))


def _tool_result(block: Fields, calls: OpenCalls, media: list[Media]) -> Message:
    id = block.required_string("tool_use_id")
    match calls.answer(id):
        case "unknown":
            block.reject(
                "tool_use_id",
                "unexpected `tool_use_id` found in `tool_result` blocks. Each `tool_result` block must have a "
                "corresponding `tool_use` block in the previous message.",
            )
        case "again":
            block.reject("tool_use_id", "each `tool_use` must have a single result, but there are several of this id")
    block.boolean("is_error", False)
    return Message("tool", _result_text(block, media), tool_call_id=id)


def _result_text(block: Fields, media: list[Media]) -> str:
    content = block.data.get("content")
    if content is None or isinstance(content, str):
        return content or ""
    texts: list[str] = []
    for kind, part in _blocks(block, ("text", "image", "document", "search_result")):
        _read_part(kind, part, texts, media)
    return "\n".join(texts)


def _read_part(kind: str, part: Fields, texts: list[str], media: list[Media]) -> None:
    """What a message and the result of a tool can both be made of."""
    match kind:
        case "text":
            texts.append(part.required_string("text", empty=True))
        case "image":
            media.append(_image(part))
        case "document":
            texts.append(_document(part, media))
        case "search_result":
            texts.append(_text_only(part, "content"))


def _image(block: Fields) -> Media:
    source = block.required_object("source")
    kind = source.one_of("type", ("base64", "url", "file")) or source.missing("type", "the type of the source")
    source.required_string({"base64": "data", "url": "url", "file": "file_id"}[kind])
    return Media("image", {"base64": "data", "url": "url", "file": "file_id"}[kind])


def _document(block: Fields, media: list[Media]) -> str:
    source = block.required_object("source")
    kinds = ("text", "base64", "url", "content", "file")
    kind = source.one_of("type", kinds) or source.missing("type", "the type of the source")
    if kind == "text":
        return source.required_string("data", empty=True)
    if kind == "content":
        return _text_only(source, "content")
    media.append(Media("file", {"base64": "data", "url": "url", "file": "file_id"}[kind]))
    return ""


def read_tools(fields: Fields) -> tuple[tuple[Tool, ...], ToolChoice, bool]:
    """Tools with an input schema (Anthropic's server tools have none and are passed over), the choice, parallelism."""
    tools = tuple(tool for entry in fields.objects("tools", "a valid list") if (tool := _tool(entry)))
    given = fields.object("tool_choice")
    if given is None:
        return tools, ToolChoice("auto" if tools else "none"), True
    kinds = ("auto", "any", "tool", "none")
    kind = given.one_of("type", kinds) or given.missing("type", "the type of the choice")
    parallel = not given.boolean("disable_parallel_tool_use", False)
    if kind == "none":
        return tools, ToolChoice("none"), parallel
    if not tools:
        fields.reject("tool_choice", "tool_choice may only be specified while providing tools")
    if kind != "tool":
        return tools, ToolChoice("required" if kind == "any" else "auto"), parallel
    name = given.required_string("name")
    if all(tool.name != name for tool in tools):
        given.reject("name", f"Tool '{name}' not found in provided tools")
    return tools, ToolChoice("named", name), parallel


def _tool(entry: Fields) -> Tool | None:
    if not entry.has("input_schema") and (entry.string("type") or "custom") != "custom":
        return None
    name = entry.required_string("name")
    if not TOOL_NAME.fullmatch(name):
        entry.reject("name", f"String should match pattern '^{TOOL_NAME.pattern}$'")
    return Tool(
        name=name,
        description=entry.string("description") or "",
        parameters=entry.required_object("input_schema").data,
        strict=entry.boolean("strict", False),
        place=entry.place("input_schema"),
    )


def read_sampling(fields: Fields, max_tokens: int | None) -> Sampling:
    """The sampling fields, with Anthropic's ranges; stop sequences need something to stop at."""
    stop = fields.strings("stop_sequences")
    if any(not sequence.strip() for sequence in stop):
        fields.reject("stop_sequences", "each stop sequence must contain non-whitespace")
    return Sampling(
        temperature=fields.number("temperature", TEMPERATURE, 1.0),
        top_p=fields.number("top_p", TOP_P, 1.0),
        top_k=fields.integer("top_k", TOP_K) or 0,
        stop=stop,
        max_tokens=max_tokens,
        seed=fields.integer("seed"),
    )


def read_reasoning(fields: Fields, max_tokens: int | None) -> ReasoningControl:
    """`thinking` and `output_config.effort` as one word about reasoning. An effort alone asks for reasoning too."""
    config = fields.object("output_config")
    effort = config.one_of("effort", EFFORTS) if config else None
    thinking = fields.object("thinking")
    if thinking is None:
        return ReasoningControl(enabled=True if effort else None, effort=effort)
    kinds = ("enabled", "adaptive", "disabled")
    kind = thinking.one_of("type", kinds) or thinking.missing("type", "the type of thinking")
    thinking.one_of("display", DISPLAYS)
    if kind == "disabled":
        return ReasoningControl(enabled=False)
    if kind == "adaptive":
        return ReasoningControl(enabled=True, effort=effort)
    return ReasoningControl(enabled=True, effort=effort, max_tokens=_thinking_budget(thinking, max_tokens))


def _thinking_budget(thinking: Fields, max_tokens: int | None) -> int:
    budget = thinking.integer("budget_tokens", THINKING_BUDGET)
    if budget is None:
        thinking.missing("budget_tokens", "a number of tokens")
    if max_tokens is not None and budget >= max_tokens:
        raise Rejected(
            ApiError(
                "bad_request",
                f"`max_tokens` must be greater than `thinking.budget_tokens` (got {max_tokens} and {budget})",
                param="max_tokens",
            )
        )
    return budget


def omits_thinking(body: Mapping[str, Any]) -> bool:
    """Whether thinking is to be signed and not shown (`thinking.display`, which the SDKs type)."""
    thinking = body.get("thinking") or {}
    return bool(thinking.get("display") == "omitted")


def read_response_format(fields: Fields) -> ResponseFormat:
    """`output_config.format`: the JSON Schema that the text has to satisfy. It is always meant strictly."""
    config = fields.object("output_config")
    given = config.object("format") if config else None
    if given is None:
        return ResponseFormat()
    given.one_of("type", ("json_schema",)) or given.missing("type", "'json_schema'")
    schema = given.required_object("schema").data
    return ResponseFormat("json_schema", schema, strict=True, place=given.place("schema"))
