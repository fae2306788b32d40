"""The keywords of each draft of JSON Schema.

Real schemas mix drafts: a schema that declares draft 4 may use `const`. Values are therefore built to satisfy the
keywords of all drafts, and must also be valid by the declared draft.
"""

_DRAFT_3 = frozenset(
    {"$ref", "additionalItems", "additionalProperties", "dependencies", "divisibleBy", "enum", "exclusiveMaximum"}
    | {"exclusiveMinimum", "format", "items", "maxItems", "maxLength", "maximum", "minItems", "minLength", "minimum"}
    | {"pattern", "patternProperties", "properties", "required", "type", "uniqueItems"}
)
_DRAFT_4 = (_DRAFT_3 - {"divisibleBy"}) | {
    "allOf",
    "anyOf",
    "maxProperties",
    "minProperties",
    "multipleOf",
    "not",
    "oneOf",
}
_DRAFT_6 = _DRAFT_4 | {"const", "contains", "propertyNames"}
_DRAFT_7 = _DRAFT_6 | {"if", "then", "else"}
_DRAFT_2019 = (_DRAFT_7 - {"dependencies"}) | {
    *("$recursiveRef", "dependentRequired", "dependentSchemas", "maxContains", "minContains"),
    *("unevaluatedItems", "unevaluatedProperties"),
}
_DRAFT_2020 = (_DRAFT_2019 - {"$recursiveRef", "additionalItems"}) | {"$dynamicRef", "prefixItems"}

_BY_NAME = {
    "draft-03": _DRAFT_3,
    "draft-04": _DRAFT_4,
    "draft-06": _DRAFT_6,
    "draft-07": _DRAFT_7,
    "2019-09": _DRAFT_2019,
}


def keywords(dialect: str) -> frozenset[str]:
    """The asserting keywords of the draft with this `$schema` URI; those of 2020-12 if it is unknown."""
    return next((words for name, words in _BY_NAME.items() if name in dialect), _DRAFT_2020)


def is_legacy(dialect: str) -> bool:
    """Whether `$ref` hides the keywords beside it, as it did up to draft 7."""
    return any(name in dialect for name in _BY_NAME if name.startswith("draft"))


def identifier(dialect: str) -> str:
    """The keyword that gives a schema a base URI of its own: `id` up to draft 4, `$id` since."""
    return "id" if "draft-03" in dialect or "draft-04" in dialect else "$id"


def anchors(dialect: str) -> tuple[str, ...]:
    """The keywords that give a schema a plain name; up to draft 7, it is a fragment in its identifier."""
    if is_legacy(dialect):
        return ()
    return ("$anchor",) if "2019-09" in dialect else ("$anchor", "$dynamicAnchor")
