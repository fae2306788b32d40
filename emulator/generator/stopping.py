"""Ending a text at the first stop string, while the text is generated."""

from collections.abc import Iterable, Iterator, Sequence

from emulator.core.drafts import Piece, cut_entry


class Stopped:
    """The pieces of a text up to the first stop string, as `emulator.core.drafts.obey` cuts a text that is known.

    `sequence` is the stop string that ended the text, once all pieces are read. A stop that ends within the first
    `least` tokens is ignored. Only what may be the beginning of a stop string is held back.
    """

    def __init__(self, pieces: Iterable[Piece], stop: Sequence[str], least: int) -> None:
        self.sequence: str | None = None
        self._pieces = pieces
        self._stop = [sequence for sequence in stop if sequence]
        self._longest = max(map(len, self._stop), default=0)
        self._least = least
        self._held: list[Piece] = []
        self._text = ""  # of the pieces that are held
        self._ignored = 0  # characters of that text in which no stop string may end

    def __iter__(self) -> Iterator[Piece]:
        for number, piece in enumerate(self._pieces):
            self._held.append(piece)
            self._text += piece[0]
            if number < self._least:
                self._ignored = len(self._text)
            begun = self._begun()
            found = self._found()
            if found is not None and found[0] < begun:
                yield from self._before(*found)
                return
            if found is None:
                yield from self._released(begun)
        found = self._found()
        if found is not None:
            yield from self._before(*found)
        else:
            yield from self._held

    def _found(self) -> tuple[int, str] | None:
        """The first stop string, and of equals the longest: where it begins, and which it is."""
        starts = ((sequence, max(self._ignored + 1 - len(sequence), 0)) for sequence in self._stop)
        hits = [(at, sequence) for sequence, start in starts if (at := self._text.find(sequence, start)) >= 0]
        return min(hits, key=lambda hit: (hit[0], -len(hit[1])), default=None)

    def _begun(self) -> int:
        """Where a stop string may begin that is not complete yet; if nowhere, the end of the text."""
        text = self._text
        for at in range(max(len(text) - self._longest + 1, 0), len(text)):
            rest = text[at:]
            if any(len(sequence) > len(rest) and sequence.startswith(rest) for sequence in self._stop):
                return at
        return len(text)

    def _released(self, end: int) -> Iterator[Piece]:
        """Release the pieces that end by `end`. A token without text waits for the rest of its character."""
        whole, size = self._whole(end)
        yield from self._held[:whole]
        del self._held[:whole]
        self._text = self._text[size:]
        self._ignored = max(self._ignored - size, 0)

    def _before(self, at: int, sequence: str) -> Iterator[Piece]:
        """The pieces that are held, up to the stop string at `at`, which may cut the last of them."""
        self.sequence = sequence
        whole, size = self._whole(at)
        yield from self._held[:whole]
        rest = self._text[size:at]
        if rest:
            entry = self._held[whole][1]
            yield rest, None if entry is None else cut_entry(entry, rest)

    def _whole(self, end: int) -> tuple[int, int]:
        """How many of the pieces that are held end by `end`, without empty ones at their end; and their size."""
        whole = size = reached = 0
        for number, (text, _) in enumerate(self._held, 1):
            reached += len(text)
            if reached > end:
                break
            if text:
                whole, size = number, reached
        return whole, size
