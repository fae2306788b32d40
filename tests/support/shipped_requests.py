"""The requests that the shipped scenarios are asked with."""

import json
from typing import Any

from support.asgi import PLAIN
from support.shipped_expectations import Asked, Endpoint

QUESTION = "What is the weather like?"

TOOLS: dict[str, dict[str, Any]] = {
    "get_weather": {"type": "object", "properties": {"location": {"type": "string"}}},
    "get_time": {"type": "object", "properties": {}},
}

CHAT_TOOLS = [{"type": "function", "function": {"name": name, "parameters": schema}} for name, schema in TOOLS.items()]

MESSAGE_TOOLS = [{"name": name, "input_schema": schema} for name, schema in TOOLS.items()]

PICTURES: dict[Endpoint, dict[str, Any]] = {
    "chat": {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}},
    "messages": {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}},
}


def request_of(endpoint: Endpoint, asked: Asked) -> dict[str, Any]:
    """What is asked, as the arguments of `create`."""
    if endpoint == "completions":
        return {"model": PLAIN, "prompt": QUESTION, "max_tokens": 200}
    messages: list[dict[str, Any]] = [
        {"role": role, "content": "Go on."} for _ in range(asked.turns) for role in ("user", "assistant")
    ]
    content = [{"type": "text", "text": QUESTION}, *([PICTURES[endpoint]] if asked.picture else [])]
    messages.append({"role": "user", "content": content})
    if asked.call:
        answered = _answered_chat if endpoint == "chat" else _answered_message
        messages += answered(*asked.call, asked.result)
    if endpoint == "chat":
        return {"model": PLAIN, "messages": messages, "tools": CHAT_TOOLS}
    return {"model": PLAIN, "messages": messages, "tools": MESSAGE_TOOLS, "max_tokens": 200}


def _answered_chat(name: str, arguments: str, result: str) -> list[dict[str, Any]]:
    call = {"id": "1", "type": "function", "function": {"name": name, "arguments": arguments}}
    return [
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "1", "content": result},
    ]


def _answered_message(name: str, arguments: str, result: str) -> list[dict[str, Any]]:
    call = {"type": "tool_use", "id": "1", "name": name, "input": json.loads(arguments)}
    answer = {"type": "tool_result", "tool_use_id": "1", "content": result}
    return [{"role": "assistant", "content": [call]}, {"role": "user", "content": [answer]}]
