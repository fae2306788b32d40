"""What has happened to the credits, entry by entry. The amounts of the entries sum to the balance, always."""

from decimal import Decimal
from typing import Literal, TypeAlias

from msgspec import Struct

from emulator.account.prices import ZERO, add

Kind: TypeAlias = Literal["grant_trial", "purchase", "auto_top_up", "charge", "expiry", "correction", "carried_forward"]

MAX_ENTRIES = 2000
"""When there are more entries, the older half becomes one that carries their sum forward."""


class Entry(Struct, frozen=True):
    """One change of the balance: `amount` USD at a time in Unix seconds, and the `balance` after it.

    A charge has the `inference_id` that it is for; `note` says in a few words what it was.
    """

    time: float
    kind: Kind
    amount: Decimal
    balance: Decimal
    note: str = ""
    inference_id: str | None = None


class Ledger(Struct):
    """The entries, oldest first."""

    entries: list[Entry] = []

    @property
    def balance(self) -> Decimal:
        """What is left, in USD; below zero it is owed."""
        return self.entries[-1].balance if self.entries else ZERO

    def record(self, time: float, kind: Kind, amount: Decimal, note: str, inference_id: str | None = None) -> Entry:
        """Add `amount` USD, which may be negative, to the balance."""
        entry = Entry(time, kind, amount, add(self.balance, amount), note, inference_id)
        self.entries.append(entry)
        if len(self.entries) > MAX_ENTRIES:
            self._carry_forward(MAX_ENTRIES // 2)
        return entry

    def _carry_forward(self, count: int) -> None:
        """The first `count` entries become one; the sum of the first ones is the balance after the last of them."""
        last = self.entries[count - 1]
        carried = Entry(last.time, "carried_forward", last.balance, last.balance, "earlier entries")
        self.entries[:count] = [carried]
