"""What a choice says: text or JSON, reasoning, tool calls. The keys, and the drafts that are made of them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from emulator.core.drafts import Draft, DraftCall
from emulator.core.tokens import EMPTY, split
from emulator.core.vocabulary import FinishReason
from emulator.scenario.reading.readers import TEXT, Key, Place, Reader, Section, choice, listed
from emulator.scenario.template import JSON, WRITTEN, is_template
from emulator.scenario.types import Recipe, ToolCallSpec


def _arguments(place: Place) -> Any:
    if place.node.kind == "sequence" or (place.node.kind == "scalar" and not isinstance(place.node.value, str)):
        raise place.expected("a mapping of arguments, or a raw string")
    return JSON.read(place)


_ARGUMENTS: Reader[Any] = Reader(
    "a mapping, or a raw string for broken JSON", _arguments, {"type": ["object", "string"]}
)


def _tool(place: Place) -> str:
    name = TEXT.read(place)
    place.loading.tools_called.append((place, name))
    return name


CALL: Section[ToolCallSpec] = Section(
    "tool_call",
    "a tool call",
    "{name: get_weather, arguments: {city: Oslo}}",
    lambda: (
        Key("name", Reader("text", _tool, TEXT.schema), "the tool's name", required=True),
        Key("arguments", _ARGUMENTS, "its arguments; a string is sent as it is, whether it is JSON or not"),
        Key("id", TEXT, "the call's id; without one it is derived"),
    ),
    lambda place, values: ToolCallSpec(**{"arguments": {}, **values}),
)
SAID_KEYS = (
    Key("text", WRITTEN, "the text; may be a template"),
    Key("json", JSON, "a value; its JSON is the text"),
    Key("reasoning", WRITTEN, "the reasoning before the text; may be a template"),
    Key("tool_calls", listed(CALL.reader, "a list of tool calls", at_least=1), "tools to call"),
)
FINISH_KEY = Key("finish", choice(*get_args(FinishReason)), "why it ends, instead of what would be derived")


def not_both(place: Place, given: Mapping[str, Place]) -> None:
    """Tell that a choice says its text twice."""
    if "text" in given and "json" in given:
        given["json"].tell("a choice has a text or json, not both")


def choice_of(values: Mapping[str, Any]) -> Draft | Recipe:
    """A draft at once if nothing is a template: then it is cut into tokens once, not for each request."""
    calls: Sequence[ToolCallSpec] = values.get("tool_calls", ())
    finish: FinishReason = values.get("finish") or ("tool_calls" if calls else "stop")
    text = values["json"] if "json" in values else values.get("text", "")
    recipe = Recipe(values.get("reasoning", ""), text, "json" in values, tuple(calls), finish)
    written = (recipe.reasoning, recipe.text, *(call.arguments for call in calls))
    return recipe if any(map(is_template, written)) else draft(recipe)


def draft(recipe: Recipe) -> Draft:
    """The draft of a recipe without templates."""
    text = _json(recipe.text) if recipe.json else recipe.text
    return Draft(
        reasoning=split(str(recipe.reasoning)) if recipe.reasoning else EMPTY,
        text=split(text) if text else EMPTY,
        tool_calls=tuple(DraftCall(call.name, split(arguments(call.arguments)), call.id) for call in recipe.tool_calls),
        finish=recipe.finish,
    )


def arguments(value: Any) -> str:
    """Arguments as they are sent: a text as it is, anything else as JSON."""
    return value if isinstance(value, str) else _json(value)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


CHOICE: Section[Draft | Recipe] = Section(
    "choice",
    "a choice",
    "{text: Hello}",
    lambda: (*SAID_KEYS, FINISH_KEY),
    lambda place, values: choice_of(values),
    not_both,
)
