"""Texts of formats with a form or a check digit of their own, and of media types."""

import base64
import json
import re
from typing import Any

import pytest
from support.schemas import make

FORMS = {
    "ulid": "[0-7][0-9A-HJKMNP-TV-Z]{25}",
    "cuid": r"[cC][^\s-]{8,}",
    "cuid2": "[0-9a-z]+",
    "nanoid": "[a-zA-Z0-9_-]{21}",
    "xid": "[0-9a-vA-V]{20}",
    "ksuid": "[A-Za-z0-9]{27}",
    "e164": r"\+[1-9]\d{6,14}",
    "uuid7": "[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
    "base64url": "[A-Za-z0-9_-]+",
    "sha256_hex": "[0-9a-f]{64}",
    "name-email": ".+ <[^@]+@[^@]+>",
    "cidrv4": r"(\d+\.){3}\d+/\d+",
    "int64": "[1-9][0-9]*",
    "year-month": r"\d{4}-\d{2}",
    "jwt": r"[\w-]+\.[\w-]+\.[\w-]+",
    "credit-card": "[0-9]{16}",
    "country-code": "[A-Z]{2}",
    "mime-type": "[a-z]+/[a-z.+-]+",
}


def text(form: str, seed: int) -> str:
    """A text of a format."""
    return str(make({"type": "string", "format": form}, seed))


@pytest.mark.parametrize("form", FORMS)
def test_a_text_has_the_form_of_its_format(form: str) -> None:
    """A text of a format has the form that its specification gives it, whatever the seed."""
    assert all(re.fullmatch(FORMS[form], text(form, seed)) for seed in range(20))


def test_a_card_number_has_its_check_digit() -> None:
    """A payment card number satisfies the Luhn formula."""
    for seed in range(20):
        digits = [int(digit) for digit in reversed(text("credit-card", seed))]
        assert sum(digit if at % 2 == 0 else sum(divmod(2 * digit, 10)) for at, digit in enumerate(digits)) % 10 == 0


def test_an_account_number_has_its_check_digits() -> None:
    """An IBAN is 1 modulo 97, as ISO 13616 requires."""
    for seed in range(20):
        number = text("iban", seed)
        assert int("".join(str(int(character, 36)) for character in number[4:] + number[:4])) % 97 == 1


def test_a_book_number_has_its_check_digit() -> None:
    """The weighted digits of an ISBN-13 add up to a multiple of ten."""
    for seed in range(20):
        assert sum(int(digit) * (1, 3)[at % 2] for at, digit in enumerate(text("isbn", seed))) % 10 == 0


def test_a_token_can_be_read() -> None:
    """The header and the claims of a JSON Web Token are JSON objects."""
    for part in text("jwt", 1).split(".")[:2]:
        assert isinstance(json.loads(base64.urlsafe_b64decode(part + "==")), dict)


@pytest.mark.parametrize("encoding", [{}, {"contentEncoding": "base64"}])
def test_a_text_holds_what_its_media_type_says(encoding: dict[str, Any]) -> None:
    """A text whose media type is JSON holds a document of its content schema."""
    schema = {"type": "object", "properties": {"count": {"type": "integer"}}, "required": ["count"]}
    asked = {"type": "string", "contentMediaType": "application/json", **encoding}
    for wanted, keys in ((asked, {"name", "value"}), (asked | {"contentSchema": schema}, {"count"})):
        found = make(wanted)
        assert json.loads(base64.b64decode(found) if encoding else found).keys() == keys


@pytest.mark.parametrize(
    "branches", [[{"type": "number"}, {"type": "string"}], [{"type": "string"}, {"type": "integer"}]]
)
def test_a_text_beside_a_number_is_no_word(branches: list[Any]) -> None:
    """Where a number or a text will do, as for a Decimal, the value is a number."""
    for seed in range(20):
        assert isinstance(make({"anyOf": branches}, seed), int | float)
        assert isinstance(make({"type": [branch["type"] for branch in branches]}, seed), int | float)


@pytest.mark.parametrize("tuple_", [{"prefixItems": []}, {"items": []}, {"prefixItems": [{"type": "integer"}]}])
def test_nothing_follows_a_tuple(tuple_: dict[str, Any]) -> None:
    """An array has the items of its tuple and no more, as readers of tuples expect."""
    size = len(tuple_.get("prefixItems", ()))
    assert all(len(make({"type": "array", **tuple_}, seed)) == size for seed in range(10))


def test_null_is_taken_from_a_list_where_nothing_else_is_left() -> None:
    """OpenAPI's `nullable` allows the null of its `enum`."""
    assert make({"type": "string", "nullable": True, "enum": [None]}) is None
    assert make({"type": "string", "nullable": True, "enum": ["a", None]}) == "a"


@pytest.mark.parametrize("form", ["name-email", "ulid", "jwt", "base64", "ipv4network", "e164", "int64", "json-string"])
def test_a_hint_has_the_format(form: str) -> None:
    """A word of the conversation is no value of a format that it has not."""
    schema = {"type": "object", "properties": {"who": {"type": "string", "format": form}}, "required": ["who"]}
    assert make(schema, who="Ada Lovelace")["who"] != "Ada Lovelace"
