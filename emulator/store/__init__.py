"""Everything that has happened, by namespace. One object holds it, and `reset` forgets it."""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Protocol

MAX_REQUESTS = 10_000
"""Different requests remembered per namespace. A forgotten one counts as new: its ids come again."""


class Progress:
    """How far one scenario has come: the position in each rule's replies, and the states of its machines."""

    def __init__(self, version: int) -> None:
        self.version = version
        self.positions: dict[int, tuple[int, ...]] = {}
        self.states: Mapping[str, str] = {}


class Namespace:
    """What has happened under one API key. `scenario` is the name of the one that was activated for it."""

    def __init__(self) -> None:
        self.scenario: str | None = None
        self._progress: dict[str, Progress] = {}
        self._counts: OrderedDict[bytes, int] = OrderedDict()

    def progress(self, scenario: str, version: int) -> Progress:
        """How far a scenario has come; another version of it begins anew."""
        found = self._progress.get(scenario)
        if found is None or found.version != version:
            found = self._progress[scenario] = Progress(version)
        return found

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
