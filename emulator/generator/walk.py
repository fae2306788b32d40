"""Walking through the grammar for one request: the tokens that can come next, and what follows the chosen one."""

from collections.abc import Mapping, Sequence

from emulator.generator.grammar import Branch, NonTerminal, Phrase, Run, Slot, Symbols, choice_of_phrases, program

Phrases = Mapping[str, Sequence[str]]
"""The phrases for each slot, the likeliest first."""


class Walk:
    """A position in the grammar: a stack of the symbols still to expand."""

    def __init__(self, symbols: Sequence[Run | Phrase | Branch | Slot | NonTerminal], phrases: Phrases) -> None:
        self._stack = list(reversed(symbols))
        self._phrases = phrases
        self._filled: dict[Slot, Symbols] = {}

    def next(self) -> Run | Phrase | Branch:
        """Return the next tokens or the next choice. There always is one, since the end is a token of a choice."""
        stack = self._stack
        while True:
            symbol = stack.pop()
            if type(symbol) is NonTerminal:
                stack += program(symbol)
            elif type(symbol) is Slot:
                stack += self._filled.get(symbol) or self._fill(symbol)
            else:
                return symbol

    def take(self, target: Symbols) -> None:
        """Continue with the symbols that follow a chosen token."""
        self._stack.extend(target)

    def _fill(self, slot: Slot) -> Symbols:
        """A slot's phrases as a choice between those that begin differently; the k-th has the weight 1/k²."""
        phrases = self._phrases[slot.name.lower()]
        if slot.name[0].isupper():
            phrases = [phrase[:1].upper() + phrase[1:] for phrase in phrases]
        if slot.spaced:
            phrases = [f" {phrase}" for phrase in phrases]
        self._filled[slot] = (choice_of_phrases(phrases),)
        return self._filled[slot]
