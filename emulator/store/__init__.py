"""Everything that has happened, by namespace. One object holds it, and `reset` forgets it."""

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from emulator.inferences import Journal

if TYPE_CHECKING:
    from emulator.account.account import Account
    from emulator.account.backends import Fleet
    from emulator.account.registry import Registry
    from emulator.account.terms import Terms

MAX_REQUESTS = 10_000
"""Different requests remembered per namespace. A forgotten one counts as new: its ids come again."""


class Progress:
    """How far one scenario has come: the position in each rule's replies, and the states of its machines.

    A `version` of None is a saved one's: it is that of the scenario as it is when it is first played again.
    """

    def __init__(self, version: int | None) -> None:
        self.version = version
        self.positions: dict[int, tuple[int, ...]] = {}
        self.states: Mapping[str, str] = {}


class Namespace:
    """What has happened under one API key. `scenario` is the name of the one that was activated for it."""

    def __init__(self) -> None:
        self.scenario: str | None = None
        self._progress: dict[str, Progress] = {}
        self._accounts: dict[str, tuple[int | None, Account]] = {}
        self._fleets: dict[str, tuple[int, Fleet]] = {}
        self._counts: OrderedDict[bytes, int] = OrderedDict()

    def progress(self, scenario: str, version: int) -> Progress:
        """How far a scenario has come; another version of it begins anew."""
        found = self._progress.get(scenario)
        if found is not None and found.version is None:
            found.version = version
        if found is None or found.version != version:
            found = self._progress[scenario] = Progress(version)
        return found

    def account(self, scenario: str, version: int) -> "Account | None":
        """The account under a scenario ("": the server's own terms), if it was opened under this version of it."""
        known, account = self._accounts.get(scenario, (version, None))
        if known is None and account is not None:
            self.open(scenario, version, account)
            return account
        return account if known == version else None

    def open(self, scenario: str, version: int, account: "Account") -> None:
        """Keep a new account under a scenario."""
        self._accounts[scenario] = version, account

    def accounts(self) -> "Iterator[Account]":
        """All accounts that were opened."""
        return (account for _, account in self._accounts.values())

    def fleet(self, scenario: str, version: int) -> "Fleet":
        """The backends under a scenario; another version of it begins anew."""
        found = self._fleets.get(scenario)
        if found is None or found[0] != version:
            from emulator.account.backends import Fleet  # noqa: PLC0415 (only a scenario with backends pays for them)

            found = self._fleets[scenario] = version, Fleet()
        return found[1]

    def snapshot(self) -> dict[str, Any]:
        """All of it, in types that JSON has."""
        return {
            "scenario": self.scenario,
            "progress": {
                name: {"positions": {str(rule): at for rule, at in one.positions.items()}, "states": dict(one.states)}
                for name, one in self._progress.items()
            },
            "accounts": {name: account.snapshot() for name, (_, account) in self._accounts.items()},
            "seen": {fingerprint.hex(): count for fingerprint, count in self._counts.items()},
        }

    @classmethod
    def restore(cls, data: Mapping[str, Any]) -> "Namespace":
        """What was saved. Nothing is in flight any more. Raises `msgspec.ValidationError` for data that are none."""
        from emulator.account.account import Account  # noqa: PLC0415 (only who goes on from a state pays for it)
        from emulator.store.saved import SavedNamespace  # noqa: PLC0415

        saved = msgspec.convert(data, SavedNamespace)
        namespace = cls()
        namespace.scenario = saved.scenario
        for name, one in saved.progress.items():
            progress = namespace._progress[name] = Progress(None)
            progress.positions = {int(rule): at for rule, at in one.positions.items()}
            progress.states = one.states
        for name, told in saved.accounts.items():
            account = Account.restore(told)
            for admission in list(account.in_flight):
                admission.cancel()
            namespace._accounts[name] = None, account
        namespace._counts.update((bytes.fromhex(fingerprint), count) for fingerprint, count in saved.seen.items())
        return namespace

    def seen(self, fingerprint: bytes) -> int:
        """How often this request has come before; counts this time."""
        before = self._counts.pop(fingerprint, 0)
        self._counts[fingerprint] = before + 1
        if len(self._counts) > MAX_REQUESTS:
            self._counts.popitem(last=False)
        return before


class Store(Protocol):
    """What the engine asks of the past.

    `keys` are the managed API keys, `fleet` the backends and `inferences` the record of all namespaces. `terms` are
    those on which accounts are opened, where they were changed while the server runs; a new version of them opens
    accounts anew.
    """

    inferences: Journal
    terms: "Terms | None"
    terms_version: int

    @property
    def has_keys(self) -> bool:
        """Whether there are managed keys."""
        ...

    @property
    def keys(self) -> "Registry":
        """The managed keys."""
        ...

    @property
    def has_backends(self) -> bool:
        """Whether anything was said of any backends."""
        ...

    @property
    def fleet(self) -> "Fleet":
        """The backends of all namespaces."""
        ...

    def namespace(self, key: str) -> Namespace:
        """What has happened under this key; made when it is first asked for."""
        ...

    def change(self, terms: "Terms | None") -> None:
        """Have other terms for accounts from now on; None: the server's own."""
        ...

    def snapshot(self) -> dict[str, Any]:
        """All of it, in types that JSON has."""
        ...

    def restore(self, data: Mapping[str, Any]) -> None:
        """Have what was saved in the place of all there is. Raises `msgspec.ValidationError` for data that are none."""
        ...

    def reset(self, key: str | None = None, *, keep_scenario: bool = False) -> None:
        """Forget what has happened under one key, or everything; `keep_scenario` leaves the activated ones."""
        ...
