"""A text that every match of an expression has, so that most texts without a match are told by a search for it."""

import re
from collections.abc import Iterator

from emulator.patterns.syntax import Anchor, Chars, Group, Look, Repeat, Sequence, Tree, Unless

_LITERAL = re.compile(r"(?:\(\?a?i?:)?\[\\U([0-9a-f]{8})\]\)?")
_LEAST = 3
_GAP = "\n"


def needed(tree: Tree) -> str:
    """A text that every text with a match has once it is `simplified`; empty if none is known."""
    longest = max("".join(_characters(tree)).split(_GAP), key=len)
    return longest if len(longest) >= _LEAST else ""


def simplified(folded: str) -> str:
    """A text whose case is folded, with `i` for all that an expression that ignores case takes for one.

    >>> simplified("Dİlı".casefold())
    'dili'
    """
    return folded if folded.isascii() else folded.replace("i\u0307", "i").replace("ı", "i")


def _characters(tree: Tree) -> Iterator[str]:
    """The characters that every match has, in their order, and a gap wherever there may be others between them."""
    match tree:
        case Chars(source):
            literal = _LITERAL.fullmatch(source)
            character = chr(int(literal[1], 16)) if literal else _GAP
            yield character.lower() if character.isascii() and character.isprintable() else _GAP
        case Sequence(parts):
            for part in parts:
                yield from _characters(part)
        case Group(part):
            yield from _characters(part)
        case Repeat(part, low) if low:
            yield _GAP
            yield from _characters(part)
            yield _GAP
        case Anchor() | Look() | Unless():
            pass
        case _:
            yield _GAP
