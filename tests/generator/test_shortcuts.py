"""The quick ways of the language model lead where the thorough ones do."""

import re
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from emulator.core.drafts import TOGETHER
from emulator.core.seeds import Seed
from emulator.core.vocabulary import Sampling
from emulator.generator.arithmetic import calculation, may_calculate
from emulator.generator.grammar import (
    Branch,
    NonTerminal,
    Phrase,
    Run,
    Symbols,
    Token,
    branch,
    choice_of_phrases,
    tokens,
)
from emulator.generator.intents import Row, rows, words_of
from emulator.generator.speech import speak
from emulator.generator.walk import Walk

PHRASES = [
    "the sea",
    "The sea",
    "QX",
    "Q",
    "42 ships",
    "427",
    "🐱 and 🎉",
    "🎉",
    "\ud800 x",
    "\ufffd",
    "a",
    "日本",
    "…",
    "x y z",
]
PIECES = ["2", "3.5", "40", "two", "Twenty-one", "x", "X", "+", "-", "−", "×", "÷", "/", "times", "divided by", "plus"]
PIECES += [
    "over",
    "sum of",
    "and",
    "multiply",
    "by",
    "add",
    "to",
    "product",
    "between",
    "(",
    ")",
    " ",
    " ",
    "?",
    "what is",
]


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.rule)
@given(st.data())
def test_what_a_pattern_matches_has_a_word_of_its_row(row: Row, data: st.DataObject) -> None:
    """So a pattern need not be tried on a message without such a word."""
    text = data.draw(st.from_regex(re.compile(row.pattern.pattern, row.pattern.flags)))
    assert not words_of(" ".join(text.split())).isdisjoint(row.words)


def test_words_have_the_letters_that_patterns_take_for_ascii() -> None:
    """Patterns without regard to case match some letters beyond ASCII, which are then letters of a word."""
    letters = re.compile("[a-z]", re.IGNORECASE)
    for letter in filter(letters.fullmatch, map(chr, range(sys.maxunicode + 1))):
        (word,) = words_of(letter)
        assert re.fullmatch(word, letter, re.IGNORECASE)
        assert word.isascii()


@given(st.lists(st.sampled_from(PIECES), max_size=9).map("".join))
@example("3x4")
@example("two x 3")
@example("(3)x(4)")
def test_a_text_with_a_calculation_may_have_one(text: str) -> None:
    """A text that seems to have no calculation has none."""
    assert may_calculate(text, words_of(text)) or calculation(text) is None


def ids(symbols: Symbols) -> list[int]:
    return [id for symbol in symbols if isinstance(symbol, Run | Phrase) for id in symbol.ids]


@given(st.lists(st.sampled_from(PHRASES), min_size=2, max_size=4), st.sampled_from(["", " "]))
def test_phrases_are_chosen_from_as_other_tokens_are(phrases: list[str], lead: str) -> None:
    """Their choice is the general one between their tokens, of those that begin alike without all but the first."""
    texts = [lead + phrase for phrase in phrases]
    begun: dict[Token, tuple[float, list[Token]]] = {}
    for rank, text in enumerate(texts, 1):
        begun.setdefault(tokens(text)[0], (1 / rank**2, tokens(text)))
    general, quick = branch([(weight, [*said]) for weight, said in begun.values()]), choice_of_phrases(texts)
    assert isinstance(quick, Branch)
    assert (quick.ids, quick.pieces, quick.weights) == (general.ids, general.pieces, general.weights)
    assert (quick.likeliest, quick.runs, quick.can_end) == (general.likeliest, general.runs, general.can_end)
    for short, long in zip(quick.targets, general.targets, strict=True):
        assert ids(short) == ids(long)


@given(st.integers(0, 150), st.sampled_from([0.0, 0.7, 1.0]), st.integers(0, 99), st.booleans())
def test_tokens_are_the_same_one_by_one_and_many_at_a_time(
    limit: int, temperature: float, seed: int, endless: bool
) -> None:
    """And so is whether the text has ended."""

    def said(together: int) -> tuple[list[str], bool]:
        walk = Walk([NonTerminal("why", False)], {"topic": ["rain", "the sea"], "other": ["salt"]})
        speech = speak(walk, Sampling(temperature=temperature, ignore_eos=endless), Seed.of(seed), limit)
        return [piece for pieces, _ in speech.runs(together) for piece in pieces], speech.ended

    assert said(1) == said(TOGETHER)
    assert len(said(1)[0]) <= limit
