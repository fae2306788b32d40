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
    choice_of_phrases,
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
                self.stack.append(choice_of_phrases(self._phrases_of(symbol)))
            else:
                return symbol

    def filled(self, slot: Slot) -> Filling:
        """The phrases of the request that may fill a slot."""
        filling = self._filled.get(slot)
        if filling is None:
            filling = self._filled[slot] = Filling(self._phrases_of(slot))
        return filling

    def _phrases_of(self, slot: Slot) -> Sequence[str]:
        phrases = self._phrases[slot.name.lower()]
        if slot.name[0].isupper():
            phrases = [phrase[:1].upper() + phrase[1:] for phrase in phrases]
        if slot.spaced:
            phrases = [f" {phrase}" for phrase in phrases]
        return phrases
