"""The parameters of a tool as a text is read for them: their types, the words for them, and their kind."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from copy import copy
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
_KEPT = 8_000
"""So many characters has the schema of a tool that is kept as it was read."""


class Parameter(NamedTuple):
    """A parameter: `type` is its JSON type, `items` that of its items, `options` the values that are listed for it.

    The properties of an object are parameters themselves. `path` is where the value stands in the arguments.
    """

    name: str
    type: str
    items: str
    role: str
    names: frozenset[str]
    notes: frozenset[str]
    options: tuple[Any, ...]
    required: bool
    schema: Mapping[str, Any]
    path: tuple[str, ...]


class Signature:
    """A tool as it is read: its parameters, and the stems of its name and of its description that say what it is for.

    `verbs` are the stems of its name that many tools have, such as "get", and `needs` those of its required parameters.
    """

    def __init__(self, tool: Tool, *, optional: bool = False) -> None:
        self.tool = tool
        self._optional = optional
        parts = frozenset(stems(tool.name))
        self.parts = frozenset(part for part in parts if len(part) > 2 or not part.isalpha()) or parts
        self.names = self.parts - _GENERAL or self.parts
        self.verbs = self.parts & _GENERAL
        self.notes = _notes(tool.description[:300]) - _GENERAL - self.names

    @cached_property
    def parameters(self) -> list[Parameter]:
        """The parameters, in order; with `optional`, none of them is required."""
        found = parameters(self.tool.parameters)
        return [each._replace(required=False) for each in found] if self._optional else found

    @cached_property
    def rows(self) -> Mapping[str, list[Parameter]]:
        """The parameters of the items of each parameter that is a list of objects."""
        root = self.tool.parameters
        return {
            each.name: items
            for each in self.parameters
            if each.type == "array" and (items := parameters(effective(each.schema.get("items"), root), root))
        }

    @cached_property
    def needs(self) -> frozenset[str]:
        """The stems of the names of the required parameters."""
        return (
            frozenset(part for each in self.parameters if each.required for part in each.names) - _GENERAL - self.names
        )


def signature(tool: Tool) -> Signature:
    """A tool as it is read. Those of the last requests are kept, because agents send the same tools again and again."""
    schema = json.dumps(tool.parameters)
    if len(schema) > _KEPT:
        return Signature(tool)
    known = copy(_signature(tool.name, tool.description, schema))
    known.tool = tool
    return known


@lru_cache(maxsize=256)
def _signature(name: str, description: str, schema: str) -> Signature:
    known = Signature(Tool(name, description, json.loads(schema)))
    _ = known.parameters, known.needs, known.rows
    return known


_GENERAL = frozenset(map(stem, listed("general")))


def parameters(schema: Mapping[str, Any] | bool, root: Mapping[str, Any] | None = None) -> list[Parameter]:
    """The parameters of an object with this schema, in order; if it lists none as required, all are.

    A property of an object in it has its own name, or its path if another parameter has this name.
    """
    if not isinstance(schema, Mapping):
        return []
    found = list(islice(_parameters(schema, schema if root is None else root, (), True), MOST))
    names = Counter(each.name for each in found)
    return [each if names[each.name] == 1 else each._replace(name=".".join(each.path)) for each in found]


def _parameters(
    schema: Mapping[str, Any], root: Mapping[str, Any], path: tuple[str, ...], needed: bool
) -> Iterator[Parameter]:
    properties = schema.get("properties")
    if not isinstance(properties, Mapping) or len(path) == _DEEPEST:
        return
    required = schema.get("required")
    must = frozenset(each for each in required if isinstance(each, str)) if isinstance(required, list) else frozenset()
    for name, given in islice(properties.items(), MOST):
        inner = effective(given, root)
        own = (*path, name)
        needs = needed and (name in must or not must)
        within = list(islice(_parameters(inner, root, own, needs), MOST)) if _type(inner) == "object" else []
        yield _parameter(own, given, inner, root, needs and not within)
        yield from within


def nested(parameters: Sequence[Parameter], values: Mapping[str, Any]) -> dict[str, Any]:
    """The values where they stand in the arguments. An object that is given as a whole is kept as it is."""
    paths = {each.name: each.path for each in parameters}
    whole = [paths[name] for name, value in values.items() if name in paths and isinstance(value, dict)]
    made: dict[str, Any] = {}
    for name, value in values.items():
        path = paths.get(name, (name,))
        if any(len(path) > len(other) and path[: len(other)] == other for other in whole):
            continue
        at = made
        for key in path[:-1]:
            at = at.setdefault(key, {})
        at[path[-1]] = value
    return made


def _parameter(
    path: tuple[str, ...], given: Any, schema: Mapping[str, Any], root: Mapping[str, Any], required: bool
) -> Parameter:
    name = path[-1]
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
        name, kind, _type(items), role or _role(name), _names(name), _notes(notes), options, required, schema, path
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
