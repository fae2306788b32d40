"""Text that people read on a terminal or in a log: nothing in it can move the cursor or pass for another line.

Names, keys, paths and headers come from clients. What is made of them for people goes through `one_line`, and what is
printed through `lines`. The escapes are JSON's, so that JSON stays the same JSON.
"""

import json
import logging

from emulator.core.regexes import late

_UNPRINTABLE = late("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Control characters, ends of lines and paragraphs, what turns the direction of writing, and halves of characters."""


def one_line(text: str) -> str:
    r"""Escape what is not printed as a character.

    >>> one_line("a\x1b[2Jb\nc")
    'a\\u001b[2Jb\\nc'
    """
    return text if text.isprintable() else _UNPRINTABLE.sub(lambda found: json.dumps(found[0])[1:-1], text)


def lines(text: str, indent: str = "") -> str:
    r"""Escape what is not printed as a character, except line feeds and tabs; `indent` begins all lines but the first.

    >>> lines("a\r\nb", indent="  ")
    'a\\r\n  b'
    """
    return f"\n{indent}".join("\t".join(map(one_line, line.split("\t"))) for line in text.split("\n"))


class LineFormatter(logging.Formatter):
    """Formats log records so that only the first line of each begins with a time."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the text of a record."""
        return lines(super().format(record), indent="  ")
