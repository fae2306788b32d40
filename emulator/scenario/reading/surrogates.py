"""Surrogate pairs in YAML: JSON writes a character beyond U+FFFF as two escapes, which libyaml refuses.

Before the text is parsed, each pair is replaced by two escapes from a block of 4096 characters that the text does not
use. They are as long, so that no place in the text moves. In double quotes they are then one character, and anywhere
else what was written.
"""

import re
from collections.abc import Mapping

from emulator.core.regexes import late

_PAIR = late(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}")
_BLOCKS = "eabc"
"""The first digits of blocks that can be used: the private use area, and others if the text has characters of that."""
_HIDDEN = dict(zip("89abABcdefCDEF", "01234589abcdef", strict=True))
"""The second digit of a half and what replaces it: upper and lower case differ, so that both can be written again."""
_SHOWN = {replaced: digit for digit, replaced in _HIDDEN.items()}


class HiddenPairs:
    """A text whose surrogate pairs are replaced, and the way back for each text that is found in it."""

    def __init__(self, text: str, block: str) -> None:
        low, high = chr(int(f"{block}000", 16)), chr(int(f"{block}fff", 16))
        either = f"[{block}{block.upper()}]"
        self.text = _PAIR.sub(lambda pair: _moved(pair[0], f"{block}{block.upper()}", _HIDDEN), text)
        self._decoded = re.compile(f"[{low}-{high}]{{2}}")
        self._written = re.compile(rf"(?:\\u{either}[0-9a-f][0-9a-fA-F]{{2}}){{2}}")
        self._half = re.compile(f"[{low}-{high}]")

    def restored(self, text: str, *, quoted: bool) -> str | None:
        """The text with its pairs, decoded if it was in double quotes; None if there is half of one in it."""
        if not quoted:
            return self._written.sub(lambda pair: _moved(pair[0], "dD", _SHOWN), text)
        text = self._decoded.sub(_character, text)
        return None if self._half.search(text) else text


def hide_pairs(text: str) -> HiddenPairs | None:
    """The text without surrogate pairs; None if it has none, or uses every block that could replace them."""
    if not _PAIR.search(text):
        return None
    free = (block for block in _BLOCKS if not re.search(rf"[\u{block}000-\u{block}fff]|(?i:\\u{block})", text))
    block = next(free, None)
    return None if block is None else HiddenPairs(text, block)


def _moved(pair: str, first: str, second: Mapping[str, str]) -> str:
    """The pair with the first two digits of each half replaced."""
    halves = (pair[:6], pair[6:])
    return "".join(f"{half[:2]}{first[half[2].isupper()]}{second[half[3]]}{half[4:]}" for half in halves)


def _character(pair: re.Match[str]) -> str:
    """The character of a decoded pair; two halves that are none stay as they are."""
    one, two = map(ord, pair[0])
    if one >> 11 & 1 or not two >> 11 & 1:
        return pair[0]
    high, low = (int(_SHOWN[f"{half >> 8 & 0xF:x}"], 16) & 3 for half in (one, two))
    return chr(0x10000 + (high << 18 | (one & 0xFF) << 10 | low << 8 | two & 0xFF))
