"""Markup in any text that the console shows appears as text."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from support.console import browser as browsing
from support.console import needs_browser, opened
from support.served import served

from emulator import Emulator

pytestmark = needs_browser
MODEL = "zai-org/GLM-5.3"
ATTACKS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "'-alert(1)-'",
    "javascript:alert(1)",
    "</textarea><iframe src=javascript:alert(1)>",
    "<style>*{display:none}</style>",
    "${alert(1)}",
    "<a href=javascript:alert(1)>x</a>",
)
FOREIGN = "script:not([src^='console/']), img, iframe, style, [onerror], [onload], a[href^='javascript' i]"
"""Elements and attributes that the pages never have."""
TABS = ("Conversation", "Why", "Frames", "Request", "Response")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One browser for all tests of this module; each has a context of its own."""
    with browsing() as launched:
        yield launched


def ask(akash: Emulator, path: str, attack: str, **more: Any) -> None:
    """Ask with an attack in each field that is a text."""
    content = [{"type": "text", "text": attack}]
    body = {"messages": [{"role": "user", "content": content}], "user": attack, "max_tokens": 50} | more
    headers = {"authorization": "Bearer akml-mine", "user-agent": attack.strip(), "x-attack": attack.strip()}
    httpx.post(f"{akash.url}{path}", content=json.dumps(body), headers=headers)


def harmless(page: Any) -> bool:
    """Whether the page has none of the elements that an attack would make."""
    found = page.locator(FOREIGN).count()
    return isinstance(found, int) and not found


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_field_of_an_inference_becomes_markup(browser: Any, attack: str) -> None:
    """Prompts, models, headers, rules, answers, tool calls and errors are shown as they are."""
    call = {"name": "f", "arguments": {"x": attack}}
    story = {
        "name": "story",
        "description": attack,
        "rules": [
            {"name": attack, "when": {"last_user": {"equals": attack}}, "reply": {"text": attack}},
            {"name": "calls", "when": {"model": "*GLM*"}, "reply": {"tool_calls": [call], "reasoning": attack}},
            {"name": "fails", "reply": {"error": {"kind": "internal", "message": attack}}},
        ],
    }
    with Emulator(scenario=story, any_model="true") as akash:
        chat = "/v1/chat/completions"
        ask(akash, chat, attack, model=MODEL, stream=True)
        ask(akash, chat, attack + " ", model=MODEL)
        ask(akash, chat, attack + " ", model=attack)
        ask(akash, "/anthropic/v1/messages", attack, model=attack, system=attack)
        ask(akash, f"/v1/{attack.replace('/', '')}", attack, model=attack)
        with opened(browser, akash) as page:
            page.locator(".row").first.wait_for()
            count = page.locator(".row").count()
            assert count >= 4 and harmless(page)
            for number in range(1, count + 1):
                page.goto(f"{akash.url}/_emulator/#/inferences/{number}")
                for tab in TABS:
                    page.get_by_role("tab", name=tab).click()
                    page.get_by_role("tabpanel", name=tab).wait_for()
                    assert harmless(page)


def test_no_name_becomes_markup(browser: Any) -> None:
    """Names of keys, scenarios, presets and accounts, their texts, searches and addresses are shown as they are."""
    attack = "".join(ATTACKS)
    with Emulator() as akash:
        httpx.post(f"{akash.url}/_emulator/keys", json={"name": attack[:100]}).raise_for_status()
        story = json.dumps(
            {"name": "story", "description": attack, "rules": [{"name": attack, "reply": {"text": attack}}]}
        )
        httpx.put(f"{akash.url}/_emulator/scenarios/story", content=story).raise_for_status()
        preset = {"model": MODEL, "description": attack, "system": attack, "parameters": {"user": attack}}
        httpx.put(f"{akash.url}/_emulator/presets/careful", json=preset).raise_for_status()
        httpx.post(f"{akash.url}/_emulator/activate", json={"scenario": "story"}).raise_for_status()
        ask(akash, "/v1/chat/completions", attack, model="@preset/careful")
        with opened(browser, akash, "#/settings/keys") as page:
            page.get_by_text("<script>alert(1)").first.wait_for()
            assert harmless(page)
            for path in (
                "scenarios",
                "scenarios/story",
                f"inferences?text={attack}",
                f"{attack}",
                f"inferences/{attack}",
                "inferences/1",
                "presets",
                "presets/careful",
                f"presets/{attack}",
                f"scenarios/{attack}",
                "scenarios/story?run=1",
                "settings/accounts",
                f"settings/accounts?key={quote(attack)}",
                f"settings/{attack}",
                "settings/usage",
                "settings/server",
                "playground",
                f"models?{attack}",
            ):
                page.evaluate("path => { location.hash = '#/' + path }", path)
                page.locator("main :is(h1, .problem, .empty, .stories, .panel)").first.wait_for()
                page.wait_for_load_state("networkidle") if path.endswith(("careful", "run=1")) else None
                assert harmless(page), path


def test_no_state_of_a_scenario_becomes_markup(browser: Any) -> None:
    """Where a key is in a scenario is shown as it is: the states, the rule, and the message of a refusal."""
    attack = "".join(ATTACKS)
    replies = [
        {"text": "One.", "set_state": {"machine": attack}},
        {"error": {"kind": "internal", "message": attack}},
    ]
    with Emulator(scenario={"name": "story", "rules": [{"name": attack, "replies": replies}]}) as akash:
        for _ in range(2):
            ask(akash, "/v1/chat/completions", "Hello", model=MODEL)
        with opened(browser, akash, "#/inferences/2") as page:
            page.get_by_role("tab", name="Why").click()
            page.get_by_text(f"machine: {attack}").wait_for()
            page.get_by_label("Position").select_option("now")
            page.locator(".turns", has_text=f"{attack}: 2 of 2 given").wait_for()
            assert harmless(page)


def test_no_file_becomes_markup(browser: Any, tmp_path: Path) -> None:
    """The path of a scenario, and what the file has when it was changed meanwhile, are shown as they are."""
    attack = "".join(ATTACKS)
    folder = tmp_path / "<img src=x onerror=alert(1)>"
    folder.mkdir()
    file = folder / "story.yaml"
    file.write_text("name: story\nrules: [{reply: {text: One.}}]\n")
    with served("--scenarios", str(folder), "--watch") as akash, opened(browser, akash, "#/scenarios/story") as page:
        page.locator(".source", has_text=str(file)).wait_for()
        page.get_by_text("No mistakes.").wait_for()
        file.write_text(f"# {attack}\n{file.read_text()}")
        page.get_by_role("button", name="Save").click()
        page.locator(".conflict pre", has_text=attack).wait_for()
        assert harmless(page)


def test_no_answer_in_the_playground_becomes_markup(browser: Any) -> None:
    """What a model says, its calls and its errors are shown as they are, while they come and afterwards."""
    attack = " ".join(ATTACKS)
    story = {
        "name": "story",
        "rules": [{"replies": [{"text": attack}, {"error": {"kind": "internal", "message": attack}}]}],
    }
    with Emulator(scenario=story) as akash, opened(browser, akash, "#/playground") as page:
        for text in ("One", "Two"):
            page.get_by_label("Message").fill(text + attack)
            page.get_by_label("Message").press("Enter")
            page.get_by_role("button", name="Send").wait_for()
        page.get_by_text("500 ·").wait_for()
        assert page.locator(".turn.answer p").first.inner_text() == attack
        assert harmless(page)
