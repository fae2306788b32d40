"""The characters of texts as an expression sees them: those that it cannot tell apart are one symbol.

An expression tells characters apart only by its `Chars`. With a symbol for each combination of them, texts of any script
have few symbols, and what a class such as `\\w` means is Python's decision, whatever reads the symbols.
"""

import re
from collections.abc import Iterable

from emulator.patterns.syntax import Chars

_REMEMBERED = 20_000


class Alphabet:
    """The symbols of an expression. They are characters from `first` on, and are added as texts need them."""

    def __init__(self, classes: Iterable[Chars], first: int) -> None:
        self.first = first
        self.size = 0
        self._matchers = {chars: re.compile(chars.source, re.DOTALL).match for chars in classes}
        self._symbols: dict[tuple[bool, ...], int] = {}
        self._known: dict[int, int] = {}
        self._members: dict[Chars, set[int]] = {chars: set() for chars in self._matchers}
        self._learn(map(chr, range(128)))

    def encode(self, text: str) -> str:
        """The symbols of a text, one for each character."""
        self._learn(character for character in set(text) if ord(character) not in self._known)
        symbols = text.translate(self._known)
        if len(self._known) > _REMEMBERED:
            self._known = {code: self._known[code] for code in range(128)}
        return symbols

    def members(self, chars: Chars) -> set[int]:
        """The symbols of a class."""
        return self._members[chars]

    def mask(self, chars: Chars, symbols: str) -> int:
        """The characters of a text that are in a class, as bits: the first of n characters is bit n - 1."""
        members = self._members[chars]
        digits = {symbol: "01"[symbol in members] for symbol in range(self.first, self.first + self.size)}
        return int(symbols.translate(digits), 2) if symbols else 0

    def _learn(self, characters: Iterable[str]) -> None:
        for character in characters:
            known = tuple(match(character) is not None for match in self._matchers.values())
            symbol = self._symbols.get(known)
            if symbol is None:
                symbol = self._symbols[known] = self.first + self.size
                self.size += 1
                for chars, is_member in zip(self._matchers, known, strict=True):
                    if is_member:
                        self._members[chars].add(symbol)
            self._known[ord(character)] = symbol
