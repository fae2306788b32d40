"""The suites that others wrote: how their results are read and judged, and that docs/suites.md is about them."""

from suites import page
from suites.suite import Outcome, Reason, Suite, read_results, unexpected
from suites.table import SUITES

_XML = """<?xml version="1.0" encoding="utf-8"?>
<testsuites><testsuite>
  <testcase classname="tests.test_chat.TestChat" name="test_create[loose]" />
  <testcase classname="tests.test_chat.TestChat" name="test_list[loose]"><failure message="405">...</failure></testcase>
  <testcase classname="tests.test_chat.TestChat" name="test_list[strict]"><error message="405">...</error></testcase>
  <testcase classname="tests.test_chat" name="test_audio"><skipped message="no" /></testcase>
</testsuite></testsuites>"""
_RESULTS: dict[str, Outcome] = {
    "tests.test_chat.TestChat.test_create[loose]": "passed",
    "tests.test_chat.TestChat.test_list[loose]": "failed",
    "tests.test_chat.TestChat.test_list[strict]": "failed",
    "tests.test_chat.test_audio": "skipped",
}
_NO_LIST = Reason("There is no list.", ["*.test_list*"])


def suite(*reasons: Reason) -> Suite:
    return Suite("second", "package", "2.0", ["tests"], reasons=reasons, left_out={"-k not slow": "They are slow."})


def test_results_are_read_from_junit() -> None:
    """A failure and an error are both a failed test, and ids are those that globs are written for."""
    assert read_results(_XML) == _RESULTS


def test_an_explained_failure_is_expected() -> None:
    """Nothing is told where exactly the tests fail that have a reason."""
    assert list(unexpected(suite(_NO_LIST), _RESULTS)) == []


def test_what_nobody_expected_is_told() -> None:
    """Told are failures without a reason, counted without their parameters, passes with one, and globs of no test."""
    passing = Reason("It cannot pass.", ["*.test_create*", "*.test_gone"])
    assert list(unexpected(suite(passing), _RESULTS)) == [
        "passes now: tests.test_chat.TestChat.test_create",
        "fails: tests.test_chat.TestChat.test_list (2 times)",
        "is no test: *.test_gone",
    ]


def test_one_suite_replaces_its_own_rows() -> None:
    """The rows of one suite are written anew, in the order of the suites; other rows and the text stay."""
    old = (
        "# Suites\n\n| suite | version | passed | failed | skipped |\n| --- | ---: | ---: | ---: | ---: |\n"
        "| second | 1.0 | 0 | 4 | 0 |\n| third | 3 | 1 | 0 | 0 |\n| gone | 1 | 1 | 0 | 0 |\n\nText.\n\n"
        "| suite | tests | which | why |\n| --- | ---: | --- | --- |\n| first | 1 failed | `*` | It is first. |\n"
    )
    new = page.updated(old, ["first", "second", "third"], suite(_NO_LIST), _RESULTS)
    assert page.tables(new) == [
        ["| second | 2.0 | 1 | 2 | 1 |", "| third | 3 | 1 | 0 | 0 |"],
        [
            "| first | 1 failed | `*` | It is first. |",
            "| second | 2 failed | `*.test_list*` | There is no list. |",
            "| second | left out | `-k not slow` | They are slow. |",
        ],
    ]
    assert "\n\nText.\n\n" in new


def test_the_page_is_about_these_suites() -> None:
    """docs/suites.md has a row for each suite, with its version, and each of their reasons."""
    results, reasons = page.tables(page.PAGE.read_text("utf-8"))
    assert [row.split(" | ")[:2] for row in results] == [[f"| {each.name}", each.version] for each in SUITES.values()]
    told = [(page.name_of(row), row.split(" | ")[-1].removesuffix(" |")) for row in reasons]
    whys = [
        (each.name, why)
        for each in SUITES.values()
        for why in [*(reason.why for reason in each.reasons), *each.left_out.values()]
    ]
    assert [each for each in told if each[1] != page.UNEXPLAINED] == whys
