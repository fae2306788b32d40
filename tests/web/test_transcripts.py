"""Golden transcripts: the very bytes of an answer, per endpoint, streaming and not.

A change on the wire shows as a difference in tests/transcripts. If it is meant, write them anew with
`make transcripts`, and look at the difference before you commit it.
"""

import os
from pathlib import Path
from typing import Any

import pytest
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
    chat,
    completion,
    get,
    message,
    post,
)

FOLDER = Path(__file__).parent / "transcripts"
USAGE = {"stream_options": {"include_usage": True}}
SCHEMA = {"type": "json_schema", "json_schema": {"name": "weather", "schema": WEATHER}}
PARIS = "What is the weather in Paris for 3 days?"

INFERENCES: dict[str, tuple[str, dict[str, Any]]] = {
    "chat": (CHAT, chat("Say hello.", max_tokens=12)),
    "chat-n2": (CHAT, chat("Say hello.", max_tokens=5, n=2)),
    "chat-reasoning": (CHAT, chat("Say hello.", model=REASONING, max_tokens=200)),
    "chat-reasoning-eats-the-budget": (CHAT, chat("Say hello.", model=REASONING, max_tokens=4)),
    "chat-tool": (CHAT, chat(PARIS, tools=[CHAT_TOOL], tool_choice="required")),
    "chat-functions": (CHAT, chat(PARIS, functions=[CHAT_TOOL["function"]], function_call={"name": "get_weather"})),
    "chat-json": (CHAT, chat(PARIS, response_format=SCHEMA)),
    "chat-logprobs": (CHAT, chat("Say hello.", max_tokens=3, logprobs=True, top_logprobs=2)),
    "completions": (COMPLETIONS, completion()),
    "completions-batch": (COMPLETIONS, completion(["One", "Two"], n=2, max_tokens=3, echo=True)),
    "completions-logprobs": (COMPLETIONS, completion(max_tokens=2, logprobs=1, echo=True)),
    "messages": (MESSAGES, message("Say hello.", max_tokens=12)),
    "messages-thinking": (MESSAGES, message("Say hello.", model="zai-org--GLM-5.3", thinking={"type": "adaptive"})),
    "messages-tool": (MESSAGES, message(PARIS, tools=[MESSAGE_TOOL], tool_choice={"type": "any"})),
}


def transcript(exchange: Exchange) -> str:
    """Status, headers and body, as one readable text."""
    head = [f"{exchange.status}", *[f"{name}: {value}" for name, value in sorted(exchange.headers.items())]]
    return "\n".join(head) + "\n\n" + exchange.body.decode() + "\n"


def hold(name: str, exchange: Exchange) -> None:
    """Compare with the golden transcript, or write it where that is asked for."""
    path = FOLDER / f"{name}.txt"
    if os.environ.get("WRITE_TRANSCRIPTS"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(transcript(exchange), encoding="utf-8", newline="")
    assert transcript(exchange) == path.read_bytes().decode()


@pytest.mark.parametrize("name", INFERENCES)
def test_a_whole_answer(name: str) -> None:
    """The body and the headers of a whole answer are as recorded."""
    hold(name, post(*INFERENCES[name]))


@pytest.mark.parametrize("name", INFERENCES)
def test_a_stream(name: str) -> None:
    """The frames and the headers of a stream are as recorded."""
    path, body = INFERENCES[name]
    hold(f"{name}-stream", post(path, {**body, "stream": True, **({} if path == MESSAGES else USAGE)}))


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("models", "/v1/models"),
        ("model", f"/v1/models/{PLAIN}"),
        ("anthropic-models", "/anthropic/v1/models?limit=3"),
        ("anthropic", "/anthropic"),
        ("unknown-path", "/v1/horoscopes"),
        ("anthropic-unknown-path", "/anthropic/v1/messages/batches"),
    ],
)
def test_what_is_asked_with_get(name: str, path: str) -> None:
    """Listings, the probe and unknown paths are as recorded."""
    hold(name, get(path))


@pytest.mark.parametrize(
    ("name", "path", "body"),
    [
        ("error-chat", CHAT, chat(temperature=3)),
        ("error-messages", MESSAGES, {"model": PLAIN, "messages": []}),
        ("error-model", COMPLETIONS, completion(model="meta-llama/Llama-3.3-70B")),
        ("error-json", CHAT, b'{"model": '),
        ("count-tokens", f"{MESSAGES}/count_tokens", message(PARIS, tools=[MESSAGE_TOOL])),
    ],
)
def test_errors_and_counts(name: str, path: str, body: Any) -> None:
    """Refusals, and the counting of tokens, are as recorded."""
    hold(name, post(path, body))


def test_a_missing_key() -> None:
    """AkashML's flat 401 is as recorded."""
    hold("error-key", post(CHAT, chat(), key=None))
