"""The shipped scenarios and their page: every file tells its story in full, and docs/scenarios.md is about these files.

`make language` writes the reference of the page anew.
"""

import os
import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator
from support.shipped_expectations import BY_CHANCE, ROWS

from emulator.commands._dry_run import dry_run, explained
from emulator.core.catalog import Catalog
from emulator.core.errors import ERRORS
from emulator.faults.registry import FAULTS
from emulator.scenario.language.schema import json_schema, reference
from emulator.scenario.loader import load_file, load_text
from emulator.scenario.reading.mistakes import ScenarioError
from emulator.scenario.template import VARIABLES

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "scenarios").glob("*"))
CATALOG = Catalog.load()
WELL_KNOWN = """
    hello tool-call parallel-tool-calls agent-loop structured-output reasoning reasoning-eats-the-budget
    insufficient-credits credits-run-out-mid-conversation rate-limited rate-limited-then-recovers no-backend
    no-healthy-backends overloaded-then-recovers flapping-backend invalid-key expired-key slow-first-token slow-stream
    stall-mid-stream disconnect-mid-stream reset-mid-stream error-mid-stream truncated-stream no-done no-finish-reason
    usage-missing corrupt-frame split-utf8 proxy-html-502 empty-200 tool-arguments-broken-json tool-arguments-empty
    unknown-tool refusal content-filter length-cut context-overflow image-rejected duplicate-frames keepalive-flood
"""

PAGE_FILE = ROOT / "docs" / "scenarios.md"
PAGE = PAGE_FILE.read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
START, END = "<!-- reference -->\n", "<!-- /reference -->"

every_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def blocks(language: str) -> list[str]:
    """The code blocks of the page in a language."""
    return [text for name, text in BLOCKS if name == language]


# ---------------------------------------------------------------------------------------------- the files


@every_file
def test_a_file_is_read_and_run_dry_without_mistakes(path: Path) -> None:
    """It loads, it can be played in every dialect, and its name is its file's."""
    assert dry_run(path) == ()
    assert path.name == f"{load_file(path, catalog=CATALOG).name}.yaml"


@every_file
def test_a_file_is_good_for_editors(path: Path) -> None:
    """The schema that its first line names accepts it, so that no editor underlines what is right."""
    Draft202012Validator(json_schema()).validate(yaml.safe_load(path.read_text(encoding="utf-8")))


@every_file
def test_a_file_says_what_it_is_about(path: Path) -> None:
    """A comment tells what it reproduces, when it happens, and what a good client does; a description sums it up."""
    first, *lines = path.read_text(encoding="utf-8").splitlines()
    comment = "\n".join(lines[: lines.index("")])
    assert first == "# yaml-language-server: $schema=../scenario.schema.json"
    assert re.fullmatch(r"# Reproduces [^#]+\.\n# Happens [^#]+\.\n# A good client [^#]+\.", comment)
    assert re.fullmatch(r"[A-Z][^.]+\.", load_file(path, catalog=CATALOG).description)


@every_file
def test_a_file_is_short(path: Path) -> None:
    """A story of at most fifteen lines, none of them too long to be read."""
    lines = path.read_text(encoding="utf-8").splitlines()
    assert max(map(len, lines)) <= 120
    assert sum(bool(line) and line[0] != "#" for line in lines) <= 15


def test_the_well_known_edge_cases_are_there() -> None:
    """None of those that people come for is missing."""
    assert set(WELL_KNOWN.split()) <= {path.stem for path in FILES}


def test_every_scenario_has_its_expectations() -> None:
    """What the SDKs make of it is written down, for each of them and for no other."""
    assert {row.scenario for row in ROWS} | BY_CHANCE == {path.stem for path in FILES}


# ---------------------------------------------------------------------------------------------- the page


def test_every_block_is_of_a_kind_that_is_tested() -> None:
    """A block in a language that no test looks at would be a claim without proof."""
    assert {name for name, _ in BLOCKS} == {"yaml", "python", "text", "sh"}


@pytest.mark.parametrize("block", blocks("yaml"), ids=lambda block: re.findall(r"name: (\S+)", block)[0])
def test_a_story_of_the_page_can_be_copied(block: str, tmp_path: Path) -> None:
    """It loads and can be played in every dialect as it stands."""
    path = tmp_path / "copied.yaml"
    path.write_text(block, encoding="utf-8")
    assert dry_run(path) == ()


def test_the_cookbook_has_stories_of_different_names() -> None:
    """Each can be put into one folder with the others and with the shipped ones."""
    cookbook = PAGE.partition("\n## Cookbook\n")[2].partition("\n## ")[0]
    names = re.findall(r"^```yaml\nname: (\S+)", cookbook, re.MULTILINE)
    assert len(names) == cookbook.count("\n### ") == 11
    assert len({*names, *(path.stem for path in FILES)}) == 11 + len(FILES)


@pytest.mark.parametrize("block", blocks("python"))
def test_a_python_block_runs(block: str) -> None:
    """It is a program that asserts what it shows."""
    assert "assert" in block
    exec(compile(block, str(PAGE_FILE), "exec"), {})  # noqa: S102 (our own page)


def test_the_mistakes_on_the_page_are_what_the_loader_says() -> None:
    """The same places and the same words."""
    text = """name: sunny
rules:
  - when: {last_usr: {contains: weather}}
    reply: {text: It is sunny.}
  - replies:
      - error: rate_limitted
        retry_after: 2 sec
"""
    with pytest.raises(ScenarioError) as caught:
        load_text(text, "stories/sunny.yaml", catalog=CATALOG)
    assert f"{caught.value}\n" == blocks("text")[0]


def test_the_explanation_on_the_page_is_what_explain_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page's first story, asked something else."""
    monkeypatch.chdir(tmp_path)
    Path("stories").mkdir()
    Path("stories/sunny.yaml").write_text(blocks("yaml")[0])
    request = b'{"model": "zai-org/GLM-5.3", "messages": [{"role": "user", "content": "How warm is it?"}]}'
    assert f"{explained('stories/sunny.yaml', request).table()}\n" == blocks("text")[1]


def test_the_page_lists_the_shipped_scenarios() -> None:
    """Every file once, with its description."""
    listed = re.findall(r"^\| \[(\S+)\]\(\.\./scenarios/(\S+)\.yaml\) \| (.*) \|$", PAGE, re.MULTILINE)
    described = [(path.stem, path.stem, load_file(path, catalog=CATALOG).description) for path in FILES]
    assert sorted(listed) == sorted(described)


def test_the_links_within_the_page_lead_somewhere() -> None:
    """Each heading that is linked to exists."""
    headings = [
        re.sub(r"[^\w -]", "", line).strip().replace(" ", "-").lower() for line in re.findall(r"^#+ (.*)$", PAGE, re.M)
    ]
    assert set(re.findall(r"\]\(#([\w-]+)\)", PAGE)) <= set(headings)


def test_the_reference_is_current() -> None:
    """It has each section, fault, error kind and template variable as the loader knows them."""
    head, start, rest = PAGE.partition(START)
    written, end, tail = rest.partition(END)
    if os.environ.get("WRITE_REFERENCE"):
        PAGE_FILE.write_text("".join([head, start, current_reference(), end, tail]), encoding="utf-8")
        written = current_reference()
    assert (start, end) == (START, END)
    assert written == current_reference()


def current_reference() -> str:
    """The reference as it has to be, in Markdown."""
    return "\n".join([*_sections(), *_places(), *_kinds(), *_variables(), "", ""])


def _sections() -> Iterator[str]:
    for section, rows in groupby(reference(), lambda row: row.section):
        yield from _table(
            section, ("key", "value", "meaning"), [(f"`{row.key}`", row.type, row.meaning) for row in rows]
        )


def _kinds() -> Iterator[str]:
    rows = [(f"`{kind}`", str(row.status)) for kind, row in ERRORS.items()]
    return _table("error kinds", ("kind", "status"), rows)


def _places() -> Iterator[str]:
    """Where each fault may happen, and where it does so if nothing is said."""
    words = {"required": "has to be said", "none": "none"}
    rows = [
        (f"`{name}`", words.get(fault.placing, f"`{fault.default.kind}: {fault.default.name}` unless it is said"))
        for name, fault in FAULTS.items()
    ]
    return _table("places of faults", ("fault", "place"), rows)


def _variables() -> Iterator[str]:
    rows = [(f"`{name}`", meaning) for name, meaning in VARIABLES.items()]
    return _table("variables of templates", ("variable", "meaning"), rows)


def _table(title: str, head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    escaped = r"\\\1"
    yield f"\n### {title}\n"
    for row in (head, ["---"] * len(head), *rows):
        yield f"| {' | '.join(re.sub(r'([*|])', escaped, cell) for cell in row)} |"
