"""Everything that has happened, by namespace. One object holds it, and `reset` forgets it."""

from collections import OrderedDict
from typing import Any, Protocol

MAX_REQUESTS = 10_000
"""Different requests remembered per namespace. A forgotten one counts as new: its ids come again."""


class Namespace:
    """What has happened under one API key.

    `scenario` is the name of the one that was activated for it, `positions` where it stands in each rule's replies,
    and `states` the states of each scenario's machines.
    """

    def __init__(self) -> None:
        self.scenario: str | None = None
        self.positions: dict[tuple[str, int], Any] = {}
        self.states: dict[str, dict[str, str]] = {}
        self._counts: OrderedDict[bytes, int] = OrderedDict()

    def seen(self, fingerprint: bytes) -> int:
        """How often this request has come before; counts this time."""
        before = self._counts.pop(fingerprint, 0)
        self._counts[fingerprint] = before + 1
        if len(self._counts) > MAX_REQUESTS:
            self._counts.popitem(last=False)
        return before


class Store(Protocol):
    """What the engine asks of the past."""

    def namespace(self, key: str) -> Namespace:
        """What has happened under this key; made when it is first asked for."""
        ...

    def reset(self, key: str | None = None, *, keep_scenario: bool = False) -> None:
        """Forget what has happened under one key, or everything; `keep_scenario` leaves the activated ones."""
        ...
