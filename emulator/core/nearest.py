"""Finds the known word that is most similar to an unknown one, for hints in messages."""

from collections.abc import Iterable

_LONGEST = 100
_MAX_WORK = 50_000
"""Comparing two words takes up to the product of their lengths; this is for all words together."""


def nearest(word: str, known: Iterable[str], alike: float = 0.6) -> str | None:
    """Return the known word that is most similar, ignoring case; None if none is similar.

    `alike` is the required similarity, from 0 (any word) to 1 (the same word). The work is bounded: of very many words,
    or very long ones, only the first are compared.

    >>> nearest("Tool_call", ["text", "tool_calls"])
    'tool_calls'
    """
    word, spelled, work = word.lower()[:_LONGEST], dict[str, str](), 0
    for candidate in known:
        if 2 * min(len(candidate), len(word)) >= alike * (len(candidate) + len(word)):  # it can be similar enough
            work += len(candidate) * len(word)
            if work > _MAX_WORK:
                break
            spelled[candidate.lower()] = candidate
    if not spelled:
        return None
    from difflib import get_close_matches  # noqa: PLC0415 (imported when somebody mistypes a word)

    near = get_close_matches(word, spelled, 1, alike)
    return spelled[near[0]] if near else None


def did_you_mean(word: str, known: Iterable[str], alike: float = 0.6) -> str:
    """The end of a message, which suggests the nearest known word; empty if there is none.

    >>> did_you_mean("tool_call", ["text", "tool_calls"])
    '; did you mean "tool_calls"?'
    """
    near = nearest(word, known, alike)
    return f'; did you mean "{near}"?' if near else ""
