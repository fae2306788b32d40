"""Regular expressions that users write: what is refused, and how far a search goes."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import emulator
from emulator.core import patterns
from emulator.core.seeds import Seed
from emulator.schema_values import value

ENDLESS = [
    *(
        r"(a+)+$",
        r"(a*)*b",
        r"(a|a)*b",
        r"(a|ab)*c",
        r"(a?a)*b",
        r"((a|a))+b",
        r"(.*a){20}",
        r"(\w+\s?)*$",
        r"([a-z]+)*!",
    ),
    *(r"(?:a{1,50}){40}b", r"(a|)+b", r"(?P<x>x+x+)+y", r"(?i:(a+)+)", r"(?=(a+)+b)", r"(.|\s)*x", r"(a{2,}){3,}"),
]
FINE = [
    *(
        r"in (?P<city>\w+)",
        r"^\s*hi\b",
        r"(?:foo|bar)+",
        r"(\d{1,3}\.){3}\d{1,3}",
        r"(?:\w++ )*x",
        r"(?>a+)+b",
        r"[]+*]+",
    ),
    *(r"(a+)?b", r"x{2}", r"a{,3}", r"a{x}", r"\(a+\)+", r"[(a+]+x", r"(?:https?://)\S+", r"(?#a+)b", r"(ab)+", r"\++"),
]


@pytest.mark.parametrize("pattern", ENDLESS)
def test_an_expression_that_may_never_end_is_refused(pattern: str) -> None:
    """Repetitions of repetitions, and repeated choices that overlap, take exponential time on some text."""
    with pytest.raises(ValueError, match="can take forever"):
        patterns.compile(pattern, ignore_case=True)


@pytest.mark.parametrize("pattern", FINE)
def test_an_expression_that_ends_is_taken(pattern: str) -> None:
    """What only looks like a repetition of repetitions is not refused."""
    assert patterns.compile(pattern).regex.pattern == pattern


def test_only_the_beginning_of_a_text_is_searched() -> None:
    """An expression sees 100,000 characters, and 10,000 if it is tried from each of them to the end."""
    anchored, anywhere = patterns.compile("x(y+)"), patterns.compile(".*xy")
    assert anchored.search("a" * 99_998 + "xy")
    assert not anchored.search("a" * 99_999 + "xy")
    assert anywhere.search("a" * 9_998 + "xy")
    assert not anywhere.search("a" * 9_999 + "xy")


def test_an_expression_has_at_most_two_thousand_characters() -> None:
    """A longer one is refused before it is compiled."""
    with pytest.raises(ValueError, match="at most 2,000 characters"):
        patterns.compile("a" * 2001)


@given(st.text(alphabet="ab(|)*+?{1,}[]\\.^$", max_size=12))
def test_any_expression_is_compiled_or_refused(pattern: str) -> None:
    """Whatever is written, the answer is a pattern or a ValueError, and a pattern's search comes to an end."""
    try:
        compiled = patterns.compile(pattern, ignore_case=True)
    except ValueError:
        return
    compiled.search("ab" * 12)


@pytest.mark.parametrize("pattern", [*ENDLESS, *FINE])
def test_an_unbounded_expression_is_compiled_whatever_it_is(pattern: str) -> None:
    """Neither a text nor an expression is too long for it, and none is refused for the work that it may make."""
    patterns.compile(f"{pattern}|{'z' * 2001}", bounded=False)
    assert patterns.compile("z", bounded=False).search("a" * 200_000 + "z")


@pytest.mark.parametrize("pattern", [r"(a+)+$", r"^(a|ab)*c$", r"^(\w+\s?)*$", r"(?P<x>x+x+)+y"])
def test_a_schema_may_have_what_a_scenario_may_not(pattern: str) -> None:
    """A value is written for it; no text that was not written for it is tried."""
    schema: dict[str, Any] = {"type": "string", "pattern": pattern, "examples": ["a" * 60 + "!"]}
    assert value(schema, Seed.of("test"), hints={"": "a" * 60})


@pytest.mark.parametrize(
    ("glob", "text", "matches"),
    [
        ("*GLM*", "zai-org/glm-5.3", True),
        ("glm-?", "GLM-5", True),
        ("glm-?", "GLM-5.3", False),
        ("glm", "glm-5", False),
        ("[a]*", "[A]b", True),
        ("[a]*", "ab", False),
        ("*a" * 50, "a" * 49, False),
    ],
)
def test_a_glob_matches_a_whole_text(glob: str, text: str, matches: bool) -> None:
    """Stars and question marks stand for characters, everything else for itself, whatever the case."""
    assert (patterns.glob(glob).match(text) is not None) is matches


def test_globs_are_compiled_in_one_module() -> None:
    """A glob means the same in a scenario, in a key's policy and in a filter of inferences."""
    modules = Path(emulator.__file__).parent.rglob("*.py")
    assert [path.name for path in modules if "fnmatch" in path.read_text(encoding="utf-8")] == ["patterns.py"]
