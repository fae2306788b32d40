"""docs/suites.md: the results of each suite, and why tests fail or are left out, in two tables.

A suite's rows are written anew when it has run; those of the others, and the text around the tables, stay.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

from suites.suite import Outcome, Suite
from support.served import ROOT

PAGE = ROOT / "docs" / "suites.md"
OUTCOMES: Sequence[Outcome] = ("passed", "failed", "skipped")
UNEXPLAINED = "Not explained: a fault of the emulator, or a reason that has to be added."
_TABLE = re.compile(r"(?<=^\| suite \|)(?P<header>.*\n.*\n)(?P<rows>(?:\|.*\n)*)", re.MULTILINE)


def updated(page: str, order: Iterable[str], suite: Suite, results: Mapping[str, Outcome]) -> str:
    """The page with the rows of this suite written from its results. `order` are the names of all suites."""
    written = iter([[_result(suite, results)], _reasons(suite, results)])
    names = [*order]

    def table(match: re.Match[str]) -> str:
        old = (row for row in match["rows"].splitlines() if name_of(row) in {*names} - {suite.name})
        rows = sorted(chain(old, next(written)), key=lambda row: names.index(name_of(row)))
        return match["header"] + "".join(f"{row}\n" for row in rows)

    return _TABLE.sub(table, page)


def tables(page: str) -> list[list[str]]:
    """The rows of the tables whose first column is the suite."""
    return [match["rows"].splitlines() for match in _TABLE.finditer(page)]


def name_of(row: str) -> str:
    """The suite that a row is about."""
    return row.split("|")[1].strip()


def _result(suite: Suite, results: Mapping[str, Outcome]) -> str:
    counts = Counter(results.values())
    return _row(suite.name, suite.version, *(str(counts[each]) for each in OUTCOMES))


def _reasons(suite: Suite, results: Mapping[str, Outcome]) -> list[str]:
    failed = [test for test, outcome in results.items() if outcome == "failed"]
    explained = [(sum(map(reason.explains, failed)), reason) for reason in suite.reasons]
    unexplained = len(failed) - sum(count for count, _ in explained)
    return [
        *(_row(suite.name, f"{count} failed", _code(reason.tests), reason.why) for count, reason in explained),
        *([_row(suite.name, f"{unexplained} failed", "", UNEXPLAINED)] if unexplained else []),
        *(_row(suite.name, "left out", _code([argument]), why) for argument, why in suite.left_out.items()),
    ]


def _code(globs: Sequence[str]) -> str:
    return ", ".join(f"`{each}`" for each in globs)


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
