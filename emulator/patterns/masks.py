"""The classes of characters of one text, for all expressions that search it."""

import re

from emulator.patterns.syntax import Chars

_KEPT_BITS = 512 * 1024 * 1024


class Masks:
    """The positions of a text at which a class has its characters. Each class is looked for once.

    A mask has the first of n characters in bit n - 1. Of a very long text only some masks are kept.
    """

    __slots__ = ("_characters", "_codes", "_found", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._characters = ""
        self._codes = b""
        self._found: dict[Chars, int] = {}

    def of(self, chars: Chars) -> int:
        """The mask of a class."""
        mask = self._found.get(chars)
        if mask is None:
            mask = self._mask(chars)
            if len(self._found) * len(self._text) < _KEPT_BITS:
                self._found[chars] = mask
        return mask

    def _mask(self, chars: Chars) -> int:
        if not self._characters:
            self._read()
        members = {*re.findall(rf"(?={chars.source})(?s:.)", self._characters)}  # a search for (?a:\W) misses some
        if self._codes:
            digits = bytes(b"01"[character in members] for character in self._characters)
            return int(self._codes.translate(digits.ljust(256)), 2)
        return int("0" + self._text.translate({ord(each): "01"[each in members] for each in self._characters}), 2)

    def _read(self) -> None:
        """Find the characters of the text, and number them if a byte is enough for that."""
        if self._text.isascii():
            self._characters, self._codes = "".join(map(chr, range(128))), self._text.encode()
            return
        self._characters = "".join(sorted(set(self._text)))
        if len(self._characters) <= 256:
            numbers = {ord(character): number for number, character in enumerate(self._characters)}
            self._codes = self._text.translate(numbers).encode("latin-1")
