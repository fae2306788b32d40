"""Tool calls: whether to call, which tools, and with what arguments; and answers that are JSON."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from emulator.answer import DraftCall
from emulator.generator.composing import brief, last_words
from emulator.generator.hints import hints, named, spoken
from emulator.generator.speech import speak
from emulator.generator.topics import relevant, says_little, topics
from emulator.seeds import Seed
from emulator.tokens import Tokens, split
from emulator.vocabulary import InferenceRequest, Sampling, Tool

_ENDING = re.compile(r"(?:ations?|ators?|ate[sd]?|ating|ions?|ers?|ors?|ing|es|s|ed|e)$")
_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|\d+")
_TOOL_WORDS = frozenset(["tool", "set", "given", "return", "returns", "value", "values", "data", "api", "user"])


def tool_calls(request: InferenceRequest, seed: Seed) -> tuple[DraftCall, ...]:
    """The calls that the request is answered with; none where it is answered in text.

    `auto` calls the tools that the last user message speaks of, and none right after a tool's result.
    Raises what `schema.value` raises for parameters that no arguments satisfy.
    """
    chosen = _chosen(request)[: None if request.parallel_tool_calls else 1]
    return tuple(_call(tool, request, seed.child("call", number)) for number, tool in enumerate(chosen))


def json_text(request: InferenceRequest, seed: Seed) -> Tokens:
    """An answer in the request's format. Raises what `schema.value` raises for a schema that nothing satisfies."""
    form = request.response_format
    schema = form.schema if form.kind == "json_schema" else _object(request, seed)
    return _json(schema, request, seed)


def _chosen(request: InferenceRequest) -> Sequence[Tool]:
    """The tools to call: the one that is most spoken of, and every other whose whole name is."""
    choice = request.tool_choice
    tools = [tool for tool in request.tools if choice.mode != "named" or tool.name == choice.name]
    if choice.mode == "none" or not tools:
        return ()
    text = relevant(last_words(request))
    said = _stems(text)
    interests = [_interest(tool, said, text) for tool in tools]
    answered = bool(request.messages) and request.messages[-1].role in ("tool", "function")
    if choice.mode == "auto" and (answered or max(interests) < 2):
        return ()
    best = tools[interests.index(max(interests))]
    return [tool for tool in tools if tool is best or (_stems(tool.name) and _stems(tool.name) <= said)]


def _interest(tool: Tool, said: frozenset[str], text: str) -> int:
    """How much a message speaks of a tool: a word of its name counts three times, one of its description once."""
    name = _stems(tool.name)
    described = len((_stems(tool.description[:300]) - name) & said)
    return 3 * len(name & said) + described + 2 * ("expression" in hints(text, _properties(tool.parameters)))


def _stems(text: str) -> frozenset[str]:
    """The telling words of a text, without their endings."""
    words = (word.lower() for word in _WORD.findall(text))
    telling = (word for word in words if word not in _TOOL_WORDS and not says_little(word))
    return frozenset(_ENDING.sub("", word) or word for word in telling)


# ---------------------------------------------------------------------------------------------- arguments


def _call(tool: Tool, request: InferenceRequest, seed: Seed) -> DraftCall:
    return DraftCall(tool.name, _json(tool.parameters or {"type": "object", "properties": {}}, request, seed))


def _json(schema: Mapping[str, Any] | bool, request: InferenceRequest, seed: Seed) -> Tokens:
    from emulator.generator.schema import Unsatisfiable, value  # noqa: PLC0415 - most answers do not pay its import

    text = relevant(last_words(request))
    words = hints(text, _properties(schema))
    try:
        found = value(spoken(schema, text) if isinstance(schema, Mapping) else schema, seed, hints=words)
    except Unsatisfiable:  # the schema may not allow what was spoken of
        found = value(schema, seed, hints=words)
    return split(json.dumps(found, ensure_ascii=False))


def _properties(schema: Mapping[str, Any] | bool) -> Mapping[str, Any]:
    properties = schema.get("properties") if isinstance(schema, Mapping) else None
    return properties if isinstance(properties, Mapping) else {}


def _object(request: InferenceRequest, seed: Seed) -> Mapping[str, Any]:
    """What is answered where any JSON object will do: one with the keys that are asked for, or one about the topic."""
    text = relevant(last_words(request))
    if names := named(text):
        return {"type": "object", "properties": {name: {"type": "string"} for name in names}, "required": names}
    speech = speak(brief(request).walk(), Sampling(), seed.child("brief"), 100, "")
    about = next(iter(topics(text)), "this question")
    properties = {"topic": {"const": about}, "answer": {"const": "".join(speech.pieces)}}
    return {"type": "object", "properties": properties, "required": list(properties)}
