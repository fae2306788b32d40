"""Requests made from the parameter types of the installed anthropic SDK: each is answered."""

import json
from typing import Any, TypeAlias

import pytest
from anthropic.types import message_count_tokens_params, message_create_params
from anthropic.types.beta import message_count_tokens_params as beta_message_count_tokens_params
from anthropic.types.beta import message_create_params as beta_message_create_params
from support.asgi import MESSAGES, ask, make_engine
from support.type_walk import TypeWalk

from emulator.web.app import create_app

Body: TypeAlias = dict[str, Any]

COUNT = f"{MESSAGES}/count_tokens"
SAMPLES = {
    "model": "openai--gpt-oss-20b",
    "max_tokens": 2000,
    "budget_tokens": 1024,
    "name": "a_tool",
    "data": "iVBORw0KGgo=",
    "url": "https://example.com/a",
}
CALL = {"type": "tool_use", "id": "text", "name": "a_tool", "input": {}}
RESULT = {"type": "tool_result", "tool_use_id": "text"}
TOOL = {"name": "a_tool", "input_schema": {"type": "object"}}
OF_ASSISTANTS = {"tool_use", "thinking", "redacted_thinking"}


def sensible(body: Body) -> Body:
    """The request with what its parts need beside them: the types do not say which blocks belong together.

    A call is the assistant's and is answered, a result is the user's and answers a call, a choice is of a tool, and
    each entry says something.
    """
    messages: list[Body] = []
    for message in body["messages"]:
        content = message.get("content")
        kinds = {block["type"] for block in content} if isinstance(content, list) else set()
        role = "assistant" if kinds & OF_ASSISTANTS else "user" if "tool_result" in kinds else message["role"]
        calling = [{"role": "assistant", "content": [CALL]}] if "tool_result" in kinds else []
        answering = [{"role": "user", "content": [RESULT]}] if "tool_use" in kinds else []
        messages += [*calling, {"content": "text", **message, "role": role}, *answering]
    told = {**body, "messages": messages}
    return told | {"tools": [*told.get("tools", ()), TOOL]} if "tool_choice" in told else told


@pytest.mark.parametrize(
    ("path", "root", "kinds"),
    [
        (MESSAGES, message_create_params.MessageCreateParamsNonStreaming, 150),
        (MESSAGES, message_create_params.MessageCreateParamsStreaming, 150),
        (MESSAGES, beta_message_create_params.MessageCreateParamsNonStreaming, 200),
        (COUNT, message_count_tokens_params.MessageCountTokensParams, 150),
        (COUNT, beta_message_count_tokens_params.MessageCountTokensParams, 190),
    ],
    ids=["messages", "streamed messages", "beta messages", "counts", "beta counts"],
)
def test_no_type_of_the_sdk_is_refused(path: str, root: type, kinds: int) -> None:
    """Each type that a request can have is sent with its required keys, all keys, and each alternative of each key."""
    app = create_app(make_engine())
    seen: set[type] = set()
    for example in TypeWalk(root, SAMPLES).examples():
        seen.add(example.kind)
        exchange = ask(app, "POST", path, sensible(example.body))
        assert exchange.status == 200, (example.title, json.dumps(sensible(example.body)), exchange.body)
    assert len(seen) >= kinds
