"""Parses regular expressions of JSON Schema (ECMA-262, section 22.2) to a tree, and translates them to Python.

`parse` reads the syntax that schemas use: classes, escapes, groups, lookaround, backreferences, quantifiers. Python's
spellings of named groups and inline flags are accepted too, since real schemas use them.
"""

import re
from contextlib import suppress
from functools import lru_cache
from typing import TypeAlias

import msgspec

from emulator import patterns
from emulator.schema_values.unicode_properties import DIGIT, SPACE, Ranges, unicode_property

MANY = 1_000_000
"""What an open upper bound counts as."""


class Chars(msgspec.Struct, frozen=True):
    """One character in these code point ranges. `source` is the same as a Python pattern."""

    ranges: Ranges
    source: str


class Sequence(msgspec.Struct, frozen=True):
    """Parts one after the other."""

    parts: "tuple[Tree, ...]"


class Either(msgspec.Struct, frozen=True):
    """One of several options."""

    options: "tuple[Tree, ...]"


class Repeat(msgspec.Struct, frozen=True):
    """A part that is repeated `low` to `high` times. `suffix` is ?, + or nothing."""

    part: "Tree"
    low: int
    high: int
    suffix: str = ""


class Group(msgspec.Struct, frozen=True):
    """A captured part; `number` is its number in backreferences. A group with `flags` is not captured."""

    part: "Tree"
    number: int
    flags: str = ""


class Back(msgspec.Struct, frozen=True):
    """A backreference to a group."""

    number: int


class Look(msgspec.Struct, frozen=True):
    """An assertion about what follows or precedes; `opening` is `?=`, `?!`, `?<=` or `?<!`."""

    part: "Tree"
    opening: str


class Anchor(msgspec.Struct, frozen=True):
    """The start, the end, or a word boundary."""

    source: str


Tree: TypeAlias = Chars | Sequence | Either | Repeat | Group | Back | Look | Anchor

_WORD: Ranges = ((97, 122), (48, 57), (65, 90), (95, 95))
_PRINTABLE: Ranges = ((32, 126),)
_CLASSES = {"d": DIGIT, "w": _WORD, "s": SPACE}
_CONTROLS = {"t": 9, "n": 10, "v": 11, "f": 12, "r": 13, "0": 0}


def complement(ranges: Ranges) -> Ranges:
    """The printable ASCII characters outside the ranges; other characters if there are none."""
    for span in (_PRINTABLE[0], (9, 13), (0xA1, 0x2FF)):
        kept = [code for code in range(span[0], span[1] + 1) if not any(low <= code <= high for low, high in ranges)]
        if kept:
            return tuple((code, code) for code in kept)
    return ((0x4E00, 0x4E00),)


def parse(pattern: str) -> Tree:
    """Parse a pattern to a tree. Raises ValueError if it is not a regular expression."""
    return _parsed(pattern)[0]


@lru_cache(maxsize=1024)
def _parsed(pattern: str) -> tuple[Tree, str]:
    """The tree, and the flags of the whole pattern."""
    parser = _Parser(pattern)
    try:
        return parser.whole(), "".join(sorted(parser.flags))
    except RecursionError:
        raise ValueError("is not a regular expression: it is nested too deeply") from None


@lru_cache(maxsize=1024)
def compiled(pattern: str) -> patterns.Pattern:
    """Compile a pattern, translated if Python does not accept it. Raises ValueError for an invalid one."""
    if len(pattern) > patterns.MAX_LENGTH:
        raise ValueError(f"is too long: a regular expression has at most {patterns.MAX_LENGTH:,} characters")
    with suppress(ValueError):
        return patterns.compile(pattern)
    tree, flags = _parsed(pattern)
    try:
        return patterns.compile(f"(?{flags}){_source(tree)}" if flags else _source(tree))
    except ValueError as error:
        raise ValueError(f"is {error}") from error


class _Parser:
    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0
        self.groups = 0
        self.names: dict[str, int] = {}
        self.flags: set[str] = set()

    def whole(self) -> Tree:
        tree = self.either()
        if self.at < len(self.pattern):
            raise self.wrong("unbalanced parenthesis")
        return tree

    def wrong(self, what: str) -> ValueError:
        return ValueError(f"is not a regular expression: {what} at {self.at}")

    def took(self, text: str) -> bool:
        if self.pattern.startswith(text, self.at):
            self.at += len(text)
            return True
        return False

    def next(self) -> str:
        if self.at >= len(self.pattern):
            raise self.wrong("it ends too early")
        self.at += 1
        return self.pattern[self.at - 1]

    def scan(self, regex: str) -> re.Match[str] | None:
        found = re.compile(regex).match(self.pattern, self.at)
        if found:
            self.at = found.end()
        return found

    def either(self) -> Tree:
        options = [self.sequence()]
        while self.took("|"):
            options.append(self.sequence())
        return options[0] if len(options) == 1 else Either(tuple(options))

    def sequence(self) -> Tree:
        parts: list[Tree] = []
        while self.at < len(self.pattern) and self.pattern[self.at] not in "|)":
            atom = self.atom()
            if atom is not None:
                parts.append(self.quantified(atom))
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts))

    def quantified(self, atom: Tree) -> Tree:
        found = self.scan(r"(?:([*+?])|\{(\d+)(,?)(\d*)\}|\{,(\d+)\})([?+]?)")
        if not found:
            return atom
        sign, low, comma, high, top, suffix = found.groups()
        bounds = {"*": (0, MANY), "+": (1, MANY), "?": (0, 1)}.get(sign)
        if top:
            bounds = (0, int(top))
        elif not bounds:
            bounds = (int(low), int(high) if high else MANY if comma else int(low))
        if bounds[0] > bounds[1]:
            raise self.wrong("a quantifier is out of order")
        return atom if isinstance(atom, Anchor) else Repeat(atom, *bounds, suffix)

    def atom(self) -> Tree | None:
        character = self.next()
        if character == "(":
            return self.group()
        if character == "[":
            return self.klass()
        if character == "\\":
            return self.escape()
        if character in "^$":
            return Anchor(character)
        if character == ".":
            return Chars(_PRINTABLE, ".")
        if character in "*+?":
            raise self.wrong("nothing to repeat")
        return _literal(ord(character))

    def group(self) -> Tree | None:
        if found := self.scan(r"\?([aimsux]+)\)"):
            self.flags.update(found[1])
            return None
        if found := self.scan(r"\?<?[=!]"):
            return Look(self.closed(), found[0])
        if found := self.scan(r"\?([a-z-]*):"):
            tree = self.closed()
            return Group(tree, 0, found[1]) if found[1] else tree
        named = self.scan(r"\?P?<(\w+)>")
        if not named and self.scan(r"\?"):
            raise self.wrong("unknown kind of group")
        self.groups += 1
        number = self.groups
        if named:
            self.names[named[1]] = number
        return Group(self.closed(), number)

    def closed(self) -> Tree:
        tree = self.either()
        if not self.took(")"):
            raise self.wrong("missing )")
        return tree

    def escape(self) -> Tree:
        if found := self.scan(r"[1-9]\d?"):
            return Back(int(found[0]))
        if (found := self.scan(r"k<(\w+)>")) and found[1] in self.names:
            return Back(self.names[found[1]])
        if found := self.scan(r"[bBAZz]"):
            return Anchor("\\" + found[0].replace("z", "Z"))
        return self.escaped()

    def escaped(self) -> Chars:
        if found := self.scan(r"([pP])\{\^?(?:\w+=)?(\w+)\}"):
            return _property(found[2], found[1] == "P")
        if found := self.scan(r"u\{([0-9a-fA-F]+)\}|u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})"):
            return _literal(int(found[1] or found[2] or found[3], 16))
        if found := self.scan(r"c([A-Za-z])"):
            return _literal(ord(found[1]) % 32)
        character = self.next()
        if character.lower() in _CLASSES:
            ranges = _CLASSES[character.lower()]
            return Chars(ranges if character.islower() else complement(ranges), "\\" + character)
        return _literal(_CONTROLS.get(character, ord(character)))

    def klass(self) -> Tree:
        negative = self.took("^")
        if self.took("]"):
            if negative:
                return Chars(_PRINTABLE, r"[\s\S]")
            self.at -= 1
        ranges: list[tuple[int, int]] = []
        sources: list[str] = []
        first = True
        while first or not self.took("]"):
            first = False
            chars = self.span()
            ranges += chars.ranges
            sources.append(chars.source)
        source = f"[{'^' * negative}{''.join(map(_inner, sources))}]"
        return Chars(complement(tuple(ranges)) if negative else tuple(ranges), source)

    def span(self) -> Chars:
        start = self.member()
        low, last = start.ranges[0]
        if len(start.ranges) > 1 or low != last or not self.scan(r"-(?!\])"):
            return start
        end = self.member()
        high = end.ranges[0][1]
        if len(end.ranges) > 1 or low > high:
            raise self.wrong("a range is out of order")
        return Chars(((low, high),), f"[{re.escape(chr(low))}-{re.escape(chr(high))}]")

    def member(self) -> Chars:
        character = self.next()
        if character != "\\":
            return _literal(ord(character))
        return _literal(8) if self.took("b") else self.escaped()


def _literal(code: int) -> Chars:
    return Chars(((code, code),), re.escape(chr(code)))


def _property(name: str, negative: bool) -> Chars:
    ranges, source = unicode_property(name)
    if negative:
        return Chars(complement(ranges), f"(?!{source})[\\s\\S]")
    return Chars(ranges, source)


def _inner(source: str) -> str:
    """The source of a character set, for use inside another one."""
    if source == r"[^\W\d_]":
        return r"A-Za-z\u00aa-\uffdc"
    return source[1:-1] if source.startswith("[") and source.endswith("]") else source


def _source(tree: Tree) -> str:
    match tree:
        case Chars():
            return tree.source
        case Anchor():
            return tree.source
        case Sequence(parts):
            return "".join(map(_source, parts))
        case Either(options):
            return f"(?:{'|'.join(map(_source, options))})"
        case Repeat(part, low, high, suffix):
            return f"(?:{_source(part)}){{{low},{'' if high == MANY else high}}}{suffix}"
        case Group(part, flags=flags):
            return f"(?{flags}:{_source(part)})" if flags else f"({_source(part)})"
        case Back(number):
            return f"(?:\\{number})"
        case Look(part, opening):
            return f"({opening}{_source(part)})"
