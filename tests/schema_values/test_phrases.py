"""What a description says of a value is read from any text, and never costs a value its validity."""

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.schemas import judge, make

from emulator.schema_values import phrases

OFFERS = [
    ("either 'celsius' or 'fahrenheit'", ("celsius", "fahrenheit")),
    ("One of: small, medium, large", ("small", "medium", "large")),
    ("positive, negative or neutral", ("positive", "negative", "neutral")),
    ("positive, negative, or neutral", ("positive", "negative", "neutral")),
    ("Cuisine (e.g. italian, chinese, mexican)", ("italian", "chinese", "mexican")),
    ("The format. Allowed values: json, csv, xml.", ("json", "csv", "xml")),
    ("low / medium / high", ("low", "medium", "high")),
    ("mild | moderate | severe", ("mild", "moderate", "severe")),
    ("Sentiment (positive/negative/neutral)", ("positive", "negative", "neutral")),
    ("Blood type: A, B, AB or O", ("A", "B", "AB", "O")),
    ("A currency pair such as EUR/USD", ("EUR/USD",)),
    ("Blood pressure, e.g. 120/80", ("120/80",)),
    ("The city and state, e.g. San Francisco, CA", ("San Francisco, CA",)),
    ("In the format of 'City, State', such as 'Austin, TX' or 'Reno, NV'.", ("Austin, TX", "Reno, NV")),
    ("The unit. Defaults to 'metric'.", ("metric",)),
    ("Status (default: open)", ("open",)),
    ("niedrig, mittel oder hoch", ("niedrig", "mittel", "hoch")),
    ("rouge, vert ou bleu", ("rouge", "vert", "bleu")),
    ("Uno de: abierto, cerrado", ("abierto", "cerrado")),
    ("YYYY-MM-DD, optional", ()),
    ("The default color for the series.", ()),
    ("The city. Default is all.", ("all",)),
    ("The date. Defaults to today's date.", ()),
    ("The name of the customer, or of the company", ()),
    ("The method you prefer - Instore, Online, or Both.", ("Instore", "Online", "Both")),
    ("Required if 'name' is not given. The 'id_no' is a number.", ()),
    ("Sort by 'price', 'rating' or 'distance'", ("price", "rating", "distance")),
    ("The efficiency, default is 0.8.", ("0.8",)),
    ("must be one of low, medium, high", ("low", "medium", "high")),
    ("Choose between red and blue", ("red", "blue")),
    ("The plan [free, pro, enterprise]", ("free", "pro", "enterprise")),
    ("A short text", ()),
]
BOUNDS = [
    ("A mark between 1 and 5", 1, 5),
    ("from 0 (off) to 100 (full)", 0, 100),
    ("Rating (1-5)", 1, 5),
    ("on a scale of 1 to 10", 1, 10),
    ("0 = mild, 3 = very hot", 0, 3),
    ("1 for low, 2 for medium, 3 for high", 1, 3),
    ("Schulnote zwischen 1 und 6", 1, 6),
    ("Nombre, entre 1 et 8", 1, 8),
    ("an integer between one and ten", 1, 10),
    ("not more than 20", None, 20),
    ("at least 18", 18, None),
    ("at most 30 days", None, 30),
    ("a percentage", 0, 100),
    ("Probability of rain", 0, 1),
    ("Cosine similarity", -1, 1),
    ("Unix timestamp in seconds", 1_700_000_000, 1_760_000_000),
    ("The number of guests", None, None),
]
FORMS = [
    ("ISO 8601 datetime", "date-time"),
    ("an ISO 8601 date", "date"),
    ("In the format YYYY-MM", "%Y-%m"),
    ("Date (DD/MM/YYYY)", "%d/%m/%Y"),
    ("Time as HH:MM", "%H:%M"),
    ("Datum im Format JJJJ-MM-TT", "%Y-%m-%d"),
    ("two-letter country code", "country-code"),
    ("ISO 4217 currency", "currency-code"),
    ("5-digit ZIP code", "digits-5"),
    ("The last four digits of the card", "digits-4"),
    ("URL slug of the page", "slug"),
    ("UUID of the session", "uuid"),
    ("The name of the street", ""),
]
COUNTS = [
    ("up to three", None, 3),
    ("Exactly 3 questions", 3, 3),
    ("3-5 keywords", 3, 5),
    ("At least two subtasks", 2, None),
    ("A pair of names", 2, 2),
    ("Scores between 0 and 1", None, None),
    ("[longitude, latitude]", 2, 2),
    ("Tags of the article", None, None),
]
HEADS = [
    ("The email address of the buyer.", ("buyer", "email", "address")),
    ("Number of guests (1-8)", ("guests",)),
    ("A list of the names of people mentioned", ("people", "names")),
    ("Who wrote it", ("person", "name")),
    ("How many people will come", ("people",)),
    ("", ()),
]
PIECES = """
one of either between and from to at least most up e.g. such as default is 1 5 100% -3 1,000 YYYY-MM-DD
'a' "b" (x) [y, z]
, ; : / | . ( ) ' " ` [ ] = < > ≥ ° £ 1/2 0x1F ٣ ² é 中 \x00
"""
WORDS = [*PIECES.split(), *(str(text) for text, *_ in [*OFFERS, *BOUNDS, *FORMS, *COUNTS, *HEADS])]
TEXTS = st.one_of(st.text(max_size=700), st.lists(st.sampled_from(WORDS), max_size=40).map(" ".join))
KINDS: dict[str, Any] = {
    "text": {"type": "string", "maxLength": 40},
    "code": {"type": "string", "pattern": "^[a-z]{2,8}$"},
    "day": {"type": "string", "format": "date"},
    "whole": {"type": "integer", "minimum": -3, "maximum": 12},
    "real": {"type": "number", "multipleOf": 0.5},
    "list": {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 4},
    "choice": {"enum": ["small", "large"]},
}


@pytest.mark.parametrize(("note", "words"), OFFERS)
def test_words_that_are_offered(note: str, words: tuple[str, ...]) -> None:
    """A description that lists words, quotes them or gives examples offers these words, and nothing else does."""
    assert phrases.offered(note) == words


@pytest.mark.parametrize(("note", "low", "high"), BOUNDS)
def test_bounds_that_are_told(note: str, low: float | None, high: float | None) -> None:
    """The least and the greatest number of which a description speaks are read from it."""
    assert phrases.bounds(note)[:2] == (low, high)


@pytest.mark.parametrize(("note", "form"), FORMS)
def test_forms_that_are_named(note: str, form: str) -> None:
    """A format that a description names, or spells, is known."""
    assert phrases.form(note) == form


@pytest.mark.parametrize(("note", "least", "most"), COUNTS)
def test_counts_that_are_told(note: str, least: int | None, most: int | None) -> None:
    """How many items a list has is read from its description."""
    assert phrases.counts(note) == (least, most)


@pytest.mark.parametrize(("note", "words"), HEADS)
def test_what_a_description_describes(note: str, words: tuple[str, ...]) -> None:
    """The words that say what a value is come in the order of a name, the most telling last."""
    assert phrases.head(note) == words


@pytest.mark.parametrize(
    ("note", "kind", "form"),
    [
        ("A number starting with INV-", "string", r"INV-.+"),
        ("Comma-separated tags", "string", r"[^,]+(, [^,]+)+"),
        ("Semicolon-delimited email addresses", "string", r"\S+@\S+(; \S+@\S+)+"),
        ("A short phrase (2-4 words)", "string", r"\w+( \w+){1,3}"),
        ("The answer in one word", "string", r"\w+"),
        ("The name of the file, ends with .py", "string", r".+\.py"),
        ("Name of the branch in kebab-case", "string", r"[a-z0-9]+(-[a-z0-9]+)*"),
        ("Points, a multiple of 10", "integer", r"-?\d*0"),
        ("Results to return. Default is 10; between 5 and 20.", "integer", r"[5-9]|1\d|20"),
    ],
)
def test_values_are_as_they_are_told(note: str, kind: str, form: str) -> None:
    """What a description says of a value holds for each value, with any seed."""
    for seed in range(8):
        assert re.fullmatch(form, str(make({"properties": {"x": {"type": kind, "description": note}}}, seed)["x"]))


@given(TEXTS)
def test_any_text_can_be_read(text: str) -> None:
    """No reading of a text raises, and what it returns is in order."""
    low, high, step, _ = phrases.bounds(text)
    assert low is None or high is None or low <= high
    assert step is None or step > 0
    least, most = phrases.counts(text)
    assert least is None or most is None or least <= most
    assert all(word.strip() for word in phrases.offered(text))
    for read in (phrases.form, phrases.joint, phrases.shape, phrases.default, phrases.head):
        read(text)


@settings(max_examples=60)
@given(TEXTS, st.sampled_from(sorted(KINDS)))
def test_no_description_makes_a_value_invalid(text: str, kind: str) -> None:
    """Whatever a description says, the value is valid for the schema that it describes."""
    schema = {"type": "object", "properties": {kind: {**KINDS[kind], "description": text, "title": text}}}
    found = make({**schema, "required": [kind]}, text)
    assert judge(schema, found) is None


@settings(max_examples=60)
@given(st.integers(-1_000, 1_000), st.integers(1, 1_000), st.sampled_from(["between {} and {}", "from {} to {}"]))
def test_numbers_are_within_what_is_told(low: int, size: int, said: str) -> None:
    """A number lies within the bounds that its description tells."""
    note = said.format(low, low + size)
    for kind in ("integer", "number"):
        found = make({"type": "object", "properties": {"x": {"type": kind, "description": note}}}, note)["x"]
        assert low <= found <= low + size
