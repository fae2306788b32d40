"""Comments that were probably meant as text: in YAML, `text: Order #5` has the text `Order`."""

from collections.abc import Iterator
from itertools import pairwise
from typing import cast

import yaml

from emulator.core.regexes import late
from emulator.scenario.reading.mistakes import Mistake, quoted
from emulator.scenario.reading.nodes import LOADER
from emulator.scenario.reading.surrogates import hide_pairs

_TEXTS = frozenset(
    [
        *("text", "reasoning", "message", "description", "content"),
        *("last_user", "first_user", "system", "any_message", "prompt"),
        *("equals", "contains", "starts_with", "ends_with"),
    ]
)
"""Keys whose values are free text, in which a number sign is likely."""
_COMMENT = late(r"\s+(#\S.*)")


def cut_texts(source: str, text: str) -> Iterator[Mistake]:
    """A warning for each free text in valid YAML that ends at a comment without a space behind its sign."""
    hidden = hide_pairs(text)
    text = hidden.text if hidden else text
    lines = text.split("\n")
    scalars = (event for event in yaml.parse(text, LOADER) if isinstance(event, yaml.ScalarEvent))
    for key, value in pairwise(scalars):
        begin, end = cast(yaml.Mark, value.start_mark), cast(yaml.Mark, value.end_mark)
        if key.value in _TEXTS and value.implicit[0] and cast(yaml.Mark, key.start_mark).line == begin.line:
            line, column = end.line, end.column
            if comment := _COMMENT.match(lines[line][column:] if line < len(lines) else ""):
                cut = quoted(comment[1].rstrip())
                told = f"the text ends before {cut}, which is a comment in YAML; put the text in quotes"
                yield Mistake(source, line + 1, column + 1, key.value, told)
