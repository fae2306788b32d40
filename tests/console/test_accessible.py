"""Every page of the console can be used by everybody: axe-core finds nothing serious, and nothing leaves the screen."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from support.console import axe, needs_browser, opened
from support.console import browser as browsing

from emulator import Emulator

AXE = axe()
pytestmark = needs_browser
PAGES = {
    "inferences": ".row",
    "inferences/2": ".picture",
    "inferences?text=nothing+like+this": ".rows-empty",
    "playground": ".parameter",
    "scenarios": ".stories li",
    "scenarios/hello": ".rules li",
    "presets": ".empty",
    "presets/new": "form",
    "models": ".model",
    "settings/clock": ".clock",
    "settings/keys": ".plain td",
    "settings/accounts?key=akml-mine": ".account",
    "settings/usage": ".usage rect",
    "settings/server": ".settings td",
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
        yield akash


@pytest.mark.skipif(AXE is None, reason="needs axe-core: npm install --prefix .cache/npm axe-core")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing_serious(browser: Any, used: Emulator, path: str, scheme: str) -> None:
    """Labels, roles, names and contrast are as they should be, in light and dark."""
    with opened(browser, used, f"#/{path}", scheme=scheme) as page:
        page.locator(PAGES[path]).first.wait_for()
        page.evaluate(AXE)
        found = page.evaluate(RUN)
        assert not found, "\n".join(found)


@pytest.mark.parametrize("width", WIDTHS)
def test_no_page_is_wider_than_the_screen(browser: Any, used: Emulator, width: int) -> None:
    """At the width of a desk, a tablet and a telephone, nothing is cut off at the side."""
    with opened(browser, used, width=width) as page:
        for path, complete in PAGES.items():
            page.evaluate("path => { location.hash = '#/' + path }", path)
            page.locator(complete).first.wait_for(state="attached")
            assert page.evaluate("document.querySelector('main').scrollWidth <= innerWidth"), path
