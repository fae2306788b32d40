"""Reading what /anthropic/v1/messages is asked: messages and their blocks, thinking, formats."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from emulator.core.errors import ApiError, Rejected
from emulator.core.fields import Fields
from emulator.core.vocabulary import (
    Media,
    Message,
    ReasoningControl,
    ResponseFormat,
    Sampling,
    ToolUse,
)
from emulator.dialects.anthropic.asked import (
    ASSISTANT,
    DISPLAYS,
    DOCUMENTS,
    EFFORTS,
    PAGE,
    RESULT,
    SOURCES,
    TEMPERATURE,
    TEXT,
    THINKING,
    THINKING_BUDGET,
    TOP_K,
    TOP_P,
    USER,
    Blocks,
    system_text,
    usual_messages,
    usual_sampling,
)
from emulator.dialects.anthropic.passed_over import PassedOver
from emulator.dialects.anthropic.surface import encode
from emulator.dialects.open_calls import OpenCalls

_CONTENT = "a string or a list of blocks"
_INTERLEAVED = re.compile(r"(?:^|,)\s*interleaved-thinking-")
_FORMAT = frozenset({"output_config", "output_format"})
_REASONING = frozenset({"output_config", "thinking"})
_NO_FORMAT = ResponseFormat()
_UNSAID = ReasoningControl()


def read_messages(fields: Fields, passed_over: PassedOver) -> tuple[Message, ...]:
    """The system prompt and the messages. System entries among the messages join the conversation where they stand."""
    usual = usual_messages(fields.data)
    return read_each_message(fields, passed_over) if usual is None else usual


def read_each_message(fields: Fields, passed_over: PassedOver) -> tuple[Message, ...]:
    """The system prompt and the messages, whatever their form."""
    messages = list(_system(fields, passed_over))
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
                messages.append(_assistant(entry, calls, passed_over))
            case "user":
                messages.extend(_user(entry, calls, passed_over))
            case _:
                messages.append(Message("system", _system_entry(entry, passed_over)))
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


def _system(fields: Fields, passed_over: PassedOver) -> Iterator[Message]:
    if fields.has("system") and (text := _text_only(fields, "system", passed_over)):
        yield Message("system", text)


def _system_entry(entry: Fields, passed_over: PassedOver) -> str:
    """The text of a system entry, which may instead have an output configuration of its own."""
    if not entry.has("content") and entry.object("output_config") is not None:
        return ""
    return _text_only(entry, "content", passed_over)


def _text_only(fields: Fields, name: str, passed_over: PassedOver) -> str:
    if isinstance(value := fields.data.get(name), str):
        return value
    blocks = _blocks(fields, name, "a string or a list of text blocks", TEXT, passed_over)
    return system_text([block.required_string("text", empty=True) for kind, block in blocks if kind])


def _blocks(
    fields: Fields, name: str, expected: str, blocks: Blocks, passed_over: PassedOver
) -> Iterator[tuple[str, Fields]]:
    """The blocks of an array with their types; the type of one that is passed over is empty."""
    value = fields.data.get(name)
    if value is None:
        fields.missing(name, expected)
    if not isinstance(value, list):
        fields.wrong_type(name, expected)
    for block in fields.objects(name):
        kind = block.string("type") or (blocks is not TEXT and block.missing("type", "the type of the block")) or "text"
        if kind in blocks.read:
            yield kind, block
            continue
        *others, last = map(repr, blocks.read)
        should = f"Input should be {'one of ' if others else ''}{', '.join([*others, last])}"
        if kind in blocks.refused:
            block.reject("type", should)
        passed_over.add(block, "type", should)
        yield "", block


def _assistant(entry: Fields, open: OpenCalls, passed_over: PassedOver) -> Message:
    if isinstance(content := entry.data.get("content"), str):
        return Message("assistant", content)
    texts: list[str] = []
    thoughts: list[str] = []
    calls: list[ToolUse] = []
    for kind, block in _blocks(entry, "content", _CONTENT, ASSISTANT, passed_over):
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
            case "" if isinstance(unread := block.data.get("id"), str):
                open.pass_over(unread)
    return Message("assistant", "".join(texts), reasoning="".join(thoughts), tool_calls=tuple(calls))


def _user(entry: Fields, calls: OpenCalls, passed_over: PassedOver) -> Iterator[Message]:
    """A user entry as messages: first the results of tools, then what the user says."""
    if isinstance(content := entry.data.get("content"), str):
        yield Message("user", content)
        return
    results: list[Message] = []
    texts: list[str] = []
    media: list[Media] = []
    for kind, block in _blocks(entry, "content", _CONTENT, USER, passed_over):
        if kind == "tool_result":
            results.append(_tool_result(block, calls, media, passed_over))
        else:
            _read_part(kind, block, texts, media, passed_over)
    yield from results
    if texts or media or not results:
        yield Message("user", "\n".join(texts), tuple(media))


def _tool_result(block: Fields, calls: OpenCalls, media: list[Media], passed_over: PassedOver) -> Message:
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
    return Message("tool", _result_text(block, media, passed_over), tool_call_id=id)


def _result_text(block: Fields, media: list[Media], passed_over: PassedOver) -> str:
    content = block.data.get("content")
    if content is None or isinstance(content, str):
        return content or ""
    return _parts(block, RESULT, media, passed_over)


def _parts(fields: Fields, blocks: Blocks, media: list[Media], passed_over: PassedOver) -> str:
    texts: list[str] = []
    for kind, part in _blocks(fields, "content", _CONTENT, blocks, passed_over):
        _read_part(kind, part, texts, media, passed_over)
    return "\n".join(texts)


def _read_part(kind: str, part: Fields, texts: list[str], media: list[Media], passed_over: PassedOver) -> None:
    """What a message and the result of a tool can both be made of."""
    match kind:
        case "text":
            texts.append(part.required_string("text", empty=True))
        case "image":
            _image(part, media, passed_over)
        case "document":
            texts.append(_document(part, media, passed_over))
        case "search_result":
            texts.append(_text_only(part, "content", passed_over))


def _image(block: Fields, media: list[Media], passed_over: PassedOver) -> None:
    if (found := _source(block, tuple(SOURCES), passed_over)) is None:
        return
    kind, source = found
    source.required_string(SOURCES[kind])
    media.append(Media("image", SOURCES[kind]))


def _document(block: Fields, media: list[Media], passed_over: PassedOver) -> str:
    if (found := _source(block, DOCUMENTS, passed_over)) is None:
        return ""
    kind, source = found
    if kind == "text":
        return source.required_string("data", empty=True)
    if kind == "content":
        text = source.data.get("content")
        return text if isinstance(text, str) else _parts(source, PAGE, media, passed_over)
    media.append(Media("file", SOURCES[kind]))
    return ""


def _source(block: Fields, kinds: tuple[str, ...], passed_over: PassedOver) -> tuple[str, Fields] | None:
    """The source of a picture or a document, with its type; None for one that is passed over."""
    source = block.required_object("source")
    if not source.has("type"):
        source.missing("type", "the type of the source")
    kind = passed_over.one_of(source, "type", kinds)
    return None if kind is None else (kind, source)


def read_sampling(fields: Fields, max_tokens: int | None) -> Sampling:
    """The sampling fields, with Anthropic's ranges; stop sequences need something to stop at."""
    usual = usual_sampling(fields.data, max_tokens)
    return read_each_sampling(fields, max_tokens) if usual is None else usual


def read_each_sampling(fields: Fields, max_tokens: int | None) -> Sampling:
    """The sampling fields, whatever their form."""
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


def read_reasoning(
    fields: Fields, max_tokens: int | None, headers: Mapping[str, str], passed_over: PassedOver
) -> ReasoningControl:
    """`thinking` and `output_config.effort` as one word about reasoning. An effort alone asks for reasoning too."""
    if _REASONING.isdisjoint(fields.data):
        return _UNSAID
    config = fields.object("output_config")
    effort = passed_over.one_of(config, "effort", EFFORTS) if config else None
    unsaid = ReasoningControl(enabled=True if effort else None, effort=effort)
    thinking = fields.object("thinking")
    if thinking is None:
        return unsaid
    if not thinking.has("type"):
        thinking.missing("type", "the type of thinking")
    passed_over.one_of(thinking, "display", DISPLAYS)
    match passed_over.one_of(thinking, "type", THINKING):
        case "disabled":
            return ReasoningControl(enabled=False)
        case "adaptive":
            return ReasoningControl(enabled=True, effort=effort)
        case "enabled":
            most = None if _INTERLEAVED.search(headers.get("anthropic-beta", "")) else max_tokens
            return ReasoningControl(enabled=True, effort=effort, max_tokens=_thinking_budget(thinking, most))
    # Anthropic's types: thinking is off, but for notes between tool calls, of which there are none here
    return ReasoningControl(enabled=False) if thinking.data["type"] == "between_tools" else unsaid


def _thinking_budget(thinking: Fields, below: int | None) -> int:
    budget = thinking.integer("budget_tokens", THINKING_BUDGET)
    if budget is None:
        thinking.missing("budget_tokens", "a number of tokens")
    if below is not None and budget >= below:
        raise Rejected(
            ApiError(
                "bad_request",
                f"`max_tokens` must be greater than `thinking.budget_tokens` (got {below} and {budget})",
                param="max_tokens",
            )
        )
    return budget


def omits_thinking(body: Mapping[str, Any]) -> bool:
    """Whether thinking is to be signed and not shown (`thinking.display`, which the SDKs type)."""
    thinking = body.get("thinking") or {}
    return bool(thinking.get("display") == "omitted")


def read_response_format(fields: Fields) -> ResponseFormat:
    """The JSON Schema that the text has to satisfy, which is always meant strictly.

    It is `output_config.format`, or `output_format`, as beta versions of the API have it.
    """
    if _FORMAT.isdisjoint(fields.data):
        return _NO_FORMAT
    config = fields.object("output_config")
    given, beta = config.object("format") if config else None, fields.object("output_format")
    other = _response_format(beta)
    return other if given is None else _response_format(given)


def _response_format(given: Fields | None) -> ResponseFormat:
    if given is None:
        return _NO_FORMAT
    given.one_of("type", ("json_schema",)) or given.missing("type", "'json_schema'")
    schema = given.required_object("schema").data
    return ResponseFormat("json_schema", schema, strict=True, place=given.place("schema"))
