"""Every code block of docs/claude-code.md runs as its reader would run it, with a stand-in for Claude Code."""

import os
import re
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from support.served import PATIENCE, ROOT

PAGE = (ROOT / "docs" / "claude-code.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"^```(\w+)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL))
NAMED = [] if entry_points(group="pytest11", name="akashml") else ["-p", "emulator.pytest_plugin"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the page's story, and with both commands beside it."""
    (tmp_path / "bin").mkdir()
    stand_in = ROOT / "tests" / "support" / "claude_code.py"
    for name, program in (("akashml-emulator", "-m emulator"), ("claude", stand_in)):
        command = tmp_path / "bin" / name
        command.write_text(f'#!/bin/sh\nexec "{sys.executable}" {program} "$@"\n')
        command.chmod(0o755)
    project = tmp_path / "project"
    project.mkdir()
    (project / "claude-code.yaml").write_text(BLOCKS["yaml"])
    return project


def run(command: list[str], folder: Path, text: str = "") -> "subprocess.CompletedProcess[str]":
    path = f"{folder.parent / 'bin'}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        command,
        input=text,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def test_every_block_is_run() -> None:
    """The page has one block of each kind."""
    assert re.findall(r"^```(\w+)", PAGE, re.MULTILINE) == [*BLOCKS] == ["yaml", "sh", "text", "python"]


def test_the_story_is_good(folder: Path) -> None:
    """It has no mistakes, and each of its rules can be played."""
    done = run(["akashml-emulator", "check", "claude-code.yaml"], folder)
    assert (done.returncode, done.stdout) == (0, "1 of 1 scenarios are good\n"), done.stdout


def test_in_a_shell(folder: Path) -> None:
    """The script prints what the page says, the file is edited, and the client's verdict is good."""
    done = run(["sh"], folder, BLOCKS["sh"])
    assert (done.returncode, done.stderr) == (0, ""), (folder / "serve.log").read_text()
    assert done.stdout.startswith(BLOCKS["text"])
    assert re.search(r"\d+ requests, key \S+, scenario claude-code: good\n\Z", done.stdout)
    played = re.findall(r"by claude-code/(.*?):", (folder / "serve.log").read_text())
    own = ["read", "edit", "edit", "look", "ask the sub-agent", "sub-agent looks", "sub-agent answers", "answer"]
    assert played == ["title", *own]


def test_in_pytest(folder: Path) -> None:
    """The test passes beside the story; without the retry that it expects, it would not."""
    (folder / "test_claude.py").write_text(BLOCKS["python"])
    done = run([sys.executable, "-m", "pytest", *NAMED, "--strict-markers", "-p", "no:cacheprovider"], folder)
    assert "1 passed" in done.stdout, done.stdout
