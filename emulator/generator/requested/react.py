"""Thoughts, actions and a final answer as lines of text, for tools that the text of a request describes."""

import re
from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from emulator.core.seeds import Seed
from emulator.core.vocabulary import InferenceRequest, Message, ResponseFormat, Tool, ToolChoice
from emulator.generator.calls import Structured
from emulator.generator.composing import in_words
from emulator.generator.requested.asked import Asked, Make
from emulator.generator.requested.described import described, is_schema
from emulator.generator.requested.objects import written
from emulator.generator.requested.reading import objects

_MOST = 40
_NEAR = 2_000
_ACTION = re.compile(r"^[ \t*]*Action:[^\n]*?\b(?:of|from|in)\s*:?\s*(?P<names>[^\n]{1,2000})", re.MULTILINE)
_NAMED = re.compile(r"[\w.-]+")
_FINAL = re.compile(r"^[ \t*]*(?P<label>Final Answer|Answer):", re.MULTILINE)
_OBSERVED = re.compile(r"^[ \t]*Observation:[ \t]*(?P<text>[^\n]*(?:\n(?!Thought:)[^\n]*){0,20})", re.MULTILINE)
_QUESTION = re.compile(r"^[ \t]*(?:Question|Human|User|Current Task|Task):[ \t]*(?P<text>\S[^\n]*)", re.MULTILINE)
_SIGNATURE = re.compile(r"(\w+)\s*:\s*([\w\[\], |.]+?)(?:\s*=\s*[^,)]+)?\s*(?=,\s*\w+\s*:|\)|$)")
_CALCULATES = re.compile(r"calc|math|arithm|expression", re.IGNORECASE)


def find(asked: Asked) -> Make | None:
    """The next lines that a request asks for, if it asks for thoughts and actions."""
    text = asked.whole
    final = _FINAL.findall(text)
    if asked.request.response_format.kind != "text" or "Thought:" not in text or not (final or "action_input" in text):
        return None
    label = "Final Answer" if "Final Answer" in final else "Answer"
    thought = "" if asked.user.rstrip().endswith("Thought:") else "Thought:"
    blob = "action_input" in text
    tools = [] if _observed(asked) else next(filter(None, map(_tools, asked.texts)), [])
    if not tools:
        return lambda seed: _ending(asked, seed, thought, label, blob)
    calling = Structured(_calling(asked.request, tools, _question(asked)))
    as_json = re.search(r"Action Input:[^\n]*(?:json|dict)", text, re.IGNORECASE) is not None

    def make(seed: Seed) -> str:
        call = calling.tool_calls(seed)[0]
        tool = next(tool for tool in tools if tool.name == call.name)
        begin = (
            f"{thought} I should use {tool.name} for this.".strip()
            if thought
            else f" I should use {tool.name} for this."
        )
        if blob:
            given = call.arguments.text
            return f'{begin}\nAction:\n```json\n{{"action": {written(tool.name)}, "action_input": {given}}}\n```'
        given = call.arguments.text
        if not as_json and len(_names(tool)) == 1:
            value = objects(given)[0].value[_names(tool)[0]]
            given = value if isinstance(value, str) else written(value)
        return f"{begin}\nAction: {tool.name}\nAction Input: {given}"

    return make


def _ending(asked: Asked, seed: Seed, thought: str, label: str, blob: bool) -> str:
    """The last thought, and the answer: what was observed, or a sentence."""
    observed = _observed(asked)
    answer = in_words(observed) if observed else asked.sentence(seed)
    begin = f"{thought} I now know the final answer."
    if blob:
        return f'{begin}\nAction:\n```json\n{{"action": "Final Answer", "action_input": {written(answer)}}}\n```'
    return f"{begin}\n{label}: {answer}"


def _observed(asked: Asked) -> str:
    """The last result of a tool since the question."""
    text = asked.user
    begun = [match.start() for match in _QUESTION.finditer(text)]
    found = [match["text"].strip() for match in _OBSERVED.finditer(text, begun[-1] if begun else 0)]
    found = [each for each in found if each and not each.lower().startswith("the result of the action")]
    return found[-1] if found else ""


def _question(asked: Asked) -> str:
    asked_for = [match["text"] for match in _QUESTION.finditer(asked.user)]
    return asked_for[-1] if asked_for else asked.user


def _calling(request: InferenceRequest, tools: list[Tool], question: str) -> InferenceRequest:
    """The request of one call of these tools."""
    return replace(
        request,
        messages=(Message("user", question),),
        prompts=(),
        tools=tuple(tools),
        tool_choice=ToolChoice("required"),
        parallel_tool_calls=False,
        response_format=ResponseFormat(),
    )


# ---------------------------------------------------------------------------------------------- tools


def _tools(text: str) -> list[Tool]:
    """The tools of which an action is to be one."""
    found = _ACTION.search(text)
    if not found:
        return []
    listed = re.search(r"\[([^\]]+)\]", found["names"])
    names = _NAMED.findall(listed[1] if listed else re.split(r"[).;]|\bif\b", found["names"])[0])
    names = list(dict.fromkeys(names))[:_MOST]
    others = re.compile(rf"^[^\n\w]*(?:Tool Name:\s*)?(?:{'|'.join(map(re.escape, names))})\b|\n\s*\n", re.MULTILINE)
    return [_tool(name, text, others) for name in names]


def _tool(name: str, text: str, others: re.Pattern[str]) -> Tool:
    """A tool with the description and the parameters that stand behind its name."""
    line = re.search(rf"^[^\n\w]*(?:Tool Name:\s*)?{re.escape(name)}\b(?P<rest>[^\n]*)", text, re.MULTILINE)
    if not line:
        return Tool(name, parameters=_only("input"))
    about = text[line.end() : line.end() + _NEAR]
    following = others.search(about)
    about = about[: following.start()] if following else about
    description = line["rest"].strip(" :-")
    return Tool(name, description, _parameters(f"{line['rest']}\n{about}") or _only(_input(f"{name} {description}")))


def _parameters(text: str) -> Mapping[str, Any]:
    """The parameters that a text describes: by a JSON Schema, by its properties, or by a signature."""
    for found in objects(text)[:1]:
        value = found.value
        if is_schema(value):
            return value  # type: ignore[no-any-return] # a mapping, as `is_schema` says
        if isinstance(value, dict) and value and all(isinstance(each, dict) for each in value.values()):
            return _object({name: _property(each) for name, each in value.items()})
    signature = re.match(r"\s*\(([^()\n]*)\)", text) or re.search(r"\w\(([^()\n]*:[^()\n]*)\)\s*->", text)
    arguments = _SIGNATURE.findall(f"{signature[1]})") if signature else []
    return _object({name: described(kind) for name, kind in arguments}) if arguments else {}


def _property(described_as: Mapping[str, Any]) -> Mapping[str, Any]:
    kind = described_as.get("type")
    return (
        described_as if kind in ("string", "integer", "number", "boolean", "array", "object") else described(str(kind))
    )


def _object(properties: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _only(name: str) -> Mapping[str, Any]:
    return _object({name: {"type": "string"}})


def _input(described_as: str) -> str:
    """A name for the only text that a tool is given, so that what it is used for is found in the question."""
    return "expression" if _CALCULATES.search(described_as) else "query"


def _names(tool: Tool) -> list[str]:
    return list(tool.parameters.get("properties", ()))
