"""What a client reassembles from a stream equals the whole body: one promise, over generated requests and dialects."""

from typing import Any

from hypothesis import HealthCheck, given, settings
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
    ask,
    events,
    make_engine,
)
from support.reassembly import joined_chat, joined_completion, joined_message

from emulator.web.app import create_app

TEXTS = st.one_of(
    st.sampled_from(["Hello!", "What is the weather in Paris?", "List three fruits.", "Schreib etwas über 中文 👍🏽"]),
    st.text(max_size=30),
)
LIMITS = st.one_of(st.none(), st.integers(1, 200))
STOPS = st.one_of(st.none(), st.lists(st.sampled_from([" the", "a", ".", "\n", "zzz"]), max_size=3))
SEEDS = st.one_of(st.none(), st.integers(0, 5))
MODELS = st.sampled_from([PLAIN, REASONING])


def optional(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Objects in which each field may be missing."""
    return st.fixed_dictionaries({}, optional=fields)


def bodies(path: str, body: dict[str, Any]) -> tuple[Any, list[Any]]:
    """The whole body, and the events of the stream, of the same request to two new servers."""
    whole = ask(create_app(make_engine(strictness="openai")), "POST", path, body)
    stream = ask(create_app(make_engine(strictness="openai")), "POST", path, {**body, "stream": True, **_options(path)})
    assert (whole.status, stream.status) == (200, 200), (whole.body, stream.body)
    return whole.json, events(stream.body)


def _options(path: str) -> dict[str, Any]:
    return {} if path == MESSAGES else {"stream_options": {"include_usage": True}}


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(
    TEXTS,
    MODELS,
    optional(
        max_tokens=LIMITS,
        stop=STOPS,
        seed=SEEDS,
        n=st.integers(1, 3),
        temperature=st.sampled_from([0, 0.7, 2]),
        logprobs=st.just(True),
        reasoning=st.sampled_from([{"exclude": True}, {"effort": "low"}, {"enabled": False}]),
        tools=st.just([CHAT_TOOL]),
        response_format=st.sampled_from(
            [{"type": "json_object"}, {"type": "json_schema", "json_schema": {"name": "w", "schema": WEATHER}}]
        ),
    ),
)
def test_chat(text: str, model: str, more: dict[str, Any]) -> None:
    """The chunks of a chat completion join to its body: text, reasoning, tool calls, logprobs, usage and ids."""
    whole, chunks = bodies(CHAT, {"model": model, "messages": [{"role": "user", "content": text}], **more})
    assert joined_chat(chunks) == whole


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(TEXTS, st.booleans(), optional(max_tokens=LIMITS, n=st.integers(1, 2)))
def test_chat_tools(text: str, legacy: bool, more: dict[str, Any]) -> None:
    """A demanded tool call joins to the one of the body, whole or cut by its limit."""
    choice = {"type": "function", "function": {"name": "get_weather"}}
    body = {"model": PLAIN, "messages": [{"role": "user", "content": text}], "tools": [CHAT_TOOL], **more}
    whole, chunks = bodies(CHAT, {**body, "tool_choice": "required" if legacy else choice})
    assert joined_chat(chunks) == whole


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.one_of(TEXTS, st.lists(TEXTS, min_size=1, max_size=3), st.lists(st.integers(0, 255), min_size=1, max_size=9)),
    MODELS,
    optional(
        max_tokens=st.integers(0, 60),
        stop=STOPS,
        seed=SEEDS,
        n=st.integers(1, 3),
        echo=st.booleans(),
        logprobs=st.integers(0, 5),
    ),
)
def test_completions(prompt: Any, model: str, more: dict[str, Any]) -> None:
    """The chunks of a text completion join to its body, over prompts and choices, with echo and logprobs."""
    whole, chunks = bodies(COMPLETIONS, {"model": model, "prompt": prompt, **more})
    assert joined_completion(chunks) == whole


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(
    TEXTS,
    MODELS,
    st.integers(1, 200),
    optional(
        stop_sequences=st.lists(st.sampled_from([" the", "a", "."]), max_size=2),
        thinking=st.sampled_from([{"type": "adaptive"}, {"type": "disabled"}]),
        tools=st.just([MESSAGE_TOOL]),
        output_config=st.just({"format": {"type": "json_schema", "schema": WEATHER}}),
    ),
    st.sampled_from([None, {"type": "any"}, {"type": "tool", "name": "get_weather"}]),
)
def test_messages(text: str, model: str, limit: int, more: dict[str, Any], choice: Any) -> None:
    """The events of a message join to its body: blocks, signatures, inputs, stop reason, usage and ids."""
    body = {"model": model, "max_tokens": limit, "messages": [{"role": "user", "content": text}], **more}
    if choice and "tools" in more:
        body["tool_choice"] = choice
    whole, found = bodies(MESSAGES, body)
    assert joined_message(found) == whole
