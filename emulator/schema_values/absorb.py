"""Merges schemas into `Facts`, keyword by keyword.

Schemas that must hold as well (`$ref`, `allOf`) are merged too. Choices (`anyOf`, `if`, `not` ...) are recorded as
`Alternatives`, and made later.
"""

import math
from collections.abc import Callable, Iterable
from typing import TypeAlias

from emulator.schema_values.assertions import number, regular_expression, search, types
from emulator.schema_values.errors import Unsatisfiable
from emulator.schema_values.facts import Alternatives, Declaration, Demand, Demands, Facts, Scopes
from emulator.schema_values.failures import fail
from emulator.schema_values.negation import refutations
from emulator.schema_values.nodes import SchemaNode
from emulator.schema_values.validation import required_by_themselves

_DOCUMENT = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "value": {"type": "integer"}},
    "required": ["name", "value"],
}
"""What a text holds that is said to hold JSON."""


def absorb(facts: Facts, item: Demand, scopes: Scopes = ()) -> None:
    """Merge an item and all schemas that it implies. Raises Unsatisfiable or Malformed."""
    todo = [(item, scopes)]
    while todo:
        item, seen_by = todo.pop()
        if item in facts.absorbed:
            continue
        facts.absorbed[item] = None
        node, wanted = item
        facts.node = node
        facts.budget.spend(1 + (len(node.schema) if isinstance(node.schema, dict) else 0))
        if isinstance(wanted, str):
            facts.risky = True
            fail(facts, node, wanted)
            continue
        if node.schema is (not wanted):
            raise Unsatisfiable(node.pointer, "nothing is allowed here")
        if isinstance(node.schema, bool):
            continue
        if wanted:
            todo += reversed(_absorb(facts, node, seen_by))
        else:
            todo += [(other, seen_by) for other in _refute(facts, node, seen_by)]


Todo: TypeAlias = list[tuple[Demand, Scopes]]


def _absorb(facts: Facts, node: SchemaNode, scopes: Scopes) -> Todo:
    schema = node.schema
    if node.hides_siblings:
        return [((node.target("$ref"), True), scopes)]
    if "unevaluatedProperties" in schema:
        facts.risky = True
        facts.scopes.setdefault(node, ())
        scopes = (*scopes, node)
    if "unevaluatedItems" in schema:
        facts.risky = True
        facts.row_scopes.setdefault(node, ())
        scopes = (*scopes, node)
    more: Todo = []
    for keyword in schema:
        merge = _MERGE.get(keyword)
        if merge is not None:
            merge(facts, node, scopes)
        elif keyword in _FOLLOW:
            more += [((other, True), scopes) for other in _FOLLOW[keyword](node)]
    if scopes:
        _declare_to(facts, node, scopes)
    return more


def _declare_to(facts: Facts, node: SchemaNode, scopes: Scopes) -> None:
    schema = node.schema
    facts.budget.spend(len(scopes))
    names = Declaration(node, "additionalProperties" in schema)
    items = schema.get("items")
    first: float = len(items if isinstance(items, list) else node.children("prefixItems"))
    if isinstance(items, dict | bool) or (isinstance(items, list) and "additionalItems" in schema):
        first = math.inf
    if "contains" in schema:  # which items it looks at is only known when they are there
        first = math.inf
    for scope in scopes:
        if scope in facts.scopes:
            own = scope is not node and "unevaluatedProperties" in schema
            facts.scopes[scope] += (names._replace(everything=True) if own else names,)
        if scope in facts.row_scopes:
            facts.row_scopes[scope] += (first,)


def _refute(facts: Facts, node: SchemaNode, scopes: Scopes) -> Demands:
    """Merge the opposite of a schema. If the schema can fail in several ways, they are a choice."""
    facts.risky = True
    options = refutations(node)
    if len(options) == 1:
        return options[0]
    if options:
        facts.add_choice(Alternatives("not", node, options, scopes))
    elif not (node.document.formats and "format" in node.schema):
        raise Unsatisfiable(node.pointer, "nothing is allowed here")
    return ()


def _count(node: SchemaNode, keyword: str) -> int:
    value: float = number(node, keyword)
    return math.ceil(value) if keyword.startswith("min") else math.floor(value)


def _merge_type(facts: Facts, node: SchemaNode, scopes: Scopes) -> None:
    facts.narrow(types(node))


def _merge_values(facts: Facts, node: SchemaNode, scopes: Scopes) -> None:
    if "const" in node.schema:
        facts.only([node.schema["const"]])
    if "enum" in node.schema:
        facts.only(node.typed("enum", list, "an array"))


def _merge_low(facts: Facts, node: SchemaNode, scopes: Scopes) -> None:
    exclusive = node.schema.get("exclusiveMinimum")
    if "minimum" in node.schema:
        facts.raise_low(number(node, "minimum"), exclusive is True)
    if exclusive is not None and not isinstance(exclusive, bool):
        facts.raise_low(number(node, "exclusiveMinimum"), True)


def _merge_high(facts: Facts, node: SchemaNode, scopes: Scopes) -> None:
    exclusive = node.schema.get("exclusiveMaximum")
    if "maximum" in node.schema:
        facts.lower_high(number(node, "maximum"), exclusive is True)
    if exclusive is not None and not isinstance(exclusive, bool):
        facts.lower_high(number(node, "exclusiveMaximum"), True)


def _merge_steps(facts: Facts, node: SchemaNode, scopes: Scopes) -> None:
    for keyword in ("multipleOf", "divisibleBy"):
        if keyword in node.schema and number(node, keyword):
            facts.add_step(abs(number(node, keyword)))


def _merge_format(facts: Facts, node: SchemaNode, scopes: Scopes) -> None:
    for keyword in ("format", "contentEncoding"):
        if isinstance(node.schema.get(keyword), str):
            facts.formats += (node.schema[keyword],)


def _merge_content(facts: Facts, node: SchemaNode, scopes: Scopes) -> None:
    media_type = node.schema["contentMediaType"]
    if isinstance(media_type, str) and media_type.partition(";")[0].strip().endswith(("/json", "+json")):
        told = node.says("contentSchema")
        facts.formats += () if "contentEncoding" in node.schema else ("json-string",)
        facts.content = node.child("contentSchema") if told else node.document.derived(_DOCUMENT, node)


def _merge_pattern(facts: Facts, node: SchemaNode, scopes: Scopes) -> None:
    facts.match(regular_expression(node))


def _at_least(keyword: str, what: str) -> "Merge":
    def merge(facts: Facts, node: SchemaNode, scopes: Scopes) -> None:
        facts.at_least(what, _count(node, keyword))

    return merge


def _at_most(keyword: str, what: str) -> "Merge":
    def merge(facts: Facts, node: SchemaNode, scopes: Scopes) -> None:
        facts.at_most(what, _count(node, keyword))

    return merge


def _merge_items(facts: Facts, node: SchemaNode, scopes: Scopes) -> None:
    schema = node.schema
    first = node.children("prefixItems")
    rest: SchemaNode | None = None
    if isinstance(schema.get("items"), list):
        first = node.children("items")
        rest = node.child("additionalItems") if "additionalItems" in schema else None
    elif "items" in schema:
        rest = node.child("items")
    facts.rows += ((tuple(first), rest),)


def _merge_contains(facts: Facts, node: SchemaNode, scopes: Scopes) -> None:
    low = _count(node, "minContains") if "minContains" in node.schema else 1
    high = _count(node, "maxContains") if "maxContains" in node.schema else math.inf
    facts.contains += ((node.child("contains"), low, high),)
    facts.risky = True


def _merge_unique(facts: Facts, node: SchemaNode, scopes: Scopes) -> None:
    if node.schema["uniqueItems"] is True:
        facts.differ()


def _merge_properties(facts: Facts, node: SchemaNode, scopes: Scopes) -> None:
    for name, part in node.members("properties").items():
        facts.declare(name, part)
    facts.require(required_by_themselves(node))


def _merge_required(facts: Facts, node: SchemaNode, scopes: Scopes) -> None:
    facts.require(node.names("required"))


def _merge_by_pattern(facts: Facts, node: SchemaNode, scopes: Scopes) -> None:
    for pattern, part in node.members("patternProperties").items():
        search(node, "patternProperties", pattern)
        facts.declare_by_pattern(pattern, part)


def _merge_additional(facts: Facts, node: SchemaNode, scopes: Scopes) -> None:
    facts.close(Declaration(node), node.child("additionalProperties"))


def _merge_names(facts: Facts, node: SchemaNode, scopes: Scopes) -> None:
    facts.names += (node.child("propertyNames"),)
    facts.risky = True


def _merge_dependencies(keyword: str) -> "Merge":
    def merge(facts: Facts, node: SchemaNode, scopes: Scopes) -> None:
        facts.dependents += tuple(node.needs(keyword).items())
        for name, part in node.dependents(keyword).items():
            facts.add_choice(_dependency(node, part, name, scopes))

    return merge


def _dependency(node: SchemaNode, part: SchemaNode, name: str, scopes: Scopes) -> Alternatives:
    """A choice: the property exists and its schema holds, or it does not exist."""
    present = node.document.derived({"required": [name]}, node)
    absent = node.document.derived({"properties": {name: False}}, node)
    return Alternatives("dependency", node, (((present, True), (part, True)), ((absent, True),)), scopes, name)


def _merge_branches(keyword: str) -> "Merge":
    def merge(facts: Facts, node: SchemaNode, scopes: Scopes) -> None:
        options = tuple(((part, True),) for part in node.children(keyword))
        facts.add_choice(Alternatives(keyword, node, options, scopes))
        facts.risky = facts.risky or keyword == "oneOf"

    return merge


def _merge_not(facts: Facts, node: SchemaNode, scopes: Scopes) -> None:
    facts.add_choice(Alternatives("not", node, (((node.child("not"), False),),), ()))


def _merge_if(facts: Facts, node: SchemaNode, scopes: Scopes) -> None:
    branches = [
        ((node.child("if"), held), *(((node.child(keyword), True),) if keyword in node.schema else ()))
        for keyword, held in (("then", True), ("else", False))
    ]
    if "then" in node.schema or "else" in node.schema:
        facts.risky = True
        facts.add_choice(Alternatives("if", node, tuple(branches), scopes))


def _merge_samples(facts: Facts, node: SchemaNode, scopes: Scopes) -> None:
    for keyword in ("examples", "example", "default"):
        if keyword in node.schema:
            said = node.schema[keyword]
            facts.samples += tuple(said) if isinstance(said, list) and keyword == "examples" else (said,)


def _merge_note(keyword: str) -> "Merge":
    def merge(facts: Facts, node: SchemaNode, scopes: Scopes) -> None:
        if isinstance(said := node.schema[keyword], str):
            facts.notes += (said,)

    return merge


Merge: TypeAlias = Callable[[Facts, SchemaNode, Scopes], None]

_MERGE: dict[str, Merge] = {
    "type": _merge_type,
    "enum": _merge_values,
    "const": _merge_values,
    "minimum": _merge_low,
    "exclusiveMinimum": _merge_low,
    "maximum": _merge_high,
    "exclusiveMaximum": _merge_high,
    "multipleOf": _merge_steps,
    "divisibleBy": _merge_steps,
    "format": _merge_format,
    "contentEncoding": _merge_format,
    "contentMediaType": _merge_content,
    "pattern": _merge_pattern,
    "minLength": _at_least("minLength", "length"),
    "maxLength": _at_most("maxLength", "length"),
    "items": _merge_items,
    "prefixItems": lambda facts, node, scopes: None if "items" in node.schema else _merge_items(facts, node, scopes),
    "contains": _merge_contains,
    "uniqueItems": _merge_unique,
    "minItems": _at_least("minItems", "items"),
    "maxItems": _at_most("maxItems", "items"),
    "properties": _merge_properties,
    "required": _merge_required,
    "patternProperties": _merge_by_pattern,
    "additionalProperties": _merge_additional,
    "propertyNames": _merge_names,
    "minProperties": _at_least("minProperties", "properties"),
    "maxProperties": _at_most("maxProperties", "properties"),
    "dependentRequired": _merge_dependencies("dependentRequired"),
    "dependentSchemas": _merge_dependencies("dependentSchemas"),
    "dependencies": _merge_dependencies("dependencies"),
    "anyOf": _merge_branches("anyOf"),
    "oneOf": _merge_branches("oneOf"),
    "not": _merge_not,
    "if": _merge_if,
    "examples": _merge_samples,
    "example": _merge_samples,
    "default": _merge_samples,
    "description": _merge_note("description"),
    "title": _merge_note("title"),
}

_FOLLOW: dict[str, Callable[[SchemaNode], Iterable[SchemaNode]]] = {
    "allOf": lambda node: node.children("allOf"),
    "$ref": lambda node: (node.target("$ref"),),
    "$dynamicRef": lambda node: (node.target("$dynamicRef"),),
    "$recursiveRef": lambda node: (node.target("$recursiveRef"),),
}
