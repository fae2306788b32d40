"""Finds the known word that is most similar to an unknown one, for hints in messages."""

from collections.abc import Iterable
from difflib import get_close_matches
from itertools import islice

_CANDIDATES = 250
_LONGEST = 100


def nearest(word: str, known: Iterable[str], alike: float = 0.6) -> str | None:
    """Return the known word that is most similar, ignoring case; None if none is similar.

    `alike` is the required similarity, from 0 (any word) to 1 (the same word). The number of words and their length are
    bounded.

    >>> nearest("Tool_call", ["text", "tool_calls"])
    'tool_calls'
    """
    spelled = {candidate.lower(): candidate for candidate in islice(known, _CANDIDATES)}
    near = get_close_matches(word.lower()[:_LONGEST], spelled, 1, alike)
    return spelled[near[0]] if near else None


def did_you_mean(word: str, known: Iterable[str], alike: float = 0.6) -> str:
    """The end of a message, which suggests the nearest known word; empty if there is none.

    >>> did_you_mean("tool_call", ["text", "tool_calls"])
    '; did you mean "tool_calls"?'
    """
    near = nearest(word, known, alike)
    return f'; did you mean "{near}"?' if near else ""
