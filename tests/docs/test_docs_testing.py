"""Every code block of docs/testing.md runs as its reader would run it."""

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from support.served import PATIENCE, ROOT

PAGE = (ROOT / "docs" / "testing.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)(?: (\w+))?\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
NAMED = [] if entry_points(group="pytest11", name="akashml") else ["-p", "emulator.pytest_plugin"]
PROGRAMS = [text for language, name, text in BLOCKS if (language, name) == ("python", "")]
STAND_IN = """
import assert from "node:assert/strict";
export { test } from "node:test";
export const expect = (value) => ({
  toBe: (other) => assert.equal(value, other),
  toBeGreaterThan: (other) => assert.ok(value > other),
  toContain: (other) => assert.ok(value.includes(other)),
});
"""


def block(name: str) -> str:
    """The one block of that name."""
    text: str
    (text,) = [text for _, named, text in BLOCKS if named == name]
    return text


def environment(folder: Path) -> Mapping[str, str]:
    """The environment of somebody who has installed the package: its command is there, and Python finds it."""
    command = folder / "bin" / "akashml-emulator"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m emulator "$@"\n')
    command.chmod(0o755)
    first = {"PYTHONPATH": str(ROOT), "PATH": str(command.parent)}
    return {**os.environ, **{name: f"{path}{os.pathsep}{os.environ.get(name, '')}" for name, path in first.items()}}


def run(command: list[str], folder: Path, text: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command in a folder, with a text as its input."""
    return subprocess.run(
        command,
        input=text,
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def test_every_block_is_run() -> None:
    """A block of another kind or name than those below would be a claim without proof."""
    names = ["python pytest", "python conftest", "python unittest", "js setup", "js vitest", "js node", "sh"]
    kinds = [f"{language} {name}".strip() for language, name, _ in BLOCKS]
    assert sorted(kinds) == sorted([*names, *(["python"] * len(PROGRAMS))])
    assert PROGRAMS


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program(program: str, tmp_path: Path) -> None:
    """A Python block runs without a warning and without a word."""
    done = run([sys.executable, "-W", "error", "-"], tmp_path, program)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_pytest_examples(tmp_path: Path) -> None:
    """The tests pass, beside the conftest.py that the page shows."""
    (tmp_path / "test_weather.py").write_text(block("pytest"))
    (tmp_path / "conftest.py").write_text(block("conftest"))
    command = [sys.executable, "-W", "error", "-m", "pytest", *NAMED, "--strict-markers", "-p", "no:cacheprovider"]
    done = run(command, tmp_path)
    assert "3 passed" in done.stdout, done.stdout


def test_the_unittest_example(tmp_path: Path) -> None:
    """The test case passes under unittest's own runner."""
    (tmp_path / "test_weather.py").write_text(block("unittest"))
    done = run([sys.executable, "-W", "error", "-m", "unittest"], tmp_path)
    assert (done.returncode, "Ran 2 tests" in done.stderr) == (0, True), done.stderr


@pytest.mark.skipif(not shutil.which("node"), reason="needs Node.js")
def test_the_node_example(tmp_path: Path) -> None:
    """Node's own test runner starts the emulator with the page's setup, and its test passes."""
    (tmp_path / "vitest.setup.mjs").write_text(block("setup"))
    (tmp_path / "credits.test.mjs").write_text(block("node"))
    done = run(["node", "--test"], tmp_path)
    assert (done.returncode, "# pass 1" in done.stdout) == (0, True), done.stdout


@pytest.mark.skipif(not shutil.which("node"), reason="needs Node.js")
def test_the_vitest_example(tmp_path: Path) -> None:
    """The tests pass in Node; vitest's two functions are stood in for, for it is not installed with this project."""
    package = tmp_path / "node_modules" / "vitest"
    package.mkdir(parents=True)
    (package / "package.json").write_text('{"name": "vitest", "type": "module", "exports": "./index.js"}')
    (package / "index.js").write_text(STAND_IN)
    (tmp_path / "vitest.setup.mjs").write_text(block("setup"))
    started = 'import { after, before } from "node:test";\nimport setup from "./vitest.setup.mjs";\n'
    started += "let teardown;\nbefore(async () => (teardown = await setup()));\nafter(() => teardown());\n"
    (tmp_path / "answers.test.mjs").write_text(started + block("vitest"))
    done = run(["node", "--test"], tmp_path)
    assert (done.returncode, "# pass 2" in done.stdout) == (0, True), done.stdout


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
def test_the_shell_example(tmp_path: Path) -> None:
    """The script starts a server, asks it, and leaves with 0; the port is any free one."""
    (script,) = [text for language, _, text in BLOCKS if language == "sh"]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    script = script.replace(":8402", f":{port}").replace("serve ", f"serve --port {port} ")
    done = run(["bash", "-eu"], tmp_path, script)
    assert (done.returncode, done.stderr) == (0, "")
    assert "insufficient_credits" in (tmp_path / "answer.json").read_text()
