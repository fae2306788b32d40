"""Requests made from the parameter types of the installed openai SDK: each is answered, but for what AkashML lacks."""

import json
from typing import Any, TypeAlias

import pytest
from openai.types import completion_create_params
from openai.types.chat import completion_create_params as chat_create_params
from support.asgi import CHAT, COMPLETIONS, ask, error_of, make_engine
from support.type_walk import TypeWalk

from emulator.web.app import create_app

Body: TypeAlias = dict[str, Any]

SAMPLES = {
    "model": "openai/gpt-oss-20b",
    "max_tokens": 200,
    "name": "a_tool",
    "arguments": "{}",
    "data": "iVBORw0KGgo=",
    "url": "https://example.com/a",
}
FUNCTION = {"name": "a_tool"}
TOOL = {"type": "function", "function": FUNCTION}
LACKING = {
    "a custom tool": "tools[0].type",
    "a call of a custom tool": "messages[0].tool_calls[0].function",
    "a choice of a custom tool": "tool_choice.type",
}
"""What the types have and AkashML's servers do not, and the field that the 400 names: vLLM has functions only."""


def lacks(body: Body) -> str | None:
    """What a request asks for that AkashML lacks."""
    calls = [call for message in body.get("messages", ()) for call in message.get("tool_calls", ())]
    if any(tool["type"] == "custom" for tool in body.get("tools", ())):
        return "a custom tool"
    if any(call["type"] == "custom" for call in calls):
        return "a call of a custom tool"
    choice = body.get("tool_choice")
    return "a choice of a custom tool" if isinstance(choice, dict) and choice["type"] == "custom" else None


def sensible(body: Body) -> Body:
    """The request with what its fields need beside them: the types do not say which of them belong together."""
    told = dict(body)
    if "logit_bias" in told:
        told["logit_bias"] = {str(id): bias for id, bias in enumerate(told["logit_bias"].values())}
    if "tool_choice" in told and "tools" not in told:
        told["tools"] = [TOOL]
    choice = told.get("tool_choice")
    if isinstance(choice, dict) and choice["type"] == "allowed_tools":
        told["tool_choice"] = {**choice, "allowed_tools": {**choice["allowed_tools"], "tools": [TOOL]}}
    if "function_call" in told:
        told.setdefault("functions", [FUNCTION])
    if "top_logprobs" in told:
        told["logprobs"] = True
    return told | ({"stream": True} if "stream_options" in told else {})


@pytest.mark.parametrize(
    ("path", "root", "kinds", "lacking"),
    [
        (CHAT, chat_create_params.CompletionCreateParamsNonStreaming, 50, set(LACKING)),
        (CHAT, chat_create_params.CompletionCreateParamsStreaming, 50, set(LACKING)),
        (COMPLETIONS, completion_create_params.CompletionCreateParamsNonStreaming, 2, set[str]()),
        (COMPLETIONS, completion_create_params.CompletionCreateParamsStreaming, 2, set[str]()),
    ],
    ids=["chat", "streamed chat", "completions", "streamed completions"],
)
def test_no_type_of_the_sdk_is_refused(path: str, root: type, kinds: int, lacking: set[str]) -> None:
    """Each type that a request can have is sent with its required keys, all keys, and each alternative of each key."""
    app = create_app(make_engine())
    seen, refused = set[type](), set[str]()
    for example in TypeWalk(root, SAMPLES).examples():
        seen.add(example.kind)
        body = sensible(example.body)
        exchange, lack = ask(app, "POST", path, body), lacks(body)
        if lack is None:
            assert exchange.status == 200, (example.title, json.dumps(body), exchange.body)
        else:
            assert (exchange.status, error_of(exchange)["param"]) == (400, LACKING[lack]), example.title
            refused.add(lack)
    assert (len(seen) >= kinds, refused) == (True, lacking)
