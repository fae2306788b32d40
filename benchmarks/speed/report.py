"""What the rows say, as Markdown."""

from collections.abc import Sequence
from dataclasses import dataclass, field


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
        return "\n".join(f"| {' | '.join(row)} |" for row in rows)


@dataclass(frozen=True)
class Outcome:
    """What a row has measured."""

    title: str
    text: str
    table: Table
    verdicts: Sequence[Verdict] = field(default=())

    def __str__(self) -> str:
        return f"### {self.title}\n\n{self.text}\n\n{self.table}\n"


def goals(outcomes: Sequence[Outcome]) -> Table:
    """The table of all goals."""
    verdicts = [verdict for outcome in outcomes for verdict in outcome.verdicts]
    return Table(("what", "measured", "goal", ""), [(v.what, v.measured, v.goal, v.word) for v in verdicts])
