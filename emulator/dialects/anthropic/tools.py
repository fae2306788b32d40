"""Reading the tools of a request to /anthropic/v1/messages, and which of them it wants to be called."""

from collections.abc import Sequence
from typing import Any

from emulator.core.fields import Fields
from emulator.core.vocabulary import Tool, ToolChoice
from emulator.dialects.anthropic.asked import TOOL_NAME, usual_tools
from emulator.dialects.anthropic.client_tools import CLIENT_TOOL, client_tool
from emulator.dialects.anthropic.passed_over import PassedOver

_FIELDS = frozenset({"tools", "tool_choice", "mcp_servers"})
_AUTO, _NONE = ToolChoice("auto"), ToolChoice("none")


def read_tools(fields: Fields, passed_over: PassedOver) -> tuple[tuple[Tool, ...], ToolChoice, bool]:
    """The tools that the client runs, the tool choice, and whether there may be several calls.

    A tool that Anthropic's servers run is passed over, and so is a choice of it.
    """
    if _FIELDS.isdisjoint(fields.data):
        return (), _NONE, True
    elsewhere: list[Any] = [None] if fields.data.get("mcp_servers") else []
    tools = usual_tools(fields.data)
    if tools is None:
        tools = read_each_tool(fields, passed_over, elsewhere)
    return tools, *_choice(fields, tools, elsewhere)


def read_each_tool(fields: Fields, passed_over: PassedOver, elsewhere: list[Any]) -> tuple[Tool, ...]:
    """The tools, whatever their form; the names of those that are passed over are added to `elsewhere`."""
    tools: list[Tool] = []
    for entry in fields.objects("tools", "a valid list"):
        if (tool := _tool(entry)) is not None:
            tools.append(tool)
        else:
            passed_over.add(entry, "type", "Input should be a tool with an `input_schema`, or one that the client runs")
            elsewhere.append(entry.data.get("name"))
    return tuple(tools)


def _choice(fields: Fields, tools: Sequence[Tool], elsewhere: Sequence[Any]) -> tuple[ToolChoice, bool]:
    """The tool choice; `elsewhere` are the names of tools that are passed over, None for a set of several."""
    given = fields.object("tool_choice")
    if given is None:
        return _AUTO if tools else _NONE, True
    kinds = ("auto", "any", "tool", "none")
    kind = given.one_of("type", kinds) or given.missing("type", "the type of the choice")
    parallel = not given.boolean("disable_parallel_tool_use", False)
    if kind == "none":
        return _NONE, parallel
    if not tools and not elsewhere:
        fields.reject("tool_choice", "tool_choice may only be specified while providing tools")
    if kind != "tool":
        mode = ToolChoice("required" if kind == "any" else "auto")
        return mode if tools else _NONE, parallel
    name = given.required_string("name")
    if any(tool.name == name for tool in tools):
        return ToolChoice("named", name), parallel
    if name not in elsewhere and None not in elsewhere:
        given.reject("name", f"Tool '{name}' not found in provided tools")
    return _NONE, parallel


def _tool(entry: Fields) -> Tool | None:
    """The tool of an entry; None for one that is passed over."""
    if not entry.has("input_schema") and (kind := entry.string("type") or "custom") != "custom":
        return client_tool(entry, _name(entry), found) if (found := CLIENT_TOOL.fullmatch(kind)) else None
    return Tool(
        name=_name(entry),
        description=entry.string("description") or "",
        parameters=entry.required_object("input_schema").data,
        strict=entry.boolean("strict", False),
        place=entry.place("input_schema"),
    )


def _name(entry: Fields) -> str:
    name = entry.required_string("name")
    if not TOOL_NAME.fullmatch(name):
        entry.reject("name", f"String should match pattern '^{TOOL_NAME.pattern}$'")
    return name
