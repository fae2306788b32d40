"""The tables, the page and the chart that the benchmarks write, and the servers that they could not measure."""

import sys
from contextlib import ExitStack
from pathlib import Path
from xml.etree import ElementTree

import pytest

if sys.platform != "linux":
    pytest.skip("the benchmarks read /proc", allow_module_level=True)

from speed.__main__ import QUICK, ROWS, arguments
from speed.bench import Bench
from speed.peers import Peer
from speed.report import BY_HAND, Outcome, Series, Table, Verdict, write

REACHED = Verdict("whole, by bare", "0.50x", "at least 0.45x", True)
MISSED = Verdict("whole, by aimock", "1.20x", "at least 2x", False)
OUTCOME = Outcome(
    "Whole", "200 words.", Table(("server", "us"), [("emulator", "62"), ("bare", "31")]), [REACHED, MISSED]
)
GROWTH = Outcome(
    "Growth",
    "Costs.",
    Table(("what",), [("rules",)]),
    series=[Series("rules", [(1, 60), (1000, 80)]), Series("keys", [(1, 60), (10_000, 61)], "100: another text")],
)


def test_a_table_has_a_line_for_each_server() -> None:
    """A table is Markdown, and a cell cannot break it."""
    table = Table(("server", "us"), [("a|b\nc", "1")])
    assert str(table) == "| server | us |\n| --- | --- |\n| a/b c | 1 |"


def test_the_page_has_each_goal_with_its_verdict(tmp_path: Path) -> None:
    """The page lists the goals of all rows, the rows, what was skipped, and what is void."""
    write(tmp_path, [OUTCOME, GROWTH], {"llmposter": "is only published as a Rust crate"}, "Measured here.")
    page = (tmp_path / "performance.md").read_text()
    assert "| whole, by bare | 0.50x | at least 0.45x | reached |" in page
    assert "| whole, by aimock | 1.20x | at least 2x | missed |" in page
    assert "| bare | 31 |" in page
    assert "- llmposter is only published as a Rust crate" in page
    assert "Void: keys, 100: another text." in page


def test_what_was_written_by_hand_stays(tmp_path: Path) -> None:
    """A page that is written again has the same part between the marks, and only once."""
    path = tmp_path / "performance.md"
    write(tmp_path, [OUTCOME], {}, "Measured here.")
    begin, end = BY_HAND
    path.write_text(path.read_text().replace(f"{begin}\n\n{end}", f"{begin}\n\n## Why\n\nBecause.\n\n{end}"))
    for _ in range(2):
        write(tmp_path, [OUTCOME], {}, "Measured again.")
    assert path.read_text().count(f"{begin}\n\n## Why\n\nBecause.\n\n{end}") == 1
    assert "Measured again." in path.read_text()


def test_the_chart_has_a_line_for_each_series(tmp_path: Path) -> None:
    """The chart is well-formed SVG, with the name of each series beside its line, inside the picture."""
    write(tmp_path, [GROWTH], {}, "Measured here.")
    chart = ElementTree.parse(tmp_path / "performance.svg").getroot()  # noqa: S314 - we wrote it
    name = "{http://www.w3.org/2000/svg}"
    assert len(chart.findall(f"{name}polyline")) == 2
    assert {"rules", "keys"} <= {text.text for text in chart.iter(f"{name}text")}
    _, _, width, height = map(int, chart.attrib["viewBox"].split())
    for circle in chart.iter(f"{name}circle"):
        assert 0 < float(circle.attrib["cx"]) < width
        assert 0 < float(circle.attrib["cy"]) < height


@pytest.mark.parametrize("npm", [True, False])
def test_a_server_that_cannot_be_installed_is_skipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, npm: bool
) -> None:
    """A mock server that cannot be had is listed with the reason, whether npm fails or is not there."""
    monkeypatch.setenv("PATH", str(tmp_path))
    if npm:
        (tmp_path / "npm").write_text("#!/bin/sh\necho Trying >&2\necho npm error 404 Not Found >&2\nexit 1\n")
        (tmp_path / "npm").chmod(0o755)
    monkeypatch.setattr("speed.peers.CACHE", tmp_path / "cache")
    absent = Peer("absent", "absent", "absent")
    rust = Peer("oxide", unavailable="is only published as a Rust crate")
    monkeypatch.setattr("speed.bench.PEERS", (absent, rust))
    with ExitStack() as stack:
        bench = Bench(tmp_path, stack)
        assert bench.peers() == {}
    reason = "cannot be installed: npm error 404 Not Found" if npm else "needs Node.js and npm"
    assert bench.skipped["absent"] == reason
    assert bench.skipped["oxide"] == "is only published as a Rust crate"


def test_a_quick_run_has_a_few_rows(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a choice a quick run has a few rows and other runs all, and a row that does not exist is an error."""
    assert arguments(["--quick"]).rows == list(QUICK)
    assert arguments([]).rows == list(ROWS)
    assert arguments(["--quick", "--rows", "open"]).rows == ["open"]
    with pytest.raises(SystemExit):
        arguments(["--rows", "wholes"])
    assert "there is no row wholes" in capsys.readouterr().err
