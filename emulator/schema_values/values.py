"""The types and the equality of JSON values."""

import json
from collections.abc import Iterable
from typing import Any

TYPES = frozenset({"null", "boolean", "integer", "number", "string", "array", "object"})


def is_a(value: Any, names: Iterable[str]) -> bool:
    """Whether the value is of one of the types. 1.0 is an integer, true is not a number.

    >>> is_a(1.0, ["integer"]), is_a(True, ["number"])
    (True, False)
    """
    kind = type_of(value)
    return kind in names or (kind == "integer" and "number" in names)


def type_of(value: Any) -> str:
    """The narrowest JSON Schema type of a value."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "integer" if value.is_integer() else "number"
        case str():
            return "string"
        case list():
            return "array"
        case _:
            return "object"


def weight(value: Any) -> int:
    """The number of values in a value, with itself and the names of its properties.

    >>> weight("abc"), weight([1, {"a": 2}])
    (1, 5)
    """
    count, todo = 0, [value]
    while todo:
        part = todo.pop()
        count += 1
        if isinstance(part, list):
            todo += part
        elif isinstance(part, dict):
            count += len(part)
            todo += part.values()
    return count


def equal(left: Any, right: Any) -> bool:
    """Whether two values are equal in JSON: 1 equals 1.0, but not true.

    >>> equal(1, 1.0), equal(1, True), equal([0], [False])
    (True, False, False)
    """
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(equal, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(equal(value, right[name]) for name, value in left.items())
    return bool(left == right)


def distinct(values: list[Any]) -> bool:
    """Whether all values are different."""
    return len({identity(value) for value in values}) == len(values)


def identity(value: Any) -> str:
    """A text that is equal for equal values, and only for them."""
    if isinstance(value, str):
        return '"' + value
    if type(value) is int:
        return str(value)
    return json.dumps(_plain(value), sort_keys=True)


def common(left: Iterable[Any], right: Iterable[Any]) -> list[Any]:
    """The values on the left that are equal to one on the right."""
    known = set(map(identity, right))
    return [value for value in left if identity(value) in known]


def _plain(value: Any) -> Any:
    match value:
        case float():
            return int(value) if value.is_integer() else value
        case list():
            return [_plain(item) for item in value]
        case dict():
            return {name: _plain(item) for name, item in value.items()}
        case _:
            return value
