"""Parses regular expressions in Python's syntax to a tree.

The standard library's own parser reads the text, so the syntax is exactly Python's. Flags are resolved here: every
`Chars` and every `Assertion` has a meaning of its own, wherever in the expression it stands.
"""

import re
import warnings
from collections.abc import Iterator
from importlib import import_module
from typing import Any, TypeAlias

import msgspec

_parser = import_module("re._parser")  # the only parser that reads all of Python's syntax; it has no type stubs
MANY = int(_parser.MAXREPEAT)
"""The upper bound of an open repetition."""

_ASCII, _DOTALL, _IGNORECASE, _MULTILINE, _UNICODE = map(
    int, (re.ASCII, re.DOTALL, re.IGNORECASE, re.MULTILINE, re.UNICODE)
)
_KINDS = _ASCII | _UNICODE
_MAX_FOLDED = 2_000_000
"""Characters in sets that ignore case. Python folds each of them when it compiles the set."""


class Chars(msgspec.Struct, frozen=True):
    """One character that matches this expression, which has no groups and stands alone."""

    source: str


class Sequence(msgspec.Struct, frozen=True):
    """Parts one after the other."""

    parts: "tuple[Tree, ...]"


class Either(msgspec.Struct, frozen=True):
    """The first of several options that leads to a match."""

    options: "tuple[Tree, ...]"


class Repeat(msgspec.Struct, frozen=True):
    """A part, `low` to `high` times.

    It is repeated as often as possible, as rarely as possible (`lazy`), or without giving any back (`possessive`).
    """

    part: "Tree"
    low: int
    high: int
    lazy: bool = False
    possessive: bool = False


class Group(msgspec.Struct, frozen=True):
    """A named group."""

    part: "Tree"
    name: str


class Anchor(msgspec.Struct, frozen=True):
    """A position: `start`, `end`, `last` (the end, or before a newline there), `line start`, `line end` or `boundary`.

    `chars` are the word characters of a boundary, and the newline of a line.
    """

    kind: str
    chars: Chars


class Look(msgspec.Struct, frozen=True):
    """A position from which the part matches; with `behind`, one up to which it matches, `behind` characters long."""

    part: "Tree"
    behind: int = -1


class Unless(msgspec.Struct, frozen=True):
    """A position at which an assertion does not hold."""

    assertion: Anchor | Look


class Opaque(msgspec.Struct, frozen=True):
    """What depends on how the match went so far: a backreference, an atomic group or a condition.

    One of its `options` is matched; a backreference has none.
    """

    what: str
    options: "tuple[Tree, ...]" = ()


Assertion: TypeAlias = Anchor | Look | Unless
Tree: TypeAlias = Chars | Sequence | Either | Repeat | Group | Assertion | Opaque

NEWLINE = Chars(r"\n")
_CATEGORIES = {
    "CATEGORY_DIGIT": r"\d",
    "CATEGORY_NOT_DIGIT": r"\D",
    "CATEGORY_SPACE": r"\s",
    "CATEGORY_NOT_SPACE": r"\S",
    "CATEGORY_WORD": r"\w",
    "CATEGORY_NOT_WORD": r"\W",
}


def parse(pattern: str, flags: int = 0) -> Tree:
    """Parse an expression. Raises ValueError if it is not one, or is too large to be compiled."""
    try:
        with warnings.catch_warnings(action="error"):  # what will mean something else one day
            read = _parser.parse(pattern, flags)
        names = {number: name for name, number in read.state.groupdict.items()}
        reader = _Reader(names)
        tree = reader.sequence(read, int(read.state.flags) | flags)
    except RecursionError:
        raise ValueError("not a regular expression: it is nested too deeply") from None
    except (re.error, OverflowError, Warning) as error:
        raise ValueError(f"not a regular expression: {error}") from None
    if reader.folded > _MAX_FOLDED:
        raise ValueError("not a regular expression: its sets that ignore case have too many characters")
    return tree


def regular(tree: Tree) -> Tree:
    """The tree without possessive repetitions, which are written as others that nothing of the same class may follow.

    Raises ValueError if the tree has parts that depend on how the match went so far.
    """
    match tree:
        case Opaque(what):
            raise ValueError(what)
        case Repeat(Chars() as part, low, high, possessive=True):
            ended = Sequence((Repeat(part, low, high if high == MANY else high - 1), Unless(Look(part))))
            if high == MANY:
                return ended
            return Either((Repeat(part, high, high), ended)) if low < high else Repeat(part, low, high)
        case Repeat(possessive=True):
            raise ValueError("a possessive repetition of a group")
        case Sequence(parts):
            return Sequence(tuple(map(regular, parts)))
        case Either(options):
            return Either(tuple(map(regular, options)))
        case Repeat() | Group() | Look():
            return msgspec.structs.replace(tree, part=regular(tree.part))
        case Unless(Look() as look):
            return Unless(msgspec.structs.replace(look, part=regular(look.part)))
        case _:
            return tree


def children(tree: Tree) -> tuple[Tree, ...]:
    """The parts of a tree."""
    match tree:
        case Sequence(parts=parts) | Either(options=parts) | Opaque(options=parts):
            return parts
        case Repeat(part=part) | Group(part=part) | Look(part=part) | Unless(assertion=part):
            return (part,)
        case _:
            return ()


def walk(tree: Tree) -> Iterator[Tree]:
    """The tree and all parts of it."""
    yield tree
    for child in children(tree):
        yield from walk(child)


class _Reader:
    """Reads the standard library's tree. `folded` counts the characters of sets that ignore case."""

    def __init__(self, names: dict[int, str]) -> None:
        self.names = names
        self.folded = 0

    def sequence(self, items: Any, flags: int) -> Tree:
        parts = tuple(self.item(str(op), value, flags) for op, value in items)
        return parts[0] if len(parts) == 1 else Sequence(parts)

    def item(self, op: str, value: Any, flags: int) -> Tree:
        match op:
            case "LITERAL" | "NOT_LITERAL" | "IN" | "ANY" | "CATEGORY":
                return self.chars(op, value, flags)
            case "BRANCH":
                return Either(tuple(self.sequence(option, flags) for option in value[1]))
            case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
                low, high, part = value
                return Repeat(
                    self.sequence(part, flags), int(low), int(high), op == "MIN_REPEAT", op == "POSSESSIVE_REPEAT"
                )
            case "SUBPATTERN":
                number, added, removed, part = value
                kept = flags & ~removed & ~(_KINDS if added & _KINDS else 0)
                tree = self.sequence(part, kept | added)
                return Group(tree, self.names[number]) if number in self.names else tree
            case "AT":
                return _anchor(str(value), flags)
            case "ASSERT" | "ASSERT_NOT":
                direction, part = value
                look = Look(self.sequence(part, flags), part.getwidth()[0] if direction < 0 else -1)
                return look if op == "ASSERT" else Unless(look)
            case "ATOMIC_GROUP":
                return _atomic(self.sequence(value, flags))
            case "GROUPREF":
                return Opaque("a backreference")
            case "GROUPREF_EXISTS":
                options = tuple(self.sequence(option or (), flags) for option in value[1:])
                return Opaque("a condition", options)
            case _:  # FAILURE, written as (?!)
                return Unless(Look(Sequence(())))

    def chars(self, op: str, value: Any, flags: int) -> Chars:
        match op:
            case "LITERAL" | "NOT_LITERAL":
                source = f"[{'^' * (op == 'NOT_LITERAL')}{_code(value)}]"
            case "ANY":
                return Chars(r"(?s:.)" if flags & _DOTALL else r"[^\n]")
            case "CATEGORY":
                source = _CATEGORIES[str(value)]
            case _:
                source = f"[{''.join(self.member(str(kind), each, flags) for kind, each in value)}]"
        kept = "a" * bool(flags & _ASCII) + "i" * bool(flags & _IGNORECASE)
        return Chars(f"(?{kept}:{source})" if kept else source)

    def member(self, kind: str, value: Any, flags: int) -> str:
        match kind:
            case "NEGATE":
                return "^"
            case "RANGE":
                self.folded += min(value[1] - value[0], 65_536) if flags & _IGNORECASE else 0
                return f"{_code(value[0])}-{_code(value[1])}"
            case "CATEGORY":
                return _CATEGORIES[str(value)]
            case _:
                return _code(value)


def _atomic(tree: Tree) -> Tree:
    match tree:
        case Repeat(Chars(), lazy=False):
            return msgspec.structs.replace(tree, possessive=True)
        case Chars():
            return tree
        case _:
            return Opaque("an atomic group", (tree,))


def _code(code: int) -> str:
    return f"\\U{code:08x}"


def _anchor(kind: str, flags: int) -> Assertion:
    lines = bool(flags & _MULTILINE)
    match kind:
        case "AT_BEGINNING":
            return Anchor("line start" if lines else "start", NEWLINE)
        case "AT_END":
            return Anchor("line end" if lines else "last", NEWLINE)
        case "AT_BEGINNING_STRING":
            return Anchor("start", NEWLINE)
        case "AT_END_STRING":
            return Anchor("end", NEWLINE)
        case _:
            boundary = Anchor("boundary", Chars(r"(?a:\w)" if flags & _ASCII else r"\w"))
            return boundary if kind == "AT_BOUNDARY" else Unless(boundary)
