"""Splits texts into tokens that have known passages in them, without reading the passages again.

A space behind a visible character begins a chunk (see `tokens`). So what a passage has between the first and the last
such space has the same tokens, whatever comes before and behind it.
"""

from collections.abc import Iterable, Mapping

import msgspec

from emulator.core.chunks import CUT
from emulator.core.tokens import Tokens, split


class Passage(msgspec.Struct, frozen=True):
    """A text, cut at the first and the last place where a chunk begins anyway.

    `pieces` are the tokens between them, and `begins` those of a text that begins with the passage.
    """

    lead: str
    begins: tuple[str, ...]
    pieces: tuple[str, ...]
    tail: str


def passages(texts: Iterable[str]) -> Mapping[str, Passage]:
    """The passages of these texts, by text. Those without two cuts are left out."""
    found: dict[str, Passage] = {}
    for text in texts:
        cuts = [cut.start() for cut in CUT.finditer(text)]
        if len(cuts) > 1:
            lead, between = text[: cuts[0]], split(text[cuts[0] : cuts[-1]]).pieces
            found[text] = Passage(lead, split(lead).pieces + between, between, text[cuts[-1] :])
    return found


def split_parts(text: str, parts: Iterable[str], known: Mapping[str, Passage]) -> Tokens:
    """Split a text into tokens. Those of its parts that are `known` passages are not read again.

    >>> text, parts = "one two three four", ["one two three ", "four"]
    >>> split_parts(text, parts, passages(parts)) == split(text)
    True
    """
    pieces: list[str] = []
    unread: list[str] = []
    for part in parts:
        passage = known.get(part)
        if passage is None:
            unread.append(part)
        elif not unread:
            pieces += passage.begins
            unread = [passage.tail]
        else:
            unread.append(passage.lead)
            pieces += split("".join(unread)).pieces
            pieces += passage.pieces
            unread = [passage.tail]
    pieces += split("".join(unread)).pieces
    return Tokens(text, tuple(pieces))
