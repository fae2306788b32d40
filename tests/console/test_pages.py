"""The console as a person uses it, in a real browser."""

import json
import os
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import openai
import pytest
from support.console import browser as browsing
from support.console import editor_of, needs_browser, opened
from support.served import ROOT, served

from emulator import Emulator

pytestmark = needs_browser
MODEL = "zai-org/GLM-5.3"
LIMITED = """
name: limited
rules:
  - name: rain
    when: {last_user: {contains: rain}}
    reply: {text: It rains.}
  - name: busy
    replies:
      - {error: rate_limited, retry_after: 2s}
      - {error: rate_limited, retry_after: 1s}
      - {text: It is sunny.}
"""
STEPS = """
name: stepwise
rules:
  - name: steps
    replies:
      - {text: One., set_state: {paid: "yes"}}
      - {text: Two.}
      - {text: Three.}
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One browser for all tests of this module; each has a context of its own."""
    with browsing() as launched:
        yield launched


def ask(akash: Emulator, text: str = "Hello", key: str = "akml-mine", **more: Any) -> httpx.Response:
    """Ask as a program does."""
    body = {"model": MODEL, "messages": [{"role": "user", "content": text}], **more}
    return httpx.post(f"{akash.url}/v1/chat/completions", json=body, headers={"authorization": f"Bearer {key}"})


def control(akash: Emulator, path: str, body: Any) -> Any:
    """Post to a control route."""
    return httpx.post(f"{akash.url}/_emulator/{path}", json=body).raise_for_status().json()


def send(page: Any, text: str, key: str = "akml-mine") -> None:
    """Ask in the playground."""
    page.get_by_label("API key").fill(key)
    page.get_by_label("Message").fill(text)
    page.get_by_label("Message").press("Enter")


def test_an_empty_record_teaches_the_first_request(browser: Any) -> None:
    """Before anything was asked, there is a command to paste, with this server's address."""
    with Emulator() as akash, opened(browser, akash) as page:
        assert f"curl -sS {akash.url}/v1/chat/completions" in page.locator(".empty pre").inner_text()


def test_an_answer_streams_in_the_playground_and_is_found_in_the_record(browser: Any) -> None:
    """The answer appears with its log probabilities, and a link leads to its frames and its conversation."""
    with Emulator() as akash, opened(browser, akash, "#/playground") as page:
        send(page, "Tell me of the sea")
        page.get_by_role("link", name="inference", exact=True).click()
        page.get_by_role("heading", name=re.compile("#1 200 completed")).wait_for()
        answer = page.locator(".turn.answer p").last.inner_text()
        assert "sea" in answer and page.locator(".turn", has_text="Tell me of the sea").count() >= 1
        assert page.get_by_role("img", name=re.compile("First token")).count() == 1
        page.get_by_role("tab", name=re.compile("Frames")).click()
        assert page.locator(".frames-table tbody tr").count() > 10


def test_a_token_shows_its_alternatives(browser: Any) -> None:
    """Arrow keys move from token to token, and show what else might have been said."""
    with Emulator() as akash, opened(browser, akash, "#/playground") as page:
        send(page, "Tell me of the sea")
        page.get_by_role("group", name=re.compile("Tokens")).focus()
        page.keyboard.press("ArrowRight")
        assert page.locator(".alternatives span").count() == 5


def test_three_attempts_are_joined_and_the_wait_that_was_too_short_is_seen(browser: Any) -> None:
    """Attempts at one question are one picture, with what Retry-After asked for beside the wait that was kept."""
    with Emulator(scenario=LIMITED, clock="frozen") as akash, opened(browser, akash) as page:
        for wait in ("500ms", "2s", "0s"):
            assert ask(akash).status_code in (200, 429)
            akash.clock.advance(wait)
        page.locator(".row").first.click()
        picture = page.get_by_role("region", name="Timeline")
        picture.get_by_text("3 attempts at the same question").wait_for()
        assert picture.get_by_text("Retry-After 2 s").count() == 1
        assert picture.get_by_text("waited 500 ms, 1.5 s too short").count() == 1
        assert picture.get_by_text("waited 2 s").count() == 1
        assert picture.locator(".finding.bad").get_by_text("ignored-retry-after").count() == 1


def test_the_names_of_waits_are_inside_a_narrow_picture(browser: Any) -> None:
    """On a telephone, no text of the attempts begins left of their picture."""
    with Emulator(scenario=LIMITED, clock="frozen") as akash:
        for _ in range(3):
            ask(akash)
            akash.clock.advance("300ms")
        with opened(browser, akash, "#/inferences/3", width=390, height=844) as page:
            page.locator(".attempts .ignored").nth(1).wait_for()
            left = page.locator(".attempts svg").bounding_box()["x"]
            texts = page.locator(".attempts text").all()
            assert [text.text_content() for text in texts if text.bounding_box()["x"] < left - 1] == []


def test_a_fault_is_named_where_it_happened(browser: Any) -> None:
    """A stall stands on the axis of the answer with its name and its place."""
    story = {
        "name": "slow",
        "rules": [{"reply": {"text": "One two three.", "faults": [{"stall": "1ms", "after": {"tokens": 1}}]}}],
    }
    with Emulator(scenario=story) as akash, opened(browser, akash) as page:
        ask(akash, stream=True)
        page.locator(".row").first.click()
        page.locator(".fault").get_by_text("stall").wait_for()


def test_a_rule_that_did_not_match_is_explained_and_mended_at_its_line(browser: Any) -> None:
    """Why leads to the rule's line; the editor marks a mistake while it is made, and what is stored answers."""
    with Emulator() as akash, opened(browser, akash) as page:
        httpx.put(f"{akash.url}/_emulator/scenarios/limited", content=LIMITED).raise_for_status()
        ask(akash, "Will it snow?", "akml-limited")
        page.locator(".row").first.click()
        page.get_by_role("tab", name=re.compile("Why")).click()
        assert 'expected to contain "rain", got "Will it snow?"' in page.locator(".rule-differs").inner_text()
        page.locator(".rule-differs").get_by_role("link", name="line 4").click()
        editor = page.get_by_role("textbox", name=re.compile("as YAML"))
        page.locator(".under-line.here", has_text="rain").wait_for()
        assert editor.evaluate("e => e.value.slice(e.selectionStart, e.selectionEnd)") == "  - name: rain"
        editor.fill(LIMITED.replace("last_user:", "last_usr:"))
        marked = page.locator(".under-line.mistake")
        assert "last_usr" in marked.inner_text()
        page.locator(".mistakes").get_by_text("did you mean").wait_for()
        assert page.get_by_role("button", name="Store").is_disabled()
        editor.fill(LIMITED.replace("rain}", "snow}"))
        page.locator(".rule-answered", has_text="rain").wait_for()
        page.get_by_role("button", name="Store").click()
        page.get_by_text("Stored: limited").wait_for()
        assert "It rains." in ask(akash, "Will it snow?", "akml-limited").text


def test_a_scenario_is_saved_into_its_file(browser: Any, tmp_path: Path) -> None:
    """The page says that it writes the file, marks a mistake at its line, and the file then has what was typed."""
    file = tmp_path / "limited.yaml"
    file.write_text(LIMITED)
    with (
        served("--scenarios", str(tmp_path), "--watch") as akash,
        opened(browser, akash, "#/scenarios/limited") as page,
    ):
        editor = editor_of(page)
        page.locator(".source", has_text=f"Save writes {file}").wait_for()
        editor.fill(LIMITED.replace("rain}", "[}"))
        page.locator(".under-line.mistake").wait_for()
        assert page.get_by_role("button", name="Save").is_disabled()
        for word in ("snow", "hail"):
            editor.fill(LIMITED.replace("rain}", word + "}"))
            page.get_by_text("No mistakes.").wait_for()
            page.get_by_role("button", name="Save").click()
            page.get_by_text(f"Saved: {file}").wait_for()
            assert file.read_text() == LIMITED.replace("rain}", word + "}")
            page.get_by_text(f"Saved: {file}").wait_for(state="detached")
        editor.fill(LIMITED.replace("name: limited", "name: other"))
        page.get_by_role("button", name="Store").click()
        page.get_by_text("Stored: other, until the server stops.").wait_for()
        assert [path.name for path in tmp_path.iterdir()] == ["limited.yaml"]


def test_only_a_scenario_that_was_put_is_deleted(browser: Any, tmp_path: Path) -> None:
    """A scenario of a file has no button to delete it, however its path was given: the file would stay."""
    (tmp_path / "limited.yaml").write_text(LIMITED)
    with served("--scenarios", os.path.relpath(tmp_path, ROOT)) as akash:
        content = STEPS.encode()
        httpx.put(f"{akash.url}/_emulator/scenarios/stepwise", content=content).raise_for_status()
        with opened(browser, akash, "#/scenarios/limited") as page:
            page.get_by_text("limited.yaml stays as it is").wait_for()
            assert page.get_by_role("button", name="Delete").count() == 0
        with opened(browser, akash, "#/scenarios/stepwise") as page:
            page.get_by_role("button", name="Delete").click()
            page.get_by_role("button", name="Yes").click()
            page.get_by_text("Deleted: stepwise").wait_for()


@pytest.mark.parametrize("takes", [False, True], ids=["save anyway", "take theirs"])
def test_what_was_typed_is_kept_when_the_file_has_changed(browser: Any, tmp_path: Path, takes: bool) -> None:
    """The text of the file is shown, and one may save what one typed after all, or go on with what the file has."""
    file, mine, theirs = tmp_path / "limited.yaml", LIMITED.replace("sunny", "hot"), LIMITED.replace("sunny", "cold")
    file.write_text(LIMITED)
    with served("--scenarios", str(tmp_path)) as still:
        assert not httpx.get(f"{still.url}/_emulator/scenarios/limited/source").json()["writable"]
    with (
        served("--scenarios", str(tmp_path), "--watch") as akash,
        opened(browser, akash, "#/scenarios/limited") as page,
    ):
        editor = editor_of(page)
        editor.fill(mine)
        file.write_text(theirs)
        page.get_by_role("button", name="Save").click()
        page.locator(".conflict pre", has_text="It is cold.").wait_for()
        assert editor.input_value() == mine and file.read_text() == theirs
        if takes:
            page.get_by_role("button", name="Exchange with the editor").click()
            page.locator(".conflict pre", has_text="It is hot.").wait_for()
            assert editor.input_value() == theirs
        page.get_by_role("button", name="Save anyway").click()
        page.get_by_text(f"Saved: {file}").wait_for()
        assert file.read_text() == (theirs if takes else mine)
        page.locator(".conflict").wait_for(state="detached")


def test_why_tells_where_the_key_was_and_where_it_is_now(browser: Any) -> None:
    """Which reply of how many it was, with the states; and what would answer at the start, and now."""
    with Emulator(scenario=STEPS) as akash, opened(browser, akash) as page:
        for _ in range(2):
            ask(akash)
        page.locator(".row", has_text="#1").last.click()
        page.get_by_text("1 of 3", exact=True).wait_for()
        page.get_by_role("tab", name=re.compile("Why")).click()
        tags = page.locator(".turns")
        assert tags.inner_text().strip() == "reply 1 of 3"
        page.get_by_label("Position").select_option("now")
        page.locator(".turns", has_text="reply 3 of 3").wait_for()
        assert "paid: yes" in tags.inner_text() and "steps: 2 of 3 given" in tags.inner_text()
        page.get_by_label("Explain against").select_option("hello")
        page.get_by_label("Position").select_option("start")
        page.get_by_role("tabpanel", name="Why").get_by_text("'hello'").first.wait_for()


def test_a_key_with_a_limit_meets_a_429_until_the_clock_goes_on(browser: Any) -> None:
    """A key is made with a limit and shown once; the playground shows its 429 with headers; then a minute passes."""
    with Emulator(clock="frozen") as akash, opened(browser, akash, "#/settings/keys") as page:
        page.get_by_label("Name").fill("ci")
        page.get_by_label("Requests per minute").fill("1")
        page.get_by_role("button", name="Create a key").click()
        key = page.locator(".made code").inner_text()
        page.get_by_role("link", name="Playground").click()
        send(page, "One", key)
        page.get_by_text("200 ·").wait_for()
        send(page, "Two", key)
        page.locator(".failure", has_text="retry-after").wait_for()
        page.get_by_text("429 ·").wait_for()
        page.get_by_role("link", name="Settings").click()
        page.get_by_role("button", name="+1m").click()
        page.get_by_text("Advanced by 1m").wait_for()
        page.get_by_role("link", name="Playground").click()
        send(page, "Three", key)
        page.get_by_text("200 ·").nth(1).wait_for()


def test_a_key_that_is_refused_in_the_playground_is_told_in_the_words_of_the_api(browser: Any) -> None:
    """The error is the message of the answer and nothing else: the token of the console has no part in it."""
    with Emulator() as akash, opened(browser, akash, "#/playground") as page:
        send(page, "Hello", "nonsense")
        page.get_by_text("Invalid token format. API keys should start with 'akml-'.", exact=True).wait_for()


def test_credits_are_topped_up_after_a_402(browser: Any) -> None:
    """An account without credits is refused, and answered after a purchase, which the ledger shows."""
    with Emulator() as akash, opened(browser, akash, "#/settings/accounts?key=akml-mine") as page:
        httpx.put(f"{akash.url}/_emulator/account", json={"key": "akml-mine", "credits": "0.00 USD"}).raise_for_status()
        assert ask(akash).status_code == 402
        page.reload()
        page.get_by_text("Change the credits").wait_for()
        page.locator(".account button", has_text="Top up").click()
        page.locator(".account td", has_text="$5.00").first.wait_for()
        page.locator(".scroll:not(.account *) td", has_text="$5.00").wait_for()
        assert ask(akash).status_code == 200


def test_the_list_is_moved_through_by_keys_and_searched(browser: Any) -> None:
    """j, k and Escape move and close; the search goes into the address, and so does a filter."""
    with Emulator() as akash, opened(browser, akash) as page:
        for text in ("apples", "pears", "plums"):
            ask(akash, text)
        page.get_by_role("listbox").focus()
        page.keyboard.press("j")
        page.keyboard.press("j")
        page.get_by_role("heading", name=re.compile("#2 ")).wait_for()
        page.keyboard.press("k")
        page.get_by_role("heading", name=re.compile("#3 ")).wait_for()
        page.keyboard.press("Escape")
        page.get_by_role("heading", name="How the client behaved").wait_for()
        page.keyboard.press("/")
        page.keyboard.type("pears endpoint:chat")
        page.keyboard.press("Enter")
        page.locator(".row").nth(1).wait_for(state="detached")
        page.locator(".rows-foot", has_text=re.compile("^1 inference")).wait_for()
        assert "text=pears" in page.url and "endpoint=chat" in page.url


def refused(akash: Emulator, count: int) -> None:
    """Ask as often as it says on one connection, without waiting for each answer: all are refused, and recorded."""
    address = urlsplit(akash.url)
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: {address.netloc}\r\nauthorization: Bearer akml-a\r\n"
    request = f"{head}content-length: 2\r\n\r\n{{}}".encode()
    with socket.create_connection((address.hostname, address.port), timeout=60) as connection:
        for _ in range(count // 100):
            connection.sendall(request * 100)
            received = b""
            while received.count(b"HTTP/1.1 400 ") < 100:
                part = connection.recv(1 << 16)
                assert part, received
                received += part


def test_the_list_goes_on_once_the_server_is_ready_again(browser: Any) -> None:
    """A server that refuses to be followed is asked again, and what came in the meantime is shown."""
    with Emulator() as akash, opened(browser, akash) as page:
        ask(akash)
        page.route(re.compile("follow=live"), lambda route: route.fulfill(status=503))
        page.reload()
        page.get_by_text("not live").wait_for()
        ask(akash)
        page.unroute_all()
        page.locator(".row").nth(1).wait_for()


def test_of_many_attempts_those_around_the_chosen_one_are_drawn(browser: Any) -> None:
    """A client that asked the same fifty times has a picture that can be read, which says that there are more."""
    story = {"name": "busy", "rules": [{"reply": {"error": "internal"}}]}
    with Emulator(scenario=story) as akash:
        for _ in range(50):
            ask(akash)
        with opened(browser, akash, "#/inferences/25") as page:
            page.get_by_text("50 attempts at the same question, of which 20 are shown").wait_for()
            assert page.locator(".attempt").count() == 20
            assert page.locator(".attempt.here", has_text="#25").count() == 1


def test_a_record_of_ten_thousand_is_shown_in_part_and_scrolled_to_its_end(browser: Any) -> None:
    """Only the rows in view are in the page, pages of older ones are loaded on the way, and the oldest is reached."""
    with Emulator(max_inferences=10_000) as akash:
        refused(akash, 10_000)
        with opened(browser, akash) as page:
            page.get_by_text("500 inferences and more").wait_for()
            rows, shown = page.get_by_role("listbox"), page.locator(".row")
            for loaded in ("1,000", "1,500"):
                rows.evaluate("e => { e.scrollTop = e.scrollHeight }")
                page.get_by_text(f"{loaded} inferences and more").wait_for()
                assert shown.count() < 60
            rows.focus()
            page.keyboard.press("End")
            page.locator(".row-number", has_text=re.compile("^#1$")).wait_for()
            page.locator(".rows-foot", has_text=re.compile("^10,000 inferences")).wait_for()
            assert shown.count() < 60
            page.keyboard.press("PageUp")
            page.keyboard.press("Home")
            page.locator(".row-number", has_text="#10000").wait_for()
            assert shown.count() < 60


def test_a_bar_of_the_histogram_leads_to_what_came_in_its_time(browser: Any) -> None:
    """Neither what came before it nor what came after it is listed; arrow keys move from bar to bar."""
    with Emulator(clock="frozen") as akash, opened(browser, akash) as page:
        for text in ("One", "Two", "Three"):
            ask(akash, text)
            akash.clock.advance("10s")
        page.locator(".bar").nth(2).wait_for()
        page.locator(".bar").first.focus()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Enter")
        page.locator(".rows-foot", has_text=re.compile("^1 inference")).wait_for()
        assert page.locator(".row-number").inner_text() == "#2"
        assert "since=" in page.url and "until=" in page.url


def test_a_stream_of_two_thousand_tokens_is_shown_whole(browser: Any) -> None:
    """Whatever the speed, no token is dropped."""
    words = " ".join(f"w{number}" for number in range(2000))
    with Emulator(reply=words) as akash, opened(browser, akash, "#/playground") as page:
        send(page, "Count")
        page.get_by_text("200 ·").wait_for()
        assert page.locator(".turn.answer p").first.inner_text() == words


def test_each_list_is_moved_through_by_keys(browser: Any) -> None:
    """The key / goes to the search, arrow keys from link to link and from tab to tab."""
    with Emulator() as akash, opened(browser, akash, "#/scenarios") as page:
        page.get_by_label("Search the scenarios").wait_for()
        page.keyboard.press("/")
        page.keyboard.type("greeting")
        page.locator(".stories li").nth(1).wait_for(state="detached")
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        page.get_by_role("heading", name="hello").wait_for()
        page.get_by_role("link", name="Settings").click()
        page.get_by_role("tab", name="Clock").focus()
        page.keyboard.press("ArrowRight")
        page.get_by_role("tabpanel", name="Keys").wait_for()
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowLeft")
        page.get_by_role("tabpanel", name="Server").wait_for()


@pytest.mark.parametrize(
    ("path", "button", "question"),
    [
        ("presets/careful", "Delete", "Delete careful?"),
        ("scenarios/limited", "Delete", "Delete limited, which plays by default?"),
        ("settings/keys", "Revoke", "Revoke ci?"),
        ("settings/keys", "New secret", "Replace the secret of ci?"),
        ("settings/server", "Forget all that happened", "Forget all that happened?"),
    ],
)
def test_what_cannot_be_undone_is_asked_once_more(browser: Any, path: str, button: str, question: str) -> None:
    """In place, and by keyboard: the focus is on No, which goes back, as Escape does; only Yes does it."""
    with Emulator() as akash, opened(browser, akash, f"#/{path}") as page:
        httpx.put(f"{akash.url}/_emulator/scenarios/limited", content=LIMITED).raise_for_status()
        httpx.put(f"{akash.url}/_emulator/presets/careful", json={"model": MODEL}).raise_for_status()
        control(akash, "activate", {"scenario": "limited"})
        control(akash, "keys", {"name": "ci"})
        ask(akash)
        snapshot = httpx.get(f"{akash.url}/_emulator/snapshot").json()["store"]
        page.reload()
        act = page.get_by_role("button", name=button, exact=True)
        for key in ("Enter", "Escape"):
            act.press("Enter")
            page.get_by_role("group", name=question).wait_for()
            page.keyboard.press(key)
            assert act.evaluate("button => button === document.activeElement")
        assert httpx.get(f"{akash.url}/_emulator/presets/careful").status_code == 200
        assert httpx.get(f"{akash.url}/_emulator/snapshot").json()["store"] == snapshot
        act.press("Enter")
        page.get_by_role("button", name="Yes").press("Enter")
        page.locator(".notice", has_text="✓").wait_for()
        gone = httpx.get(f"{akash.url}/_emulator/presets/careful").status_code == 404
        assert gone or httpx.get(f"{akash.url}/_emulator/snapshot").json()["store"] != snapshot


def test_two_models_answer_side_by_side(browser: Any) -> None:
    """One message goes to both, and each answers in its own column."""
    with Emulator() as akash, opened(browser, akash, "#/playground") as page:
        page.get_by_label("Two models").check()
        send(page, "Hello")
        page.get_by_text("200 ·").nth(1).wait_for()
        asked = httpx.get(f"{akash.url}/_emulator/inferences").json()["inferences"]
        assert len({each["model"] for each in asked}) == 2


@pytest.mark.parametrize("language", ["curl", "Python", "Node"])
def test_the_code_of_a_request_names_this_server(browser: Any, language: str) -> None:
    """What the playground asks can be copied as code."""
    with Emulator() as akash, opened(browser, akash, "#/playground") as page:
        page.get_by_role("tab", name="Code").click()
        page.get_by_role("tab", name=language).click()
        assert akash.url in page.locator(".view pre").inner_text()


def test_a_backend_is_switched_off(browser: Any) -> None:
    """A model without a backend answers with 504, and works again afterwards."""
    with Emulator() as akash, opened(browser, akash, "#/models") as page:
        card = page.locator(".model", has_text="zai-org/GLM-5.3")
        card.get_by_label("Backends").select_option("gone")
        card.get_by_text("no backend", exact=True).wait_for()
        assert ask(akash).status_code == 504
        card.get_by_label("Backends").select_option("up")
        card.get_by_text("up", exact=True).wait_for()
        assert ask(akash).status_code == 200


def test_an_inference_becomes_a_scenario(browser: Any) -> None:
    """What was answered is opened in the editor as a scenario without mistakes, which can be stored."""
    with Emulator(reply="It is sunny.") as akash, opened(browser, akash) as page:
        ask(akash)
        page.locator(".row").first.click()
        page.get_by_role("button", name="Scenario").click()
        page.get_by_text("No mistakes.").wait_for()
        page.get_by_role("button", name="Store").click()
        page.get_by_text("Stored: inference-").wait_for()


def test_a_replay_asks_the_same_again(browser: Any) -> None:
    """The new inference is opened."""
    with Emulator() as akash, opened(browser, akash) as page:
        ask(akash)
        page.locator(".row").first.click()
        page.get_by_role("button", name="Replay").click()
        page.get_by_role("heading", name=re.compile("#2 ")).wait_for()
        first, second = httpx.get(f"{akash.url}/_emulator/inferences").json()["inferences"]
        assert first["question"] == second["question"]


def test_an_inference_is_seen_while_it_runs(browser: Any) -> None:
    """It appears when it starts, and its end is seen without asking again."""
    story = {
        "name": "slow",
        "rules": [{"reply": {"text": "At last.", "faults": [{"stall": "60s", "after": {"tokens": 1}}]}}],
    }
    with Emulator(scenario=story, clock="frozen") as akash, opened(browser, akash) as page:
        page.get_by_text("Nothing was asked yet.").wait_for()
        url, headers = f"{akash.url}/v1/chat/completions", {"authorization": "Bearer akml-mine"}
        body = {"model": MODEL, "messages": [{"role": "user", "content": "Hello"}], "stream": True}
        with httpx.stream("POST", url, content=json.dumps(body), headers=headers) as answer:
            page.locator(".row", has_text="running").wait_for()
            akash.clock.advance("60s")
            answer.read()
        page.locator(".row.ok").wait_for()


def test_a_preset_is_saved_and_used_through_the_sdk(browser: Any) -> None:
    """A request that names the preset is asked with its model and its system prompt."""
    with Emulator() as akash, opened(browser, akash, "#/presets/new") as page:
        page.get_by_label("Name").fill("careful")
        page.get_by_label("System prompt").fill("You are careful.")
        page.get_by_role("button", name="Save").click()
        page.get_by_text("Saved: careful").wait_for()
        with openai.OpenAI(base_url=akash.openai_base_url, api_key="akml-mine") as client:
            client.chat.completions.create(model="@preset/careful", messages=[{"role": "user", "content": "Hello"}])
        page.get_by_role("link", name="Inferences").click()
        page.locator(".row").first.click()
        page.locator(".turn", has_text="You are careful.").wait_for()


def test_an_inference_becomes_a_preset_and_is_asked_again_in_the_playground(browser: Any) -> None:
    """Model, system prompt and parameters are taken over."""
    with Emulator() as akash, opened(browser, akash) as page:
        ask(akash, "Hello", temperature=0.5)
        page.locator(".row").first.click()
        page.locator(".actions").get_by_role("button", name="Preset").click()
        assert page.get_by_label("Model").input_value() == MODEL
        assert json.loads(page.get_by_label("Parameters, as JSON").input_value()) == {"temperature": 0.5}
        page.go_back()
        page.locator(".actions").get_by_role("button", name="Playground").click()
        assert page.get_by_label("temperature", exact=True).input_value() == "0.5"
        send(page, "And again")
        page.get_by_text("200 ·").wait_for()


def test_the_token_in_the_address_opens_every_page(browser: Any) -> None:
    """A server with a token is used by the address that it prints; afterwards the token is no longer in the address."""
    with Emulator(control_token="secret") as akash, opened(browser, akash, "?token=secret") as page:
        page.get_by_role("heading", name="Ask something").wait_for()
        assert "secret" not in page.url
        ask(akash)
        page.locator(".row").first.click()
        page.locator(".picture").wait_for()
