"""Whether a mention of a text can be the value of a parameter, by its type and its kind, and what the value then is."""

import re
from typing import Any

from emulator.generator.saying.mentions import Mention
from emulator.generator.saying.parameters import Parameter
from emulator.generator.saying.words import listed, stem

_CALENDAR = listed("calendar")
_TYPES = {
    "number": ("integer", "number", ""),
    "count": ("integer", "number"),
    "state": ("string",),
    "currency": ("string",),
    "quoted": ("string", "array", "", "object"),
    "name": ("string", "array", ""),
    "place": ("string", "array", ""),
    "street": ("string", ""),
    "wide": ("string", "array", ""),
    "url": ("string", "array", ""),
    "email": ("string", "array", ""),
    "date": ("string", "array", ""),
    "time": ("string", ""),
    "path": ("string", "array", ""),
    "id": ("string", "array", ""),
    "expression": ("string", ""),
    "list": ("array", ""),
    "tuple": ("array", "object", ""),
    "object": ("object", ""),
}
_SUITS = {
    "currency": ("currency",),
    "place": ("place", "name"),
    "street": ("place",),
    "name": ("place", "name", "symbol", "language", "", "currency", "date"),
    "wide": ("place", "name", "language", "", "topic", "text", "currency"),
    "quoted": ("place", "name", "symbol", "language", "", "topic", "text", "expression", "command", "id", "path", "currency", "unit"),  # noqa: E501
    "url": ("url",),
    "email": ("email", "name", ""),
    "date": ("date", "time", ""),
    "time": ("time", "date"),
    "path": ("path", "name"),
    "id": ("id", "symbol", "name", "", "expression"),
    "expression": ("expression", "text", ""),
}  # fmt: skip
OWN = {
    "quoted": ("text", "command", "topic"),
    "name": ("place", "symbol"),
    "wide": ("place",),
    "place": ("place",),
    "street": ("place",),
    "state": ("place",),
    "url": ("url",),
    "email": ("email",),
    "date": ("date",),
    "time": ("time",),
    "path": ("path",),
    "expression": ("expression",),
    "id": ("id",),
}
"""The parameters that are made for a kind of mention."""
_NUMBERS = ("integer", "number")
_ARGUMENT = re.compile(r"\s[-/]")
"""What a command has, and a path has not."""


def is_number(parameter: Parameter) -> bool:
    """Whether the parameter is a number."""
    return parameter.type in _NUMBERS


def suits(mention: Mention, parameter: Parameter) -> bool:
    """Whether the parameter can have a value of this kind."""
    if mention.kind in ("number", "count"):
        return _suits_number(mention, parameter)
    if parameter.type not in _TYPES[mention.kind] or not _is_listed(mention, parameter):
        return False
    if mention.kind in ("tuple", "list"):
        return True
    if mention.kind == "state":
        return not _STATE.isdisjoint(parameter.names)
    if parameter.type in ("array", "object"):
        return mention.kind == "object" if parameter.type == "object" else parameter.items in ("string", "")
    if mention.kind == "street" and not parameter.names.isdisjoint(_REGION):
        return False
    if mention.kind in ("name", "place") and not parameter.names.isdisjoint(_STREET):
        return False
    return mention.kind != "object" and _suits_role(mention, parameter.role)


def _suits_number(mention: Mention, parameter: Parameter) -> bool:
    value = mention.value
    match parameter.type:
        case "array":
            return parameter.items in (*_NUMBERS, "")
        case "string":
            return mention.kind == "number" and (parameter.role == "id" or _is_year(mention, parameter))
        case "integer":
            return float(value).is_integer()
        case "number" | "" if mention.unit in _MONEY and _is_percentage(parameter):
            return False
        case "number" | "":
            return mention.unit == "%" or 0 <= value <= 1 or not _is_probability(parameter)
        case _:
            return False


def _is_year(mention: Mention, parameter: Parameter) -> bool:
    return _YEAR in parameter.names and mention.value in range(1000, 2200)


def _is_probability(parameter: Parameter) -> bool:
    return _PROBABILITY in parameter.names or (len(parameter.name) == 1 and _PROBABILITY in parameter.notes)


def _is_percentage(parameter: Parameter) -> bool:
    return any(part.startswith("percent") for part in parameter.names | parameter.notes)


def _suits_role(mention: Mention, role: str) -> bool:
    """Whether a text of this kind is one that a parameter of this role has."""
    if mention.kind == "name" and role in ("date", "time"):
        return mention.value[:3].lower() in _CALENDAR
    if mention.kind == "name" and role == "symbol":
        return bool(mention.value.isupper()) and len(mention.value) < 6
    if mention.kind == "quoted" and role == "path":
        return _ARGUMENT.search(mention.value) is None
    return role in _SUITS[mention.kind]


def _is_listed(mention: Mention, parameter: Parameter) -> bool:
    """Whether the parameter lists no values, or this one."""
    if "enum" not in parameter.schema:
        return True
    return str(mention.value).lower() in [str(each).lower() for each in parameter.options]


def value_of(mention: Mention, parameter: Parameter) -> Any:
    """The value of a mention in the type of a parameter; 5 % is 0.05 unless the parameter speaks of percent."""
    if parameter.type == "string":
        listed = (each for each in parameter.options if str(each).lower() == str(mention.value).lower())
        return next(listed, str(mention.value))
    percent = mention.unit in ("%", "percent") and parameter.type == "number"
    if percent and not _is_percentage(parameter):
        return round(mention.value / 100, 12)
    return mention.value


_REGION = frozenset(map(stem, ["city", "town", "country", "state", "region", "capital", "continent"]))
_STREET = frozenset([stem("street")])
_YEAR = stem("year")
_STATE = frozenset(["state", stem("country")])
_PROBABILITY = stem("probability")
_MONEY = frozenset("$€£¥₹")
