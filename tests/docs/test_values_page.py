"""docs/values.md: its answers are those of the emulator, and its figures those of the code."""

import json
import os
import re
from collections.abc import Mapping
from typing import Any

import pytest
import yaml
from support.asgi import CHAT, PLAIN, post
from support.house import ROOT
from support.schemas import judge

from emulator.schema_values import budget, item_plans, phrases

PAGE = ROOT / "docs" / "values.md"
PAIRS = re.compile(r"^```yaml\n(.*?)^```\n\n```json\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ROWS = PAIRS.findall(PAGE.read_text(encoding="utf-8"))


def schema_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of a row: its properties, all of them required."""
    return {"type": "object", "properties": row["properties"], "required": list(row["properties"])}


def answer(row: Mapping[str, Any]) -> Any:
    """What the emulator answers to the prompt of a row."""
    body: dict[str, Any] = {"model": PLAIN, "seed": 1, "messages": [{"role": "user", "content": row["prompt"]}]}
    if "tool" in row:
        function = {"name": row["tool"], "parameters": schema_of(row)}
        body |= {"tools": [{"type": "function", "function": function}], "tool_choice": "required"}
    else:
        form = {"name": "answer", "schema": schema_of(row)}
        body |= {"response_format": {"type": "json_schema", "json_schema": form}}
    message = post(CHAT, body).json["choices"][0]["message"]
    return json.loads(message["tool_calls"][0]["function"]["arguments"] if "tool" in row else message["content"])


def test_the_answers_are_the_emulators() -> None:
    """Each answer on the page is the one that the emulator gives; WRITE_VALUES=1 writes them anew."""

    def again(found: "re.Match[str]") -> str:
        shown = json.dumps(answer(yaml.safe_load(found[1])), ensure_ascii=False, indent=2)
        return f"```yaml\n{found[1]}```\n\n```json\n{shown}\n```"

    page = PAGE.read_text(encoding="utf-8")
    current = PAIRS.sub(again, page)
    if os.environ.get("WRITE_VALUES"):
        PAGE.write_text(current, encoding="utf-8")
    else:
        assert page == current
    assert len(ROWS) == 20


@pytest.mark.parametrize(("asked", "shown"), ROWS, ids=lambda text: text.split("\n")[0][:40])
def test_the_answers_are_valid(asked: str, shown: str) -> None:
    """Each answer on the page is valid for its schema."""
    assert judge(schema_of(yaml.safe_load(asked)), json.loads(shown)) is None


def test_the_figures_are_the_codes() -> None:
    """The budgets on the page are those of the code."""
    text = PAGE.read_text(encoding="utf-8")
    for figure in (budget.STEPS, item_plans.LARGEST, phrases.LONGEST):
        assert f"{figure:,}" in text
