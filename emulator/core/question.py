"""What a request asks, apart from how the answer is to be delivered."""

from collections.abc import Mapping
from typing import Any

from emulator.core.seeds import canonical

_DELIVERY = {"stream", "stream_options"}


def question_of(endpoint: str, body: Mapping[str, Any]) -> bytes:
    """The same bytes for the same question, streamed or not, and whatever the order of the keys.

    >>> question_of("chat", {"n": 1, "model": "m"}) == question_of("chat", {"model": "m", "n": 1, "stream": True})
    True
    """
    if not _DELIVERY.isdisjoint(body):
        body = dict(body)  # a copy takes half the time of a comprehension
        for name in _DELIVERY:
            body.pop(name, None)
    return canonical((endpoint, body))
