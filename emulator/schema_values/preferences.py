"""Which type, and which of several options, is the usual one where a schema leaves the choice."""

from typing import Any

from emulator.schema_values import believable
from emulator.schema_values.facts import Demands, Facts
from emulator.schema_values.format_checks import conforms
from emulator.schema_values.nodes import SchemaNode
from emulator.schema_values.outline import bare, depth, is_plain, is_unknown, outline

NUMBERS = frozenset({"integer", "number"})
_TOLD = {"type", "title", "description", "pattern"}


def rank(option: Demands, facts: Facts, tight: bool) -> tuple[bool, bool, int, bool]:
    """The sort key of an option: known schemas first and null last; if there is little room, the smallest first."""
    node = option[0][0]
    plain, levels = (is_plain(node), depth(node)) if tight else (True, 0)
    unknown = is_unknown(node) or _requires_unknown(node, facts)
    return unknown, not plain, levels, outline(node).types == {"null"}


def _requires_unknown(node: SchemaNode, facts: Facts) -> bool:
    """Whether the schema requires a property whose schema is in another document."""
    names = node.names("required")
    facts.budget.spend(len(names) // 8)
    return any(is_unknown(part) for name in names for part in facts.properties.get(name, ()))


def keeps_formats(node: SchemaNode, value: Any) -> bool:
    """Whether the texts of a value have the formats that the schema names, which validation does not ask for."""
    node = bare(node)
    match value:
        case str():
            form = node.schema["format"] if node.says("format") else None
            return not isinstance(form, str) or conforms(form, value)
        case list() if node.says("items") and isinstance(node.schema["items"], dict):
            return all(keeps_formats(node.child("items"), item) for item in value)
        case dict() if node.says("properties"):
            members = node.members("properties")
            return all(keeps_formats(members[name], item) for name, item in value.items() if name in members)
        case _:
            return True


def is_any_text(node: SchemaNode) -> bool:
    """Whether the schema asks for a text of no format. Beside a number, readers expect one in it, as in a Decimal."""
    return bool(
        node.schema is not True
        and node.says("type")
        and node.schema["type"] == "string"
        and node.schema.keys() <= _TOLD
    )


def implied(facts: Facts) -> set[str]:
    """The types that the facts concern."""
    found = set()
    if facts.properties or facts.required or facts.closures or facts.by_pattern or facts.names or facts.min_properties:
        found.add("object")
    if facts.rows or facts.contains or facts.min_items or facts.unique:
        found.add("array")
    if facts.patterns or facts.formats or facts.min_length:
        found.add("string")
    if facts.steps or facts.low > -1e300 or facts.high < 1e300:
        found |= {"number", "integer"}
    return found & facts.types


def usual_type(name: str) -> str:
    """The usual type of a property with this name."""
    words = believable.words_of(name)
    if words and words[0] in ("is", "has", "enable", "enabled", "allow", "disabled", "show", "use"):
        return "boolean"
    return "integer" if believable.is_numeric(name) else "string"
