"""The state: what has happened under one API key, and what all keys share. It is data, and saved as it is.

The parts that few servers need, accounts and backends, are imported when a server first has one.
"""

from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from emulator.core.vocabulary import Usage

if TYPE_CHECKING:
    from emulator.account.account import Account
    from emulator.account.backends import Fleet
    from emulator.account.registry import Registry
    from emulator.account.terms import Terms

    Accounts: TypeAlias = dict[str, tuple[int | None, Account]]
    Fleets: TypeAlias = dict[str, tuple[int, Fleet]]
else:  # saved.py reads them
    Accounts, Fleets, Fleet, Registry, Terms = dict, dict, Any, Any, Any

MAX_REQUESTS = 10_000
"""Different requests remembered for one key. A forgotten one counts as new: its ids come again."""


class Progress(msgspec.Struct):
    """How far one scenario has come: the position in each rule's replies, and the states of its machines.

    `version` is the library's; that of a saved state is None, until the scenario is played again.
    """

    version: int | None = None
    positions: dict[int, tuple[int, ...]] = {}
    states: dict[str, str] = {}


class KeyState(msgspec.Struct):
    """What has happened under one API key.

    `scenario` is the name of the one that was activated for the key. `progress`, `accounts` and `fleets` are by the
    name of a scenario, each with the version of it that it belongs to; the account "" is on the server's own terms.
    `seen` counts the requests by their digest. `admitted` are the tickets of waiting requests that got a slot in this
    turn, for the store to wake.
    """

    scenario: str | None = None
    progress: dict[str, Progress] = {}
    accounts: Accounts = {}
    fleets: Fleets = {}
    seen: dict[str, int] = {}
    admitted: list[str] = []

    def progress_of(self, scenario: str, version: int) -> Progress:
        """How far a scenario has come; another version of it begins anew."""
        found = self.progress.get(scenario)
        if found is not None and found.version is None:
            found.version = version
        if found is None or found.version != version:
            found = self.progress[scenario] = Progress(version)
        return found

    def account(self, scenario: str, version: int) -> "Account | None":
        """The account under a scenario, if it was opened under this version of it."""
        found, account = self.accounts.get(scenario, (version, None))
        if found is None and account is not None:
            self.accounts[scenario] = version, account
            return account
        return account if found == version else None

    def fleet(self, scenario: str, version: int) -> "Fleet":
        """The backends under a scenario; another version of it begins anew."""
        found, fleet = self.fleets.get(scenario, (None, None))
        if fleet is None or found != version:
            from emulator.account.backends import Fleet  # noqa: PLC0415 (only a scenario with backends pays for them)

            if fleet is not None:  # those who wait there wait for backends that are gone
                self.admitted += fleet.waiting()
            fleet = Fleet()
            self.fleets[scenario] = version, fleet
        return fleet

    def count(self, digest: str) -> int:
        """How often this request has come before; counts this time."""
        before = self.seen.pop(digest, 0)
        self.seen[digest] = before + 1
        if len(self.seen) > MAX_REQUESTS:
            del self.seen[next(iter(self.seen))]
        return before

    def claim(self, ticket: str) -> bool:
        """The request stops waiting: whether it may run. It may where its backends are gone, as after a reset."""
        return all(fleet.claim(ticket) for _, fleet in self.fleets.values())

    def waiting(self) -> list[str]:
        """The tickets of all requests that wait for backends of a scenario."""
        return [ticket for _, fleet in self.fleets.values() for ticket in fleet.waiting()]

    def end(self, ticket: str, now: float, used: Usage | None) -> None:
        """The request has ended: free what it holds, and charge and count what was used; None: nothing was answered."""
        for _, account in self.accounts.values():
            if used is None:
                account.fail(ticket)
            else:
                account.settle(ticket, now, used)
        for _, fleet in self.fleets.values():
            self.admitted += fleet.leave(ticket)

    def resume(self) -> None:
        """Go on in another process: nothing is in flight, and each scenario is the version that is met first."""
        for progress in self.progress.values():
            progress.version = None
        for name, (_, account) in self.accounts.items():
            account.cancel_all()
            self.accounts[name] = None, account
        self.fleets.clear()


class SharedState(msgspec.Struct):
    """What all keys share.

    `scenario` is the name of the one that plays for keys that name no other. `terms` are those on which accounts are
    opened, where they were changed while the server runs; each change is a new `terms_version`, which opens accounts
    anew. `keys` are the managed API keys and `fleet` the backends that were configured for all keys. `admitted` is as
    in `KeyState`.
    """

    scenario: str | None = None
    terms: "Terms | None" = None
    terms_version: int = 0
    keys: "Registry | None" = None
    fleet: "Fleet | None" = None
    admitted: list[str] = []

    def change_terms(self, terms: "Terms | None") -> None:
        """Open accounts on other terms from now on; None: on the server's own."""
        self.terms = terms
        self.terms_version += 1

    def registry(self) -> "Registry":
        """The managed keys, to be changed."""
        if self.keys is None:
            from emulator.account.registry import Registry  # noqa: PLC0415 (a server without keys does not pay)

            self.keys = Registry()
        return self.keys

    def backends(self) -> "Fleet":
        """The backends for all keys, to be changed."""
        if self.fleet is None:
            from emulator.account.backends import Fleet  # noqa: PLC0415 (a server without backends does not pay)

            self.fleet = Fleet()
        return self.fleet

    def claim(self, ticket: str) -> bool:
        """The request stops waiting: whether it may run."""
        return self.fleet is None or self.fleet.claim(ticket)

    def waiting(self) -> list[str]:
        """The tickets of all requests that wait for these backends."""
        return [] if self.fleet is None else self.fleet.waiting()

    def leave(self, ticket: str) -> None:
        """The request has ended: free its slot."""
        if self.fleet is not None:
            self.admitted += self.fleet.leave(ticket)
