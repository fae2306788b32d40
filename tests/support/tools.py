"""Asking about tools: the tools that are offered, and the calls of an answer."""

import json
from collections.abc import Mapping
from typing import Any, TypeAlias

from support.asgi import CHAT, MESSAGES
from support.parameters import answer, body_of

Body: TypeAlias = dict[str, Any]

Calls: TypeAlias = list[tuple[str, Any]]

TEXT = {"type": "string"}

PROPERTIES: dict[str, Any] = {
    "get_weather": {"city": TEXT, "unit": {"enum": ["celsius", "fahrenheit"]}},
    "send_email": {"to": {"type": "string", "format": "email"}, "subject": TEXT},
    "calculate": {"expression": TEXT},
    "read_file": {"path": TEXT},
    "write_file": {"path": TEXT, "content": TEXT},
    "search": {"query": TEXT},
}

WALK = "What a lovely day for a walk"

WEATHER = "How is the weather in Rome?"

TWO = "Check the weather in Oslo and send an email to bo@example.org."

CANNED: Body = {"tool_calls": [{"name": "get_weather", "arguments": {"city": name}} for name in ("Oslo", "Rome")]}


def schema_of(name: str) -> Body:
    """The schema of a tool's arguments, all of them required."""
    properties = PROPERTIES[name]
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def function(name: str) -> Body:
    """A tool as the OpenAI surface describes it."""
    return {"name": name, "description": "", "parameters": schema_of(name)}


def tools(path: str, *names: str) -> list[Body]:
    """These tools (or all of them), as the endpoint's clients describe them."""
    chosen = names or tuple(PROPERTIES)
    if path == CHAT:
        return [{"type": "function", "function": function(name)} for name in chosen]
    return [{"name": name, "input_schema": schema_of(name)} for name in chosen]


def asked(path: str, text: str, *names: str, **more: Any) -> Body:
    """A question with tools."""
    return body_of(path, text, tools=tools(path, *names), **more)


def told(path: str, body: Body, canned: Body | None = None, **settings: Any) -> Body:
    """The whole answer; its stream joins to the same."""
    found: Body = json.loads(answer(path, body, canned, **settings).body)
    return found


def calls(body: Mapping[str, Any]) -> Calls:
    """The calls of an answer, of its first choice where it has several."""
    if "content" in body:
        return [(block["name"], block["input"]) for block in body["content"] if block["type"] == "tool_use"]
    functions = [call["function"] for call in body["choices"][0]["message"].get("tool_calls", [])]
    return [(called["name"], json.loads(called["arguments"])) for called in functions]


def finish(body: Mapping[str, Any]) -> str:
    """The finish reason of a whole answer of either surface."""
    return str(body["stop_reason"] if "content" in body else body["choices"][0]["finish_reason"])


def names(body: Mapping[str, Any]) -> list[str]:
    """The names of the tools that are called; the finish has to say whether there are any."""
    found = [name for name, _ in calls(body)]
    assert finish(body) in (("tool_calls", "tool_use") if found else ("stop", "end_turn"))
    return found


ONE: dict[str, Any] = {
    CHAT: {"parallel_tool_calls": False},
    MESSAGES: {"tool_choice": {"type": "auto", "disable_parallel_tool_use": True}},
}
