"""The store that lives in memory, and is bounded: what was used longest ago is forgotten first."""

from collections import OrderedDict

from emulator.store import Namespace

MAX_NAMESPACES = 10_000


class MemoryStore:
    """Namespaces by their key."""

    def __init__(self) -> None:
        self._namespaces: OrderedDict[str, Namespace] = OrderedDict()

    def namespace(self, key: str) -> Namespace:
        """What has happened under this key; made when it is first asked for."""
        found = self._namespaces.get(key)
        if found is None:
            found = self._namespaces[key] = Namespace()
            if len(self._namespaces) > MAX_NAMESPACES:
                self._namespaces.popitem(last=False)
        else:
            self._namespaces.move_to_end(key)
        return found

    def reset(self, key: str | None = None, *, keep_scenario: bool = False) -> None:
        """Forget what has happened under one key, or everything; `keep_scenario` leaves the activated ones."""
        for name in [key] if key is not None else list(self._namespaces):
            before = self._namespaces.pop(name, None)
            if keep_scenario and before is not None:
                self.namespace(name).scenario = before.scenario
