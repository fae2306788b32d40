"""Texts match their patterns and have their formats."""

import re
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.schemas import SEED

from emulator.schema_values.budget import Budget
from emulator.schema_values.format_checks import conforms
from emulator.schema_values.formats import written
from emulator.schema_values.persona import Persona
from emulator.schema_values.regex import compiled, parse
from emulator.schema_values.search import Searches
from emulator.schema_values.spelling import matching

MATCHES = Searches().matches
LITERALS = st.sampled_from(["a", "b", "-", "\\d", "\\w", "[a-f]", "[^a]", "\\.", "x", "[A-Z_]"])

PATTERNS = st.recursive(
    LITERALS,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda pair: f"(?:{pair[0]}|{pair[1]})"),
        st.tuples(inner, st.sampled_from(["?", "*", "+", "{2}", "{1,3}", "{2,}"])).map(
            lambda pair: f"({pair[0]}){pair[1]}"
        ),
    ),
    max_leaves=6,
)


@settings(max_examples=200)
@given(PATTERNS, st.booleans())
def test_texts_match_their_patterns(pattern: str, anchored: bool) -> None:
    """What is written for a pattern matches it."""
    pattern = f"^{pattern}$" if anchored else pattern
    texts = list(matching(pattern, SEED.random(), 0, 60, MATCHES, Budget()))
    assert texts
    assert all(re.search(pattern, text) for text in texts)


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        (r"(?i)^ab$", "AB", "c"),
        (r"(?i)^[[a][b]$", "AB", "c"),
        (r"^\p{L}+$", "héé", "h1"),
        (r"^\p{Lu}\P{Lu}$", "Ab", "AB"),
        (r"^[\p{L}\d]+$", "é1", "-"),
        (r"^(?<year>\d{4})-\k<year>$", "2024-2024", "2024-2025"),
        (r"^\cA$", "\x01", "A"),
        (r"^\u{1F600}$", "\U0001f600", "u"),
        (r"^[^]$", "\n", "ab"),
        (r"^[\d--]+$", "1-", "a"),
        (r"^\p{digit}+$", "12", "a"),
        (r"^\p{Extended_Pictographic}+$", "\U0001f680", "a"),
        (r"^(\p{Extended_Pictographic}|\p{Emoji_Component})+$", "\U0001f44d\U0001f3fd", "a"),
        (r"^\p{Script=Greek}+$", "λόγος", "logos"),
        (r"^\p{IsCyrillic}+$", "слово", "slovo"),
        (r"^[\p{Han}\p{Hiragana}]+$", "東京の", "Tokyo"),
        (r"^a{,2}(?=b)b|\/$", "aab", "c"),
    ],
)
def test_patterns_that_python_does_not_read_are_translated(pattern: str, yes: str, no: str) -> None:
    """ECMAScript's own spellings mean what they mean there."""
    assert compiled(pattern).matches(yes)
    assert not compiled(pattern).matches(no)
    assert any(compiled(pattern).matches(text) for text in matching(pattern, SEED.random(), 0, 20, MATCHES, Budget()))


@given(st.sets(st.sampled_from(string.ascii_letters + string.digits), min_size=1), st.integers(1, 40))
def test_a_class_that_lacks_letters_is_spelled_with_its_own(members: set[str], size: int) -> None:
    """Whatever letters and digits a class has, a text of any length is written in it."""
    pattern = f"^[{''.join(sorted(members))}]{{{size}}}$"
    assert re.search(pattern, next(matching(pattern, SEED.random(), 0, 60, MATCHES, Budget())))


@pytest.mark.parametrize(
    "pattern",
    [
        "^[0-9A-HJKMNP-TV-Z]{26}$",
        "^[0-7][0-9A-HJKMNP-TV-Z]{25}$",
        "^[b-df-hj-np-tv-z]{12}$",
        "^(?!.*[aeiou])[a-z]{6}$",
        "^[a-z](?!.*[eot])[a-z]{5,9}$",
    ],
)
def test_a_text_is_found_where_words_do_not_match(pattern: str) -> None:
    """Where no word matches, letters are drawn from the class."""
    for seed in range(10):
        assert any(matching(pattern, SEED.child(seed).random(), 0, 60, MATCHES, Budget()))


@pytest.mark.parametrize("pattern", ["(", "a)", "[a", "*a", "a{2,1}", "(?x", "[z-a]", "\\", "(?P<n"])
def test_bad_patterns_are_told(pattern: str) -> None:
    """What is not a regular expression is an error that says so."""
    with pytest.raises(ValueError, match="is not a regular expression"):
        compiled(pattern)
    with pytest.raises(ValueError, match="is not a regular expression"):
        parse(pattern)


FORMATS = (
    *(
        "date-time",
        "date",
        "time",
        "duration",
        "email",
        "idn-email",
        "hostname",
        "ipv4",
        "ipv6",
        "uri",
        "uri-reference",
    ),
    *("iri", "iri-reference", "uri-template", "uuid", "json-pointer", "relative-json-pointer", "regex"),
)


@pytest.mark.parametrize("name", FORMATS)
def test_formats_are_written_as_they_are_read(name: str) -> None:
    """A text that is written in a format is recognised as of that format, and another text is not."""
    for seed in range(5):
        chance = SEED.child(seed).random()
        text = written(name, chance, Persona(chance), ())
        assert text
        assert conforms(name, text)
    wrong = "~2 (" if "pointer" in name else "(" if name == "regex" else "{ é"
    assert not conforms(name, wrong)


def test_letters_outside_of_words_are_drawn_from_their_class() -> None:
    """A class without letters or digits is spelled with what it has."""
    for pattern in (r"^[!#]{3}$", r"^[\u2190-\u2199]{4}$", r"^\s$", r"^[^\x20-\x7e]$"):
        assert all(re.search(pattern, text) for text in matching(pattern, SEED.random(), 0, 10, MATCHES, Budget()))
    assert set(next(matching("^[A-Z]{8}$", SEED.random(), 0, 10, MATCHES, Budget()))) <= set(string.ascii_uppercase)
