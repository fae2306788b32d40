"""Everything that has happened, by namespace. One object holds it, and `reset` forgets it."""

from typing import Protocol


class Store(Protocol):
    """What the engine asks of the past."""

    def seen(self, namespace: str, fingerprint: bytes) -> int:
        """How often this namespace has sent this request before; counts this time."""
        ...

    def reset(self, namespace: str | None = None) -> None:
        """Forget what has happened in one namespace, or everything."""
        ...
