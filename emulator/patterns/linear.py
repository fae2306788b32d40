"""Searches in linear time, with RE2.

RE2 reads the symbols of an `Alphabet`, so its own classes and flags are not used. What it has no words for, such as
lookaround and word boundaries, is found beforehand (see bits.py) and written into the text: before each character stand
marks that tell which assertions hold at that position. An assertion reads one mark, and a character first reads those
that are left.
"""

import math
import sys
from array import array
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from emulator.patterns import syntax
from emulator.patterns.alphabet import Alphabet
from emulator.patterns.bits import Positions
from emulator.patterns.budget import Budget
from emulator.patterns.syntax import (
    MANY,
    Anchor,
    Assertion,
    Chars,
    Either,
    Group,
    Look,
    Repeat,
    Tree,
    Unless,
    children,
)

MAX_MARKS = 8
"""Assertions that a match may need at one position, and different ones in an expression."""
MAX_SIZE = 2_000
"""Characters of an expression without counted repetitions."""

_NATIVE = {"start": r"\A", "end": r"\z", "last": r"\z"}


class Linear:
    """A regular tree, to be searched in any text. Raises ValueError if RE2 cannot."""

    def __init__(self, tree: Tree, alphabet: Alphabet, assertions: Sequence[Assertion]) -> None:
        self._tree = tree
        self._alphabet = alphabet
        self._assertions = assertions
        self._marks = marks(tree)
        self._size = size(tree)
        if self._size > MAX_SIZE:
            raise ValueError("it is too large to search long texts for it: write fewer repetitions")
        if max(self._marks, len(assertions)) > MAX_MARKS:
            raise ValueError(f"it has too many assertions to search long texts for it: at most {MAX_MARKS}")
        self._native = all(isinstance(each, Anchor) and each.kind in _NATIVE for each in self._assertions)
        self._has_last = any(isinstance(each, Anchor) and each.kind == "last" for each in self._assertions)
        self._programs: dict[tuple[bool, bool], tuple[int, Any]] = {}
        self._program(not self._native, False, Budget(math.inf))

    def groups(self, text: str, symbols: str, budget: Budget, *, named: bool) -> Mapping[str, str] | None:
        """The named groups of the first match, if asked for, or None if there is no match."""
        marked = not self._native or (self._has_last and text.endswith("\n"))
        each = self._marks + 1 if marked else 1
        budget.spend((10 + len(symbols) * each) * self._size)
        if marked:
            symbols = self._marked(symbols, budget)
        found = self._program(marked, named, budget).search(symbols)
        if found is None or not named:
            return None if found is None else {}
        names = _names(self._tree)
        spans = [found.span(number) for number in range(1, len(names) + 1)]
        return {
            name: text[start // each : end // each] if start >= 0 else ""
            for name, (start, end) in zip(names, spans, strict=True)
        }

    def _program(self, marked: bool, named: bool, budget: Budget) -> Any:
        """The program for the symbols that there are now."""
        size, program = self._programs.get((marked, named), (-1, None))
        if size != self._alphabet.size:
            budget.spend(100 * self._size)
            program = _compiled(_Writer(self._alphabet, self._assertions if marked else (), named).source(self._tree))
            self._programs[marked, named] = self._alphabet.size, program
        return program

    def _marked(self, symbols: str, budget: Budget) -> str:
        """The symbols, with marks before each and at the end."""
        positions = Positions(self._alphabet, symbols, budget)
        length = len(symbols) + 1
        held = 0  # a number whose digits to the base of 256 are the marks
        for number, assertion in enumerate(self._assertions):
            bits = f"{positions.holding(assertion):0{length}b}"
            held += int.from_bytes(bits.translate({48: 0, 49: 1 << number}).encode("latin-1"), "big")
        each = self._marks + 1
        text = array("I", bytes(4 * (length * each - 1)))
        for mark in range(self._marks):
            text[mark::each] = _codes(held.to_bytes(length, "big").decode("latin-1"))
        text[self._marks :: each] = _codes(symbols)
        return text.tobytes().decode("utf-32")


def _codes(text: str) -> "array[int]":
    return array("I", text.encode("utf-32-le" if sys.byteorder == "little" else "utf-32-be"))


def _compiled(source: str) -> Any:
    import re2  # type: ignore[import-untyped]  # noqa: PLC0415 - few expressions need it

    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(source, options)
    except re2.error as error:
        raise ValueError(str(error)) from None


def assertions(tree: Tree) -> tuple[Assertion, ...]:
    """The assertions of a tree, without those inside of others."""
    found: dict[Assertion, None] = {}
    _collect(tree, found)
    return tuple(found)


def _names(tree: Tree) -> list[str]:
    """The names of the groups outside of assertions, in their order."""
    own = [tree.name] if isinstance(tree, Group) else []
    inside = () if isinstance(tree, Look | Unless) else children(tree)
    return own + [name for child in inside for name in _names(child)]


def _collect(tree: Tree, found: dict[Assertion, None]) -> None:
    match tree:
        case Anchor() | Look() | Unless():
            found[tree] = None
        case syntax.Sequence(parts) | Either(parts):
            for part in parts:
                _collect(part, found)
        case Repeat(part) | Group(part):
            _collect(part, found)


def marks(tree: Tree) -> int:
    """The greatest number of assertions that a match needs to read at one position."""
    match tree:
        case Anchor() | Look() | Unless():
            return 1
        case syntax.Sequence(parts) | Either(parts):
            return sum(map(marks, parts))
        case Group(part):
            return marks(part)
        case Repeat(part, low):
            return max(low, 1) * marks(part)
        case _:
            return 0


def size(tree: Tree) -> int:
    """The number of parts of a tree whose counted repetitions are written out."""
    match tree:
        case Repeat(part, low, high):
            return max(1, low + 1 if high == MANY else high) * size(part)
        case syntax.Sequence(parts) | Either(parts):
            return 1 + sum(map(size, parts))
        case Group(part):
            return size(part)
        case _:
            return 1


class _Writer:
    """Writes a tree in RE2's syntax, for texts whose marks tell these assertions."""

    def __init__(self, alphabet: Alphabet, marked: Sequence[Assertion], named: bool) -> None:
        self._alphabet = alphabet
        self._marked = marked
        self._named = named
        self._before = f"{_set(range(alphabet.first))}*" if marked else ""

    def source(self, tree: Tree) -> str:
        match tree:
            case Chars():
                return f"(?:{self._before}{_set(self._alphabet.members(tree))})"
            case syntax.Sequence(parts):
                return f"(?:{''.join(map(self.source, parts))})"
            case Either(options):
                return f"(?:{'|'.join(map(self.source, options))})"
            case Repeat(part, low, high, lazy):
                bounds = "*" if (low, high) == (0, MANY) else f"{{{low},{'' if high == MANY else high}}}"
                return f"(?:{self.source(part)}){bounds}{'?' * lazy}"
            case Group(part):
                return f"({'' if self._named else '?:'}{self.source(part)})"
            case _:
                return self._assertion(tree)  # type: ignore[arg-type]  # there is nothing else in a regular tree

    def _assertion(self, assertion: Assertion) -> str:
        if not self._marked:
            return _NATIVE.get(assertion.kind, "") if isinstance(assertion, Anchor) else ""
        bit = 1 << self._marked.index(assertion)
        return _set(mark for mark in range(self._alphabet.first) if mark & bit)


def _set(symbols: Iterable[int]) -> str:
    """A set of symbols in RE2's syntax."""
    codes = sorted(symbols)
    if not codes:
        return r"[^\x{0}-\x{10ffff}]"
    starts = [code for code, before in zip(codes, [-2, *codes[:-1]], strict=True) if code - 1 != before]
    ends = [code for code, after in zip(codes, [*codes[1:], -1], strict=True) if code + 1 != after]
    spans = "".join(rf"\x{{{start:x}}}-\x{{{end:x}}}" for start, end in zip(starts, ends, strict=True))
    return f"[{spans}]"
