"""The history of the credits. The amounts of its entries always sum to the balance."""

from decimal import Decimal
from typing import Literal, TypeAlias

from msgspec import Struct

from emulator.account.prices import ZERO, add, check_usd
from emulator.core.saved_times import Moment

Kind: TypeAlias = Literal["grant_trial", "purchase", "auto_top_up", "charge", "expiry", "correction", "carried_forward"]

MAX_ENTRIES = 2000
MERGED = MAX_ENTRIES // 2
"""When there are more entries, the oldest become one that carries their sum forward."""


class Entry(Struct, frozen=True, forbid_unknown_fields=True):
    """One change of the balance: `amount` USD at a time in Unix seconds, and the `balance` after it.

    A charge has the `inference_id` of its inference; `note` describes the change in a few words.
    """

    time: Moment
    kind: Kind
    amount: Decimal
    balance: Decimal
    note: str = ""
    inference_id: str | None = None


class Ledger(Struct, forbid_unknown_fields=True):
    """The entries, oldest first."""

    entries: list[Entry] = []

    def __post_init__(self) -> None:
        balance = ZERO
        for number, entry in enumerate(self.entries):
            balance = add(balance, check_usd(f"the amount of entry {number}", entry.amount))
            if check_usd(f"the balance of entry {number}", entry.balance) != balance:
                raise ValueError(f"the balance of entry {number} is not the sum of the amounts so far")

    @classmethod
    def of_last(cls, entries: list[Entry]) -> "Ledger":
        """The ledger of which these are the last entries: the first carries forward what came before."""
        if entries and entries[0].amount != entries[0].balance:
            entries = [_carried(entries[0]), *entries[1:]]
        return cls(entries)

    @property
    def balance(self) -> Decimal:
        """The balance, in USD; negative if there is a debt."""
        return self.entries[-1].balance if self.entries else ZERO

    def record(self, time: float, kind: Kind, amount: Decimal, note: str, inference_id: str | None = None) -> Entry:
        """Add `amount` USD, which may be negative, to the balance."""
        entry = Entry(time, kind, amount, add(self.balance, amount), note, inference_id)
        self.entries.append(entry)
        if len(self.entries) > MAX_ENTRIES:
            self.carry_forward(MERGED)
        return entry

    def carry_forward(self, count: int) -> None:
        """Merge the first `count` entries into one, whose amount is the balance after the last of them."""
        self.entries[:count] = [_carried(self.entries[count - 1])]


def _carried(last: Entry) -> Entry:
    return Entry(last.time, "carried_forward", last.balance, last.balance, "earlier entries")
