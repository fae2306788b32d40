"""The openai package of npm asks for zod schemas by a response format and by a tool, and parses what comes."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from emulator import Emulator

SCRIPT = Path(__file__).with_name("zod.cjs")


def _can_run() -> bool:
    """Whether Node.js finds the packages, in node_modules above or in NODE_PATH."""
    node = shutil.which("node")
    wanted = [str(node), "-e", "require('openai/helpers/zod'); require('zod')"]
    return bool(node) and not subprocess.run(wanted, cwd=SCRIPT.parent, capture_output=True, check=False).returncode


@pytest.mark.skipif(not _can_run(), reason="needs Node.js with the packages openai and zod: npm install openai zod")
@pytest.mark.parametrize("way", ["format", "function"])
def test_each_zod_schema_is_parsed(way: str) -> None:
    """By zodResponseFormat and by zodFunction, with no retry."""
    with Emulator() as emulator:
        ended = subprocess.run(
            ["node", str(SCRIPT), way],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env={**os.environ, "BASE": f"{emulator.url}/v1"},
        )
    told = [json.loads(line) for line in ended.stdout.splitlines()]
    assert len(told) == 30, ended.stderr
    assert [each for each in told if "error" in each] == []
