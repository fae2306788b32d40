"""Reading what a chat may call: tools, and the choice among them."""

from collections.abc import Mapping
from typing import Any

from emulator.core.fields import Fields
from emulator.core.settings import Settings
from emulator.core.vocabulary import FinishReason, Tool, ToolChoice
from emulator.dialects.openai.asked import TOOL_NAME, usual_tools

_DEPRECATED = frozenset({"functions", "function_call"})
_FIELDS = _DEPRECATED | {"tools", "tool_choice", "parallel_tool_calls"}
_CHOICES: Mapping[Any, ToolChoice] = {mode: ToolChoice(mode) for mode in ("none", "auto", "required")}
NO_TOOLS = _CHOICES["none"]


def read_tools(fields: Fields, settings: Settings) -> tuple[tuple[Tool, ...], ToolChoice, bool]:
    """Tools, the choice among them, and whether several calls may be made; also in the deprecated spelling."""
    if _FIELDS.isdisjoint(fields.data):
        return (), NO_TOOLS, True
    if fields.data.get("tools") == [] and settings.strictness == "vllm":
        fields.reject("tools", "at least one tool, or no tools at all", got=[])
    functions, function_call = _read_functions(fields)
    tools = usual_tools(fields.data)
    if tools is None:
        tools = read_each_tool(fields)
    choice, tools = _tool_choice(fields, tools, settings.named_tool_finish)
    parallel = fields.boolean("parallel_tool_calls", True)
    if functions and not fields.data.get("tools"):
        return functions, function_call, False
    return tools, choice, parallel


def read_each_tool(fields: Fields) -> tuple[Tool, ...]:
    """The tools, whatever their form."""
    return tuple(map(_tool, fields.objects("tools")))


def _read_functions(fields: Fields) -> tuple[tuple[Tool, ...], ToolChoice]:
    if _DEPRECATED.isdisjoint(fields.data):
        return (), _CHOICES["auto"]
    functions = tuple(map(_function, fields.objects("functions")))
    return functions, _function_call(fields, functions)


def _tool(fields: Fields) -> Tool:
    fields.one_of("type", ("function",)) or fields.missing("type", "'function'")
    return _function(fields.required_object("function"))


def _function(function: Fields) -> Tool:
    name = function.required_string("name")
    if not TOOL_NAME.fullmatch(name):
        function.reject("name", f"a name that matches ^{TOOL_NAME.pattern}$")
    parameters = function.object("parameters")
    return Tool(
        name=name,
        description=function.string("description") or "",
        parameters=parameters.data if parameters is not None else {},
        strict=function.boolean("strict", False),
        place=function.place("parameters"),
    )


def _tool_choice(
    fields: Fields, tools: tuple[Tool, ...], named_finish: FinishReason
) -> tuple[ToolChoice, tuple[Tool, ...]]:
    given = fields.data.get("tool_choice")
    if given is None:
        return _CHOICES["auto" if tools else "none"], tools
    if given == "none":
        return _CHOICES["none"], tools
    if not tools:
        fields.reject("tool_choice", "'none', since no tools are given")
    if isinstance(given, str):
        return _CHOICES[fields.one_of("tool_choice", tuple(_CHOICES))], tools
    if not isinstance(given, dict):
        fields.wrong_type("tool_choice", "a string or an object")
    chosen = fields.required_object("tool_choice")
    if chosen.one_of("type", ("function", "allowed_tools")) == "allowed_tools":
        return _allowed_tools(chosen.required_object("allowed_tools"), tools)
    function = chosen.required_object("function")
    return ToolChoice("named", _known_name(function, tools), named_finish), tools


def _allowed_tools(allowed: Fields, tools: tuple[Tool, ...]) -> tuple[ToolChoice, tuple[Tool, ...]]:
    mode = allowed.one_of("mode", ("auto", "required"), "auto")
    names = {_known_name(tool.required_object("function"), tools) for tool in allowed.objects("tools")}
    if not names:
        allowed.reject("tools", "at least one tool")
    return _CHOICES[mode], tuple(tool for tool in tools if tool.name in names)


def _function_call(fields: Fields, functions: tuple[Tool, ...]) -> ToolChoice:
    given = fields.data.get("function_call")
    if given not in (None, "none") and not functions:
        fields.reject("function_call", "'none', since no functions are given")
    if given is None or isinstance(given, str):
        return _CHOICES[fields.one_of("function_call", ("none", "auto"), "auto")]
    if not isinstance(given, dict):
        fields.wrong_type("function_call", "a string or an object")
    return ToolChoice("named", _known_name(fields.required_object("function_call"), functions))


def _known_name(fields: Fields, tools: tuple[Tool, ...]) -> str:
    name = fields.required_string("name")
    if all(tool.name != name for tool in tools):
        fields.reject("name", f"the name of one of the tools ({', '.join(tool.name for tool in tools)})")
    return name
