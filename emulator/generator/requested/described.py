"""The JSON Schema of a value that is described in words, or shown by an example."""

import re
from collections.abc import Mapping
from typing import Any

from emulator.generator.requested.reading import objects

_NUMBER = r"-?\d{1,9}(?:\.\d{1,6})?"
RANGE = re.compile(rf"(?<![\w.])({_NUMBER})\s*(?:-|–|to|and|through)\s*({_NUMBER})(?![\w]|\.\d|-\d)", re.IGNORECASE)
_LEAD = r"^[\s<\[({:=–-]*(?:(?:an?|the|any|single|valid|optional|list of|your)\s+)*"
_MUST = r"must be (?:an? )?(?:single |valid )*(?:formatted as a valid python )?"
_TYPES = (
    ("integer", r"(?:int|integer|whole number|count|digit)\b"),
    ("number", r"(?:float|double|number|numeric|decimal|percentage|score|confidence|probability)\b"),
    ("boolean", r"(?:bool|boolean|true or false|true ?[/|] ?false)\b"),
    ("object", r"(?:dict|object|map|record)\b"),
    ("string", r"(?:str|string|text)\b"),
)
_TYPED = tuple((kind, re.compile(rf"{_LEAD}{word}|{_MUST}{word}", re.IGNORECASE)) for kind, word in _TYPES)
_ARRAY = re.compile(
    rf"(?:{_LEAD}|{_MUST})(?:list|array|sequence|List|Array)\s*(?:of\s+|\[|<)\s*(?P<of>[^\]>]+)"
    r"|^\s*(?P<element>\w+)\s*\[\s*\]",
    re.IGNORECASE,
)
_ONE_OF = re.compile(
    r"(?:one of|either|options|allowed values)(?: the)?(?: following)?\b:?\s*(?P<options>[^\n]{3,400})", re.IGNORECASE
)
_IS_RANGE = re.compile(r"^\s*[<(\[]?-?\d|\b(?:between|from|scale)\b", re.IGNORECASE)
_LITERAL = re.compile(r"\b(?:Literal|Enum)\[([^\[\]\n]{2,400})\]")
_QUOTED = re.compile(r"\"([^\"\n]{1,80})\"|(?<!\w)'([^'\n]{1,80})'(?!\w)|`([^`\n]{1,80})`|“([^”\n]{1,80})”")
_SEPARATOR = re.compile(r"\s*(?:;|\||,\s*(?:or|and)\b|,|/|\bor\b)\s*")
_CHOICES = re.compile(r"[^\s|/,;][^|/,;]{0,30}(?:\s*[|/]\s*[^\s|/,;][^|/,;]{0,30}){1,20}")
_FORMATS = (
    ("date-time", re.compile(r"\b(?:iso[ -]?8601|datetime|timestamp)\b|^\d{4}-\d\d-\d\dT", re.IGNORECASE)),
    ("date", re.compile(r"yyyy-mm-dd|^\d{4}-\d\d-\d\d$", re.IGNORECASE)),
    ("email", re.compile(r"^[\w.+-]+@[\w-]+(?:\.[\w-]+)+$|^<?e-?mail(?: address)?>?$", re.IGNORECASE)),
    ("uri", re.compile(r"^https?://|^<?(?:url|uri)>?$", re.IGNORECASE)),
    ("uuid", re.compile(r"^<?uuid>?$", re.IGNORECASE)),
)


def quoted(text: str) -> list[str]:
    """Return the quoted parts of a text.

    >>> quoted("It's 'a' or `b`.")
    ['a', 'b']
    """
    return [next(filter(None, match.groups())) for match in _QUOTED.finditer(text)]


def quotations(text: str) -> list[re.Match[str]]:
    """Return the matches of quoted parts, with their places."""
    return list(_QUOTED.finditer(text))


def is_schema(value: object) -> bool:
    """Whether a value is meant as a JSON Schema, rather than as an example of a value."""
    if not isinstance(value, Mapping):
        return False
    properties = value.get("properties")
    if isinstance(properties, Mapping):
        return all(isinstance(each, Mapping | bool) for each in properties.values())
    if isinstance(value.get("type"), str):
        return any(word in value for word in ("items", "enum", "additionalProperties", "pattern", "minimum", "$defs"))
    unions = (value.get(word) for word in ("anyOf", "oneOf", "allOf"))
    return any(isinstance(union, list) and union and isinstance(union[0], Mapping) for union in unions) or (
        isinstance(value.get("$ref"), str) and isinstance(value.get("$defs", value.get("definitions")), Mapping)
    )


def shown(value: Any) -> Mapping[str, Any]:
    """The schema of values that are like an example: the same keys, and values of the same types.

    >>> shown({"age": 3, "mood": "good|bad"})["properties"]
    {'age': {'type': 'integer', 'minimum': 0}, 'mood': {'enum': ['good', 'bad']}}
    """
    match value:
        case bool():
            return {"type": "boolean"}
        case int():
            return {"type": "integer", "minimum": 0} if value >= 0 else {"type": "integer"}
        case float():
            return (
                {"type": "number", "minimum": 0} | ({"maximum": 1} if value <= 1 else {})
                if value >= 0
                else {"type": "number"}
            )
        case str():
            return described(value)
        case list():
            inner = [each for each in value if not (isinstance(each, str) and not each.strip(". …"))]
            items = shown(inner[0]) if inner else {"type": "string"}
            return {"type": "array", "items": items, "minItems": 1, "maxItems": 4}
        case dict():
            properties = {str(name): shown(each) for name, each in value.items()}
            return {
                "type": "object",
                "properties": properties,
                "required": list(properties),
                "additionalProperties": False,
            }
        case _:
            return {"type": ["string", "null"]}


def described(text: str) -> Mapping[str, Any]:
    """The schema of a value that is described in words. What says nothing else is a string.

    >>> described("integer between 1 and 5"), described("list of str")
    ({'type': 'integer', 'minimum': 1, 'maximum': 5}, {'type': 'array', 'items': {'type': 'string'}, 'minItems': 1})
    """
    text = text[:2_000].partition("# note:")[2] or text[:2_000]
    if "schema" in text and (found := next((found.value for found in objects(text) if is_schema(found.value)), None)):
        return found  # type: ignore[no-any-return] # a mapping, as `is_schema` says
    if options := listed(text):
        return {"enum": options}
    if of := _ARRAY.search(text):
        return {"type": "array", "items": described((of["of"] or of["element"]).strip().rstrip("s")), "minItems": 1}
    kind = next((kind for kind, pattern in _TYPED if pattern.search(text)), "")
    if kind in ("", "string") and (form := _format(text)):
        return {"type": "string", "format": form}
    bounds = RANGE.search(text)
    if bounds and (kind in ("integer", "number") or (not kind and _IS_RANGE.search(text))):
        return _ranged(kind or "integer", float(bounds[1]), float(bounds[2]))
    return {"type": kind or "string"}


def listed(text: str) -> list[str]:
    """The options of a value: after "one of", quoted, or between bars or slashes."""
    found = _ONE_OF.search(text)
    if found and (options := split_options(found["options"])):
        return options
    if literal := _LITERAL.search(text):
        return quoted(literal[1])
    told = quoted(text)
    if len(told) > 1 and re.search(r"\bor\b|\||/", text):
        return told
    if _CHOICES.fullmatch(text.strip(" <>[]()")) and not text.startswith(("http", "/")):
        options = [each.strip() for each in re.split(r"[|/]", text.strip(" <>[]()"))]
        return options if all(len(each.split()) <= 3 for each in options) and not _is_a_type(options) else []
    return []


def split_options(text: str) -> list[str]:
    """The members of a list in a text, of which there are at least two: quoted, or between commas and "or"."""
    told = quoted(text)
    if len(told) > 1:
        return list(dict.fromkeys(told))
    text = re.split(r"[.?!](?:\s|$)|[)\]}>]|\n\n|\s#", text)[0]
    parts = text.split(";") if ";" in text else _SEPARATOR.split(text)  # commas may be inside of what semicolons part
    options = list(dict.fromkeys(filter(None, (each.strip(" \t\n-*[('\"`") for each in parts))))
    return options if len(options) > 1 and all(len(each) <= 60 for each in options) else []


def _is_a_type(options: list[str]) -> bool:
    """Whether these are types, or the values of a boolean, and no strings."""
    return all(
        re.fullmatch(r"true|false|null|none|string|str|int|integer|number|float", each, re.I) for each in options
    )


def _ranged(kind: str, low: float, high: float) -> Mapping[str, Any]:
    if low >= high:
        return {"type": kind}
    if not (low.is_integer() and high.is_integer()):
        return {"type": "number", "minimum": low, "maximum": high}
    return {"type": kind if high - low > 1 else "number", "minimum": int(low), "maximum": int(high)}


def _format(text: str) -> str | None:
    return next((name for name, pattern in _FORMATS if pattern.search(text.strip())), None)
