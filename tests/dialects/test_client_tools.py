"""Tools that Anthropic defines and the client runs: matched by their names, and called with input that fits them."""

from typing import Any, TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.asgi import MESSAGES, ask, make_engine, post

from emulator.web.app import create_app

Body: TypeAlias = dict[str, Any]

FILES = {"view": set[str](), "create": {"file_text"}, "str_replace": {"old_str", "new_str"}}
INSERT, INSERT_BEFORE = {"insert": {"insert_line", "insert_text"}}, {"insert": {"insert_line", "new_str"}}
UNDO: dict[str, set[str]] = {"undo_edit": set()}
AT = {"coordinate"}
POINTING = dict.fromkeys(["mouse_move", "left_click", "right_click", "middle_click", "double_click"], AT)
FIRST = {**POINTING, "left_click_drag": AT, "key": {"text"}, "type": {"text"}, "screenshot": set[str]()}
FIRST |= {"cursor_position": set()}
SECOND = {
    **FIRST,
    "left_click_drag": AT | {"start_coordinate"},
    "triple_click": AT,
    "left_mouse_down": set(),
    "left_mouse_up": set(),
    "scroll": AT | {"scroll_direction", "scroll_amount"},
    "hold_key": {"text", "duration"},
    "wait": {"duration"},
}
NOTES = {**FILES, **INSERT, "delete": set[str](), "rename": {"old_path", "new_path"}}
COMMANDS: dict[str, tuple[str, dict[str, set[str]]]] = {
    "text_editor_20241022": ("str_replace_editor", FILES | INSERT_BEFORE | UNDO),
    "text_editor_20250124": ("str_replace_editor", FILES | INSERT_BEFORE | UNDO),
    "text_editor_20250429": ("str_replace_based_edit_tool", FILES | INSERT_BEFORE),
    "text_editor_20250728": ("str_replace_based_edit_tool", FILES | INSERT),
    "memory_20250818": ("memory", NOTES),
    "memory_29990101_beta": ("memory", NOTES),
}
"""The commands of each tool, and the fields that each needs beside the path."""
ACTIONS = {
    "computer_20241022": FIRST,
    "computer_20250124": SECOND,
    "computer_20251124": SECOND,
    "computer_29990101": SECOND,
}
QUESTIONS = st.text("abcdefgh ./", min_size=1, max_size=30)


def called(tool: Body, question: str = "Please begin", **more: Any) -> Body:
    """The input of the only call of an answer."""
    message = {"role": "user", "content": question}
    body = {"model": "openai--gpt-oss-20b", "max_tokens": 500, "thinking": {"type": "disabled"}, "messages": [message]}
    choice = {"type": "any", "disable_parallel_tool_use": True}
    exchange = post(MESSAGES, {**body, "tools": [tool], "tool_choice": choice, **more})
    (block,) = exchange.json["content"]
    assert (block["type"], block["name"]) == ("tool_use", tool["name"])
    given: Body = block["input"]
    return given


@pytest.mark.parametrize("type", COMMANDS)
def test_a_file_tool_is_called_with_one_of_its_commands(type: str) -> None:
    """A command of its version, a path, and the fields that the command has, no others; each can be asked for."""
    name, commands = COMMANDS[type]
    tool = {"type": type, "name": name}

    @settings(max_examples=12)
    @given(QUESTIONS)
    def fits(question: str) -> None:
        made = called(tool, question)
        command = made.pop("command")
        paths = set() if command == "rename" else {"path"}
        assert set(made) == commands[command] | paths
        assert all(isinstance(value, int if field == "insert_line" else str) for field, value in made.items())
        if type.startswith("memory"):
            assert all(value.startswith("/memories") for field, value in made.items() if field.endswith("path"))

    fits()
    for command in commands:
        assert called(tool, f"Use {command} now.")["command"] == command
    if not type.startswith("memory"):
        assert called(tool, "Run `ls -la /etc`")["path"].startswith("/repo/")
        assert called(tool, "view the file src/main.py") == {"command": "view", "path": "src/main.py"}


@pytest.mark.parametrize("zoom", [False, True])
@pytest.mark.parametrize("type", ACTIONS)
def test_a_computer_is_used_within_its_display(type: str, zoom: bool) -> None:
    """An action of its version with its fields; a point is on the display, however small that is."""

    @settings(max_examples=12)
    @given(st.integers(1, 3000), st.integers(1, 3000), QUESTIONS)
    def fits(width: int, height: int, question: str) -> None:
        sizes = {"display_width_px": width, "display_height_px": height, "enable_zoom": zoom}
        made = called({"type": type, "name": "computer", **sizes}, question)
        action = made.pop("action")
        zooms = zoom and type > "computer_20251123"
        assert set(made) == {**ACTIONS[type], **({"zoom": {"region"}} if zooms else {})}[action]
        for x, y in [made[field] for field in ("coordinate", "start_coordinate") if field in made]:
            assert 0 <= x < width and 0 <= y < height

    fits()
    for action in ACTIONS[type]:
        made = called(
            {"type": type, "name": "computer", "display_width_px": 9, "display_height_px": 9}, f"Do {action}."
        )
        assert made["action"] == action


def test_a_shell_gets_a_command() -> None:
    """One of its own, or the one that the message has between backticks."""
    tool = {"type": "bash_20250124", "name": "bash"}
    assert called(tool)["command"]
    assert called(tool, "Run `make test` for me") == {"command": "make test"}
    for question in ("List the files in /tmp", "Create a file notes.txt", "Show me README.md"):
        assert called(tool, question)["command"].split()[0] in ("ls", "pwd", "git")
    named = {"type": "tool", "name": "bash", "disable_parallel_tool_use": True}
    assert set(called(tool, tool_choice=named)) == {"command"}
    assert set(called(tool, "Run `ls` in the shell", tool_choice={"type": "auto"})) == {"command"}


STORY = {
    "name": "anthropic-client-tools",
    "unscripted": "fail",
    "rules": [
        {
            "name": "list files",
            "when": {"tools": "bash", "turn": 0},
            "reply": {"tool_calls": [{"name": "bash", "arguments": {"command": "ls"}}]},
        }
    ],
}


@pytest.mark.parametrize("type", ["bash_20241022", "bash_20250124", "bash_20991231"])
def test_a_rule_matches_a_tool_by_its_name(type: str) -> None:
    """`when: {tools: bash}` holds for a request that offers the tool by its type."""
    app = create_app(make_engine())
    assert ask(app, "PUT", f"/_emulator/scenarios/{STORY['name']}", STORY).status < 300
    body = {"model": "zai-org--GLM-5.3", "max_tokens": 300, "tools": [{"type": type, "name": "bash"}]}
    body["messages"] = [{"role": "user", "content": "List the files"}]
    answer = ask(app, "POST", MESSAGES, body, key=f"akml-{STORY['name']}")
    assert answer.status == 200
    assert [block["input"] for block in answer.json["content"]] == [{"command": "ls"}]
