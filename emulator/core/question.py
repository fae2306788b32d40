"""What a request asks, apart from how the answer is to be delivered."""

from collections.abc import Mapping
from typing import Any

from emulator.core.seeds import canonical

_DELIVERY = frozenset({"stream", "stream_options"})


def question_of(endpoint: str, body: Mapping[str, Any]) -> bytes:
    """The same bytes for the same question, streamed or not, and whatever the order of the keys.

    >>> question_of("chat", {"n": 1, "model": "m"}) == question_of("chat", {"model": "m", "n": 1, "stream": True})
    True
    """
    if not _DELIVERY.isdisjoint(body):
        body = {name: value for name, value in body.items() if name not in _DELIVERY}
    return canonical((endpoint, body))
