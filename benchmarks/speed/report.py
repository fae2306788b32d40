"""What was measured, as Markdown: the tables, the goals, and the page docs/performance.md."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .chart import svg

BY_HAND = ("<!-- Written by hand; make bench keeps it. -->", "<!-- The end of what was written by hand. -->")


@dataclass(frozen=True)
class Verdict:
    """A goal, and what was measured."""

    what: str
    measured: str
    goal: str
    reached: bool

    @property
    def word(self) -> str:
        """The verdict in a word."""
        return "reached" if self.reached else "missed"


@dataclass(frozen=True)
class Table:
    """A table: the names of its columns, and its lines."""

    columns: Sequence[str]
    lines: Sequence[Sequence[str]]

    def __str__(self) -> str:
        rows = [self.columns, ["---"] * len(self.columns), *self.lines]
        return "\n".join(
            f"| {' | '.join(cell.replace('|', '/').replace(chr(10), ' ') for cell in row)} |" for row in rows
        )


@dataclass(frozen=True)
class Series:
    """What an answer costs for each size of one thing; `void` says which sizes have no figure, and why."""

    name: str
    points: Sequence[tuple[int, float]]
    void: str = ""

    def cells(self) -> list[str]:
        """The points as cells of a table."""
        return [f"{size:,}: {cost:,.0f}" for size, cost in self.points]


@dataclass(frozen=True)
class Outcome:
    """What a row has measured; `noise` is how far apart the rounds of its bare server were."""

    title: str
    text: str
    table: Table
    verdicts: Sequence[Verdict] = ()
    series: Sequence[Series] = ()
    noise: float | None = None

    def __str__(self) -> str:
        void = "".join(f"\nVoid: {each.name}, {each.void}.\n" for each in self.series if each.void)
        return f"## {self.title}\n\n{self.text}\n\n{self.table}\n{void}"


def goals(outcomes: Sequence[Outcome]) -> Table:
    """The table of all goals."""
    verdicts = [verdict for outcome in outcomes for verdict in outcome.verdicts]
    return Table(("what", "measured", "goal", ""), [(v.what, v.measured, v.goal, v.word) for v in verdicts])


def noise(outcomes: Sequence[Outcome]) -> str:
    """How noisy the machine was, in a sentence."""
    spreads = [outcome.noise for outcome in outcomes if outcome.noise is not None]
    if not spreads:
        return "No bare server was measured, so nothing tells how noisy the machine was."
    return f"The slowest round of a bare server took {max(spreads):.2f} times the processor time of its fastest."


def page(outcomes: Sequence[Outcome], skipped: Mapping[str, str], machine: str, earlier: str) -> str:
    """The whole page. What was written by hand in the earlier page stands in it again."""
    missing = [f"- {name} {reason}" for name, reason in skipped.items()]
    parts = [
        "# Performance",
        "`make bench` writes this page, except for the part that was written by hand. `benchmarks/speed/__init__.py` "
        "says what is measured and how. A ratio is the processor time of a server divided by that of the first line, "
        "or the rate of the first line divided by that of the server. Compare only figures of one run.",
        f"{machine} {noise(outcomes)}",
        f"## Goals\n\n{goals(outcomes)}",
        by_hand(earlier),
        *(str(outcome).rstrip() for outcome in outcomes),
        "![Cost as work grows](performance.svg)" if any(outcome.series for outcome in outcomes) else "",
        "## Skipped\n\n" + "\n".join(missing) if missing else "",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def by_hand(earlier: str) -> str:
    """The part of a page that was written by hand, with its marks."""
    begin, end = BY_HAND
    found = re.search(f"{re.escape(begin)}.*?{re.escape(end)}", earlier, re.DOTALL)
    return found[0] if found else f"{begin}\n\n{end}"


def write(folder: Path, outcomes: Sequence[Outcome], skipped: Mapping[str, str], machine: str) -> None:
    """Write performance.md, and its chart if something grew."""
    path = folder / "performance.md"
    earlier = path.read_text() if path.exists() else ""
    path.write_text(page(outcomes, skipped, machine, earlier))
    if series := [(each.name, each.points) for outcome in outcomes for each in outcome.series if each.points]:
        chart = svg(series, "size", "microseconds of processor time for each answer")
        (folder / "performance.svg").write_text(chart)
