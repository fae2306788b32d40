"""Walking through the grammar for one request: the tokens that can come next, and what follows the chosen one."""

from collections.abc import Mapping, Sequence

from emulator.generator.grammar import (
    Branch,
    Filling,
    NonTerminal,
    Phrase,
    Run,
    Slot,
    Symbol,
    programs,
)

Phrases = Mapping[str, Sequence[str]]
"""The phrases for each slot, the likeliest first."""


class Walk:
    """A position in the grammar: a stack of the symbols still to expand."""

    def __init__(self, symbols: Sequence[Symbol], phrases: Phrases) -> None:
        self.stack: list[Symbol] = [*reversed(symbols)]
        self._phrases = phrases
        self._filled: dict[Slot, Filling] = {}

    def next(self) -> Run | Phrase | Branch:
        """Return the next tokens or the next choice. There always is one, since the end is a token of a choice."""
        while True:
            symbol = self.stack.pop()
            if type(symbol) is NonTerminal:
                self.stack += programs[symbol]
            elif type(symbol) is Slot:
                self.stack += self.filled(symbol).symbols()
            else:
                return symbol

    def filled(self, slot: Slot) -> Filling:
        """The phrases of the request that may fill a slot."""
        return self._filled.get(slot) or self._fill(slot)

    def _fill(self, slot: Slot) -> Filling:
        phrases = self._phrases[slot.name.lower()]
        if slot.name[0].isupper():
            phrases = [phrase[:1].upper() + phrase[1:] for phrase in phrases]
        if slot.spaced:
            phrases = [f" {phrase}" for phrase in phrases]
        self._filled[slot] = filling = Filling(phrases)
        return filling
