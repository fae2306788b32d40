"""The matchers of patterns agree with Python's."""

import re
import string

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from emulator import patterns
from emulator.patterns import Budget, Masks, TooCostly
from emulator.patterns.everywhere import Everywhere
from emulator.patterns.syntax import parse, regular

_PARTS = [
    *"abB1é .",
    r"\n",
    r"\w",
    r"\W",
    r"\d",
    r"\s",
    "[ab]",
    "[^a]",
    "[^\n]",
    "(?i:b)",
    "^",
    "$",
    r"\b",
    r"\A",
    r"\Z",
]
_TIMES = ["*", "+", "?", "{2}", "{1,3}", "{0,2}", "{2,}", "*?", "+?", "??", "*+", "++", "{1,2}+"]
_FLAGS = ["", "(?i)", "(?m)", "(?s)", "(?a)", "(?im)"]


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    grouped = st.builds("{}{})".format, st.sampled_from(["(", "(?:", "(?=", "(?!"]), inner)
    repeated = st.builds("(?:{}){}".format, inner, st.sampled_from(_TIMES[:10]))
    return st.one_of(grouped, repeated, st.lists(inner, max_size=4).map("".join), st.lists(inner).map("|".join))


CHARACTERS = st.builds("{}{}".format, st.sampled_from(_PARTS[:16]), st.sampled_from(["", *_TIMES]))
EXPRESSIONS = st.builds(
    "{}{}".format, st.sampled_from(_FLAGS), st.recursive(CHARACTERS | st.sampled_from(_PARTS), _grown, max_leaves=8)
)
TEXTS = st.text(alphabet="abAB1é _\n", max_size=12)


@given(st.lists(EXPRESSIONS, min_size=1, max_size=4), TEXTS | st.text(st.characters(codec="utf-8"), max_size=300))
def test_expressions_that_share_a_text_match_it_the_same(expressions: list[str], text: str) -> None:
    """The masks of a text are those of its characters, whichever expressions asked for them before."""
    masks = Masks(text)
    for pattern in expressions:
        everywhere = Everywhere(regular(parse(pattern)))
        if everywhere.by_positions:
            assert everywhere.matches_one_of_many(text, masks) is everywhere.matches(text, Budget(float("inf")))


@given(EXPRESSIONS, st.lists(TEXTS, min_size=1, max_size=4))
def test_an_expression_matches_the_same_texts_everywhere(pattern: str, texts: list[str]) -> None:
    """What is found by positions and by RE2 is what Python's matcher finds, if that comes to an end."""
    everywhere = Everywhere(regular(parse(pattern)))
    for text in texts:
        try:
            expected = patterns.compile(pattern).matches_within(Budget(3_000_000), text)
            assert everywhere.matches(text, Budget(3_000_000)) is expected
        except TooCostly:
            assume(False)


NEEDY = st.lists(
    st.sampled_from(["dil", "sky", "a1_", r"\b", "(?:ski){2}", "(sk)", ".", "k?", "(?=s)", "(?i:KI)", "a|b"]),
    max_size=5,
).map("".join)
FOLDABLE = st.text(st.sampled_from("diİIıl sſkK\u212ay\u0307a1_"), max_size=14)


@given(EXPRESSIONS | NEEDY, st.booleans(), TEXTS | FOLDABLE)
def test_a_text_with_a_match_has_what_the_expression_needs(pattern: str, ignore_case: bool, text: str) -> None:
    """So that whoever looks for that first overlooks no match, however its letters are folded."""
    compiled = patterns.compile(pattern, ignore_case=ignore_case)
    if compiled.matches(text):
        assert compiled.needed in patterns.simplified(text.casefold())


def test_what_is_one_letter_to_an_expression_is_one_letter_when_simplified() -> None:
    """Python takes a few letters of other alphabets for an ASCII letter where case is ignored."""
    everything = "".join(map(chr, range(0x20000)))
    for letter in string.printable[:95]:
        taken = re.findall(re.escape(letter), everything, re.IGNORECASE)
        assert {patterns.simplified(each.casefold()) for each in taken} == {letter.lower()}


def test_an_expression_needs_its_longest_text() -> None:
    """The text that every match has, if there is one of three characters or more."""
    expected = {
        r"(?P<verb>Show) me (all|some) of the (weather|news)": "show me ",
        r"^order #\d+$": "order #",
        r"\w+@\w+\.com": ".com",
        "yes|no": "",
        "(?:maybe )*ok": "",
        "(?:maybe )+ok": "maybe ",
    }
    assert {pattern: patterns.compile(pattern, ignore_case=True).needed for pattern in expected} == expected


@given(st.lists(CHARACTERS, min_size=1, max_size=3), TEXTS)
def test_groups_are_those_of_python(parts: list[str], text: str) -> None:
    """RE2 gives the groups of the first match, the longest or the shortest ones as the expression says."""
    pattern = "".join(f"(?P<{name}>{part})" for name, part in zip(string.ascii_letters, parts, strict=False))
    found = re.search(pattern, text)
    assert Everywhere(regular(parse(pattern))).groups(text) == (found.groupdict("") if found else None)


@given(EXPRESSIONS, st.sampled_from(["a", "ab", " a", "é1\n"]), st.integers(1, 4000))
def test_every_search_ends(pattern: str, filler: str, times: int) -> None:
    """A budget of steps is enough, or is told not to be: none is exceeded by much."""
    budget = Budget(1_000_000)
    try:
        patterns.compile(pattern).matches_within(budget, filler * times + "!")
    except TooCostly:
        assert budget.left < 0
    else:
        assert budget.left >= 0


@pytest.mark.parametrize("pattern", [r"(?a)\W", r"(?a:\W)b*c|\W", r"(?i)[k-l]", "ſ|K"])
def test_a_class_has_the_characters_that_it_has_alone(pattern: str) -> None:
    """Flags and case folding are Python's, in the scripts of the world."""
    everywhere = Everywhere(regular(parse(pattern)))
    for character in "ßſKKkéЖ中1_-":
        expected = re.match(pattern, character) is not None
        assert everywhere.matches(character, Budget(1_000_000)) is expected
