"""What a request may be and what it may not: every mistake is a 400 that names the field, and none is a 500."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from support.asgi import (
    CHAT,
    CHAT_TOOL,
    COMPLETIONS,
    MESSAGE_TOOL,
    MESSAGES,
    PLAIN,
    REASONING,
    WEATHER,
    Exchange,
    ask,
    chat,
    completion,
    error_of,
    events,
    make_engine,
    message,
    post,
)
from support.documented_parameters import SAMPLED

from emulator.core.errors import ERRORS
from emulator.core.fields import MAX_DEPTH
from emulator.core.tokens import VOCABULARY_SIZE
from emulator.web.app import create_app

COUNT = f"{MESSAGES}/count_tokens"
READING, DROPPING = "Qwen/Qwen3.8-27B", "openai/gpt-oss-20b"
PICTURE = "data:image/png;base64,iVBORw0KGgo="
GONE = object()
"""In place of a value: the field is taken away."""

Body: TypeAlias = dict[str, Any]
Place: TypeAlias = tuple[Any, ...]
"""The keys and indices that lead to something inside a JSON value."""
Rule: TypeAlias = tuple[str, str, list[Any]]
"""Where something wrong is put into a full body, words of the message, and the wrong values."""
Clash: TypeAlias = tuple[Body, str, str]
"""Changes to a full body that are right by themselves, the field that is named, and words of the message."""


# ---------------------------------------------------------------------------------------------- full bodies
# Each has every field of its endpoint and is answered (a test says so): what is spoilt in it reaches what reads it.

CALL = {"name": "f", "arguments": '{"a": 1}'}
FULL_CHAT: Body = {
    "model": DROPPING,
    "messages": [
        {"role": "system", "content": "x", "name": "y"},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "x"},
                {"type": "image_url", "image_url": {"url": PICTURE, "detail": "low"}},
                {"type": "input_audio", "input_audio": {"data": "x", "format": "wav"}},
                {"type": "file", "file": {"file_id": "x"}},
                {"type": "video_url", "video_url": {"url": "https://x/y.mp4"}},
            ],
        },
        {
            "role": "assistant",
            "content": None,
            "reasoning_content": "x",
            "tool_calls": [{"id": "call_1", "type": "function", "function": CALL}],
            "function_call": CALL,
        },
        {"role": "tool", "content": "x", "tool_call_id": "call_1"},
        {"role": "function", "content": "x", "name": "f"},
    ],
    **{name: each.neutral for name, each in SAMPLED.items()},
    "max_tokens": 30,
    "max_completion_tokens": 30,
    "stop": ["x"],
    "stream": True,
    "stream_options": {"include_usage": True, "continuous_usage_stats": True, "include_obfuscation": False},
    "tools": [{"type": "function", "function": {**CHAT_TOOL["function"], "strict": False}}],
    "tool_choice": {"type": "function", "function": {"name": "get_weather"}},
    "parallel_tool_calls": True,
    "response_format": {"type": "json_schema", "json_schema": {"name": "x", "strict": True, "schema": WEATHER}},
    "seed": 1,
    "n": 1,
    "user": "x",
    "logprobs": True,
    "top_logprobs": 1,
    "logit_bias": {"1": 1},
    "service_tier": "auto",
    "modalities": ["text"],
    "reasoning_effort": "low",
    "reasoning": {"effort": "low", "max_tokens": 5, "exclude": False, "enabled": True},
    "functions": [{"name": "f", "description": "x", "parameters": WEATHER}],
    "function_call": {"name": "f"},
    "stop_token_ids": [1],
    "min_tokens": 1,
    "chat_template_kwargs": {"enable_thinking": True},
}
SHARED = [
    *SAMPLED,
    *("n", "stop", "stop_token_ids", "min_tokens", "seed", "logit_bias", "user", "stream", "stream_options"),
]
FULL_COMPLETION: Body = {
    **{name: FULL_CHAT[name] for name in SHARED},
    "model": PLAIN,
    "prompt": ["x"],
    "max_tokens": 6,
    "suffix": "x",
    "echo": True,
    "logprobs": 1,
    "best_of": 1,
}
FULL_COUNT: Body = {
    "model": "openai--gpt-oss-20b",
    "system": [{"type": "text", "text": "x", "cache_control": {"type": "ephemeral", "ttl": "1h"}}],
    "messages": [
        {"role": "user", "content": "Weather?"},
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "", "signature": "anything"},
                {"type": "redacted_thinking", "data": "x"},
                {"type": "server_tool_use", "id": "srv", "name": "web_search", "input": {}},
                {"type": "web_search_tool_result", "tool_use_id": "srv", "content": []},
                {"type": "text", "text": "", "citations": None},
                {"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {"n": 10**30}},
            ],
        },
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": "toolu_1",
                    "is_error": True,
                    "content": [
                        {"type": "text", "text": "x"},
                        {"type": "image", "source": {"type": "url", "url": "https://x/y.png"}},
                        {"type": "tool_reference", "tool_name": "f"},
                    ],
                },
                {"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}},
                {"type": "document", "source": {"type": "text", "data": "x", "media_type": "text/plain"}},
                {"type": "document", "source": {"type": "content", "content": "x"}, "citations": {"enabled": True}},
                {"type": "search_result", "source": "https://x", "content": [{"type": "text", "text": "x"}]},
                {"type": "container_upload", "file_id": "x"},
            ],
        },
        {"role": "system", "content": [{"type": "text", "text": "x"}]},
    ],
    "temperature": 1,
    "top_p": 1,
    "top_k": 1,
    "stop_sequences": ["x"],
    "stream": False,
    "tools": [MESSAGE_TOOL | {"type": "custom", "strict": True}, {"type": "bash_20250124", "name": "bash"}],
    "tool_choice": {"type": "tool", "name": "get_weather", "disable_parallel_tool_use": True},
    "thinking": {"type": "enabled", "budget_tokens": 1024},
    "output_config": {"effort": "low", "format": {"type": "json_schema", "schema": WEATHER}},
    "output_format": {"type": "json_schema", "schema": WEATHER},
    "metadata": {"user_id": "x"},
}
FULL_MESSAGE: Body = FULL_COUNT | {"max_tokens": 2000}
FULL: dict[str, Body] = {CHAT: FULL_CHAT, COMPLETIONS: FULL_COMPLETION, MESSAGES: FULL_MESSAGE, COUNT: FULL_COUNT}


def place(where: str) -> Place:
    """The place that `a[0].b`, or `a.0.b` as Anthropic writes it, names."""
    return tuple(int(part) if part.isdigit() else part for part in re.findall(r"[^.\[\]]+", where))


def spoilt(value: Any, at: Place, wrong: Any) -> Any:
    """The JSON value with something wrong at a place, or without what is there."""
    if not at:
        return wrong
    changed = dict(value) if isinstance(value, dict) else list(value)
    if wrong is GONE and len(at) == 1:
        del changed[at[0]]
    else:
        changed[at[0]] = spoilt(value[at[0]], at[1:], wrong)
    return changed


def changed(body: Body, changes: Body) -> Body:
    """The body with these fields changed or taken away."""
    return {name: value for name, value in (body | changes).items() if value is not GONE}


def cases(rules: Iterable[Rule]) -> list[Any]:
    """One case for each wrong value of each rule."""
    return [
        pytest.param(where, wrong, words, id=f"{where}={'gone' if wrong is GONE else repr(wrong)[:20]}")
        for where, words, values in rules
        for wrong in values
    ]


# ---------------------------------------------------------------------------------------------- refused on /v1

BOTH_RULES: list[Rule] = [
    ("model", "Missing required parameter", [GONE, None]),
    ("model", "a string", [5, ["x"]]),
    ("model", "a string that is not empty", [""]),
    *((name, each.expected, each.wrong) for name, each in SAMPLED.items()),
    ("n", "an integer from 1 to 128", ["2", True, 0, 129, 1.5, 10**30]),
    ("seed", "an integer", ["x", 1.5, True]),
    ("seed", "an integer of 64 bits", [2**63, -(2**63) - 1, 1e300]),
    ("stop", "a string or an array of strings", [5, {}]),
    ("stop[0]", "a string", [5, None]),
    ("stop_token_ids", "an array of integers", [7, "7"]),
    ("stop_token_ids[0]", "an integer", ["x", 1.5, 2**63]),
    ("min_tokens", "an integer of at least 0", ["x", -1]),
    ("user", "a string", [5, {}]),
    ("stream", "a boolean", ["true", 1]),
    ("stream_options", "an object", [5, True, []]),
    ("stream_options.include_usage", "a boolean", ["yes", 1]),
    ("stream_options.continuous_usage_stats", "a boolean", ["yes", 1]),
    ("stream_options.include_obfuscation", "a boolean", ["yes"]),
    ("logit_bias", "an object", [[], "x", 5]),
    ("logit_bias", "token ids from 0 to", [{key: 1} for key in ("x", "", "-1", "1.0", "²", str(VOCABULARY_SIZE))]),
    ("logit_bias", "token ids from 0 to", [{"1" * 5000: 1}, {"0" * 30 + "1": 1}]),
]
CHAT_RULES: list[Rule] = [
    *BOTH_RULES,
    ("messages", "Missing required parameter", [GONE, None]),
    ("messages", "an array of messages", ["hello", {}, 5]),
    ("messages", "at least one message", [[]]),
    ("messages[0]", "an object", ["hello", None, []]),
    ("messages[0].role", "Missing required parameter", [GONE, None]),
    ("messages[0].role", "a string", [5]),
    ("messages[0].role", "Supported values are: 'system', 'developer', 'user'", ["robot", "User", "x" * 10_000]),
    ("messages[0].content", "Missing required parameter", [GONE, None]),
    ("messages[1].content", "Missing required parameter", [GONE, None]),
    ("messages[1].content", "a string or an array of parts", [5, {"type": "text", "text": "x"}]),
    ("messages[0].name", "a string", [5]),
    ("messages[1].content[0]", "an object", ["x", None]),
    ("messages[1].content[0].type", "Missing required parameter", [GONE]),
    ("messages[1].content[0].type", "Supported values are: 'text'", ["poem", ""]),
    ("messages[1].content[0].text", "Missing required parameter", [GONE, None]),
    ("messages[1].content[0].text", "a string", [5]),
    ("messages[1].content[1].image_url", "Missing required parameter", [GONE]),
    ("messages[1].content[1].image_url", "an object", [PICTURE]),
    ("messages[1].content[1].image_url.url", "Missing required parameter", [GONE]),
    ("messages[1].content[1].image_url.url", "a URL that starts with http://, https:// or data:", ["ftp://x", "x"]),
    ("messages[1].content[2].input_audio.data", "Missing required parameter", [GONE]),
    ("messages[1].content[3].file", "an object", ["x"]),
    ("messages[1].content[4].video_url.url", "a string", [5]),
    ("messages[2].reasoning_content", "a string", [5]),
    ("messages[2].tool_calls", "an array of objects", [{}]),
    ("messages[2].tool_calls[0]", "an object", [5]),
    ("messages[2].tool_calls[0].id", "Missing required parameter", [GONE]),
    ("messages[2].tool_calls[0].function", "Missing required parameter", [GONE]),
    ("messages[2].tool_calls[0].function.name", "Missing required parameter", [GONE]),
    ("messages[2].tool_calls[0].function.arguments", "Missing required parameter", [GONE]),
    ("messages[2].tool_calls[0].function.arguments", "a string", [{}]),
    ("messages[2].tool_calls[0].function.arguments", "zero-length, empty document: line 1 column 1 (char 0)", [""]),
    ("messages[2].tool_calls[0].function.arguments", "JSON text", ["{", "{}}", "[" * 9000]),
    ("messages[2].function_call", "an object", ["f"]),
    ("messages[2].function_call.arguments", "JSON text", ["nothing"]),
    ("messages[3].tool_call_id", "Missing required parameter", [GONE, None]),
    ("messages[3].tool_call_id", "a string", [5, ""]),
    ("messages[3].content", "Missing required parameter", [GONE]),
    ("messages[4].name", "Missing required parameter", [GONE]),
    ("max_tokens", "an integer of at least 1", ["10", True, 0, -1, 1.5]),
    ("max_tokens", "an integer of 64 bits", [2**63]),
    ("max_completion_tokens", "an integer of at least 1", ["10", False, 0, -5, 0.5]),
    ("logprobs", "a boolean", [1, "true"]),
    ("top_logprobs", "an integer from 0 to 20", ["x", -1, 21, 2.5]),
    ("modalities", "an array of strings", ["text", 5]),
    ("modalities[0]", "a string", [5]),
    ("service_tier", "a string", [5, []]),
    ("reasoning_effort", "a string", [5]),
    ("reasoning_effort", "Supported values are: 'none', 'minimal', 'low'", ["enormous", ""]),
    ("reasoning", "an object", ["high", True, []]),
    ("reasoning.effort", "Supported values are", ["enormous"]),
    ("reasoning.max_tokens", "an integer of at least 0", [-1, "x"]),
    ("reasoning.enabled", "a boolean", ["yes"]),
    ("reasoning.exclude", "a boolean", [1]),
    ("response_format", "an object", ["json_object", []]),
    ("response_format.type", "Missing required parameter", [GONE]),
    ("response_format.type", "Supported values are: 'text', 'json_object', 'json_schema'", ["xml"]),
    ("response_format.json_schema", "Missing required parameter", [GONE]),
    ("response_format.json_schema.name", "Missing required parameter", [GONE]),
    ("response_format.json_schema.schema", "a JSON Schema", ["x", 5, []]),
    ("response_format.json_schema.strict", "a boolean", ["yes"]),
    ("tools", "an array of objects", ["x", {}]),
    ("tools[0]", "an object", ["x"]),
    ("tools[0].type", "Missing required parameter", [GONE]),
    ("tools[0].type", "Supported values are: 'function'", ["web_search"]),
    ("tools[0].function", "Missing required parameter", [GONE]),
    ("tools[0].function", "an object", ["get_weather"]),
    ("tools[0].function.name", "Missing required parameter", [GONE]),
    ("tools[0].function.name", "a string", [5, ""]),
    ("tools[0].function.name", "a name that matches ^[A-Za-z0-9_-]{1,64}$", ["get weather", "f\n", "f" * 65, "é"]),
    ("tools[0].function.description", "a string", [5]),
    ("tools[0].function.parameters", "an object", ["x", []]),
    ("tools[0].function.strict", "a boolean", ["yes"]),
    ("tool_choice", "Supported values are: 'none', 'auto', 'required'", ["any", ""]),
    ("tool_choice", "a string or an object", [5, True, []]),
    ("tool_choice.type", "Supported values are: 'function', 'allowed_tools'", ["tool"]),
    ("tool_choice.function", "Missing required parameter", [GONE]),
    ("tool_choice.function.name", "Missing required parameter", [GONE]),
    ("tool_choice.function.name", "one of the tools (get_weather), but got 'g'", ["g"]),
    ("parallel_tool_calls", "a boolean", ["no", 0]),
    ("functions", "an array of objects", ["x", {}]),
    ("functions[0]", "an object", ["f"]),
    ("functions[0].name", "Missing required parameter", [GONE]),
    ("function_call", "Supported values are: 'none', 'auto'", ["required"]),
    ("function_call", "a string or an object", [5]),
    ("function_call.name", "one of the tools (f)", ["g"]),
]
COMPLETION_RULES: list[Rule] = [
    *BOTH_RULES,
    ("prompt", "Missing required parameter", [GONE, None]),
    ("prompt", "at least one prompt", [[]]),
    ("prompt", "a string, an array of strings, or token ids", [5, {"text": "x"}, True]),
    ("prompt", "an array of integers that is not empty", [[None], [1, 2.5], [1, True], [[]], [[1], "x"], [[1], ["x"]]]),
    ("prompt", "token ids of this vocabulary", [[-1], [VOCABULARY_SIZE], [10**30]]),
    ("prompt", "at most 128 prompts, but got 129", [["x"] * 129]),
    ("max_tokens", "an integer of at least 0", ["16", -1, 1.5]),
    ("logprobs", "an integer from 0 to 20", [True, -1, 21, "x"]),
    ("echo", "a boolean", ["yes", 0]),
    ("suffix", "a string", [5, []]),
    ("best_of", "an integer from 1 to 20", ["x", 0, 21]),
]
BOTH_CLASHES: list[Clash] = [
    ({"stream": False}, "stream_options", "stream to be true"),
    ({"stream": GONE, "stream_options": {"include_usage": False}}, "stream_options", "stream to be true"),
    *(({"logit_bias": {"1": wrong}}, "logit_bias.1", "a number from -100 to 100") for wrong in ("x", True, -101, 101)),
]
ALLOWED = {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": []}}
CHAT_CLASHES: list[Clash] = [
    *BOTH_CLASHES,
    ({"logprobs": False}, "top_logprobs", "logprobs to be true"),
    ({"logprobs": None, "top_logprobs": 1}, "top_logprobs", "logprobs to be true"),
    ({"tools": []}, "tools", "at least one tool"),
    ({"tools": GONE, "tool_choice": "auto"}, "tool_choice", "'none', since no tools are given"),
    ({"tool_choice": ALLOWED}, "tool_choice.allowed_tools.tools", "at least one tool"),
    ({"functions": GONE}, "function_call", "'none', since no functions are given"),
    ({"functions": [], "function_call": "auto"}, "function_call", "'none', since no functions are given"),
    ({"model": PLAIN}, "messages", "Model only supports text input"),
]
COMPLETION_CLASHES: list[Clash] = [
    *BOTH_CLASHES,
    ({"n": 2}, "best_of", "at least n, which is 2"),
    ({"best_of": 2}, "best_of", "1, since the answer is streamed"),
    ({"prompt": ["x", 5]}, "prompt[1]", "a string"),
]


def check_openai(exchange: Exchange, param: str, words: str) -> None:
    error = error_of(exchange)
    assert (exchange.status, error["type"], error["code"]) == (400, "invalid_request_error", None), error
    assert (error["param"], words in error["message"]) == (param, True), error
    assert len(error["message"]) < 500, "a long value is shown in part"


@pytest.mark.parametrize(("where", "wrong", "words"), cases(CHAT_RULES))
def test_a_mistake_in_a_chat(where: str, wrong: Any, words: str) -> None:
    """It is a 400 in OpenAI's shape that names the field and says what was expected."""
    check_openai(post(CHAT, spoilt(FULL_CHAT, place(where), wrong)), where, words)


@pytest.mark.parametrize(("where", "wrong", "words"), cases(COMPLETION_RULES))
def test_a_mistake_in_a_completion(where: str, wrong: Any, words: str) -> None:
    """It is a 400 in OpenAI's shape that names the field and says what was expected."""
    check_openai(post(COMPLETIONS, spoilt(FULL_COMPLETION, place(where), wrong)), where, words)


@pytest.mark.parametrize(
    ("path", "changes", "param", "words"),
    [(CHAT, *clash) for clash in CHAT_CLASHES] + [(COMPLETIONS, *clash) for clash in COMPLETION_CLASHES],
)
def test_fields_that_do_not_go_together(path: str, changes: Body, param: str, words: str) -> None:
    """Fields that are right by themselves and contradict each other are a 400 that names one of them."""
    check_openai(post(path, changed(FULL[path], changes)), param, words)


@pytest.mark.parametrize(
    ("body", "setting", "param"),
    [
        (completion(suffix="x"), {"suffix": "reject"}, "suffix"),
        (chat(max_tokens=128_001), {"max_output": "reject"}, "max_tokens"),
        (chat(n=3), {"max_n": 2}, "n"),
    ],
)
def test_a_server_can_be_stricter(body: Body, setting: dict[str, Any], param: str) -> None:
    """What is accepted by default is refused where the setting says so."""
    path = COMPLETIONS if "prompt" in body else CHAT
    assert post(path, body).status == 200
    assert error_of(post(path, body, **setting))["param"] == param


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "nonsense"},
        {"type": 5},
        {"properties": []},
        {"$ref": "#/nowhere"},
        {"type": "string", "pattern": "("},
        {"type": "integer", "minimum": 5, "maximum": 4},
        False,
    ],
    ids=repr,
)
def test_a_schema_that_nothing_satisfies(schema: Any) -> None:
    """What is no schema, or one that no value fits, is a 400 and not a 500: in a format and in a forced tool."""
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    told = [post(CHAT, chat(response_format=form))]
    if schema:
        tool = {"type": "function", "function": {"name": "f", "parameters": schema}}
        told.append(post(CHAT, chat(tools=[tool], tool_choice="required")))
        body = message(tools=[{"name": "f", "input_schema": schema}], tool_choice={"type": "any"})
        told += [post(MESSAGES, body), post(MESSAGES, body | {"stream": True})]
    for exchange in told:
        assert (exchange.status, error_of(exchange)["type"]) == (400, "invalid_request_error")


# ---------------------------------------------------------------------------------------------- refused on /anthropic

COUNT_RULES: list[Rule] = [
    ("model", "Field required", [GONE, None]),
    ("model", "Input should be a valid string (got an integer: 5)", [5]),
    ("model", "a string that is not empty", [""]),
    ("messages", "Field required", [GONE, None]),
    ("messages", "at least one message is required", [[]]),
    ("messages", "Input should be a valid list", ["x", {}]),
    ("messages.0", "Input should be a valid dictionary", ["x", None]),
    ("messages.0.role", "Field required", [GONE]),
    ("messages.0.role", "Input should be 'user', 'assistant' or 'system'", ["tool", "developer", "x" * 10_000]),
    ("messages.0.content", "Field required", [GONE, None]),
    ("messages.1.content", "Field required", [GONE, None]),
    ("messages.3.content", "Field required", [GONE, None]),
    ("messages.0.content", "a string or a list of blocks (got an integer: 5)", [5]),
    ("messages.1.content", "a string or a list of blocks", [{"type": "text", "text": "x"}]),
    ("messages.1.content.0.thinking", "Field required", [GONE]),
    ("messages.1.content.4", "a valid dictionary", ["x"]),
    ("messages.1.content.4.type", "Field required", [GONE]),
    ("messages.1.content.4.type", "a valid string", [5]),
    ("messages.1.content.4.type", "one of 'text', 'tool_use', 'thinking'", ["tool_result"]),
    ("messages.1.content.4.text", "Field required", [GONE]),
    ("messages.1.content.5.input", "Field required", [GONE]),
    ("messages.1.content.5.input", "a valid dictionary", ["{}"]),
    ("messages.1.content.5.name", "Field required", [GONE]),
    ("messages.1.content.5.id", "Field required", [GONE]),
    ("messages.2.content.0.tool_use_id", "Field required", [GONE]),
    ("messages.2.content.0.tool_use_id", "unexpected `tool_use_id` found in `tool_result` blocks", ["toolu_2"]),
    ("messages.2.content.0.is_error", "a valid boolean", ["yes"]),
    ("messages.2.content.0.content", "a string or a list of blocks", [5]),
    ("messages.2.content.0.content.0.type", "one of 'text', 'image'", ["tool_use"]),
    ("messages.2.content.0.content.0.text", "Field required", [GONE]),
    ("messages.2.content.0.content.1.source.url", "Field required", [GONE]),
    ("messages.2.content.1.text", "a valid string", [5]),
    ("messages.2.content.1.type", "one of 'text', 'image', 'document'", ["tool_use", "thinking"]),
    ("messages.2.content.2.source", "Field required", [GONE]),
    ("messages.2.content.2.source", "a valid dictionary", [PICTURE]),
    ("messages.2.content.2.source.type", "Field required", [GONE]),
    ("messages.2.content.2.source.data", "Field required", [GONE]),
    ("messages.2.content.3.source.type", "Field required", [GONE]),
    ("messages.2.content.3.source.data", "Field required", [GONE]),
    ("messages.2.content.4.source.content", "Field required", [GONE]),
    ("messages.2.content.5.content", "Field required", [GONE]),
    ("system", "a string or a list of text blocks (got an integer: 5)", [5]),
    ("system.0", "a valid dictionary", ["x"]),
    ("system.0.type", "Input should be 'text' (got 'image')", ["image"]),
    ("system.0.text", "Field required", [GONE]),
    ("temperature", "a number from 0 to 1 (got a string: 'hot')", ["hot"]),
    ("temperature", "less than or equal to 1 (got 1.5)", [1.5]),
    ("temperature", "greater than or equal to 0 (got -0.5)", [-0.5]),
    ("top_p", "less than or equal to 1", [2]),
    ("top_p", "a number from 0 to 1", ["x", True]),
    ("top_k", "greater than or equal to 0", [-1]),
    ("top_k", "a valid integer (got a decimal: 1.5)", [1.5]),
    ("stop_sequences", "an array of strings", ["x"]),
    ("stop_sequences.0", "a valid string", [5]),
    ("stop_sequences", "each stop sequence must contain non-whitespace", [["x", " \n"], [""]]),
    ("stream", "a valid boolean", ["yes"]),
    ("metadata", "a valid dictionary", ["x"]),
    ("metadata.user_id", "a valid string", [5]),
    ("tools", "a valid list", [{}]),
    ("tools.0", "a valid dictionary", ["x"]),
    ("tools.0.name", "Field required", [GONE]),
    ("tools.0.name", "should match pattern '^[A-Za-z0-9_-]{1,128}$'", ["get weather", "f" * 129]),
    ("tools.0.input_schema", "Field required", [GONE, None]),
    ("tools.0.input_schema", "a valid dictionary", ["x"]),
    ("tools.0.description", "a valid string", [5]),
    ("tools.0.strict", "a valid boolean", ["yes"]),
    ("tools.1.type", "a valid string", [5]),
    ("tool_choice", "a valid dictionary", ["auto"]),
    ("tool_choice.type", "Field required", [GONE]),
    ("tool_choice.type", "Input should be 'auto', 'any', 'tool' or 'none'", ["required", "function"]),
    ("tool_choice.name", "Field required", [GONE]),
    ("tool_choice.name", "Tool 'g' not found in provided tools", ["g"]),
    ("tool_choice.disable_parallel_tool_use", "a valid boolean", ["x"]),
    ("thinking", "a valid dictionary", [True]),
    ("thinking.type", "Field required", [GONE]),
    ("thinking.type", "a valid string", [True]),
    ("thinking.budget_tokens", "Field required", [GONE]),
    ("thinking.budget_tokens", "greater than or equal to 1024 (got 1023)", [1023]),
    ("thinking.budget_tokens", "a valid integer", ["x"]),
    ("output_config", "a valid dictionary", ["x"]),
    ("output_config.effort", "a valid string", [5]),
    ("output_format", "a valid dictionary", ["json"]),
    ("output_format.type", "Input should be 'json_schema'", ["json_object"]),
    ("output_format.schema", "Field required", [GONE]),
    ("output_config.format", "a valid dictionary", ["json"]),
    ("output_config.format.type", "Field required", [GONE]),
    ("output_config.format.type", "Input should be 'json_schema'", ["json_object"]),
    ("output_config.format.schema", "Field required", [GONE]),
    ("output_config.format.schema", "a valid dictionary", ["x"]),
]
MESSAGE_RULES: list[Rule] = [
    *COUNT_RULES,
    ("max_tokens", "Field required", [GONE, None]),
    ("max_tokens", "a valid integer (got a string: '100')", ["100"]),
    ("max_tokens", "a valid integer", [1.5, True]),
    ("max_tokens", "greater than or equal to 0 (got -1)", [-1]),
    ("max_tokens", "less than or equal to", [2**63]),
]


def check_anthropic(exchange: Exchange, where: str, words: str) -> None:
    error = error_of(exchange)
    assert (exchange.status, error["type"]) == (400, "invalid_request_error"), error
    start, _, told = error["message"].partition(": ")
    assert (start, words in told) == (where, True), error
    assert len(error["message"]) < 500, "a long value is shown in part"


@pytest.mark.parametrize(("where", "wrong", "words"), cases(MESSAGE_RULES))
def test_a_mistake_in_a_message(where: str, wrong: Any, words: str) -> None:
    """It is a 400 in Anthropic's shape whose message begins with the path of the field, as Anthropic writes it."""
    check_anthropic(post(MESSAGES, spoilt(FULL_MESSAGE, place(where), wrong)), where, words)


@pytest.mark.parametrize(("where", "wrong", "words"), cases(COUNT_RULES))
def test_a_mistake_in_a_count(where: str, wrong: Any, words: str) -> None:
    """Counting reads the same fields and refuses them in the same words; max_tokens is not asked for."""
    check_anthropic(post(COUNT, spoilt(FULL_COUNT, place(where), wrong)), where, words)


@pytest.mark.parametrize(("kind", "name"), [("base64", "data"), ("url", "url"), ("file", "file_id")])
def test_a_source_has_what_its_type_says(kind: str, name: str) -> None:
    """A picture's source without its data, address or file is a 400 that names what is not there."""
    body = spoilt(FULL_MESSAGE, place("messages.2.content.2.source"), {"type": kind})
    check_anthropic(post(MESSAGES, body), f"messages.2.content.2.source.{name}", "Field required")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tools": GONE}, "tool_choice: tool_choice may only be specified while providing tools (got "),
        ({"max_tokens": 1024}, "`max_tokens` must be greater than `thinking.budget_tokens` (got 1024 and 1024)"),
        ({"model": PLAIN}, "Model only supports text input: 'meta-llama/Llama-3.3-70B-Instruct'"),
    ],
    ids=["no tools", "budget", "pictures"],
)
def test_fields_of_a_message_that_do_not_go_together(changes: Body, message: str) -> None:
    """Fields that are right by themselves and contradict each other are a 400 in Anthropic's words."""
    exchange = post(MESSAGES, changed(FULL_MESSAGE, changes))
    assert (exchange.status, error_of(exchange)["message"][: len(message)]) == (400, message)


@pytest.mark.parametrize(
    ("path", "rules"), [(CHAT, CHAT_RULES), (COMPLETIONS, COMPLETION_RULES), (MESSAGES, MESSAGE_RULES)]
)
def test_every_field_is_checked(path: str, rules: list[Rule]) -> None:
    """No field of a full body is without a rule, so that a new one cannot be forgotten."""
    assert set(FULL[path]) - {"chat_template_kwargs"} == {str(place(where)[0]) for where, _, _ in rules}


# ---------------------------------------------------------------------------------------------- no JSON at all


def nested(depth: int, opening: bytes = b"[", middle: bytes = b"", closing: bytes = b"]") -> bytes:
    return b'{"deep": %b%b%b}' % (opening * depth, middle, closing * depth)


NO_JSON = {
    "empty": (b"", "empty"),
    "white space": (b" \r\n\t ", "empty"),
    "truncated object": (b'{"model": "x", "mess', "not valid JSON"),
    "truncated string": (b'{"model": "', "not valid JSON"),
    "half an escape": (b'{"model": "\\u12', "not valid JSON"),
    "trailing comma": (b'{"model": "x",}', "not valid JSON"),
    "trailing garbage": (b'{"model": "x"} {}', "not valid JSON"),
    "single quotes": (b"{'model': 'x'}", "not valid JSON"),
    "a bare key": (b'{model: "x"}', "not valid JSON"),
    "a comment": (b'{"model": "x" /* y */}', "not valid JSON"),
    "NaN": (b'{"temperature": NaN}', "not valid JSON"),
    "Infinity": (b'{"temperature": -Infinity}', "not valid JSON"),
    "too large a number": (b'{"temperature": 1e999}', "not valid JSON"),
    "an integer of 5000 digits": (b'{"seed": %b}' % (b"9" * 5000), "not valid JSON"),
    "a leading zero": (b'{"seed": 01}', "not valid JSON"),
    "Python's True": (b'{"stream": True}', "not valid JSON"),
    "a control character": (b'{"model": "a\nb"}', "not valid JSON"),
    "not UTF-8": (b'{"model": "\xff\xfe"}', "not valid JSON: byte 11 is 0xff"),
    "Latin-1": ('{"model": "café"}'.encode("latin-1"), "not valid JSON"),
    "UTF-16": ('{"model": "x"}'.encode("utf-16"), "not valid JSON"),
    "a byte order mark": (b'\xef\xbb\xbf{"model": "x"}', "not valid JSON"),
    "surrogates as UTF-8": (b'{"model": "\xed\xa0\x80"}', "not valid JSON"),
    "a lone high surrogate": (b'{"model": "\\ud800"}', "not valid JSON"),
    "a lone low surrogate": (b'{"model": "\\udc00 x"}', "not valid JSON"),
    "surrogates in a wrong order": (b'{"model": "\\ude00\\ud83d"}', "not valid JSON"),
    "gzip": (b"\x1f\x8b\x08\x00\x00\x00\x00\x00", "not valid JSON"),
    "a form": (b"model=x&messages=y", "not valid JSON"),
    "an array": (b"[]", "a JSON object, but it is an array"),
    "a string": (b'"model"', "a JSON object, but it is a string"),
    "a number": (b"5", "a JSON object, but it is an integer"),
    "null": (b"null", "a JSON object, but it is null"),
    "true": (b"true", "a JSON object, but it is a boolean"),
    "100,000 opened arrays": (b"[" * 100_000, "nested too deeply"),
    "100,000 nested arrays": (nested(100_000), "nested too deeply"),
    "100,000 nested objects": (nested(100_000, b'{"a":', b"1", b"}"), "nested too deeply"),
    "nested too deeply by one": (nested(MAX_DEPTH), "nested too deeply"),
    "nested as deep as the parser goes": (nested(900), "nested too deeply"),
}


@pytest.mark.parametrize("path", FULL)
@pytest.mark.parametrize("name", NO_JSON)
def test_a_body_that_is_no_json_object(path: str, name: str) -> None:
    """Whatever the bytes are, the client is told in its surface's shape what is wrong with them."""
    body, words = NO_JSON[name]
    exchange = post(path, body)
    error = error_of(exchange)
    assert (exchange.status, error["type"], error.get("param")) == (400, "invalid_request_error", None)
    assert words in error["message"]


# ---------------------------------------------------------------------------------------------- odd, and accepted

SAID = {"role": "user", "content": "x"}
UNKNOWN: Body = {
    "store": True,
    "prediction": {"type": "content", "content": "x"},
    "cache_salt": "x",
    "prompt_cache_key": "x",
    "provider": {"order": []},
    "a_number": 10**40,
    "": None,
    "deep": json.loads("[" * (MAX_DEPTH - 1) + "]" * (MAX_DEPTH - 1)),
}


def said(*messages: Body) -> Body:
    """The body of a chat with these messages."""
    return chat() | {"messages": messages}


def turns(*messages: Body) -> Body:
    """The body of a messages request with these messages."""
    return message() | {"messages": messages}


def nothing(body: Body, *required: str) -> Body:
    """The body with null for everything that is not required."""
    return {name: value if name in required else None for name, value in body.items()}


ODD_CHATS: dict[str, Body] = {
    "everything": FULL_CHAT,
    "null for all that is optional": nothing(FULL_CHAT, "model", "messages"),
    "keys that nobody knows": chat(**UNKNOWN),
    "no functions": chat(functions=[], tool_choice="none", function_call="none"),
    "a tool with a name only": chat(tools=[{"type": "function", "function": {"name": "f" * 64, "parameters": None}}]),
    "a choice among tools": chat(
        tools=[CHAT_TOOL],
        tool_choice={"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [CHAT_TOOL]}},
    ),
    "integers as decimals": chat(max_tokens=5.0, n=1.0, seed=-7.0, top_k=3.0, top_logprobs=2.0, logprobs=True),
    "the ends of every range": chat(
        temperature=0, top_p=1, frequency_penalty=-2, presence_penalty=2, min_p=1, repetition_penalty=2, top_k=-1
    ),
    "the smallest seed": chat(seed=-(2**63)),
    "the largest seed": chat(seed=2**63 - 1),
    "more tokens than the model may answer": chat(max_tokens=100_000),
    "biases at the ends of the vocabulary": chat(logit_bias={"0": -100, str(VOCABULARY_SIZE - 1): 100, "7": 0.5}),
    "many stops": chat(stop=[*map(str, range(20))]),
    "one stop": chat(stop="x"),
    "no stop": chat(stop=[]),
    "an empty message": chat(""),
    "no parts": chat([]),
    "characters of all kinds": chat("\x00\u2028👍🏽\ufffe café \u202e"),
    "a picture that is read": chat([{"type": "image_url", "image_url": {"url": PICTURE}}]) | {"model": READING},
    "a system message alone": said({"role": "system", "content": "x"}),
    "the developer last": said(SAID, {"role": "developer", "content": "x"}),
    "the same role twice": said(SAID, SAID),
    "the assistant last": said(SAID, {"role": "assistant", "content": "Well,"}),
    "an assistant without content": said(SAID, {"role": "assistant", "content": None, "tool_calls": None}, SAID),
    "a refusal": said(SAID, {"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]}, SAID),
    "an answer sent back": said(
        {"role": "assistant", "content": "x", "refusal": None, "reasoning_content": "y", "annotations": []}, SAID
    ),
    "reasoning of another server": said({"role": "assistant", "content": "x", "reasoning": {"any": "thing"}}, SAID),
    "a result in parts": said(
        SAID,
        {"role": "assistant", "content": None, "tool_calls": FULL_CHAT["messages"][2]["tool_calls"]},
        {"role": "tool", "tool_call_id": "call_1", "content": [{"type": "text", "text": "y"}]},
    ),
    "a schema that allows everything": chat(
        response_format={"type": "json_schema", "json_schema": {"name": "x", "schema": True}}
    ),
    "a schema left out": chat(response_format={"type": "json_schema", "json_schema": {"name": "x", "strict": None}}),
    "text as a format": chat(response_format={"type": "text"}),
    "reasoning of a model that has none": chat(reasoning={"effort": "high", "max_tokens": 5}, reasoning_effort="max"),
    "nulls in reasoning": chat(reasoning=dict.fromkeys(FULL_CHAT["reasoning"]), model=REASONING),
    "options of a stream, null": chat(stream=False, stream_options=None),
    "an unknown option of a stream": chat(stream=True, stream_options={"include_usage": None, "x": 1}),
    "an unknown tier": chat(service_tier="flex", user=""),
}
ODD_COMPLETIONS: dict[str, Body] = {
    "everything": FULL_COMPLETION,
    "null for all that is optional": nothing(FULL_COMPLETION, "model", "prompt"),
    "keys that nobody knows": completion(**UNKNOWN, messages=5, tools="x"),
    "prompts": completion(["x", "", "y"]),
    "token ids": completion([1, 2, VOCABULARY_SIZE - 1]),
    "arrays of token ids": completion([[1], [2, 3]]),
    "no tokens": completion(max_tokens=0),
    "no tokens, with an echo": completion(max_tokens=0.0, echo=True, logprobs=5),
    "the best of some": completion(n=2, best_of=3),
    "the best of one, streamed": completion(best_of=1, stream=True),
}
CLAUDE_CODE: Body = {
    "model": "zai-org--GLM-5.3",
    "max_tokens": 32000,
    "stream": True,
    "system": [
        {"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1.197; cc_entrypoint=cli;"},
        {"type": "text", "text": "You are Claude Code.", "cache_control": {"type": "ephemeral", "ttl": "1h"}},
        {"type": "text", "text": "Be concise.", "cache_control": {"type": "ephemeral"}},
    ],
    "tools": [
        {**MESSAGE_TOOL, "eager_input_streaming": True, "cache_control": {"type": "ephemeral"}},
        {"type": "web_search_20250305", "name": "web_search", "max_uses": 8},
    ],
    "messages": [
        {"role": "user", "content": [{"type": "text", "text": "hi", "cache_control": {"type": "ephemeral"}}]},
        {"role": "system", "content": "The date is today."},
    ],
    "thinking": {"type": "adaptive", "display": "summarized"},
    "output_config": {"effort": "high"},
    "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
    "metadata": {"user_id": '{"device_id":"x","account_uuid":"","session_id":"y"}'},
}
ODD_COUNTS: dict[str, Body] = {
    "everything": FULL_MESSAGE,
    "null for all that is optional": nothing(FULL_MESSAGE, "model", "messages", "max_tokens"),
    "keys that nobody knows": message(**UNKNOWN, container="x", mcp_servers=[], speed="fast", n="x"),
    "what Claude Code sends": CLAUDE_CODE,
    "what Claude Code sends, not streamed": CLAUDE_CODE | {"stream": False},
    "the model with slashes": CLAUDE_CODE | {"model": REASONING},
    "only tools of Anthropic's servers": message(tools=[{"type": "bash_20250124", "name": "bash"}]),
    "no tools": message(tools=[], tool_choice={"type": "none"}),
    "the assistant first, and last": turns({"role": "assistant", "content": "Well,"}),
    "only a system entry": turns({"role": "system", "content": "x"}),
    "the same role twice": turns(SAID, SAID),
    "no blocks": turns({"role": "user", "content": []}, {"role": "assistant", "content": []}),
    "a result without content": turns(
        {"role": "assistant", "content": [{"type": "tool_use", "id": "1", "name": "f", "input": {}}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "1"}]},
    ),
    "an empty system prompt": message(system=""),
    "no system blocks": message(system=[]),
    "integers as decimals": message(max_tokens=5.0, top_k=3.0),
    "as much thinking as may be": message(thinking={"type": "enabled", "budget_tokens": 1024}, max_tokens=1025),
    "thinking turned off": message(thinking={"type": "disabled", "budget_tokens": 5}),
    "a picture that is read": message(FULL_COUNT["messages"][2]["content"][2:3]) | {"model": READING},
}
ODD: list[tuple[str, str, Body]] = [
    *((CHAT, name, body) for name, body in ODD_CHATS.items()),
    *((COMPLETIONS, name, body) for name, body in ODD_COMPLETIONS.items()),
    *((MESSAGES, name, body) for name, body in ODD_COUNTS.items()),
    *((COUNT, name, changed(body, {"max_tokens": GONE})) for name, body in ODD_COUNTS.items()),
]


@pytest.mark.parametrize(("path", "name", "body"), ODD, ids=[f"{path}: {name}" for path, name, _ in ODD])
def test_an_odd_request_is_answered(path: str, name: str, body: Body) -> None:
    """What clients really send is accepted: nulls, unknown keys, other servers' fields, any order of roles."""
    exchange = post(path, body)
    assert exchange.status == 200, exchange.body


@pytest.mark.parametrize("path", [MESSAGES, COUNT, CHAT])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"anthropic-version": "2023-06-01"},
        {"anthropic-version": "2026-10-21", "anthropic-beta": "claude-code-20250219,effort-2025-11-24"},
        {"anthropic-version": "nonsense", "anthropic-beta": "not-a-beta,,"},
        {"content-type": "text/plain", "accept": "text/html"},
        {"content-type": "application/json; charset=utf-8", "accept-encoding": "br", "x-stainless-retry-count": "2"},
    ],
    ids=lambda headers: ",".join(headers) or "none",
)
def test_odd_headers_are_no_obstacle(path: str, headers: dict[str, str]) -> None:
    """No version, any version, any beta, any content type: a JSON body is read all the same."""
    assert post(f"{path}?beta=true", chat() if path == CHAT else message(), headers=headers).status == 200


# ---------------------------------------------------------------------------------------------- nothing makes a 500

WORDS = [
    *("user", "assistant", "system", "tool", "function", "text", "image_url", "image", "tool_use", "tool_result"),
    *("document", "thinking", "auto", "none", "required", "any", "json_schema", "json_object", "enabled", "high"),
    *("type", "role", "content", "name", "id", "arguments", "input", "schema", "properties", "items", "source"),
]
VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.sampled_from([0, 1, -1, 2, 128, 2**63, -(2**64), 10**400]),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=12),
        st.sampled_from(WORDS),
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.one_of(st.sampled_from(WORDS), st.text(max_size=5)), inner, max_size=4)
    ),
    max_leaves=8,
)
FORMATTED = chat(max_tokens=20, response_format=FULL_CHAT["response_format"])
SPOILABLE = [*FULL.items(), (CHAT, FORMATTED)]


def places(value: Any, at: Place = ()) -> Iterator[Place]:
    """The place of everything inside a JSON value."""
    inner: Iterable[tuple[Any, Any]] = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, item in inner:
        yield (*at, key)
        yield from places(item, (*at, key))


PLACES = [(path, body, at) for path, body in SPOILABLE for at in places(body)]
APP = create_app(make_engine(auth="open"))
"""One app for all examples: to make one takes longer than to ask it."""
often = settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])


def check_well_formed(exchange: Exchange) -> None:
    """The answer is one that the surface gives: its own shape for a 200, or an error in its shape below 500."""
    if exchange.status != 200:
        assert exchange.status in {row.status for row in ERRORS.values()} and exchange.status < 500, exchange.body
        error_of(exchange)
    elif exchange.headers["content-type"].startswith("text/event-stream"):
        assert events(exchange.body)[-1] in ("[DONE]", {"type": "message_stop"})
    elif exchange.headers["content-type"].startswith("text/html"):  # the console
        assert exchange.body.startswith(b"<!doctype html>") or not exchange.body
    else:
        assert isinstance(exchange.json, dict)


@often
@given(st.sampled_from(PLACES), VALUES)
@example((CHAT, FULL_CHAT, ("response_format", "json_schema", "schema")), {"type": "nonsense"})
def test_any_value_in_any_field(where: tuple[str, Body, Place], value: Any) -> None:
    """No JSON value, put wherever in a request, makes a 500 or an answer of another shape."""
    path, body, at = where
    check_well_formed(ask(APP, "POST", path, spoilt(body, at, value)))


@often
@given(st.sampled_from(SPOILABLE), st.dictionaries(st.sampled_from([*FULL_CHAT, *FULL_MESSAGE]), VALUES, max_size=4))
def test_any_values_in_some_fields(full: tuple[str, Body], values: Body) -> None:
    """Several fields spoilt at once are no worse than one."""
    path, body = full
    check_well_formed(ask(APP, "POST", path, body | values))


@often
@given(st.sampled_from([*FULL]), st.one_of(st.binary(max_size=40), st.binary(max_size=20).map(lambda end: b"{" + end)))
def test_any_bytes_as_a_body(path: str, body: bytes) -> None:
    """No bytes make a 500."""
    check_well_formed(ask(APP, "POST", path, body))


@often
@given(st.sampled_from(SPOILABLE), st.data())
def test_a_body_cut_anywhere(full: tuple[str, Body], data: st.DataObject) -> None:
    """A request of which only the beginning arrived is a 400."""
    path, body = full
    text = json.dumps(body).encode()
    exchange = ask(APP, "POST", path, text[: data.draw(st.integers(0, len(text) - 1))])
    assert exchange.status == 400
    check_well_formed(exchange)


HEADERS = [
    *("authorization", "x-api-key", "content-type", "content-length", "accept", "host", "user-agent", "origin"),
    *("anthropic-version", "anthropic-beta", "access-control-request-method", "access-control-request-headers"),
    *("x-stainless-retry-count", "transfer-encoding", "expect", "cookie", "x-forwarded-for", "x-emulator-scenario"),
]


@often
@given(
    st.sampled_from(["format", "open", "strict"]),
    st.sampled_from([*FULL, "/v1/models", "/anthropic/v1/models", "/anthropic", "/", "/nowhere"]),
    st.sampled_from(["GET", "POST", "HEAD", "OPTIONS", "PUT", "BREW"]),
    st.dictionaries(st.sampled_from(HEADERS), st.text(st.characters(max_codepoint=255), max_size=20), max_size=4),
)
def test_any_headers(auth: str, path: str, method: str, headers: dict[str, str]) -> None:
    """No header, with whatever value, makes a 500."""
    app = create_app(make_engine(auth=auth))
    assert 200 <= ask(app, method, path, message(prompt="x"), headers=headers).status < 500


@often
@given(
    st.sampled_from(["GET", "POST", "HEAD", "DELETE"]),
    st.sampled_from(["", "/v1", "/v1/models", "/anthropic", "/anthropic/v1/models", "/_emulator"]),
    st.text(max_size=20),
    st.text(max_size=20),
)
@example("GET", "", "/anthropic#x", "")
@example("GET", "", "[", "")
def test_any_path(method: str, under: str, path: str, query: str) -> None:
    """No path and no query string makes a 500, and an error has the shape of the surface it is under."""
    target = f"{quote(f'{under}/{path}', errors='replace')}?{quote(query, errors='replace')}"
    check_well_formed(ask(APP, method, target))
