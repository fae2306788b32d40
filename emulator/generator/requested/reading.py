"""Reading the JSON in a text: whole values, and sketches of values such as `{"name": string, "age": int}`."""

import ast
import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from emulator.core.regexes import late

HALF = 32_000
"""Characters of the beginning and of the end of a text in which a format is looked for."""

_MOST = 24
_FAILED_LITERALS = 3
_LONGEST_SKETCH = 4_000
_DEEPEST = 12
_OPEN = late(r"\{\s*(?=[\"'A-Za-z_])")
_TOKEN = late(
    r"\s*(?:(?P<string>\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\\n])*')|(?P<comment>(?://|#)[^\n]*)"
    r"|(?P<sign>[{}\[\],:;])|(?P<bare>(?:(?!//)[^{}\[\],:;\"\n#])+|.))"
)
_LITERALS = {"true": True, "false": False, "null": None, "True": True, "False": False, "None": None}


class Described(str):
    """What a sketch says of a value in words, such as `int`, instead of the value."""

    __slots__ = ()


class Found(NamedTuple):
    """A value in a text, and its place."""

    value: Any
    start: int
    end: int


def window(text: str) -> str:
    """Return the beginning and the end of a text that is longer than what is looked at."""
    return text if len(text) <= 2 * HALF else f"{text[:HALF]}\n{text[-HALF:]}"


def objects(text: str) -> list[Found]:
    """Find the objects in a text that are not inside of another, written as JSON or as a Python literal.

    >>> [found.value for found in objects("As in {'age': None}, or in {'a': {'b': 1}}.")]
    [{'age': None}, {'a': {'b': 1}}]
    """
    return list(_objects(text))


def _objects(text: str) -> Iterator[Found]:
    at = failed = 0
    for _ in range(_MOST):
        opened = _OPEN.search(text, at)
        if not opened:
            return
        at = opened.end()
        found = _json(text, opened.start())
        if not found and failed < _FAILED_LITERALS:
            found = _literal(text, opened.start())
            failed += found is None
        if found:
            at = found.end
            yield found


def sketch(text: str, start: int) -> Found | None:
    """Read what begins with a brace: JSON, or a sketch with or without quotes, and values that may be described.

    >>> sketch('{"name": string, "tags": ["..."], ok: true or false}', 0).value
    {'name': 'string', 'tags': ['...'], 'ok': 'true or false'}
    """
    return _json(text, start) or _Sketch(text, start).read()


def _json(text: str, start: int) -> Found | None:
    try:
        value, end = json.JSONDecoder(parse_constant=_refuse).raw_decode(text, start)
    except (ValueError, RecursionError):
        return None
    return Found(value, start, end)


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


def _literal(text: str, start: int) -> Found | None:
    """A Python literal, as `str()` writes a schema."""
    if not re.match(r"\{\s*'", text[start : start + 40]):
        return None
    end = _closing(text, start)
    try:
        value = ast.literal_eval(text[start:end])
        json.dumps(value, allow_nan=False)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
    return Found(value, start, end) if isinstance(value, dict) else None


def _closing(text: str, start: int) -> int:
    """Where the bracket at `start` is closed; 0 if it is not."""
    depth = 0
    for token in _TOKEN.finditer(text, start):
        sign = token["sign"]
        depth += (sign in ("{", "[")) - (sign in ("}", "]")) if sign else 0
        if not depth:
            return token.end()
    return 0


class _Sketch:
    """A reader of one sketch."""

    def __init__(self, text: str, start: int) -> None:
        self._text = text[: start + _LONGEST_SKETCH]
        self._start = start
        self._tokens = [match for match in _TOKEN.finditer(self._text, start) if not match["comment"]]
        self._at = 0

    def read(self) -> Found | None:
        try:
            self._at += 1
            value = self._object(0)
        except (IndexError, ValueError):  # the text ends, or no sketch is written like this
            return None
        return Found(value, self._start, self._tokens[self._at - 1].end())

    def _sign(self) -> str:
        return self._tokens[self._at]["sign"] or ""

    def _value(self, depth: int) -> Any:
        if depth > _DEEPEST:
            raise ValueError("the sketch is too deep")
        first, sign = self._at, self._sign()
        if sign in ("{", "["):
            self._at += 1
            value = self._object(depth) if sign == "{" else self._array(depth)
        else:
            value = _scalar(self._tokens[self._at])
            self._at += 1
        return value if self._ends() else self._described(first)

    def _ends(self) -> bool:
        return self._at >= len(self._tokens) or self._sign() in (",", ";", "}", "]")

    def _described(self, first: int) -> Described:
        """All up to the end of a value that is more than one."""
        depth = 0
        while depth or not self._ends():
            depth += (self._sign() in ("{", "[")) - (self._sign() in ("}", "]"))
            self._at += 1
        return Described(self._text[self._tokens[first].start() : self._tokens[self._at - 1].end()].strip())

    def _object(self, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while self._sign() != "}":
            token = self._tokens[self._at]
            name = str(_scalar(token)).strip().rstrip("?").strip()
            self._at += 1
            if self._sign() == ":" and name:
                self._at += 1
                found[name] = self._value(depth + 1)
            elif name.strip("."):
                raise ValueError("a property has no value")
            if self._sign() in (",", ";"):
                self._at += 1
        self._at += 1
        return found

    def _array(self, depth: int) -> list[Any]:
        found = []
        while self._sign() != "]":
            found.append(self._value(depth + 1))
            if self._sign() in (",", ";"):
                self._at += 1
        self._at += 1
        return found


def _scalar(token: re.Match[str]) -> Any:
    if token["string"]:
        inner = token["string"][1:-1]
        return inner.replace('\\"', '"')
    text = (token["bare"] or token["sign"] or "").strip()
    if text in _LITERALS:
        return _LITERALS[text]
    try:
        return json.loads(text, parse_constant=_refuse)
    except ValueError:
        return Described(text)
