"""docs/account.md as its reader follows it: every block is executed, every route and body of its table is tried."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from support.asgi import ask, make_engine

from emulator import Emulator, VirtualClock
from emulator.account.backends import Backends
from emulator.account.policy import Policy
from emulator.cli import main
from emulator.commands._dry_run import dry_run
from emulator.core.catalog import Catalog
from emulator.core.clock import EPOCH
from emulator.scenario.loader import load_text
from emulator.web.app import create_app
from emulator.web.control import ROUTES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "account.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
ROWS = re.findall(r"^\| (GET|PUT|POST|DELETE) (/_emulator/\S+) \|(.*?)\| (.*) \|$", PAGE, re.MULTILINE)
PATIENCE = 60


def blocks(language: str) -> list[str]:
    """The code blocks of the page in a language."""
    return [text for name, text in BLOCKS if name == language]


@pytest.fixture
def akash() -> Iterator[Emulator]:
    """An emulator of its own: the page moves the clock and takes backends away."""
    with Emulator(clock=VirtualClock(EPOCH, rate=0)) as emulator:
        yield emulator


def test_every_block_is_of_a_kind_that_is_run() -> None:
    """A block in a language that no test runs would be a claim without proof."""
    assert {name for name, _ in BLOCKS} == {"sh", "python", "yaml"}


@pytest.mark.parametrize("block", blocks("python"))
def test_python(block: str) -> None:
    """It is a program that asserts what it shows, and runs without a warning."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-"], input=block, capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert ("assert" in block, done.returncode, done.stderr) == (True, 0, "")


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
@pytest.mark.parametrize("block", blocks("sh"))
def test_curl(block: str, akash: Emulator) -> None:
    """Each command is answered with a success, as it stands."""
    commands = block.replace("http://127.0.0.1:8402", akash.url).replace("curl ", "curl --fail-with-body -sS ")
    done = subprocess.run(
        ["bash", "-e"], input=commands, capture_output=True, text=True, timeout=PATIENCE, check=False, cwd=ROOT
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert done.stdout.startswith("{")


@pytest.mark.skipif(not shutil.which("curl"), reason="needs curl")
def test_the_credits_block_charges_what_it_asked(akash: Emulator) -> None:
    """The last of its commands shows the charge of the one before, with its inference id."""
    (block,) = [block for block in blocks("sh") if "ledger" in block]
    commands = block.replace("http://127.0.0.1:8402", akash.url).replace("curl ", "curl -sS ")
    done = subprocess.run(["bash", "-e"], input=commands, capture_output=True, text=True, timeout=PATIENCE, check=True)
    assert re.search(r'"kind":"charge","amount":"-0\.0\d+".*"inference_id":"[0-9a-f-]{36}"', done.stdout)


@pytest.mark.parametrize("block", blocks("yaml"))
def test_a_story_can_be_copied(block: str, tmp_path: Path) -> None:
    """It loads and can be played; it has each key that a policy and an account can have."""
    path = tmp_path / "copied.yaml"
    path.write_text(block, encoding="utf-8")
    assert dry_run(path) == ()
    terms = load_text(block, "copied.yaml", catalog=Catalog.load()).account
    assert terms is not None
    assert None not in (terms.credits, terms.trial, terms.auto_top_up)
    assert len(terms.keys) == 2


@pytest.mark.parametrize(("method", "path", "bodies"), [row[:3] for row in ROWS], ids=lambda part: part[:40])
def test_a_row_of_the_table(method: str, path: str, bodies: str) -> None:
    """The method, the path and every body that the row shows are answered with a success."""
    app = create_app(make_engine())
    ask(app, "POST", "/_emulator/keys", {"name": "first"})
    shown: list[Any] = [*map(str.encode, re.findall(r"`(\{.*?\})`", bodies))]
    for body in shown or [None]:
        done = ask(app, method, path.replace("{id}", "key_1"), body, key=None)
        assert done.status in (200, 201), done.body


def test_the_table_has_every_route() -> None:
    """What the page tells of the routes is all that there is, and no more."""
    served = {
        (row.method, row.path) for row in ROUTES if row.handler.partition(".")[0] in ("account", "keys", "backends")
    }
    assert {(method, path.partition("?")[0]) for method, path, *_ in ROWS} == served


def test_the_page_names_every_key_of_policies_and_backends() -> None:
    """Whatever can be set is mentioned."""
    known = {*Policy.__struct_fields__, *Backends.__struct_fields__}
    assert {name for name in known if not re.search(rf"\b{name}\b", PAGE)} == set()


def test_the_flags_are_those_of_serve() -> None:
    """The table's flags exist."""
    told = CliRunner().invoke(main, ["serve", "--help"]).output
    flags = re.findall(r"^\| `(--[\w-]+) ", PAGE, re.MULTILINE)
    assert len(flags) == 6
    assert [flag for flag in flags if f"{flag} " not in told] == []


def test_the_links_lead_somewhere() -> None:
    """Headings of the page and of its neighbours, and the neighbours themselves."""
    for page, heading in re.findall(r"\]\(([\w.]*)#?([\w-]*)\)", PAGE):
        text = (ROOT / "docs" / page).read_text(encoding="utf-8") if page else PAGE
        headings = [
            re.sub(r"[^\w -]", "", line).replace(" ", "-").lower() for line in re.findall(r"^#+ (.*)$", text, re.M)
        ]
        assert not heading or heading in headings
