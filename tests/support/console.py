"""The console in a real browser, which is skipped with a reason where there is none."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from emulator import Emulator

if TYPE_CHECKING:
    from support.served import Served

ROOT = Path(__file__).parent.parent.parent
CONSOLE = ROOT / "emulator" / "console"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SECONDS = 30_000
"""What a browser may take, in milliseconds."""
_VIOLATIONS = """addEventListener("securitypolicyviolation", event =>
    console.error(`CSP: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`))"""
_ANSWERED = "Failed to load resource"
"""What a browser logs of every answer that is an error, such as those that a page shows."""
needs_browser = [
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt install chromium"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@contextmanager
def browser() -> Iterator[Any]:
    """A browser without a window."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright: pip install playwright")
    with playwright.sync_playwright() as start:
        launched = start.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield launched
        launched.close()


@contextmanager
def opened(
    browser: Any,
    akash: "Emulator | Served",
    path: str = "",
    *,
    width: int = 1440,
    height: int = 900,
    scheme: str = "light",
) -> Iterator[Any]:
    """A page of the console. In the end nothing may have failed in it, and the Content-Security-Policy been kept."""
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce"
    )
    page, failures = context.new_page(), []
    page.set_default_timeout(SECONDS)
    page.add_init_script(_VIOLATIONS)
    page.on("console", lambda said: failures.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: failures.append(str(error)))
    page.on("dialog", lambda dialog: failures.append(f"a dialog: {dialog.message}"))
    page.goto(f"{akash.url}/_emulator/{path}")
    yield page
    context.close()
    failed = [each for each in failures if not each.startswith(_ANSWERED)]
    assert not failed, "\n".join(failed)


def axe() -> str | None:
    """The source of axe-core, from node_modules above the tests or in NODE_PATH; None without it."""
    node = shutil.which("node")
    if node is None:
        return None
    asked = [node, "-p", "require.resolve('axe-core/axe.min.js', {paths: [process.cwd() + '/.cache/npm', '.']})"]
    found = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False)
    return Path(found.stdout.strip()).read_text() if found.returncode == 0 else None


def editor_of(page: Any) -> Any:
    """The editor of a scenario, when its text was checked."""
    page.get_by_text("No mistakes.").wait_for()
    return page.get_by_role("textbox", name=re.compile("as YAML"))
