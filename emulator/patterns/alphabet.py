r"""The characters of texts as an expression sees them: those that it cannot tell apart are one symbol.

An expression tells characters apart only by its `Chars`. With a symbol for each combination of them, texts of any
script have few symbols, and a class such as `\w` means what it means to Python, whatever reads the symbols.
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
        self._members: dict[Chars, set[int]] = {chars: set() for chars in classes}
        self.classes = len(self._members)
        self._symbols: dict[tuple[Chars, ...], int] = {}
        self._known: dict[int, int] = {}
        self._learn({*map(chr, range(128))})

    def encode(self, text: str) -> str:
        """The symbols of a text, one for each character."""
        if not text.isascii():
            self._learn({character for character in set(text) if ord(character) not in self._known})
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

    def _learn(self, characters: set[str]) -> None:
        text = "".join(sorted(characters))
        classes: dict[str, list[Chars]] = {character: [] for character in text}
        for chars in self._members:
            for character in re.findall(rf"(?={chars.source})(?s:.)", text):  # a search for (?a:\W) misses some
                classes[character].append(chars)
        for character, those in classes.items():
            symbol = self._symbols.get(tuple(those))
            if symbol is None:
                symbol = self._symbols[tuple(those)] = self.first + self.size
                self.size += 1
                for chars in those:
                    self._members[chars].add(symbol)
            self._known[ord(character)] = symbol
