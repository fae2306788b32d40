"""Values are what the names, descriptions and examples of a schema suggest."""

import re
import subprocess
import sys
from typing import Any

import pytest
from support.schemas import PERSON, make

BELIEVABLE = [
    ("email", r".+@example\.(com|org|net)"),
    ("contactEmail", r".+@example\.(com|org|net)"),
    ("phone_number", r"\+\d{8,15}"),
    ("homepage", r"https://.+"),
    ("created_at", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"),
    ("birthDate", r"(19|20)\d\d-\d\d-\d\d"),
    ("ipAddress", r"192\.0\.2\.\d+"),
    ("customer_id", r"cus_[0-9a-f]{8}"),
    ("totalPrice", r"\d+\.\d\d"),
    ("version", r"\d+\.\d+\.\d+"),
    ("countrycode", r"[A-Z]{2}"),
    ("iban", r"[A-Z]{2}\d\d\w+"),
    ("summary", r"[A-Z].+\."),
    ("sha256", r"[0-9a-f]{40}"),
]


@pytest.mark.parametrize(("name", "form"), BELIEVABLE)
def test_names_tell_what_a_text_is(name: str, form: str) -> None:
    """A property's name decides what kind of text it has."""
    for seed in range(5):
        found = make({"type": "object", "properties": {name: {"type": "string"}}}, seed)[name]
        assert re.fullmatch(form, found), found


@pytest.mark.parametrize(
    ("name", "low", "high"), [("age", 18, 80), ("latitude", -60, 60), ("port", 1024, 49151), ("max_age", 49, 80)]
)
def test_names_tell_where_a_number_lies(name: str, low: float, high: float) -> None:
    """A property's name decides the usual size of its number."""
    for seed in range(10):
        assert low <= make({"type": "object", "properties": {name: {"type": "number"}}}, seed)[name] <= high


@pytest.mark.parametrize(
    ("description", "form"),
    [
        ("The city and state, e.g. San Francisco, CA", "San Francisco, CA"),
        ("The mode, such as 'dark'.", "dark"),
        ("When, as YYYY-MM-DD", r"\d{4}-\d\d-\d\d"),
        ("The time (HH:MM)", r"\d\d:\d\d"),
        ("The email address of the person", r".+@.+"),
    ],
)
def test_descriptions_tell_what_a_text_is(description: str, form: str) -> None:
    """What a description gives as an example, or says the text is, is what the text is."""
    schema = {"type": "object", "properties": {"x": {"type": "string", "description": description}}}
    assert re.fullmatch(form, make(schema)["x"])


@pytest.mark.parametrize(
    ("parent", "known"),
    [
        ("author", str.istitle),
        ("company", str.istitle),
        ("product", str.istitle),
        ("city", str.istitle),
        ("country", str.istitle),
        ("rule", str.islower),
    ],
)
def test_a_name_is_that_of_what_it_is_in(parent: str, known: Any) -> None:
    """A `name` in a person is a person's, in a company a company's, and so on."""
    schema = {"type": "object", "properties": {parent: {"type": "object", "properties": {"name": {"type": "string"}}}}}
    assert known(make(schema)[parent]["name"])


def test_a_person_is_one_person() -> None:
    """Name and address of mail go together, and what ends does so after it starts."""
    for seed in range(10):
        found = make(PERSON, seed)
        assert found["email"].split("@")[0] == found["full_name"].lower().replace(" ", ".")
        assert found["start_date"] < found["end_date"]
        assert len(set(found["tags"])) == len(found["tags"])


def test_untyped_properties_are_what_their_names_say() -> None:
    """A property without a type is a boolean, a number or a text, by its name."""
    found = make({"type": "object", "properties": {"is_open": {}, "age": {}, "email": {}}})
    assert [type(found[name]) for name in ("is_open", "age", "email")] == [bool, int, str]


def test_maps_have_entries() -> None:
    """An object that declares no property, but what others are like, has some."""
    found = make(
        {"type": "object", "properties": {"labels": {"type": "object", "additionalProperties": {"type": "string"}}}}
    )
    assert set(found["labels"]) <= {"app", "tier", "component", "version"}
    assert len(found["labels"]) == 2


def test_samples_of_the_schema_are_used() -> None:
    """Examples and defaults that are valid are what values are made of."""
    assert make({"type": "string", "examples": ["alpha"]}) == "alpha"
    assert make({"type": "string", "default": "not\x00allowed", "pattern": "^a+$"}).strip("a") == ""
    assert {make({"type": "integer", "default": 7}, seed) == 7 for seed in range(20)} == {True, False}


def test_faker_is_loaded_only_when_wanted() -> None:
    """Importing the package, and most values, do without Faker."""
    code = (
        "import sys; from emulator.schema_values import value; from emulator.core.seeds import Seed\n"
        "ask = lambda name: value({'type': 'object', 'properties': {name: {'type': 'string'}}}, Seed.of(1))\n"
        "ask('email'); before = 'faker' in sys.modules; ask('iban'); print(before, 'faker' in sys.modules)"
    )
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        == "False True\n"
    )
