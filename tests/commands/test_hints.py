"""Every command that a message, a docstring or a page names is one that exists, and takes what it is given there."""

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from support.served import ROOT

from emulator.cli import main
from emulator.core.catalog import Catalog
from emulator.scenario.library import Library
from emulator.testing.building import find_scenario
from emulator.web import control

PAGES = [*sorted((ROOT / "docs").glob("*.md")), *(ROOT / name for name in ("README.md", "CONTRIBUTING.md"))]
MODULES = sorted((ROOT / "emulator").rglob("*.py"))
COMMANDS = [path for path in MODULES if path.parent.name == "commands" or path.name == "cli.py"]
CONTEXT = click.Context(main)
NAMED = re.compile(r"akashml-emulator ([a-z][^`\n#>&|]*)")
BLOCK = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
FLAG = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
PATH = re.compile(r"/_emulator(?:/[\w{}]+)+(?:\.json)?")
LISTING = ("scenarios", "schema", "settings")
"""Commands that need nothing, and end by themselves."""


def texts_of(module: Path) -> Iterator[str]:
    """All texts of a module, docstrings too; what an f-string fills in is a placeholder."""
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def named_in(text: str) -> Iterator[str]:
    """The command lines in a text, without the program's name; in backticks one may stand on two lines."""
    prose = BLOCK.sub("", text)
    joined = re.sub(r"`[^`]+`", lambda code: code[0].replace("\n", " "), prose)
    for part in (*BLOCK.findall(text), joined):
        yield from (line.strip() for line in NAMED.findall(part))


def command_of(name: str) -> click.Command:
    """The command of that name."""
    found = main.get_command(CONTEXT, name)
    assert found is not None, f"there is no command {name}"
    return found


LINES = sorted(
    {
        (str(path.relative_to(ROOT)), line)
        for path in (*PAGES, *MODULES)
        for text in (texts_of(path) if path.suffix == ".py" else [path.read_text("utf-8")])
        for line in named_in(text)
    }
)


ALL = (main, *map(command_of, main.list_commands(CONTEXT)))
FLAGS = {"--help", *(flag for command in ALL for option in command.params for flag in option.opts)}
ROUTES = [re.compile(re.sub(r"{\w+}", r"[^/]+", row.path)) for row in control.ROUTES]


@pytest.mark.parametrize(("where", "line"), LINES, ids=lambda part: part[:60])
def test_a_command_that_is_named_exists(where: str, line: str) -> None:
    """It takes the flags and the values of the line; the name alone stands for the command and all that it needs."""
    name, *arguments = shlex.split(re.sub(r"\$(?:\w+|\(.*?\))", "1", line))
    if arguments:
        command_of(name).make_context(name, arguments)
    assert CliRunner().invoke(main, [name, "--help"]).exit_code == 0


@pytest.mark.parametrize("name", LISTING)
def test_a_command_that_lists_runs(name: str) -> None:
    """It needs no argument, says something and ends well."""
    done = CliRunner().invoke(main, [name])
    assert (done.exit_code, done.output != "") == (0, True)


@pytest.mark.parametrize("module", COMMANDS, ids=lambda path: path.name)
def test_a_flag_that_is_named_exists(module: Path) -> None:
    """What help and messages tell to write can be written."""
    assert {flag for text in texts_of(module) for flag in FLAG.findall(text)} <= FLAGS


@pytest.mark.parametrize("path", [*PAGES, *MODULES], ids=lambda path: str(path.relative_to(ROOT)))
def test_a_route_that_is_named_is_served(path: Path) -> None:
    """Messages and pages name no route under /_emulator that is none."""
    texts = texts_of(path) if path.suffix == ".py" else [path.read_text("utf-8")]
    named = {route for text in texts for route in PATH.findall(text)}
    assert [route for route in named if not any(known.fullmatch(route) for known in ROUTES)] == []


def test_the_hint_at_an_unknown_scenario() -> None:
    """It names the nearest, or the command that lists them all."""
    library = Library(Catalog.load())
    with pytest.raises(LookupError, match="Did you mean 'hello'"):
        find_scenario("helo", library)
    with pytest.raises(LookupError, match="`akashml-emulator scenarios` lists all of them"):
        find_scenario("qqqqqq", library)
