"""What a request asks, apart from how the answer is to be delivered."""

from collections.abc import Mapping
from typing import Any

from emulator.core.seeds import canonical


def question_of(endpoint: str, body: Mapping[str, Any]) -> bytes:
    """The same bytes for the same question, streamed or not, and whatever the order of the keys.

    >>> question_of("chat", {"n": 1, "model": "m"}) == question_of("chat", {"model": "m", "n": 1, "stream": True})
    True
    """
    asked = dict(body)
    asked.pop("stream", None)
    asked.pop("stream_options", None)
    return canonical((endpoint, asked))
