"""The openai package of npm asks for zod schemas by a response format and by a tool, and parses what comes."""

import json
from pathlib import Path

import pytest
from support.node import finds, ran

from emulator import Emulator

SCRIPT = Path(__file__).with_name("zod.cjs")
PACKAGES = ("openai/helpers/zod", "zod")


@pytest.mark.skipif(
    not finds(SCRIPT.parent, *PACKAGES), reason="needs Node.js with the packages openai and zod: npm install openai zod"
)
@pytest.mark.parametrize("way", ["format", "function"])
def test_each_zod_schema_is_parsed(way: str) -> None:
    """By zodResponseFormat and by zodFunction, with no retry."""
    with Emulator() as emulator:
        ended = ran(SCRIPT, way, BASE=f"{emulator.url}/v1")
    told = [json.loads(line) for line in ended.stdout.splitlines()]
    assert len(told) == 40, ended.stderr
    assert [each for each in told if "error" in each] == []
