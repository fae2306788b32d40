"""The tools that Anthropic defines and clients run: a request offers them by type, without the schema of their input.

The commands and their fields are those of Anthropic's pages on the bash, text editor, computer and memory tools; for
memory also those of the SDK's types (BetaMemoryTool20250818Command). A version that is not listed here is read as the
latest of its kind.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias

from emulator.core.fields import Fields, at_least
from emulator.core.regexes import late
from emulator.core.vocabulary import Tool

Schema: TypeAlias = dict[str, Any]

CLIENT_TOOL = late(r"(?P<kind>bash|text_editor|computer|memory)_(?P<version>\d\w*)", re.ASCII)
_TEXT: Schema = {"type": "string"}
_LINE: Schema = {"type": "integer", "minimum": 0, "maximum": 200}
_SECONDS: Schema = {"type": "integer", "minimum": 1, "maximum": 5}
_FILE: Schema = {"type": "string", "examples": ["/repo/README.md", "/repo/main.py", "/repo/notes.txt"]}
_MEMORY: Schema = {"type": "string", "examples": ["/memories/notes.md", "/memories/preferences.md"], "pattern": "^/mem"}
_COMMAND: Schema = {"type": "string", "examples": ["ls -la", "pwd", "git status"]}
_KEY: Schema = {"type": "string", "examples": ["Return", "ctrl+s", "Page_Down"]}
DISPLAY = at_least(1)


class _Display(NamedTuple):
    """The display of a computer, in pixels, and whether a part of it can be looked at more closely."""

    width: int
    height: int
    zoom: bool


class _ClientTool(NamedTuple):
    """A kind of tool: what it does, and the schema of its input for a version of it in a request."""

    description: str
    schema: Callable[[str, _Display], Schema]


def client_tool(entry: Fields, name: str, type: re.Match[str]) -> Tool:
    """The tool of this type that an entry offers under a name. Raises `Rejected` for a field that is not right."""
    width, height = entry.integer("display_width_px", DISPLAY), entry.integer("display_height_px", DISPLAY)
    display = _Display(width or 1024, height or 768, entry.boolean("enable_zoom", False))
    kind = _KINDS[type["kind"]]
    return Tool(name, kind.description, kind.schema(type["version"], display), place=entry.place("type"))


def _one_of(word: str, each: Mapping[str, Mapping[str, Schema]]) -> Schema:
    """The schema of an input whose field `word` says what other fields it has.

    The words and the paths stand above the forms as well, where what a message speaks of is looked for.
    """
    paths = {name: schema for fields in each.values() for name, schema in fields.items() if name == "path"}
    return {
        "type": "object",
        "properties": {word: {"enum": [*each]}, **paths},
        "anyOf": [
            {
                "properties": {word: {"const": name}, **fields},
                "required": [word, *fields],
                "additionalProperties": False,
            }
            for name, fields in each.items()
        ],
    }


def _bash(version: str, display: _Display) -> Schema:
    return {"type": "object", "properties": {"command": _COMMAND}, "required": ["command"]}


def _text_editor(version: str, display: _Display) -> Schema:
    inserted = "new_str" if version < "20250728" else "insert_text"
    commands: dict[str, Mapping[str, Schema]] = {
        "view": {"path": _FILE},
        "create": {"path": _FILE, "file_text": _TEXT},
        "str_replace": {"path": _FILE, "old_str": _TEXT, "new_str": _TEXT},
        "insert": {"path": _FILE, "insert_line": _LINE, inserted: _TEXT},
    }
    if version < "20250429":
        commands["undo_edit"] = {"path": _FILE}
    return _one_of("command", commands)


def _memory(version: str, display: _Display) -> Schema:
    return _one_of(
        "command",
        {
            "view": {"path": _MEMORY},
            "create": {"path": _MEMORY, "file_text": _TEXT},
            "str_replace": {"path": _MEMORY, "old_str": _TEXT, "new_str": _TEXT},
            "insert": {"path": _MEMORY, "insert_line": _LINE, "insert_text": _TEXT},
            "delete": {"path": _MEMORY},
            "rename": {"old_path": _MEMORY, "new_path": _MEMORY},
        },
    )


def _computer(version: str, display: _Display) -> Schema:
    width, height, zoom = display
    point = _pixels(width, height)
    at = {"coordinate": point}
    actions: dict[str, Mapping[str, Schema]] = {
        "screenshot": {},
        "cursor_position": {},
        "mouse_move": at,
        "left_click": at,
        "right_click": at,
        "middle_click": at,
        "double_click": at,
        "left_click_drag": at if version < "20250124" else {"start_coordinate": point, **at},
        "key": {"text": _KEY},
        "type": {"text": _TEXT},
    }
    if version >= "20250124":
        direction, amount = {"enum": ["up", "down", "left", "right"]}, {"type": "integer", "minimum": 1, "maximum": 10}
        actions |= {
            "triple_click": at,
            "left_mouse_down": {},
            "left_mouse_up": {},
            "scroll": {**at, "scroll_direction": direction, "scroll_amount": amount},
            "hold_key": {"text": _KEY, "duration": _SECONDS},
            "wait": {"duration": _SECONDS},
        }
    if version >= "20251124" and zoom:
        actions["zoom"] = {"region": {"const": [0, 0, (width + 1) // 2, (height + 1) // 2]}}
    return _one_of("action", actions)


def _pixels(width: int, height: int) -> Schema:
    """A point of a display, as an array of its two coordinates."""
    sides = [{"type": "integer", "minimum": 0, "maximum": side - 1} for side in (width, height)]
    return {"type": "array", "prefixItems": sides, "minItems": 2, "maxItems": 2}


_KINDS: Mapping[str, _ClientTool] = {
    "bash": _ClientTool("Run a command in a shell, for example to list files.", _bash),
    "text_editor": _ClientTool("View, create and edit text files.", _text_editor),
    "computer": _ClientTool("See the screen, and use the mouse and the keyboard of a computer.", _computer),
    "memory": _ClientTool("Read and write files in which something is remembered.", _memory),
}
