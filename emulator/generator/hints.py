"""Finding the values of a tool's parameters in a message: "the weather in Paris" names a city."""

import re
from collections.abc import Mapping
from itertools import islice
from typing import Any

from emulator.generator.topics import topics

_NAME = r"([A-Z][\w'’.-]*(?: (?:of |de |la |do )?[A-Z][\w'’-]*)*)"
_PLACE = re.compile(rf"\b(?:in|for|at|near|of|around|to|from) (?:the )?{_NAME}")
_DIGITS = r"(-?\d+(?:\.\d+)?)"
_QUOTED = re.compile(r"[\"“«`]([^\"”»`]{1,200})[\"”»`]")
_PATTERNS = {
    "email": re.compile(r"([\w.+-]+@[\w-]+(?:\.[\w-]+)+)"),
    "url": re.compile(r"(https?://[^\s\"'<>)]+[^\s\"'<>).,;!?])"),
    "date": re.compile(r"\b(\d{4}-\d{2}-\d{2})\b"),
    "time": re.compile(r"\b(\d{1,2}:\d{2}(?::\d{2})?)\b"),
    "expression": re.compile(r"(-?\d+(?:\.\d+)?(?:\s*[-+*/^]\s*\(?-?\d+(?:\.\d+)?\)?)+)"),
    "path": re.compile(r"(?<![\w/.@])((?:~?/|\.{1,2}/)?(?:[\w-]+/)*[\w-]+\.[A-Za-z]\w{0,4})(?![\w/@])"),
    "symbol": re.compile(r"\b([A-Z]{2,5})\b"),
    "command": re.compile(r"`([^`]{1,200})`"),
    "origin": re.compile(rf"\bfrom {_NAME}"),
    "destination": re.compile(rf"\bto {_NAME}"),
    "name": re.compile(rf"\b(?:named|called|name is|name:) {_NAME}"),
}
_KEYS = re.compile(
    r"\b(?:keys?|fields?|properties)\b(?: named| called|:| are)?\s*"
    r"((?:[`\"']?\w+[`\"']?(?:,\s*(?:and )?| and )?){1,12})",
    re.IGNORECASE,
)
_READ = 100
"""So many properties of a schema are looked for in a text."""

_KINDS = {
    **dict.fromkeys(["city", "location", "place", "town", "country", "region", "area", "address"], "place"),
    **dict.fromkeys(["query", "search", "keyword", "keywords", "topic", "subject", "term"], "topic"),
    **dict.fromkeys(["text", "message", "question", "prompt", "input", "content", "body", "sentence"], "text"),
    **dict.fromkeys(["email", "mail"], "email"),
    **dict.fromkeys(["path", "file", "filename", "filepath"], "path"),
    **dict.fromkeys(["symbol", "ticker"], "symbol"),
    **dict.fromkeys(["command", "cmd", "code"], "command"),
    **dict.fromkeys(["url", "uri", "link", "website"], "url"),
    **dict.fromkeys(["date", "day"], "date"),
    **dict.fromkeys(["origin", "from", "departure", "source"], "origin"),
    **dict.fromkeys(["destination", "to", "arrival", "target"], "destination"),
    **dict.fromkeys(["expression", "formula", "calculation", "equation"], "expression"),
    **dict.fromkeys(["name", "recipient", "person", "user"], "name"),
    "time": "time",
}


def hints(text: str, properties: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the words of a text that fit these properties of a schema, of which only the first hundred are read.

    >>> hints("What's the weather in San Francisco for 3 days?", {"city": {}, "days": {}, "unit": {}})
    {'city': 'San Francisco', 'days': '3'}
    """
    found = {name: _hint(text, name, schema) for name, schema in islice(properties.items(), _READ)}
    return {name: hint for name, hint in found.items() if hint}


def named(text: str) -> list[str]:
    """Return the keys that a text requests for a JSON object.

    >>> named("Answer in JSON with the keys `name`, `age` and `city`.")
    ['name', 'age', 'city']
    """
    found = _KEYS.search(text)
    words = re.findall(r"\w+", found[1]) if found else []
    return [word for word in dict.fromkeys(words) if word not in ("and", "or")]


def spoken(schema: Mapping[str, Any], text: str) -> Mapping[str, Any]:
    """The schema, with an `enum` of a property narrowed to the member that a text speaks of."""
    properties = schema.get("properties")
    if not isinstance(properties, Mapping):
        return schema
    words = frozenset(re.findall(r"\w+", text.lower()))
    return {**schema, "properties": {name: _narrowed(property, words) for name, property in properties.items()}}


def _narrowed(property: Any, words: frozenset[str]) -> Any:
    members = property.get("enum") if isinstance(property, Mapping) else None
    if not isinstance(members, list):
        return property
    said = [member for member in members if isinstance(member, str) and member.lower() in words]
    return {**property, "enum": said[:1]} if said else property


def _hint(text: str, name: str, schema: Any) -> str:
    words = [word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", name)]
    kind = next((_KINDS[word] for word in reversed(words) if word in _KINDS), "")
    form = schema.get("format") if isinstance(schema, Mapping) else None
    if isinstance(form, str):
        kind = _KINDS.get(form, kind)
    if kind == "place":
        return _place(text)
    if kind in ("topic", "text") and (quoted := _QUOTED.search(text)):
        return quoted[1]
    if kind == "topic":
        return _about(text)
    if kind == "text":
        return " ".join(text.split())[:200]
    if kind:
        found = _PATTERNS[kind].search(text)
        return found[1] if found else ""
    return _number(text, words)


def _place(text: str) -> str:
    found = _PLACE.search(text) or re.search(rf"(?<=[a-z,] ){_NAME}", text)
    return found[1].rstrip(".") if found else ""


def _about(text: str) -> str:
    found = topics(text)
    return re.sub(r"^(?:an?|the|your|my) ", "", found[0]) if found else ""


def _number(text: str, words: list[str]) -> str:
    """The number that stands beside one of the words of a name."""
    for word in words:
        stem = re.escape(word[:-1] if len(word) > 3 and word.endswith("s") else word)
        before = rf"\b{stem}s?(?:\s+(?:is|of|to|=|:))?\W{{0,3}}{_DIGITS}"
        if found := re.search(rf"{before}|{_DIGITS}\W{{0,3}}{stem}", text, re.IGNORECASE):
            return found[1] or found[2]
    return ""
