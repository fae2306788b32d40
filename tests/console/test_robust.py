"""What is odd, unsaved or interrupted: every page stays usable, and nothing that was typed is lost."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.console import browser as browsing
from support.console import editor_of, needs_browser, opened
from support.served import served

from emulator import Emulator

pytestmark = needs_browser
MODEL = "zai-org/GLM-5.3"
STORY = "name: story\nrules:\n  - name: one\n    reply: {text: One.}\n"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One browser for all tests of this module; each has a context of its own."""
    with browsing() as launched:
        yield launched


def visit(page: Any, path: str) -> None:
    """Go to another page of the console as a link does."""
    page.evaluate("path => { location.hash = '#/' + path }", path)


@pytest.mark.parametrize(
    "body",
    [
        {"model": MODEL, "messages": "Hello"},
        {"model": MODEL, "messages": [None, 1]},
        {"model": {}, "messages": {}},
        {"model": MODEL, "messages": [{"role": "system", "content": 5}, {"role": "user", "content": [None, "a"]}]},
        {"model": MODEL, "messages": [{"role": "assistant", "content": None, "tool_calls": 5}], "tools": 7, "n": []},
    ],
)
def test_a_request_of_any_shape_is_handed_over(browser: Any, body: Any) -> None:
    """A request that the API refused is opened in the playground and as a preset."""
    with Emulator() as akash:
        headers = {"authorization": "Bearer akml-mine"}
        assert httpx.post(f"{akash.url}/v1/chat/completions", json=body, headers=headers).status_code == 400
        for name, complete in (("Playground", ".column"), ("Preset", "form.scenario")):
            with opened(browser, akash, "#/inferences/1") as page:
                page.locator(".actions").get_by_role("button", name=name).click()
                page.locator(complete).first.wait_for()


@pytest.mark.parametrize("page_of", ["presets", "scenarios", "inferences"])
@pytest.mark.parametrize("name", [".", "..", "%2F", "%2F%2F", "%", "__proto__", "%00"])
def test_a_name_that_is_a_path_leads_nowhere_else(browser: Any, page_of: str, name: str) -> None:
    """The page says that there is nothing of this name."""
    with Emulator() as akash, opened(browser, akash, f"#/{page_of}/{name}") as page:
        page.locator(".detail .problem", has_text="There is no").wait_for()


def test_a_page_that_fails_says_so_and_the_others_work(browser: Any) -> None:
    """An answer that is none of this server's is told as a problem, and the next page is shown."""
    with Emulator() as akash, opened(browser, akash) as page:
        page.route("**/_emulator/presets", lambda route: route.fulfill(json={"presets": 5}))
        visit(page, "presets")
        page.locator("main > .problem").wait_for()
        visit(page, "settings")
        page.locator(".clock").wait_for()


def test_a_page_is_complete_when_the_server_comes_back(browser: Any) -> None:
    """What could not be loaded is asked for again."""
    with Emulator() as akash, opened(browser, akash, "#/models") as page:
        page.locator(".model").first.wait_for()
        visit(page, "settings")
        page.locator(".clock").wait_for()
        page.context.set_offline(True)
        visit(page, "models")
        page.get_by_text("The server does not answer").wait_for()
        page.context.set_offline(False)
        page.locator(".model").first.wait_for()


def test_a_page_that_may_not_be_had_says_what_to_do(browser: Any) -> None:
    """Without its token, a server gives no page, and the console tells how to come back."""
    with Emulator(control_token="secret") as akash, opened(browser, akash, "?token=secret") as page:
        page.get_by_role("heading", name="Ask something").wait_for()
        page.context.clear_cookies()
        visit(page, "models")
        page.locator(".problem", has_text="needs this server's token, which serve printed").wait_for()


@pytest.mark.parametrize("typed", ["0.05", "-1.50", "1e-1", "0"])
def test_a_number_is_typed_digit_by_digit(browser: Any, typed: str) -> None:
    """What is on the way to a number stays as it was typed, and is sent as the number."""
    with Emulator() as akash, opened(browser, akash, "#/playground") as page:
        field = page.get_by_label("presence_penalty", exact=True)
        field.focus()
        page.keyboard.type(typed)
        assert field.input_value() == typed
        page.get_by_label("Message").fill("Hello")
        page.get_by_label("Message").press("Enter")
        page.get_by_text("200 ·").wait_for()
        asked = httpx.get(f"{akash.url}/_emulator/inferences/1").json()["request"]
        assert asked["presence_penalty"] == float(typed)


@pytest.mark.parametrize("stream", [True, False])
def test_each_choice_is_shown_apart(browser: Any, stream: bool) -> None:
    """The tokens of several choices come mixed, and each choice has its own text."""
    with Emulator(reply="One two three.") as akash, opened(browser, akash, "#/playground") as page:
        page.get_by_label("Stream").set_checked(stream)
        page.get_by_label("n", exact=True).fill("3")
        page.get_by_label("Message").fill("Hello")
        page.get_by_label("Message").press("Enter")
        page.get_by_text("200 ·").wait_for()
        shown = page.locator(".turn.answer .probable > p").all_inner_texts()
        assert shown == ["One two three."] * 3


def test_what_was_streamed_is_not_made_again(browser: Any) -> None:
    """A token that was shown while the answer came is the same element when it has ended."""
    reply = {"text": "One two three.", "faults": [{"stall": "60s", "after": {"tokens": 2}}]}
    with (
        Emulator(scenario={"name": "slow", "rules": [{"reply": reply}]}, clock="frozen") as akash,
        opened(browser, akash, "#/playground") as page,
    ):
        page.get_by_label("Message").fill("Hello")
        page.get_by_label("Message").press("Enter")
        token = page.locator(".token").first.element_handle()
        akash.clock.advance("60s")
        page.get_by_text("200 ·").wait_for()
        assert token.evaluate("each => each.isConnected")


def test_what_was_typed_can_be_undone(browser: Any) -> None:
    """Indents and completed words are undone and done again like what was typed; all of it by keyboard."""
    with Emulator() as akash, opened(browser, akash, "#/scenarios/new") as page:
        editor = editor_of(page)
        before = editor.input_value()
        editor.focus()
        page.keyboard.press("Control+End")
        page.keyboard.type("  - na")
        page.get_by_role("option", name="name").wait_for(state="attached")
        page.keyboard.press("Tab")
        page.keyboard.type("sun")
        page.keyboard.press("Enter")
        page.keyboard.type("rep")
        page.get_by_role("option", name="replies").wait_for(state="attached")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        page.keyboard.type("{text: Sun.}")
        after = editor.input_value()
        assert after == before + "  - name: sun\n    reply: {text: Sun.}"
        for _ in range(60):
            page.keyboard.press("Control+z")
        assert editor.input_value() == before
        for _ in range(60):
            page.keyboard.press("Control+Shift+z")
        assert editor.input_value() == after


def test_a_mistake_in_a_long_scenario_is_marked_at_its_line(browser: Any) -> None:
    """Of thousands of lines only those in view are drawn, each with its number."""
    rule = "  - name: r{0}\n    when: {{last_user: {{contains: k{0}}}}}\n    reply: {{text: One.}}\n"
    text = "name: long\nrules:\n" + "".join(map(rule.format, range(1700))) + "  - nmae: wrong\n"
    with Emulator() as akash, opened(browser, akash, "#/scenarios/new") as page:
        editor = editor_of(page)
        editor.evaluate("(area, text) => { area.value = text; area.dispatchEvent(new Event('input')) }", text)
        page.get_by_role("button", name="line 5103").first.click()
        page.locator(".under-line.mistake", has_text="nmae").wait_for()
        assert page.locator(".under-line.mistake .gutter").inner_text() == "5103"
        assert page.locator(".under-line").count() < 60


def test_an_unsaved_text_is_kept_while_one_looks_elsewhere(browser: Any, tmp_path: Path) -> None:
    """A scenario and a preset are as they were left; a file that was changed meanwhile is not overwritten unseen."""
    file = tmp_path / "story.yaml"
    file.write_text(STORY)
    with (
        served("--scenarios", str(tmp_path), "--watch") as akash,
        opened(browser, akash, "#/scenarios/story") as page,
    ):
        editor_of(page).fill(STORY.replace("One.", "Mine."))
        visit(page, "presets/new")
        page.get_by_label("System prompt").fill("You are careful.")
        file.write_text(STORY.replace("One.", "Theirs."))
        visit(page, "scenarios/story")
        assert "Mine." in editor_of(page).input_value()
        page.get_by_role("button", name="Save").click()
        page.locator(".conflict pre", has_text="Theirs.").wait_for()
        file.write_text(STORY.replace("One.", "Later."))
        page.get_by_role("button", name="Save anyway").click()
        page.locator(".conflict pre", has_text="Later.").wait_for()
        page.get_by_role("button", name="Save anyway").click()
        page.get_by_text(f"Saved: {file}").wait_for()
        assert "Mine." in file.read_text()
        visit(page, "presets/new")
        page.get_by_label("System prompt").wait_for()
        assert page.get_by_label("System prompt").input_value() == "You are careful."


def test_a_file_keeps_the_ends_of_its_lines(browser: Any, tmp_path: Path) -> None:
    """A file with CRLF has CRLF when it was saved."""
    file = tmp_path / "story.yaml"
    file.write_bytes(STORY.replace("\n", "\r\n").encode())
    with (
        served("--scenarios", str(tmp_path), "--watch") as akash,
        opened(browser, akash, "#/scenarios/story") as page,
    ):
        editor_of(page).fill(STORY.replace("One.", "Two."))
        editor_of(page)
        page.get_by_role("button", name="Save").click()
        page.get_by_text(f"Saved: {file}").wait_for()
        assert file.read_bytes() == STORY.replace("One.", "Two.").replace("\n", "\r\n").encode()


def test_a_text_whose_file_is_gone_can_be_stored(browser: Any, tmp_path: Path) -> None:
    """The scenario is gone with its file; what was typed is still there, and is put into the server."""
    file = tmp_path / "story.yaml"
    file.write_text(STORY)
    with (
        served("--scenarios", str(tmp_path), "--watch") as akash,
        opened(browser, akash, "#/scenarios/story") as page,
    ):
        editor_of(page).fill(STORY.replace("One.", "Mine."))
        file.unlink()
        page.get_by_role("button", name="Save").click()
        page.get_by_role("button", name="Store").click()
        page.get_by_text("Stored: story").wait_for()
        assert "Mine." in httpx.get(f"{akash.url}/_emulator/scenarios/story/source").json()["text"]


def test_the_focus_is_never_lost(browser: Any) -> None:
    """When a button is gone or switched off by what it did, something near it has the focus."""
    focused = "document.activeElement !== document.body && document.activeElement.isConnected"
    with Emulator() as akash:
        httpx.put(f"{akash.url}/_emulator/presets/careful", json={"model": MODEL}).raise_for_status()
        httpx.post(f"{akash.url}/_emulator/keys", json={"name": "ci"}).raise_for_status()
        with opened(browser, akash, "#/presets/careful") as page:
            page.get_by_role("button", name="Delete").press("Enter")
            page.get_by_role("button", name="Yes").press("Enter")
            page.get_by_text("Deleted: careful").wait_for()
            page.locator(".empty").wait_for()
            assert page.evaluate(focused)
            visit(page, "settings/keys")
            page.get_by_role("button", name="Revoke").press("Enter")
            page.get_by_role("button", name="Yes").press("Enter")
            page.get_by_text("Revoked: ci").wait_for()
            page.get_by_role("button", name="Revoke").wait_for(state="detached")
            assert page.evaluate(focused)
            visit(page, "playground")
            page.get_by_label("Message").fill("Hello")
            page.get_by_role("button", name="Send").press("Enter")
            page.get_by_text("200 ·").wait_for()
            page.get_by_role("button", name="Clear").press("Enter")
            page.locator(".turn").first.wait_for(state="detached")
            assert page.evaluate(focused)
