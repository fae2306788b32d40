"""The store that lives in memory, and is bounded: what was used longest ago is forgotten first."""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import msgspec

from emulator.account.backends import Fleet
from emulator.account.registry import Registry, fingerprint
from emulator.account.terms import Terms
from emulator.store import Namespace

MAX_NAMESPACES = 10_000


class _Saved(msgspec.Struct):
    keys: dict[str, Any]
    backends: dict[str, Any]
    terms: Terms | None
    namespaces: dict[str, dict[str, Any]]


class MemoryStore:
    """Namespaces by their key."""

    def __init__(self) -> None:
        self.keys, self.fleet = Registry(), Fleet()
        self.terms: Terms | None = None
        self.terms_version = 0
        self._namespaces: OrderedDict[str, Namespace] = OrderedDict()
        self._saved: dict[str, dict[str, Any]] = {}

    def namespace(self, key: str) -> Namespace:
        """What has happened under this key; made when it is first asked for."""
        found = self._namespaces.get(key)
        if found is None:
            found = self._namespaces[key] = self._waking(key) if self._saved else Namespace()
            if len(self._namespaces) > MAX_NAMESPACES:
                self._namespaces.popitem(last=False)
        else:
            self._namespaces.move_to_end(key)
        return found

    def _waking(self, key: str) -> Namespace:
        """What was saved of a key, whose characters are not known before it comes again; else a new namespace."""
        saved = self._saved.pop(fingerprint(key), None)
        return Namespace.restore(saved) if saved is not None else Namespace()

    def snapshot(self) -> dict[str, Any]:
        """All of it, in types that JSON has; namespaces by the fingerprint of their keys."""
        awake = {fingerprint(key): namespace.snapshot() for key, namespace in self._namespaces.items()}
        return {
            "keys": self.keys.snapshot(),
            "backends": self.fleet.snapshot(),
            "terms": msgspec.to_builtins(self.terms),
            "namespaces": self._saved | awake,
        }

    def restore(self, data: Mapping[str, Any]) -> None:
        """Have what was saved in the place of all there is. Raises `msgspec.ValidationError` for data that are none."""
        saved = msgspec.convert(data, _Saved)
        for namespace in saved.namespaces.values():
            Namespace.restore(namespace)  # what is wrong with it is told now, not when its key comes
        keys, fleet = Registry.restore(saved.keys), Fleet.restore(saved.backends)
        self.reset()
        self.keys, self.fleet, self._saved = keys, fleet, saved.namespaces
        self.change(saved.terms)

    def change(self, terms: Terms | None) -> None:
        """Have other terms for accounts from now on; None: the server's own."""
        self.terms = terms
        self.terms_version += 1

    def reset(self, key: str | None = None, *, keep_scenario: bool = False) -> None:
        """Forget what has happened under one key, or everything; `keep_scenario` leaves the activated ones."""
        if key is None:
            self.keys, self.fleet = Registry(), Fleet()
            self.change(None)
            self._saved.clear()
        else:
            self._saved.pop(fingerprint(key), None)
        for name in [key] if key is not None else list(self._namespaces):
            before = self._namespaces.pop(name, None)
            if keep_scenario and before is not None:
                self.namespace(name).scenario = before.scenario
