"""Answers in a form that the text of a request asks for, such as JSON with certain keys, or one of some words.

Each module finds one kind of form. No model is imitated: a form that is described in the conversation is followed.
"""

import re
from functools import cached_property

from emulator.core.errors import Rejected
from emulator.core.seeds import Seed
from emulator.core.vocabulary import InferenceRequest
from emulator.generator.composing import last_words
from emulator.generator.requested.asked import Made, Make, system_texts

__all__ = ["Made", "Requested"]

_MARKS = ("[[ ##", "Action:", "</", "<", "{")
"""What only a text with a format has, in any case of letters."""
_WORDS = re.compile(
    r"json|schema|\bonly\b|\bjust\b|exactly|one of|\bsingle\b|\bor\b|\bwords?\b|\bsentences\b|classif|categor|\brate\b"
    r"|\bscale\b|comma|\bletters?\b|\bnumber\b|sentiment|true/false",
    re.IGNORECASE,
)
_READ = 4_000


class Requested:
    """What a request asks its answer to be. The choices of an answer share it."""

    def __init__(self, request: InferenceRequest) -> None:
        self._request = request

    def make(self, seed: Seed) -> Made | None:
        """Make the answer of a choice, or None if nothing is asked for, or nothing that is possible.

        A choice for which too little is left of the budget for schemas repeats the answer that was made before.
        """
        if self._maker is None:
            return None
        from emulator.schema_values import Malformed, TooComplex, Unsatisfiable  # noqa: PLC0415 - most ask for no form

        try:
            self._last = self._maker(seed)
        except (Malformed, Unsatisfiable, TooComplex, Rejected, ValueError, RecursionError):
            return self._last
        return self._last

    _last: Made | None = None

    @cached_property
    def _maker(self) -> Make | None:
        if not _may_ask(self._request):
            return None
        from emulator.generator.requested.kinds import find  # noqa: PLC0415 - as above

        return find(self._request)


def _may_ask(request: InferenceRequest) -> bool:
    """Whether a request may ask for a form; this is quick, and wrong only where it says that it may."""
    if request.response_format.kind == "json_object":
        return True
    return any(_may_be_asked_in(text) for text in (last_words(request), *system_texts(request)))


def _may_be_asked_in(text: str) -> bool:
    if any(mark in text for mark in _MARKS):
        return True
    read = text if len(text) <= 2 * _READ else f"{text[:_READ]}\n{text[-_READ:]}"
    return _WORDS.search(read) is not None or "json" in text
