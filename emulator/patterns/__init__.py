"""Regular expressions and globs that users wrote: a search ends soon, whatever the expression and the text.

Python's matcher backtracks, which can take exponential time, so it searches a text only if few steps are certain to be
enough (costs.py). Otherwise all paths are followed at once: bits.py finds the positions from which an expression
matches, and linear.py uses RE2 where groups are repeated or the named groups of a match are wanted.
"""

import re
import warnings
from functools import lru_cache

from emulator.patterns.budget import Budget, TooCostly
from emulator.patterns.masks import Masks
from emulator.patterns.needed import simplified
from emulator.patterns.pattern import Pattern
from emulator.patterns.syntax import parse

__all__ = ["MAX_GLOB", "MAX_LENGTH", "Budget", "Masks", "Pattern", "TooCostly", "compile", "glob", "simplified"]

MAX_LENGTH = 5_000
"""Characters of an expression."""
MAX_GLOB = 1_000
"""Characters of a glob."""


@lru_cache(maxsize=1024)
def compile(pattern: str, *, ignore_case: bool = False) -> Pattern:
    """Compile a regular expression in Python's syntax.

    Raises ValueError, with the reason, if it is none, or if it is too large to be compiled soon.
    """
    if len(pattern) > MAX_LENGTH:
        raise ValueError(f"a regular expression has at most {MAX_LENGTH:,} characters")
    flags = re.IGNORECASE if ignore_case else re.NOFLAG
    tree = parse(pattern, flags)
    try:
        with warnings.catch_warnings(action="error"):  # what will mean something else one day
            return Pattern(re.compile(pattern, flags), tree)
    except RecursionError:
        raise ValueError("not a regular expression: it is nested too deeply") from None
    except (re.error, OverflowError, Warning) as error:
        raise ValueError(f"not a regular expression: {error}") from None


@lru_cache(maxsize=1024)
def glob(pattern: str) -> Pattern:
    """Compile a glob, which matches a whole text, ignoring case. Only `*` and `?` are special.

    Raises ValueError if it is too long.
    """
    if len(pattern) > MAX_GLOB:
        raise ValueError(f"a glob has at most {MAX_GLOB:,} characters")
    parts = re.split(r"(\*+|\?)", pattern)
    source = "".join({"": "", "*": ".*", "?": "."}.get(part[:1], re.escape(part)) for part in parts)
    return compile(rf"(?s)\A{source}\Z", ignore_case=True)
