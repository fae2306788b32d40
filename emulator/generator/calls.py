"""Tool calls: whether to call, which tools, and with what arguments; and answers that are JSON."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from emulator.answer import DraftCall
from emulator.generator.composing import last_words
from emulator.generator.hints import hints, spoken
from emulator.generator.topics import relevant, says_little, topics
from emulator.seeds import Seed
from emulator.tokens import Tokens, split
from emulator.vocabulary import InferenceRequest, Tool

_INTERESTED, _CLEARLY = 2, 4
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
    schema = form.schema if form.kind == "json_schema" else _object(request)
    return _json(schema, request, seed)


def _chosen(request: InferenceRequest) -> Sequence[Tool]:
    """The tools to call: those that are clearly spoken of, or the one that is most."""
    choice = request.tool_choice
    tools = [tool for tool in request.tools if choice.mode != "named" or tool.name == choice.name]
    if choice.mode == "none" or not tools:
        return ()
    said = _stems(relevant(last_words(request)))
    interests = [_interest(tool, said) for tool in tools]
    answered = bool(request.messages) and request.messages[-1].role in ("tool", "function")
    if choice.mode == "auto" and (answered or max(interests) < _INTERESTED):
        return ()
    clearly = [tool for tool, interest in zip(tools, interests, strict=True) if interest >= _CLEARLY]
    return clearly or [tools[interests.index(max(interests))]]


def _interest(tool: Tool, said: frozenset[str]) -> int:
    """How much the words of a message speak of a tool: its name counts three times, its description once."""
    name = _stems(tool.name)
    return 3 * len(name & said) + len((_stems(tool.description[:300]) - name) & said)


def _stems(text: str) -> frozenset[str]:
    """The telling words of a text, without their endings."""
    words = (word.lower() for word in _WORD.findall(text))
    telling = (word for word in words if word not in _TOOL_WORDS and not says_little(word))
    return frozenset(re.sub(r"(?:ing|es|s|ed|e)$", "", word) or word for word in telling)


# ---------------------------------------------------------------------------------------------- arguments


def _call(tool: Tool, request: InferenceRequest, seed: Seed) -> DraftCall:
    return DraftCall(tool.name, _json(tool.parameters or {"type": "object", "properties": {}}, request, seed))


def _json(schema: Mapping[str, Any] | bool, request: InferenceRequest, seed: Seed) -> Tokens:
    from emulator.generator.schema import value  # noqa: PLC0415 - most answers need no schema

    words = relevant(last_words(request))
    if isinstance(schema, Mapping):
        schema = spoken(schema, words)
    properties = schema.get("properties") if isinstance(schema, Mapping) else None
    found = value(schema, seed, hints=hints(words, properties if isinstance(properties, Mapping) else ()))
    return split(json.dumps(found, ensure_ascii=False))


def _object(request: InferenceRequest) -> Mapping[str, Any]:
    """What is answered where any JSON object will do."""
    about = (topics(last_words(request)) or ["this question"])[0]
    items = {"type": "array", "items": {"type": "string"}, "minItems": 2, "maxItems": 4}
    properties = {"topic": {"const": about}, "summary": {"type": "string"}, "items": items}
    return {"type": "object", "properties": properties, "required": list(properties)}
