"""The parameters of a tool as a text is read for them: their types, the words for them, and their kind."""

import re
from collections.abc import Mapping
from functools import cached_property, lru_cache
from itertools import islice
from typing import Any, NamedTuple

from emulator.core.vocabulary import Tool
from emulator.generator.saying.words import grouped, listed, stem, stems, telling

MOST = 64
"""So many parameters of a tool are read."""

_ROLES = {word: role for role, words in grouped("role").items() for word in words}
_FORMATS = {"email": "email", "uri": "url", "url": "url", "date": "date", "date-time": "date", "time": "time"}
_PART = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_OPTION = re.compile(r"[\"'`‘“]([\w][\w .+-]{0,40})[\"'`’”]")
_DEEPEST = 4


class Parameter(NamedTuple):
    """A parameter: `type` is its JSON type, `items` that of its items, `options` the values that are listed for it."""

    name: str
    type: str
    items: str
    role: str
    names: frozenset[str]
    notes: frozenset[str]
    options: tuple[Any, ...]
    required: bool
    schema: Mapping[str, Any]


class Signature:
    """A tool as it is read: its parameters, and the stems of its name and of its description that say what it is for.

    `verbs` are the stems of its name that many tools have, such as "get", and `needs` those of its required parameters.
    """

    def __init__(self, tool: Tool) -> None:
        self.tool = tool
        parts = frozenset(stems(tool.name))
        self.parts = frozenset(part for part in parts if len(part) > 2 or not part.isalpha()) or parts
        self.names = self.parts - _GENERAL or self.parts
        self.verbs = self.parts & _GENERAL
        self.notes = _notes(tool.description[:300]) - _GENERAL - self.names

    @cached_property
    def parameters(self) -> list[Parameter]:
        """The parameters, in order."""
        return parameters(self.tool.parameters)

    @cached_property
    def needs(self) -> frozenset[str]:
        """The stems of the names of the required parameters."""
        return (
            frozenset(part for each in self.parameters if each.required for part in each.names) - _GENERAL - self.names
        )


_GENERAL = frozenset(map(stem, listed("general")))


def parameters(schema: Mapping[str, Any] | bool) -> list[Parameter]:
    """The parameters of an object with this schema, in order."""
    properties = schema.get("properties") if isinstance(schema, Mapping) else None
    if not isinstance(properties, Mapping) or isinstance(schema, bool):
        return []
    required = schema.get("required")
    must = frozenset(each for each in required if isinstance(each, str)) if isinstance(required, list) else frozenset()
    return [_parameter(name, each, schema, name in must) for name, each in islice(properties.items(), MOST)]


def _parameter(name: str, given: Any, root: Mapping[str, Any], required: bool) -> Parameter:
    schema = effective(given, root)
    notes = " ".join(
        part[:300]
        for part in (_text(given, "description"), _text(schema, "description") if schema is not given else "")
        if part
    )
    kind = _type(schema)
    items = effective(schema.get("items"), root) if kind == "array" else {}
    form = schema.get("format")
    role = _FORMATS.get(form, "") if isinstance(form, str) else ""
    listed = items.get("enum") if kind == "array" else schema.get("enum")
    options = tuple(listed[:64]) if isinstance(listed, list) else _told(notes) if kind in ("string", "") else ()
    return Parameter(
        name, kind, _type(items), role or _role(name), _names(name), _notes(notes), options, required, schema
    )


def effective(schema: Any, root: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema behind a reference, or the first alternative that is not null."""
    for _ in range(_DEEPEST):
        if not isinstance(schema, Mapping):
            return {}
        reference = schema.get("$ref")
        if isinstance(reference, str) and reference.startswith("#/"):
            schema = _referred(reference, root)
            continue
        options: list[Any] = next(
            (schema[key] for key in ("anyOf", "oneOf", "allOf") if isinstance(schema.get(key), list)), []
        )
        inner = [option for option in options[:8] if isinstance(option, Mapping) and option.get("type") != "null"]
        if "type" in schema or not inner:
            return schema
        schema = inner[0]
    return schema if isinstance(schema, Mapping) else {}


def _referred(reference: str, root: Any) -> Any:
    for key in reference[2:].split("/")[:8]:
        root = root.get(key.replace("~1", "/").replace("~0", "~")) if isinstance(root, Mapping) else None
    return root


def _type(schema: Mapping[str, Any]) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((each for each in kind if each != "null"), "")
    if isinstance(kind, str):
        return kind
    members = schema.get("enum")
    if isinstance(members, list) and members and all(isinstance(each, str) for each in members[:8]):
        return "string"
    return "object" if "properties" in schema else ""


def _text(schema: Any, key: str) -> str:
    text = schema.get(key) if isinstance(schema, Mapping) else None
    return text if isinstance(text, str) else ""


@lru_cache(maxsize=4096)
def _role(name: str) -> str:
    words = [word.lower() for word in _PART.findall(name[:100])]
    if words == ["body"]:
        return "text"
    return next((role for word in reversed(words) if (role := _ROLES.get(word) or _ROLES.get(word.rstrip("s")))), "")


@lru_cache(maxsize=4096)
def _names(name: str) -> frozenset[str]:
    return frozenset(stems(name[:100]))


@lru_cache(maxsize=4096)
def _notes(notes: str) -> frozenset[str]:
    return frozenset(telling(notes))


@lru_cache(maxsize=4096)
def _told(notes: str) -> tuple[str, ...]:
    """The quoted options of a description, such as "either 'metric' or 'imperial'"."""
    return tuple(dict.fromkeys(_OPTION.findall(notes)))
