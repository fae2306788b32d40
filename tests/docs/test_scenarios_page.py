"""docs/scenarios.md as its reader follows it: the commands, word by word, and every row of the control table."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from support.asgi import ask, make_engine
from support.served import ROOT, get, served

from emulator.web.app import create_app

PAGE = (ROOT / "docs" / "scenarios.md").read_text(encoding="utf-8")
STORY = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)[0]
COMMANDS, CURL = re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
CHECK, SERVE = map(shlex.split, COMMANDS.splitlines())
ROWS = re.findall(r"^\| (GET|PUT|POST|DELETE) (/_emulator/\S+) \|(.*?)\| (.*) \|$", PAGE, re.MULTILINE)


@pytest.fixture
def stories(tmp_path: Path) -> Path:
    """The folder with the page's first story, saved where the page says."""
    path = tmp_path / "stories" / "sunny.yaml"
    path.parent.mkdir()
    path.write_text(STORY, encoding="utf-8")
    return path.parent


def test_the_first_commands_of_the_page(stories: Path) -> None:
    """The story is checked, served and asked for with curl, as it stands, and answers."""
    command = [sys.executable, "-m", "emulator", *CHECK[1:-1], str(stories)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert (checked.returncode, checked.stderr) == (0, "")
    with served(*SERVE[2:-1], str(stories), "--log-level", "warning") as server:
        curl = CURL.replace("http://127.0.0.1:8402", server.url).replace("curl ", "curl -sS ", 1)
        done = subprocess.run(["bash", "-e"], input=curl, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["choices"][0]["message"]["content"] == "It is sunny."


@pytest.mark.parametrize(("method", "path", "bodies"), [row[:3] for row in ROWS], ids=lambda part: part[:40])
def test_a_row_of_the_control_table(method: str, path: str, bodies: str) -> None:
    """The method, the path and every body that the row shows are answered with a 200."""
    engine = make_engine()
    engine.library.put("sunny", STORY)
    shown = [STORY.encode()] if "the YAML" in bodies else [*map(str.encode, re.findall(r"`(\{.*?\})`", bodies))]
    for body in shown or [None]:
        done = ask(create_app(engine), method, path.replace("{name}", "sunny"), body)
        assert done.status == 200, done.body


def test_the_control_table_has_every_route() -> None:
    """What the page tells of the control routes for scenarios is all that there is."""
    assert {(method, path) for method, path, *_ in ROWS} == {
        ("GET", "/_emulator/scenarios"),
        *((method, "/_emulator/scenarios/{name}") for method in ("GET", "PUT", "DELETE")),
        ("POST", "/_emulator/activate"),
        ("POST", "/_emulator/reset"),
        ("GET", "/_emulator/clock"),
        ("POST", "/_emulator/clock"),
    }


def test_a_watched_file_is_read_again_when_it_is_saved(stories: Path) -> None:
    """With --watch a running server plays what was saved; a file with mistakes leaves the story that was playing."""
    story = stories / "sunny.yaml"
    with served("--scenarios", str(stories), "--watch", "--log-level", "error") as server:
        shown = get("/_emulator/scenarios/sunny")
        assert b'"name":"rules[0]"' in server.ask(shown)
        while b'"name":"new"' not in server.ask(shown):
            story.write_text(STORY.replace("- when", "- name: new\n    when"), encoding="utf-8")
        while b"unknown key" not in server.ask(get("/_emulator/scenarios")):
            story.write_text(STORY.replace("text:", "txt:"), encoding="utf-8")
        assert b'"name":"new"' in server.ask(shown)
        told = server.stop().stderr
    assert 'unknown key "txt"; did you mean "text"?' in told
    assert "the one before goes on" in told
