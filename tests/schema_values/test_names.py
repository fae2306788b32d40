"""What a property's name says its value is: sentences, things, numbers, and values that belong together."""

import re
from typing import Any

import pytest
from support.schemas import SEED, judge, make

from emulator.core.seeds import Random
from emulator.schema_values import value
from emulator.schema_values.related import changes, in_sequence

SENTENCE = r"[A-Z].{12,}[.!?]"
TEXTS = [
    ("reasoning", SENTENCE),
    ("justification", SENTENCE),
    ("rationale", SENTENCE),
    ("explanation", SENTENCE),
    ("executive_summary", SENTENCE),
    ("nextStep", SENTENCE),
    ("review_text", SENTENCE),
    ("Beschreibung", SENTENCE),
    ("Begründung", SENTENCE),
    ("follow_up_question", r".+\?"),
    ("sentiment", "positive|negative|neutral"),
    ("sql", r"SELECT .+;?"),
    ("source_code", r"(?s)def .+"),
    ("html", r"<h1>.+</p>"),
    ("markdown", r"(?s)# .+"),
    ("order_id", r"ORD-\d+"),
    ("invoiceNumber", r"INV-\d+"),
    ("user_id", r"usr_[0-9a-f]{8}"),
    ("sku", r"[A-Z]{2}-\d+"),
    ("flight_number", r"[A-Z]{2}\d+"),
    ("check_in", r"\d{4}-\d\d-\d\d"),
    ("log_level", r"[A-Z]+"),
    ("blood_pressure", r"\d+/\d+"),
    ("artist_name", r"[A-Z].+"),
]
NUMBERS = [
    ("confidence", 0, 1),
    ("relevance_score", 0, 1),
    ("rating", 1, 5),
    ("guests", 1, 8),
    ("http_status", 200, 204),
    ("body_temperature", 36, 39),
    ("interest_rate", 0, 10),
    ("heartRate", 60, 100),
    ("population", 20_000, 3_000_000),
    ("budget_per_night", 60, 300),
]
DESCRIBED = [
    ("x", "The email address of the buyer", r".+@.+"),
    ("recipient", "Email address of the recipient", r".+@.+"),
    ("x", "Names of the passengers", r"[A-Z]\S+ [A-Z]\S+"),
    ("x", "Why this label was chosen", SENTENCE),
    ("name", "The name of the city", r"[A-Z]\w+"),
    ("language", "Programming language of the file", "python|typescript|go|rust"),
    ("website", "The website of the company", r"https://.+"),
]
TOGETHER: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"min_age": 40, "max_age": 30}, {"min_age": 30, "max_age": 40}),
    ({"start_date": "2025-03-02", "end_date": "2025-03-01"}, {"start_date": "2025-03-01", "end_date": "2025-03-02"}),
    ({"check_in": "2025-03-02", "check_out_date": "2025-03-01"}, {"check_in": "2025-03-01"}),
    ({"createdAt": "2025-03-02", "updatedAt": "2025-03-03"}, {}),
    ({"low": 3, "high": 3}, {"high": 4}),
    ({"from": "Rome", "to": "Oslo"}, {}),
    ({"subtotal": 10.5, "tax": 2.0, "total": 3}, {"total": 12.5}),
    ({"subtotal": 20.0, "discount": 1.0, "shipping": 5, "grand_total": 3}, {"grand_total": 24.0}),
    ({"quantity": 3, "unit_price": 2.5, "total": 9}, {"total": 7.5}),
    ({"items": [{"price": 2, "quantity": 3}, {"price": 4}], "total": 1}, {"total": 10}),
    ({"items": [{"name": "x"}], "total": 1}, {}),
    ({"total": 5, "page": 2}, {}),
    ({"prep_time": 5, "cook_time": 20, "total_time": 9}, {"total_time": 25}),
    ({"promptTokens": 5, "completionTokens": 7, "totalTokens": 1}, {"totalTokens": 12}),
    ({"subtotal": 200.0, "tax_rate": 7, "tax": 99.0, "total": 1}, {"tax": 14.0, "total": 214.0}),
    ({"p50_ms": 9, "p95_ms": 4, "p99_ms": 7}, {"p50_ms": 4, "p95_ms": 7, "p99_ms": 9}),
    ({"open": 10.0, "high": 9.8, "low": 10.1, "close": 10.2}, {"high": 10.2, "low": 9.8}),
    ({"points": 9, "max_points": 4}, {"points": 4, "max_points": 9}),
    ({"page": 9, "total_pages": 4}, {"page": 4, "total_pages": 9}),
    ({"price": 100.0, "previous_close": 30.0, "change": 4.0}, {"previous_close": 98.7, "change": 1.3}),
    ({"options": ["Rome", "Oslo"], "correct_index": 7}, {"correct_index": 1}),
    ({"options": ["Rome", "Oslo"], "correct_answer": "Paris"}, {"correct_answer": "Oslo"}),
    ({"options": ["Rome", "Oslo"], "correct_answer": "B"}, {}),
    ({"results": ["x", "y", "z"], "total_results": 40}, {"total_results": 3}),
    ({"success": True, "error": "It failed."}, {"error": None}),
    ({"success": False, "error": "It failed."}, {}),
    ({"flagged": False, "categories": {"hate": True, "violence": False}}, {"flagged": True}),
    ({"points": 10**400, "max_points": 4, "price": 10**400, "open": 1}, {}),
]
SEQUENCES: list[tuple[list[Any], list[Any]]] = [
    ([{"day": 27}, {"day": 4}], [{"day": 1}, {"day": 2}]),
    (
        [{"id": 7, "depends_on": [3]}, {"id": 9, "depends_on": []}],
        [{"id": 1, "depends_on": []}, {"id": 2, "depends_on": [1]}],
    ),
    ([{"start": "10:30"}, {"start": "09:00"}], [{"start": "09:00"}, {"start": "10:30"}]),
    ([{"day": "Monday"}, {"day": "Friday"}], [{"day": "Monday"}, {"day": "Friday"}]),
    ([{"id": 7}, {"id": 3}], [{"id": 7}, {"id": 3}]),
    ([{"day": 3}, "x"], [{"day": 3}, "x"]),
    ([{"day": 3}], [{"day": 3}]),
]
OWNED = [
    ("vitals", "temperature", "number", "", r"3[67]\..*|38\..*|3[678]"),
    ("salary", "min", "number", "", r"\d{5,6}"),
    ("category_scores", "hate", "number", "", r"0\.\d+"),
    ("ingredients", "unit", "string", "", r"g|ml|tbsp|cups|pieces"),
    ("ingredients", "name", "string", "", r"[a-z ]+"),
    ("experience", "title", "string", "", r"[A-Z]\w+ .*"),
    ("parcel", "weight", "number", "Weight in grams", r"\d{2,4}"),
    ("call", "timeout_ms", "integer", "", r"\d{3,5}"),
    ("charge", "amount", "integer", "In cents", r"\d{3,5}"),
    ("company", "market_cap", "number", "In billions of USD", r"\d{1,3}(\.\d)?"),
    ("scan", "temperature", "number", "Body temperature", r"3[678](\.\d)?"),
    ("match", "home_score", "integer", "Goals scored", r"[0-4]"),
    ("end", "dateTime", "string", "", r"\d{4}-.*T.*Z"),
    ("profile", "linkedin", "string", "", r"https://www\.linkedin\.com/in/[\w-]+-example"),
    ("contact", "reporter_name", "string", "", r"[A-Z]\w+ [A-Z]\w+"),
]


def one(name: str, kind: str, seed: int, description: str = "") -> Any:
    said = {"type": kind, **({"description": description} if description else {})}
    return make({"type": "object", "properties": {name: said}, "required": [name]}, seed)[name]


@pytest.mark.parametrize(("name", "form"), TEXTS)
def test_names_say_what_a_text_is(name: str, form: str) -> None:
    """A text is of the kind that its name says, with any seed."""
    for seed in range(6):
        found = one(name, "string", seed)
        assert re.fullmatch(form, found), found


@pytest.mark.parametrize(("name", "low", "high"), NUMBERS)
def test_names_say_how_large_a_number_is(name: str, low: float, high: float) -> None:
    """A number is of the size that is usual for its name."""
    assert all(low <= one(name, "number", seed) <= high for seed in range(12))


@pytest.mark.parametrize(("name", "description", "form"), DESCRIBED)
def test_descriptions_say_what_names_do_not(name: str, description: str, form: str) -> None:
    """Where a name says nothing, or less than its description, the description says what a text is."""
    for seed in range(6):
        found = one(name, "string", seed, description)
        assert re.fullmatch(form, found), found


def test_a_list_says_what_its_items_are() -> None:
    """The description of a list counts for its items, which have none of their own."""
    addresses = {"type": "array", "items": {"type": "string"}, "description": "Email addresses to copy"}
    marks = {"type": "array", "items": {"type": "integer"}, "description": "Three to five marks from 1 to 6"}
    for seed in range(6):
        found = make({"properties": {"cc": addresses, "x": marks}, "required": ["cc", "x"]}, seed)
        assert all("@" in item for item in found["cc"])
        assert 3 <= len(found["x"]) <= 5
        assert all(1 <= mark <= 6 for mark in found["x"])


def test_a_title_counts_where_the_name_says_nothing() -> None:
    """A title says what a value is, as a description does."""
    found = make({"properties": {"a": {"type": "string", "title": "Email Address"}}, "required": ["a"]})
    assert "@" in found["a"]


@pytest.mark.parametrize(("values", "changed"), TOGETHER)
def test_values_that_belong_together(values: dict[str, Any], changed: dict[str, Any]) -> None:
    """A start comes before its end, a minimum is below its maximum, and a total is the sum of its parts."""
    found = dict(values)
    for change in changes(found):
        found |= change
    assert {name: found[name] for name in values if found[name] != values[name]}.items() >= changed.items()
    assert changed or found == values


@pytest.mark.parametrize(("items", "ordered"), SEQUENCES)
def test_items_are_in_sequence(items: list[Any], ordered: list[Any]) -> None:
    """What numbers the objects of a list counts from 1, a step depends on that before it, and times ascend."""
    found = list(items)
    for at, change in in_sequence(items):
        found[at] = found[at] | change
    assert found == ordered


def test_items_are_in_sequence_only_as_their_schema_allows() -> None:
    """An item stays as it is if it would not be valid otherwise."""
    row = {"type": "object", "properties": {"day": {"type": "integer", "minimum": 2}}, "required": ["day"]}
    schema = {"type": "array", "items": row, "minItems": 3, "maxItems": 3}
    found = make(schema)
    assert judge(schema, found) is None
    assert [item["day"] for item in found[1:]] == [2, 3]


@pytest.mark.parametrize(("owner", "name", "kind", "description", "form"), OWNED)
def test_what_has_a_value_says_what_it_is(owner: str, name: str, kind: str, description: str, form: str) -> None:
    """A temperature among vitals is a body's, a minimum of a salary is one, and units are heeded."""
    leaf = {"type": kind, **({"description": description} if description else {})}
    part = {"type": "object", "properties": {name: leaf}, "required": [name]}
    for seed in range(8):
        found = make({"type": "object", "properties": {owner: part}, "required": [owner]}, seed)[owner][name]
        assert re.fullmatch(form, str(found)), found


def test_values_agree_only_as_their_schemas_allow() -> None:
    """What does not satisfy its own schema, or was given by a hint, is left as it is."""
    span = {"min": {"type": "integer", "const": 9}, "max": {"type": "integer", "maximum": 5}}
    schema = {"type": "object", "properties": span, "required": ["min", "max"]}
    found = make(schema)
    assert judge(schema, found) is None
    bill = {name: {"type": "number"} for name in ("subtotal", "tax", "total")}
    hinted = make({"type": "object", "properties": bill, "required": list(bill)}, total="7")
    assert hinted["total"] == 7


def test_a_name_beside_an_address_is_a_persons() -> None:
    """The `name` of an object with an address of mail is that of the same person."""
    properties = {name: {"type": "string"} for name in ("name", "email", "first_name", "last_name", "full_name")}
    for seed in range(6):
        found = make({"type": "object", "properties": properties, "required": list(properties)}, seed)
        assert found["name"] == found["full_name"] == f"{found['first_name']} {found['last_name']}"
        assert found["last_name"].lower() in found["email"]


def test_a_journey_leads_elsewhere() -> None:
    """Origin and destination differ, as towns and as airports."""
    properties = {name: {"type": "string"} for name in ("origin", "destination")}
    codes = {name: {"type": "string", "description": "IATA code"} for name in properties}
    for seed in range(6):
        for each in (properties, codes):
            found = make({"type": "object", "properties": each, "required": list(each)}, seed)
            assert found["origin"] != found["destination"]


def test_web_addresses_differ() -> None:
    """Each web address of an object has a host of its own."""
    properties = {name: {"type": "string", "format": "uri"} for name in ("url", "docs_url", "webhookUrl")}
    found = make({"type": "object", "properties": properties, "required": list(properties)})
    assert len({address.split("/")[2] for address in found.values()}) == 3


def test_sentences_of_the_caller_are_used_where_they_fit() -> None:
    """Texts about the conversation are written by the caller; names, questions and codes are not."""

    def sentences(random: Random) -> str:
        return f"With the tides, {random.randint(1, 9)} things matter."

    names = ("reasoning", "summary", "title", "question", "sql", "city", "status")
    properties = {name: {"type": "string"} for name in names}
    schema = {"type": "object", "properties": properties, "required": list(names)}
    found = value(schema, SEED, sentences=sentences)
    assert [name for name in names if "tides" in found[name]] == ["reasoning", "summary"]


def test_a_hint_stays_in_its_property() -> None:
    """A hint for a property shows up in no other one, and in none of that name inside of another object."""
    names = ("city", "summary", "email", "title", "street", "note", "x")
    properties: dict[str, Any] = {name: {"type": "string"} for name in names}
    properties["inner"] = {"type": "object", "properties": {name: {"type": "string"} for name in ("place", "city")}}
    properties["people"] = {"type": "array", "items": properties["inner"], "minItems": 1}
    properties["tags"] = {"type": "array", "items": {"type": "string"}}
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    for seed in range(6):
        found = make(schema, seed, city="Ouagadougou")
        assert found.pop("city") == "Ouagadougou"
        assert "Ouagadougou" not in str(found)


def test_a_hint_that_a_description_excludes_is_passed_over() -> None:
    """A word of the conversation is no value of a property whose description says that it has another form."""
    code = {"type": "string", "description": "Two-letter country code"}
    day = {"type": "string", "description": "Date (YYYY-MM-DD)"}
    schema = {"type": "object", "properties": {"country": code, "day": day}, "required": ["country", "day"]}
    found = make(schema, country="Leeds", day="tomorrow")
    assert re.fullmatch(r"[A-Z]{2}", found["country"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", found["day"])
    assert make(schema, country="PT", day="2025-03-01") == {"country": "PT", "day": "2025-03-01"}


def test_a_town_of_the_conversation_is_where_everything_is() -> None:
    """If a hint names a known town, its country, currency and time zone are those of the town."""
    names = ("city", "country", "currency", "timezone", "postal_code")
    schema = {"type": "object", "properties": {name: {"type": "string"} for name in names}, "required": list(names)}
    for seed in range(4):
        found = make(schema, seed, city="Kyoto")
        assert list(found.values()) == ["Kyoto", "Japan", "JPY", "Asia/Tokyo", "604-8571"]


@pytest.mark.parametrize(
    ("name", "description", "hint", "taken"),
    [
        ("created_at", "", "support ticket", False),
        ("created_at", "", "tomorrow at 9", True),
        ("email", "", "Ada", False),
        ("email", "", "ada@example.com", True),
        ("sql", "", "orders", False),
        ("ticket_id", "", "support", False),
        ("ticket_id", "", "T-12", True),
        ("mood", "positive, negative or neutral", "text", False),
        ("mood", "positive, negative or neutral", "Neutral", True),
        ("cuisine", "e.g. italian, thai", "peruvian", True),
        ("note", "", "anything at all", True),
    ],
)
def test_a_hint_is_taken_where_it_looks_like_the_value(name: str, description: str, hint: str, taken: bool) -> None:
    """What a conversation says is a value only of a property that it can be one of."""
    said = {"type": "string", **({"description": description} if description else {})}
    found = make({"type": "object", "properties": {name: said}, "required": [name]}, **{name: hint})
    assert (found[name] == hint) is taken
