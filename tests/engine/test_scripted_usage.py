"""The usage that a scenario states is told on every surface, whole and streamed."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from support.asgi import CHAT, MESSAGES, ask, make_engine

from emulator.web.app import create_app

ASKED = {"max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}
PATHS = {CHAT: {"model": "zai-org/GLM-5.3"}, MESSAGES: {"model": "zai-org--GLM-5.3"}}


def usages(path: str, usage: Mapping[str, int], **more: Any) -> list[dict[str, Any]]:
    """What an answer says of its usage, in order."""
    app = create_app(make_engine())
    scenario = {"name": "cached", "rules": [{"reply": {"text": "From the cache.", "usage": usage}}]}
    assert ask(app, "PUT", "/_emulator/scenarios/cached", scenario).status < 300
    exchange = ask(app, "POST", path, ASKED | PATHS[path] | more, key="akml-cached")
    lines = [line.removeprefix("data: ") for line in exchange.body.decode().splitlines()]
    told = [json.loads(line) for line in lines if line.startswith("{")]
    return [found for each in told for found in (each.get("usage"), each.get("message", {}).get("usage")) if found]


@pytest.mark.parametrize("more", [{}, {"stream": True, "stream_options": {"include_usage": True}}])
def test_cached_tokens_are_told_on_v1(more: dict[str, Any]) -> None:
    """As prompt_tokens_details, which AkashML does not send of itself."""
    assert usages(CHAT, {"prompt_tokens": 100, "cached_tokens": 80, "completion_tokens": 7}, **more)[-1] == {
        "prompt_tokens": 100,
        "completion_tokens": 7,
        "total_tokens": 107,
        "prompt_tokens_details": {"cached_tokens": 80},
        "completion_tokens_details": {"reasoning_tokens": 0},
    }


@pytest.mark.parametrize("stream", [False, True])
def test_cached_tokens_are_told_on_anthropic(stream: bool) -> None:
    """The input without them and the cached ones are the same at the start of a stream as at its end."""
    told = usages(MESSAGES, {"prompt_tokens": 100, "cached_tokens": 80}, stream=stream)
    assert len(told) == 1 + stream
    assert all((each["input_tokens"], each["cache_read_input_tokens"]) == (20, 80) for each in told)


@pytest.mark.parametrize("usage", [{"cached_tokens": 80}, {"cached_tokens": 80, "prompt_tokens": 10}])
def test_no_count_is_negative(usage: dict[str, int]) -> None:
    """Cached tokens alone are so many of the prompt, whatever was counted for it."""
    for stream in (False, True):
        told = usages(MESSAGES, usage, stream=stream)
        assert all(count >= 0 for each in told for count in each.values() if isinstance(count, int))
    assert usages(CHAT, {"cached_tokens": 80})[0]["prompt_tokens"] == 80
