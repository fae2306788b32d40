"""The chunks of a text, each of which the tokenizer splits by itself: words, numbers, punctuation, white space."""

from collections.abc import Iterable, Iterator

from emulator.core.regexes import late

ALPHABETS = (0x380, 0x400, 0x580, 0x600, 0x900, 0xE00)
"""Where the blocks of 128 characters begin whose pairs are pieces."""
_SCRIPTS = "".join(f"{chr(start)}-{chr(start + 127)}" for start in ALPHABETS)
_UPPER, _LOWER = "A-ZÀ-ÖØ-Þ", "a-zß-öø-ɏ"
_KINDS = {
    "words": rf"[ ._(]?(?:[{_UPPER}]?[{_LOWER}]{{1,16}}|[{_UPPER}]{{1,16}}(?![{_LOWER}])|[{_SCRIPTS}]{{1,16}})",
    "fixed": r"'(?:s|t|re|ve|m|ll|d)(?![a-z])|[^\S\r\n]{0,16}[\r\n]{1,8}|[^\S\r\n]{1,32}(?!\S)",
    "marks": r" ?(?:[^\w\s]|_){1,16}\n{0,2}",
    "number": r"[0-9]{1,3}",
    "east": rf" ?[^\W0-9_{_UPPER}{_LOWER}{_SCRIPTS}]{{1,16}}",
    "character": r"(?s:.)",
}
CHUNK = late("|".join(_KINDS.values()))
KIND = late("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in _KINDS.items()))
CUT = late(r"(?<=\S) ")
"""A space behind a visible character, which no chunk has: there a new one begins."""
_WINDOW = 1 << 13


def chunks(text: str) -> Iterable[str]:
    """The chunks of a text. A long text is read window by window, and never held as a list of all its words."""
    return CHUNK.findall(text) if len(text) <= _WINDOW else _windows(text)


def _windows(text: str) -> Iterator[str]:
    start = 0
    while len(text) - start > _WINDOW:
        found = CHUNK.findall(text, start, start + _WINDOW)
        start += _WINDOW - len(found.pop())  # the last one may go on behind the window
        yield from found
    yield from CHUNK.findall(text, start)
