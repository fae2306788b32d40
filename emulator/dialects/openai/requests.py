"""Reading what /v1 is asked: messages, sampling, reasoning; each field with its documented range."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import msgspec

from emulator.core.fields import Fields, Limits
from emulator.core.malformed import why
from emulator.core.settings import Settings
from emulator.core.tokens import VOCABULARY_SIZE
from emulator.core.vocabulary import Media, Message, ReasoningControl, Role, Sampling, ToolUse
from emulator.dialects.open_calls import OpenCalls
from emulator.dialects.openai.asked import (
    EFFORTS,
    LOGIT_BIAS,
    MAX_BIASES,
    MAX_TOKENS,
    MEDIA,
    MIN_TOKENS,
    NUMBERS,
    REASONING_TOKENS,
    ROLES,
    STREAM_OPTIONS,
    THINKING_TOKENS,
    TOP_K,
    TOP_LOGPROBS,
    URL_SCHEMES,
    usual_messages,
    usual_sampling,
)

_PARTS = ("text", "refusal", *MEDIA)
_PLAIN = Sampling()
_LOGPROBS = frozenset({"logprobs", "top_logprobs"})
_REASONING = frozenset(
    {"reasoning", "reasoning_effort", "thinking_token_budget", "include_reasoning", "chat_template_kwargs"}
)
_UNSAID = ReasoningControl()


# ---------------------------------------------------------------------------------------------- messages


def read_messages(fields: Fields, settings: Settings) -> tuple[Message, ...]:
    """The conversation: at least one message. OpenAI pairs calls and results; vLLM gives any to the chat template."""
    messages = usual_messages(fields.data)
    if messages is None:
        messages = read_each_message(fields)
    if settings.strictness == "openai":
        _check_results(list(fields.objects("messages")), messages)
    return messages


def read_each_message(fields: Fields) -> tuple[Message, ...]:
    """The messages, whatever their form."""
    if not fields.has("messages"):
        fields.missing("messages", "an array of messages")
    given = list(fields.objects("messages", "an array of messages"))
    if not given:
        fields.reject("messages", "at least one message", got=[])
    return tuple(map(_message, given))


def _check_results(given: Sequence[Fields], messages: Sequence[Message]) -> None:
    """Every call has one result, right after it, and every result a call. A deprecated function call has no id."""
    calls = OpenCalls()
    for fields, message in zip(given, messages, strict=True):
        if message.role == "tool":
            if calls.answer(message.tool_call_id or "") != "expected":
                fields.reject("tool_call_id", _waiting(calls))
        elif message.role not in ("system", "developer"):
            _check_answered(calls)
            calls.begin(fields)
            if not all(calls.make(call.id) for call in message.tool_calls if call.id):
                fields.reject("tool_calls", "calls with different ids")
    _check_answered(calls)


def _waiting(calls: OpenCalls) -> str:
    found = ", ".join(calls.waiting())
    return f"the id of a call that still waits for its result ({found[:100] or 'none does'})"


def _check_answered(calls: OpenCalls) -> None:
    if calls.turn is not None and (ids := ", ".join(calls.waiting())):
        calls.turn.reject("tool_calls", f"a tool message for each call right after it (there is none for {ids[:100]})")


def _message(fields: Fields) -> Message:
    role = cast(Role, fields.one_of("role", ROLES) or fields.missing("role", f"one of {', '.join(ROLES)}"))
    text, media = _content(fields, role)
    return Message(
        role=role,
        text=text,
        media=media,
        reasoning=fields.string("reasoning_content") or _old_reasoning(fields),
        tool_calls=_made_calls(fields) if role == "assistant" else (),
        tool_call_id=fields.required_string("tool_call_id") if role == "tool" else None,
        name=fields.required_string("name") if role == "function" else fields.string("name"),
    )


def _old_reasoning(fields: Fields) -> str:
    """Some clients send back `reasoning`, as other servers name it; anything that is not a string is passed over."""
    given = fields.data.get("reasoning")
    return given if isinstance(given, str) else ""


def _content(fields: Fields, role: Role) -> tuple[str, tuple[Media, ...]]:
    content = fields.data.get("content")
    if isinstance(content, str):
        return content, ()
    if content is None:
        if role != "assistant":
            fields.missing("content", "a string or an array of parts")
        return "", ()
    if not isinstance(content, list):
        fields.wrong_type("content", "a string or an array of parts")
    texts: list[str] = []
    media: list[Media] = []
    for part in fields.objects("content"):
        kind = part.one_of("type", _PARTS) or part.missing("type", f"one of {', '.join(_PARTS)}")
        if kind in MEDIA:
            media.append(_media(part, kind))
        else:
            texts.append(part.required_string(kind, empty=True))
    return "".join(texts), tuple(media)


def _media(part: Fields, kind: str) -> Media:
    given = part.required_object(kind)
    match kind:
        case "input_audio":
            given.required_string("data")
            return Media("audio", "data")
        case "file":
            return Media("file", "file_id" if given.has("file_id") else "data")
    url = given.required_string("url")
    if not url.startswith(URL_SCHEMES):
        given.reject("url", f"a URL that starts with {', '.join(URL_SCHEMES[:-1])} or {URL_SCHEMES[-1]}")
    return Media(MEDIA[kind], "data" if url.startswith("data:") else "url")


def _made_calls(fields: Fields) -> tuple[ToolUse, ...]:
    calls = []
    for call in fields.objects("tool_calls"):
        function = call.required_object("function")
        name, arguments = _function_made(function)
        calls.append(ToolUse(call.required_string("id"), name, arguments))
    legacy = fields.object("function_call")
    if legacy is not None:
        name, arguments = _function_made(legacy)
        calls.append(ToolUse("", name, arguments))
    return tuple(calls)


def _function_made(function: Fields) -> tuple[str, str]:
    name = function.required_string("name")
    arguments = function.required_string("arguments", empty=True)
    if not arguments:
        # AkashML's echo trap, seen in the wild: it sends "" for no parameters and refuses it when it comes back.
        function.reject("arguments", "JSON text (input is a zero-length, empty document: line 1 column 1 (char 0))")
    try:
        msgspec.json.decode(arguments)
    except (msgspec.MsgspecError, RecursionError) as error:
        function.reject("arguments", f"JSON text ({why(arguments.encode(), error).rstrip('.')})")
    return name, arguments


# ---------------------------------------------------------------------------------------------- the rest


def read_max_tokens(fields: Fields) -> int | None:
    """`max_completion_tokens` wins over the deprecated `max_tokens`, as AkashML's page prefers it."""
    deprecated = fields.integer("max_tokens", MAX_TOKENS)
    preferred = fields.integer("max_completion_tokens", MAX_TOKENS)
    return deprecated if preferred is None else preferred


def read_logprobs(fields: Fields, settings: Settings) -> int | None:
    """How many alternatives to tell per token, or None where no log probabilities are wanted."""
    if _LOGPROBS.isdisjoint(fields.data):
        return None
    wanted = fields.boolean("logprobs", False)
    top = fields.integer("top_logprobs", TOP_LOGPROBS)
    if not wanted and (top or (top is not None and settings.strictness == "openai")):
        fields.reject("top_logprobs", "logprobs to be true when top_logprobs is given")
    return (top or 0) if wanted else None


def check_modalities(fields: Fields, settings: Settings) -> None:
    """Refuse audio as OpenAI would for a model that does not speak; vLLM passes the field over."""
    wanted = fields.strings("modalities")
    if settings.strictness == "openai" and "audio" in wanted:
        fields.reject("modalities", "['text'], since no model here answers in audio")


def read_reasoning(fields: Fields) -> ReasoningControl:
    """`reasoning` beats vLLM's fields and `reasoning_effort`, which beats `chat_template_kwargs` (docs/contract.md)."""
    if _REASONING.isdisjoint(fields.data):
        return _UNSAID
    effort = fields.one_of("reasoning_effort", EFFORTS)
    thinking = fields.integer("thinking_token_budget", THINKING_TOKENS)
    thinking = None if thinking == -1 else thinking
    exclude = not fields.boolean("include_reasoning", True)
    given = fields.object("reasoning")
    if given is None:
        enabled = _enabled(fields, None, effort, None) if thinking != 0 else False
        return ReasoningControl(enabled=enabled, effort=effort, max_tokens=thinking, exclude=exclude)
    own = given.one_of("effort", EFFORTS)
    budget = given.integer("max_tokens", REASONING_TOKENS)
    enabled = given.boolean("enabled", True) if given.has("enabled") else None
    if effort == "none" and (enabled or budget):
        effort = None
    effort = own or effort
    enabled = _enabled(fields, enabled, effort, budget)
    if budget is None and thinking == 0:
        enabled = False
    return ReasoningControl(
        enabled=enabled,
        effort=effort,
        max_tokens=thinking if budget is None else budget,
        exclude=given.boolean("exclude", exclude),
    )


def _enabled(fields: Fields, enabled: bool | None, effort: str | None, budget: int | None) -> bool | None:
    """Whether to reason; None where nothing is said of it. An effort or a budget asks for it, unless it is none."""
    if enabled is not None:
        return enabled and effort != "none"
    if effort is not None:
        return effort != "none"
    return _template_switch(fields) if budget is None else budget > 0


def _template_switch(fields: Fields) -> bool | None:
    """`enable_thinking` of the chat templates of Qwen3 and GLM; whatever else stands there is theirs to know."""
    template = fields.data.get("chat_template_kwargs")
    switch = template.get("enable_thinking") if isinstance(template, dict) else None
    return switch if isinstance(switch, bool) else None


# ---------------------------------------------------------------------------------------------- sampling


def read_sampling(fields: Fields, settings: Settings, max_tokens: int | None, logprobs: int | None) -> Sampling:
    """The sampling fields that both endpoints have, with their documented ranges."""
    usual = usual_sampling(fields.data, max_tokens, logprobs)
    return read_each_sampling(fields, settings, max_tokens, logprobs) if usual is None else usual


def read_each_sampling(fields: Fields, settings: Settings, max_tokens: int | None, logprobs: int | None) -> Sampling:
    """The sampling fields, whatever their form."""
    min_tokens = fields.integer("min_tokens", MIN_TOKENS) or 0
    if max_tokens is not None and min_tokens > max_tokens:
        fields.reject("min_tokens", f"at most as many tokens as the answer may have, which is {max_tokens}")
    numbers, stop = _numbers(fields), fields.strings("stop", single=True)
    n = fields.integer("n", Limits(1, settings.max_n)) or 1
    if settings.strictness == "vllm":
        if "" in stop:
            fields.reject("stop", "strings that are not empty")
        if n > 1 and numbers.get("temperature") == 0:
            fields.reject("n", "1, since temperature 0 samples greedily")
    return Sampling(
        **numbers,
        top_k=max(fields.integer("top_k", TOP_K) or 0, 0),
        logit_bias=_logit_bias(fields),
        seed=fields.integer("seed"),
        stop=stop,
        stop_token_ids=fields.integers("stop_token_ids"),
        min_tokens=min_tokens,
        ignore_eos=fields.boolean("ignore_eos", False),
        max_tokens=max_tokens,
        n=n,
        logprobs=logprobs,
    )


def _numbers(fields: Fields) -> dict[str, Any]:
    given = ((name, within) for name, within in NUMBERS.items() if name in fields.data)
    return {name: fields.number(name, within, getattr(_PLAIN, name)) for name, within in given}


def _logit_bias(fields: Fields) -> Mapping[int, float]:
    given = fields.object("logit_bias")
    if given is None:
        return {}
    if len(given.data) > MAX_BIASES:
        fields.reject("logit_bias", f"at most {MAX_BIASES} token ids", got=len(given.data))
    bias: dict[int, float] = {}
    for token in given.data:
        if not _is_token_id(token):
            fields.reject("logit_bias", f"token ids from 0 to {VOCABULARY_SIZE - 1} as keys", got=token)
        bias[int(token)] = given.number(token, LOGIT_BIAS, 0.0)
    return bias


def _is_token_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 20 and int(text) < VOCABULARY_SIZE


def read_stream(fields: Fields, settings: Settings) -> bool:
    """Whether to stream; `stream_options` is only valid with it (AkashML's page; vLLM answers 400 as well)."""
    stream = fields.boolean("stream", False)
    options = fields.object("stream_options")
    if options is not None and (options.data or settings.strictness == "openai"):
        if not stream:
            fields.reject("stream_options", "stream to be true when stream_options is given")
        for name in STREAM_OPTIONS:
            options.boolean(name, False)
    return stream
