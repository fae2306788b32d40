"""The line that an author meant: a value that YAML cannot read is put in quotes, if the text can be read then."""

import json
from collections.abc import Callable, Iterator, Sequence

from emulator.core.regexes import late

_MAX_TRIES = 24
_MAX_READ = 1 << 18
"""The number of characters that all tries may read."""
_MAX_LINE = 400
_START = late(r"(?:(?<=: )|(?<=[\[{,] )|(?<=[\[{])|(?<=- ))(?=[^\s\[{]|[\[{][^\]}]*[\]}]\s*[^\s,\]}])")
_PAIR = late(r"[\w-]+:(?:\s|$)")
_END = late(r"(?=\s*[,\]}])|(?=\s*[\]}]+\s*$)|(?=\s*$)")


def quoted_line(
    text: str, lines: Sequence[int], column: int, readable: Callable[[str], bool]
) -> tuple[int, str] | None:
    """The first of these lines that makes the text `readable` with one of its values in quotes: its number, and itself.

    Lines are counted from 0. `column` is where the parser stopped in the first one. The number of tries is limited.
    """
    all_lines, tries = text.split("\n"), min(_MAX_TRIES, _MAX_READ // len(text)) if text else 0
    for line in lines:
        written = all_lines[line].rstrip("\r")
        for corrected in _corrections(written, column if line == lines[0] else len(written)):
            if tries == 0:
                return None
            tries -= 1
            if readable("\n".join([*all_lines[:line], corrected, *all_lines[line + 1 :]])):
                return line, corrected
    return None


def _corrections(line: str, column: int) -> Iterator[str]:
    """The line with one value in quotes, those that begin nearest before the column first."""
    if len(line) > _MAX_LINE:
        return
    starts = [found.start() for found in _START.finditer(line) if found.start() <= column]
    for start in reversed(starts):
        ends = sorted({found.start() for found in _END.finditer(line, start + 1)})
        for end in ends:
            value = line[start:end].strip()
            if value and not (_PAIR.match(value) and line[:start].rstrip().endswith(("{", ",", "-"))):
                yield f"{line[:start]}{_in_quotes(value)}{line[end:]}"


def _in_quotes(value: str) -> str:
    """The value in quotes. Quotes around a text with a single one of them were meant to be those."""
    if value[0] in "\"'" and value[-1] == value[0] and value[1:-1].count(value[0]) % 2:
        value = value[1:-1]
    elif value[0] in "\"'" and value[0] not in value[1:]:
        value = value[1:]
    return json.dumps(value, ensure_ascii=False)
