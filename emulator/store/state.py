"""The state of each API key, and the state that all keys share. Both are plain data, which is saved as it is.

Accounts and backends are imported when a server first needs them, since few servers do.
"""

from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import msgspec

from emulator.core.vocabulary import Usage

Version: TypeAlias = Annotated[int, msgspec.Meta(ge=-1, le=2**53)]
Position: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=2**53)]

if TYPE_CHECKING:
    from emulator.account.account import Account
    from emulator.account.backends import Fleet
    from emulator.account.registry import Registry
    from emulator.account.terms import Terms

    Accounts: TypeAlias = dict[str, tuple[Version | None, Account]]
    Fleets: TypeAlias = dict[str, tuple[Version, Fleet]]
else:  # saved.py reads them
    Accounts, Fleets, Fleet, Registry, Terms = dict, dict, Any, Any, Any

MAX_REQUESTS = 10_000
"""Different requests remembered for one key, at least. A forgotten one counts as new: its ids come again."""
_FORGOTTEN = 500
"""Requests forgotten at once: finding the first entry of a dictionary takes long where others were deleted before."""


class Progress(msgspec.Struct, forbid_unknown_fields=True):
    """The progress of one scenario: the position in each rule's replies, and the states that replies have set.

    `version` is the version of the scenario in the library; None in a restored state, until the scenario is used again.
    """

    version: Version | None = None
    positions: dict[int, tuple[Position, ...]] = {}
    states: dict[str, str] = {}


class KeyState(msgspec.Struct, forbid_unknown_fields=True):
    """The state of one API key.

    `scenario` is the name of the scenario that was activated for the key. `progress`, `accounts` and `fleets` map the
    names of scenarios to values, each with the version of the scenario to which it belongs; the account "" has the
    server's own terms. `seen` counts requests by their digest. `admitted` lists the waiting requests that got a slot in
    this turn, by ticket; the store wakes them.
    """

    scenario: str | None = None
    progress: dict[str, Progress] = {}
    accounts: Accounts = {}
    fleets: Fleets = {}
    seen: dict[str, Position] = {}
    admitted: list[str] = []

    def progress_of(self, scenario: str, version: int) -> Progress:
        """The progress of a scenario. A new version of it starts from the beginning."""
        found = self.progress.get(scenario)
        if found is None or found.version != version:
            if found is not None and found.version is None:
                found.version = version
            else:
                found = self.progress[scenario] = Progress(version)
        return found

    def account(self, scenario: str, version: int) -> "Account | None":
        """The account under a scenario, or None if it was not opened under this version."""
        found, account = self.accounts.get(scenario, (version, None))
        if found is None and account is not None:
            self.accounts[scenario] = version, account
            return account
        return account if found == version else None

    def fleet(self, scenario: str, version: int) -> "Fleet":
        """The backends under a scenario. A new version of it starts with new ones."""
        found, fleet = self.fleets.get(scenario, (None, None))
        if fleet is None or found != version:
            from emulator.account.backends import Fleet  # noqa: PLC0415 (only a scenario with backends pays for them)

            if fleet is not None:  # those who wait there wait for backends that are gone
                self.admitted += fleet.waiting()
            fleet = Fleet()
            self.fleets[scenario] = version, fleet
        return fleet

    def count(self, digest: str) -> int:
        """Count this request, and return how often it came before."""
        before = self.seen.pop(digest, 0)
        self.seen[digest] = before + 1
        if len(self.seen) >= MAX_REQUESTS + _FORGOTTEN:
            for forgotten in list(islice(self.seen, _FORGOTTEN)):
                del self.seen[forgotten]
        return before

    def claim(self, ticket: str) -> bool:
        """Stop waiting. Returns whether the request may run, which is also true after a reset of its backends."""
        return all(fleet.claim(ticket) for _, fleet in self.fleets.values())

    def waiting(self) -> list[str]:
        """The tickets of all requests that wait for the backends of a scenario."""
        return [ticket for _, fleet in self.fleets.values() for ticket in fleet.waiting()]

    def end(self, ticket: str, now: float, used: Usage | None) -> None:
        """End a request: free its slot, and charge and count the usage; None means that nothing was sent."""
        for _, account in self.accounts.values():
            if used is None:
                account.fail(ticket)
            else:
                account.settle(ticket, now, used)
        for _, fleet in self.fleets.values():
            self.admitted += fleet.leave(ticket)

    def tickets(self) -> set[str]:
        """The tickets of all requests in flight."""
        reserved = {ticket for _, account in self.accounts.values() for ticket in account.in_flight}
        return reserved.union(*(fleet.tickets() for _, fleet in self.fleets.values()))

    def holds(self, now: float) -> bool:
        """Whether more than counts of requests would be lost with this state; `now` is in Unix seconds."""
        return (
            self.scenario is not None
            or any(any(progress.positions.values()) or progress.states for progress in self.progress.values())
            or any(account.holds(now) for _, account in self.accounts.values())
            or any(fleet.holds() for _, fleet in self.fleets.values())
        )

    def resumed(self) -> "KeyState":
        """Prepare a restored state: nothing is in flight, and each scenario continues in its current version.

        The server's own terms keep their version, which is part of the shared state that is restored with this one.
        """
        for progress in self.progress.values():
            progress.version = None
        for name, (version, account) in self.accounts.items():
            account.cancel_all()
            self.accounts[name] = None if name else version, account
        self.fleets.clear()
        self.admitted.clear()
        return self


class SharedState(msgspec.Struct, forbid_unknown_fields=True):
    """The state that all keys share.

    `scenario` is the name of the active scenario, for keys that do not name another. `terms` are the terms of new
    accounts, if they were changed while the server runs; each change has a new `terms_version`, and replaces open
    accounts. `keys` are the managed API keys, and `fleet` has the backends that all keys share. `admitted` is as in
    `KeyState`.
    """

    scenario: str | None = None
    terms: "Terms | None" = None
    terms_version: Version = 0
    keys: "Registry | None" = None
    fleet: "Fleet | None" = None
    admitted: list[str] = []

    def change_terms(self, terms: "Terms | None") -> None:
        """Change the terms of accounts; None restores the server's own."""
        self.terms = terms
        self.terms_version += 1

    def registry(self) -> "Registry":
        """The managed keys; created on first use."""
        if self.keys is None:
            from emulator.account.registry import Registry  # noqa: PLC0415 (a server without keys does not pay)

            self.keys = Registry()
        return self.keys

    def backends(self) -> "Fleet":
        """The backends that all keys share; created on first use."""
        if self.fleet is None:
            from emulator.account.backends import Fleet  # noqa: PLC0415 (a server without backends does not pay)

            self.fleet = Fleet()
        return self.fleet

    def claim(self, ticket: str) -> bool:
        """Stop waiting. Returns whether the request may run."""
        return self.fleet is None or self.fleet.claim(ticket)

    def waiting(self) -> list[str]:
        """The tickets of all requests that wait for the shared backends."""
        return [] if self.fleet is None else self.fleet.waiting()

    def tickets(self) -> set[str]:
        """The tickets of all requests in flight at the shared backends."""
        return set() if self.fleet is None else self.fleet.tickets()

    def leave(self, ticket: str) -> None:
        """Free the slot of a request that has ended."""
        if self.fleet is not None:
            self.admitted += self.fleet.leave(ticket)
