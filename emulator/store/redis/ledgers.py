"""The ledgers of a key, which are lists in Redis: a turn appends to them, and its state has one entry of each.

So a turn costs the same however long a ledger is. The one entry carries forward what is in the list.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from emulator.account.ledger import MAX_ENTRIES, MERGED, Entry, Ledger
from emulator.store.state import KeyState

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Entry).decode
LIMITS = MAX_ENTRIES, MERGED - 1
"""The most entries of a list, and how many go if there are more. The last that was merged stays for what it carries."""


class Appended(NamedTuple):
    """What a turn has added to the ledger of an account; `anew` says that the list begins with it."""

    account: str
    anew: bool
    entries: list[str]


def carried(state: KeyState) -> dict[str, Entry]:
    """What each ledger of a state begins with, by account."""
    return {account: ledger.entries[0] for account, ledger in _ledgers(state)}


def taken(state: KeyState, before: Mapping[str, Entry]) -> list[Appended]:
    """Take what was added to the ledgers out of a state; `before` is what they began with."""
    found, gone = list[Appended](), dict(before)
    for account, ledger in _ledgers(state):
        anew = gone.pop(account, None) is not ledger.entries[0]
        added = ledger.entries if anew else ledger.entries[1:]
        if added:
            found.append(Appended(account, anew, [_encode(entry).decode() for entry in added]))
            ledger.carry_forward(len(ledger.entries))
    return [*found, *(Appended(account, True, []) for account in gone)]


def ledger(entries: Sequence[bytes]) -> Ledger:
    """The ledger of which a list has these entries."""
    return Ledger.of_last(list(map(_decode, entries)))


def put_back(state: KeyState, lists: Mapping[str, Sequence[bytes]]) -> None:
    """Put the entries of the lists, by account, into a state, which is then whole."""
    for account, own in _ledgers(state):
        if account in lists:
            own.entries = ledger(lists[account]).entries


def _ledgers(state: KeyState) -> Iterator[tuple[str, Ledger]]:
    """The ledgers with entries."""
    for name, (_, account) in state.accounts.items():
        if account.credits is not None and account.credits.ledger.entries:
            yield name, account.credits.ledger
