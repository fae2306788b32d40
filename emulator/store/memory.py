"""The store that lives in memory, and is bounded: what was used longest ago is forgotten first."""

from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from emulator.inferences import Journal
from emulator.store import Namespace

if TYPE_CHECKING:
    from emulator.account.backends import Fleet
    from emulator.account.registry import Registry
    from emulator.account.terms import Terms

MAX_NAMESPACES = 10_000


class MemoryStore:
    """Namespaces by their key."""

    def __init__(self) -> None:
        self._keys: Registry | None = None
        self._fleet: Fleet | None = None
        self.inferences = Journal()
        self.terms: Terms | None = None
        self.terms_version = 0
        self._namespaces: OrderedDict[str, Namespace] = OrderedDict()
        self._saved: dict[str, dict[str, Any]] = {}

    @property
    def has_keys(self) -> bool:
        """Whether there are managed keys."""
        return self._keys is not None and len(self._keys) > 0

    @property
    def keys(self) -> "Registry":
        """The managed keys; who has none does not pay for them at the start."""
        if self._keys is None:
            from emulator.account.registry import Registry  # noqa: PLC0415

            self._keys = Registry()
        return self._keys

    @property
    def has_backends(self) -> bool:
        """Whether anything was said of any backends."""
        return self._fleet is not None

    @property
    def fleet(self) -> "Fleet":
        """The backends of all namespaces."""
        if self._fleet is None:
            from emulator.account.backends import Fleet  # noqa: PLC0415

            self._fleet = Fleet()
        return self._fleet

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
        saved = self._saved.pop(_fingerprint(key), None)
        return Namespace.restore(saved) if saved is not None else Namespace()

    def snapshot(self) -> dict[str, Any]:
        """All of it, in types that JSON has; namespaces by the fingerprint of their keys."""
        awake = {_fingerprint(key): namespace.snapshot() for key, namespace in self._namespaces.items()}
        return {
            "keys": self.keys.snapshot(),
            "backends": self.fleet.snapshot(),
            "terms": msgspec.to_builtins(self.terms),
            "namespaces": self._saved | awake,
        }

    def restore(self, data: Mapping[str, Any]) -> None:
        """Have what was saved in the place of all there is. Raises `msgspec.ValidationError` for data that are none."""
        from emulator.store.saved import SavedStore  # noqa: PLC0415 (only who goes on from a state pays for it)

        saved = msgspec.convert(data, SavedStore)
        for namespace in saved.namespaces.values():
            Namespace.restore(namespace)  # what is wrong with it is told now, not when its key comes
        keys, fleet = type(self.keys).restore(saved.keys), type(self.fleet).restore(saved.backends)
        self.reset()
        self._keys, self._fleet, self._saved = keys, fleet, saved.namespaces
        self.change(saved.terms)

    def change(self, terms: "Terms | None") -> None:
        """Have other terms for accounts from now on; None: the server's own."""
        self.terms = terms
        self.terms_version += 1

    def reset(self, key: str | None = None, *, keep_scenario: bool = False) -> None:
        """Forget what has happened under one key, or everything; `keep_scenario` leaves the activated ones."""
        self.inferences.clear(key)
        if key is None:
            self._keys = self._fleet = None
            self.change(None)
            self._saved.clear()
        elif self._saved:
            self._saved.pop(_fingerprint(key), None)
        for name in [key] if key is not None else list(self._namespaces):
            before = self._namespaces.pop(name, None)
            if keep_scenario and before is not None:
                self.namespace(name).scenario = before.scenario


def _fingerprint(key: str) -> str:
    from emulator.account.registry import fingerprint  # noqa: PLC0415 (as in `keys`)

    return fingerprint(key)
