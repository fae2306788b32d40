"""docs/parameters.md: a row for every parameter of every endpoint, and no other; each names tests that are about it."""

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
from support.asgi import COUNT
from support.documented_parameters import OTHERS, PARAMETERS
from support.parameters import PATHS, V1

from emulator.dialects.endpoints import ENDPOINTS

TESTS = Path(__file__).parents[1]
PAGE = (TESTS.parent / "docs" / "parameters.md").read_text(encoding="utf-8")
PROOF = re.compile(r"`(test_\w+\.py)::(test_\w+)`")
SPOKEN = {f"POST {endpoint.path}": {name.upper(), name} for name, endpoint in ENDPOINTS.items()} | {
    f"POST {COUNT}": {"COUNT"}
}
"""How a test names its endpoint: by the constant with its path, or by its name."""
SEVERAL = {"V1": V1, "PATHS": PATHS}
"""How a test names several."""


class Row(NamedTuple):
    """One row of the page, under the heading of its endpoint."""

    endpoint: str
    name: str
    type: str
    cells: tuple[str, ...]

    @property
    def proofs(self) -> list[tuple[str, str]]:
        """File and name of each test that the row names."""
        return PROOF.findall(self.cells[-1])


def rows() -> Iterator[Row]:
    """The rows of the page's tables."""
    for section in PAGE.split("\n## ")[1:]:
        endpoint, _, table = section.partition("\n")
        for line in table.splitlines():
            if line.startswith("| `"):
                name, type, *cells = (cell.strip() for cell in line.strip("|").split("|"))
                yield Row(endpoint, name.strip("`"), type, tuple(cells))


ROWS = list(rows())
ROW = pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.endpoint.rpartition('/')[2]} {row.name}")


@cache
def definitions(file: str) -> Mapping[str, str]:
    """What a test file defines at its top level, by name: the source, with its decorators."""
    found: dict[str, str] = {}
    for path in (TESTS / "support" / "tools.py", *TESTS.rglob(file)):
        found |= defined(path.read_text(encoding="utf-8"))
    return found


def defined(source: str) -> dict[str, str]:
    """What a source defines at its top level, by name."""
    found: dict[str, str] = {}
    for node in ast.parse(source).body:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
                found[name] = "\n".join(source.splitlines()[first - 1 : node.end_lineno])
            case ast.Assign(targets=[target]) | ast.AnnAssign(target=target):
                names = [name.id for name in ast.walk(target) if isinstance(name, ast.Name)]
                found |= dict.fromkeys(names, ast.get_source_segment(source, node) or "")
    return found


@cache
def about(file: str, test: str) -> str:
    """The source of a test, and of all that it names in its file."""
    known, seen, wanted = definitions(file), set[str](), [test]
    while wanted:
        name = wanted.pop()
        if name in known and name not in seen:
            seen.add(name)
            wanted += re.findall(r"\w+", known[name])
    return "\n".join(known[name] for name in sorted(seen))


def words(text: str) -> set[str]:
    """The words of a text; what is hyphenated is one."""
    return set(re.findall(r"[\w-]+", text))


def test_the_page_has_a_row_for_every_parameter_and_no_other() -> None:
    """Under the endpoint's heading, once each, in the order of the list, with the type that is documented."""
    listed = [(endpoint, name, type) for endpoint, known in PARAMETERS.items() for name, type, _ in known]
    assert [(row.endpoint, row.name, row.type) for row in ROWS] == listed
    assert len({(row.endpoint, row.name) for row in ROWS}) == len(ROWS)


def test_the_documented_parameters_of_a_chat_are_all_there() -> None:
    """AkashML's page has 27 of them, and four keys of its own reasoning object are known."""
    documented = [name for name, _, source in PARAMETERS["POST /v1/chat/completions"] if source == "akashml"]
    assert len(documented) == 27 + 4


@ROW
def test_a_row_says_what_happens(row: Row) -> None:
    """In words, with the rule that it follows and at least one proof."""
    what, rule, proof = row.cells
    assert what.endswith(".")
    assert rule.endswith(".") or what == "Nothing."
    assert PROOF.sub("", proof).strip(", ") == ""
    assert row.proofs


@ROW
def test_the_named_tests_are_about_the_parameter(row: Row) -> None:
    """Each exists and asks the row's endpoint, and one of them at least sets the parameter by its name."""
    told = []
    spoken = SPOKEN[row.endpoint] | {
        name for name, paths in SEVERAL.items() if row.endpoint.removeprefix("POST ") in paths
    }
    for file, test in row.proofs:
        assert test in definitions(file), f"{file} has no {test}"
        told.append(words(about(file, test)))
        assert told[-1] & spoken, f"{test} does not ask {row.endpoint}"
    leaf = row.name.rpartition(".")[2].rstrip(":")
    assert row.name == OTHERS or any(leaf in known for known in told), f"no test of the row names {leaf}"


def test_the_other_tests_that_the_page_names_exist() -> None:
    """Those of the introduction, too."""
    assert [proof for proof in PROOF.findall(PAGE) if proof[1] not in definitions(proof[0])] == []
