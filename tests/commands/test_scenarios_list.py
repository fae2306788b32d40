"""The command that lists scenarios."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.asgi import ask, make_engine

from emulator.cli import main
from emulator.scenario.library import SHIPPED
from emulator.web.app import create_app


@pytest.fixture
def stories(tmp_path: Path) -> Path:
    """A folder with a good scenario and one with a mistake."""
    (tmp_path / "sunny.yaml").write_text("description: It is sunny.\nrules: [{reply: {text: Sunny.}}]\n")
    (tmp_path / "broken.yaml").write_text("rules:\n  - reply: {txt: hi}\n")
    return tmp_path


def run(*arguments: str | Path) -> tuple[int, str]:
    """Exit code and everything that was printed."""
    result = CliRunner().invoke(main, ["scenarios", *map(str, arguments)])
    return result.exit_code, result.output


def test_shipped_scenarios_are_listed() -> None:
    """All of them by name, each with its file and its description."""
    code, output = run()
    assert code == 0
    assert f"hello  [{SHIPPED / 'hello.yaml'}]\n    A greeting, whatever is asked.\n" in output
    assert {path.stem for path in SHIPPED.glob("*.yaml")} == {
        line.partition(" ")[0] for line in output.splitlines() if not line.startswith(" ")
    }


def test_a_folder_is_listed_too(stories: Path) -> None:
    """With what is wrong in its files; listing them is no failure."""
    code, output = run("--scenarios", stories)
    assert code == 0
    assert f"sunny  [{stories / 'sunny.yaml'}]\n    It is sunny.\n" in output
    assert f"broken  [{stories / 'broken.yaml'}]\n    no description\n    line 2: unknown key" in output
    assert "\nhello  [" in output
    assert run("--scenarios", stories / "nowhere") == (1, f"Error: there is no folder {stories / 'nowhere'}\n")


def test_as_json_it_is_the_list_of_the_control_route(stories: Path) -> None:
    """Name, description, source and mistakes are the same as over HTTP."""
    engine = make_engine()
    engine.library.add_folder(stories)
    served = ask(create_app(engine), "GET", "/_emulator/scenarios").json["scenarios"]
    code, output = run("--scenarios", stories, "--json")
    assert (code, json.loads(output)) == (0, served)
