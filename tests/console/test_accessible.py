"""Every page of the console can be used by everybody: axe-core finds nothing serious, and nothing leaves the screen."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.console import axe, needs_browser, opened
from support.console import browser as browsing
from support.served import served

from emulator import Emulator

AXE = axe()
pytestmark = needs_browser
needs_axe = pytest.mark.skipif(AXE is None, reason="needs axe-core: npm install --prefix .cache/npm axe-core")
PAGES = {
    "inferences": ".row",
    "inferences/2": ".picture",
    "inferences?text=nothing+like+this": ".rows-empty",
    "playground": ".parameter",
    "scenarios": ".stories li",
    "scenarios/hello": ".rules li",
    "presets": ".stories li",
    "presets/careful": "form",
    "presets/new": "form",
    "models": ".model",
    "settings/clock": ".clock",
    "settings/keys": ".plain td",
    "settings/accounts?key=akml-mine": ".account",
    "settings/usage": ".bars rect",
    "settings/server": ".settings td",
    "nothing": "h1",
}
"""The pages, and what is there when one is complete."""
WIDTHS = (1440, 1024, 390)
RUN = """async () => (await axe.run(document, {resultTypes: ["violations"]})).violations
    .filter(each => ["serious", "critical"].includes(each.impact))
    .map(each => `${each.id}: ${each.nodes.map(node => node.html + " " + node.failureSummary).join(" | ")}`)"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One browser for all tests of this module; each has a context of its own."""
    with browsing() as launched:
        yield launched


@pytest.fixture(scope="module")
def used() -> Iterator[Emulator]:
    """An emulator that was asked some things."""
    with Emulator() as akash:
        for _ in range(3):
            body = {"model": "zai-org/GLM-5.3", "messages": [{"role": "user", "content": "Hello"}]}
            headers = {"authorization": "Bearer akml-rate-limited-then-recovers"}
            httpx.post(f"{akash.url}/v1/chat/completions", json=body, headers=headers)
        httpx.post(f"{akash.url}/_emulator/keys", json={"name": "ci", "policy": {"requests_per_minute": 3}})
        httpx.post(f"{akash.url}/_emulator/credits", json={"key": "akml-mine", "purchase": "5.00 USD"})
        httpx.put(f"{akash.url}/_emulator/presets/careful", json={"model": "zai-org/GLM-5.3"})
        yield akash


def serious(page: Any) -> list[str]:
    """What axe finds in a page that is not only a matter of taste."""
    page.evaluate(f"() => {{ {AXE} }}")
    return list(page.evaluate(RUN))


@needs_axe
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing_serious(browser: Any, used: Emulator, path: str, scheme: str) -> None:
    """Labels, roles, names and contrast are as they should be, in light and dark, at a desk and on a telephone."""
    with opened(browser, used, f"#/{path}", scheme=scheme) as page:
        page.locator(PAGES[path]).first.wait_for()
        assert serious(page) == []
        page.set_viewport_size({"width": 390, "height": 844})
        assert serious(page) == []


@needs_axe
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_what_is_opened(browser: Any, used: Emulator, scheme: str) -> None:
    """The tabs of an inference, answers in the playground, a token's alternatives, and an editor with a mistake."""
    with opened(browser, used, "#/inferences/1", scheme=scheme) as page:
        for tab in ("Why", "Frames", "Request", "Response"):
            page.get_by_role("tab", name=tab).click()
            page.get_by_role("tabpanel", name=tab).wait_for()
            assert serious(page) == [], tab
        page.get_by_role("tab", name="Why").click()
        page.get_by_label("Position").select_option("now")
        page.locator(".turns").wait_for()
        page.get_by_text("How to search").click()
        assert serious(page) == []
    with opened(browser, used, "#/playground", scheme=scheme) as page:
        for key in ("akml-rate-limited", "akml-mine"):
            page.get_by_label("API key").fill(key)
            page.get_by_label("Message").fill("Hello")
            page.get_by_label("Message").press("Enter")
            page.get_by_role("button", name="Send").wait_for()
        page.get_by_role("group", name="Tokens").last.focus()
        page.locator(".alternatives meter").first.wait_for()
        assert serious(page) == []
        page.get_by_role("tab", name="Code").click()
        assert serious(page) == []
    with opened(browser, used, "#/scenarios/new", scheme=scheme) as page:
        page.get_by_role("textbox", name="as YAML").fill("name: x\nrulse: []\n")
        page.locator(".under-line.mistake").wait_for()
        assert serious(page) == []


@needs_axe
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_a_file_that_has_changed(browser: Any, tmp_path: Path, scheme: str) -> None:
    """The two texts of a scenario, of which one has to be chosen."""
    file = tmp_path / "story.yaml"
    file.write_text("name: story\nrules: [{reply: {text: One.}}]\n")
    with (
        served("--scenarios", str(tmp_path), "--watch") as akash,
        opened(browser, akash, "#/scenarios/story", scheme=scheme) as page,
    ):
        page.get_by_text("No mistakes.").wait_for()
        file.write_text(file.read_text().replace("One", "Two"))
        page.get_by_role("button", name="Save").click()
        page.locator(".conflict pre").wait_for()
        assert serious(page) == []


def test_the_link_to_the_page_is_seen_only_by_who_goes_to_it(browser: Any, used: Emulator) -> None:
    """Where what has the focus goes away with its page, the focus stays on the page; Tab finds the link at its top."""
    with opened(browser, used, "#/inferences/1") as page:
        page.get_by_role("tab", name="Request").click()
        page.evaluate("location.hash = '#/playground'")
        page.get_by_label("Message").wait_for()
        page.wait_for_function("document.activeElement !== document.body")
        assert page.evaluate("document.querySelector('main').contains(document.activeElement)")
        assert page.evaluate("document.querySelector('.skip').getBoundingClientRect().bottom") <= 0


def test_nothing_moves_for_whoever_wants_no_motion(browser: Any, used: Emulator) -> None:
    """The dot of the live list is the only thing that moves, and it does not where the system says so."""
    with opened(browser, used) as page:
        page.locator(".dot.run").wait_for()
        assert page.evaluate("document.getAnimations().length") == 0
        page.emulate_media(reduced_motion="no-preference")
        assert page.evaluate("document.getAnimations().length") == 1


def test_no_table_is_scrolled_sideways_on_a_telephone(browser: Any, used: Emulator) -> None:
    """Each row is a card there, in which every value has its name: of the ledger, the keys, and the settings."""
    with opened(browser, used, width=390) as page:
        httpx.post(
            f"{used.url}/_emulator/credits", json={"key": "akml-mine", "purchase": "5.00 USD"}
        ).raise_for_status()
        httpx.post(f"{used.url}/_emulator/keys", json={"name": "one-with-a-long-name-" * 3}).raise_for_status()
        for path in ("settings/accounts?key=akml-mine", "settings/keys", "settings/usage", "settings/server"):
            page.evaluate("path => { location.hash = '#/' + path }", path)
            page.locator(".tab-panel .cards td").first.wait_for()
            wide = page.locator(".scroll").evaluate_all("all => all.filter(e => e.scrollWidth > e.clientWidth).length")
            names = page.locator(".cards td").evaluate_all(
                "all => all.map(e => getComputedStyle(e, '::before').content)"
            )
            assert wide == 0 and any("attr" in name or len(name) > 4 for name in names), path


@pytest.mark.parametrize("width", WIDTHS)
def test_no_page_is_wider_than_the_screen(browser: Any, used: Emulator, width: int) -> None:
    """At the width of a desk, a tablet and a telephone, nothing is cut off at the side."""
    with opened(browser, used, width=width) as page:
        for path, complete in PAGES.items():
            page.evaluate("path => { location.hash = '#/' + path }", path)
            page.locator(complete).first.wait_for(state="attached")
            assert page.evaluate("document.querySelector('main').scrollWidth <= innerWidth"), path
