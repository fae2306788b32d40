"""The store that lives in memory, and is bounded: what was used longest ago is forgotten first."""

from collections import OrderedDict
from typing import TypeVar

MAX_NAMESPACES = 10_000
MAX_REQUESTS = 10_000
"""Different requests remembered per namespace. A forgotten one counts as new: its ids come again."""


K = TypeVar("K")
V = TypeVar("V")


class MemoryStore:
    """Counts by namespace."""

    def __init__(self) -> None:
        self._counts: OrderedDict[str, OrderedDict[bytes, int]] = OrderedDict()

    def seen(self, namespace: str, fingerprint: bytes) -> int:
        """How often this namespace has sent this request before; counts this time."""
        counts = self._counts.setdefault(namespace, OrderedDict())
        before = counts.get(fingerprint, 0)
        counts[fingerprint] = before + 1
        _trim(counts, fingerprint, MAX_REQUESTS)
        _trim(self._counts, namespace, MAX_NAMESPACES)
        return before

    def reset(self, namespace: str | None = None) -> None:
        """Forget what has happened in one namespace, or everything."""
        if namespace is None:
            self._counts.clear()
        else:
            self._counts.pop(namespace, None)


def _trim(entries: OrderedDict[K, V], newest: K, most: int) -> None:
    entries.move_to_end(newest)
    if len(entries) > most:
        entries.popitem(last=False)
