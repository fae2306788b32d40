"""Answers in a form that the text of a request asks for, such as JSON with certain keys, or one of some words.

Each module finds one kind of form. No model is imitated: a form that is described in the conversation is followed.
"""

from collections.abc import Sequence
from functools import cached_property, lru_cache

from emulator.core.errors import Rejected
from emulator.core.seeds import Seed
from emulator.core.vocabulary import InferenceRequest
from emulator.generator.composing import last_words
from emulator.generator.requested.asked import Made, Make, system_texts

__all__ = ["Made", "Requested", "may_ask"]

_MARKS = ("json", "JSON", "[[ ##", "Action:", "</", "{", "<answer")
"""What a text with a format has somewhere."""
_WORDS = (
    *(
        "only",
        "just",
        "exactly",
        "one of",
        "single",
        "respond",
        "reply",
        "answer",
        "return",
        "output",
        "classif",
        "categor",
    ),
    *("rate ", "score", "scale", "comma", "letter", "choose", "pick ", "select", "label", "sentiment", "identify"),
    *("decide", "determine", "is it ", "yes or", "true or", "true/", "yes/", "-word", " words", " sentences", " tag"),
)
"""Of these words, in lower case, a request for a short answer has one in the parts that are looked at."""
_HALF = 2_000


class Requested:
    """What a request asks its answer to be. The choices of an answer share it."""

    def __init__(self, request: InferenceRequest) -> None:
        self._request = request

    @property
    def asks(self) -> bool:
        """Whether a form is asked for."""
        return self._maker is not None

    def make(self, seed: Seed) -> Made | None:
        """Make the answer of a choice, or None if what is asked for is not possible, or nothing is.

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
        if not may_ask(self._request):
            return None
        from emulator.generator.requested.kinds import find  # noqa: PLC0415 - as above

        return find(self._request)


def may_ask(request: InferenceRequest) -> bool:
    """Whether a request may ask for a form; this is quick, and wrong only where it says that it may."""
    if request.response_format.kind == "json_object":
        return True
    return any(map(_may_be_asked_in, (last_words(request), *system_texts(request))))


def _may_be_asked_in(text: str) -> bool:
    if len(text) <= 2 * _HALF:
        return _has_words(text)
    return _holds(text, _MARKS) or _holds(f"{text[:_HALF]}\n{text[-_HALF:]}".lower(), _WORDS)


@lru_cache(maxsize=64)
def _has_words(text: str) -> bool:
    """Whether a text, often a system message that every request repeats, has one of the marks or words."""
    return _holds(text, _MARKS) or _holds(text.lower(), _WORDS)


def _holds(text: str, parts: Sequence[str]) -> bool:
    return any(map(text.__contains__, parts))
