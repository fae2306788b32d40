"""The keys of a choice: text or JSON, reasoning, tool calls."""

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from emulator.core.drafts import Draft
from emulator.core.vocabulary import FinishReason
from emulator.scenario.language.foreign import hints_at_keys, hints_at_words
from emulator.scenario.language.notes import notes
from emulator.scenario.language.templates import TEMPLATED_JSON, TEMPLATED_TEXT
from emulator.scenario.reading.readers import TEXT, Cursor, Reader, Section, SectionKey, enum, listed
from emulator.scenario.reply import draft
from emulator.scenario.template import has_template
from emulator.scenario.types import ChoiceSpec, ToolCallSpec


def _arguments(cursor: Cursor) -> Any:
    if cursor.node.kind == "sequence" or (cursor.node.kind == "scalar" and not isinstance(cursor.node.value, str)):
        raise cursor.expected("a mapping of arguments, or a raw string")
    return TEMPLATED_JSON.read(cursor)


_ARGUMENTS: Reader[Any] = Reader(
    "a mapping, or a raw string for broken JSON", _arguments, {"type": ["object", "string"]}
)


def _tool(cursor: Cursor) -> str:
    name = TEXT.read(cursor)
    notes(cursor).tools_called.append((cursor, name))
    return name


TOOL_CALL: Section[ToolCallSpec] = Section(
    "tool_call",
    "a tool call",
    "{name: get_weather, arguments: {city: Oslo}}",
    lambda: (
        SectionKey("name", Reader("text", _tool, TEXT.schema), "the tool's name", required=True),
        SectionKey("arguments", _ARGUMENTS, "its arguments; a string is sent as it is, whether it is JSON or not"),
        SectionKey("id", TEXT, "the call's id; without one it is derived"),
    ),
    lambda cursor, values: ToolCallSpec(**{"arguments": {}, **values}),
    hints=hints_at_keys("tool_call"),
)
CONTENT_KEYS = (
    SectionKey("text", TEMPLATED_TEXT, "the text; may be a template"),
    SectionKey("json", TEMPLATED_JSON, "a value; its JSON is the text"),
    SectionKey("reasoning", TEMPLATED_TEXT, "the reasoning before the text; may be a template"),
    SectionKey("tool_calls", listed(TOOL_CALL.reader, "a list of tool calls", at_least=1), "tools to call"),
)
FINISH_KEY = SectionKey(
    "finish",
    enum(*get_args(FinishReason), hints=hints_at_words("finish")),
    "the finish reason, instead of the derived one",
)


def not_both(cursor: Cursor, given: Mapping[str, Cursor]) -> None:
    """Report a choice with two texts."""
    if "text" in given and "json" in given:
        given["json"].report("a choice has a text or json, not both")


def choice_of(values: Mapping[str, Any]) -> Draft | ChoiceSpec:
    """The choice; without templates it is a draft, so that it is split into tokens once and not for each request."""
    calls: Sequence[ToolCallSpec] = values.get("tool_calls", ())
    finish: FinishReason = values.get("finish") or ("tool_calls" if calls else "stop")
    text = values["json"] if "json" in values else values.get("text", "")
    spec = ChoiceSpec(
        values.get("reasoning", ""), text, "json" in values, tuple(calls), finish, bool(values.get("finish"))
    )
    parts = (spec.reasoning, spec.text, *(call.arguments for call in calls))
    return spec if any(map(has_template, parts)) else draft(spec)


CHOICE: Section[Draft | ChoiceSpec] = Section(
    "choice",
    "a choice",
    "{text: Hello}",
    lambda: (*CONTENT_KEYS, FINISH_KEY),
    lambda cursor, values: choice_of(values),
    not_both,
    hints=hints_at_keys("choice"),
)
