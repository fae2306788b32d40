"""Who and where a generated object is about, so that its name, email, city and dates go together."""

from datetime import UTC, datetime, timedelta

from emulator.schema_values.chance import Chance
from emulator.schema_values.words import (
    COMMON,
    COMPANY_TAILS,
    DOMAINS,
    FIRST_NAMES,
    LAST_NAMES,
    STREETS,
    TOWNS,
)

_EPOCH = datetime(2024, 1, 8, 9, 0, tzinfo=UTC)


class Persona:
    """A made-up person at a made-up company in a real town, on some day.

    Mail and web addresses are under the domains that RFC 2606 reserves, and telephone numbers end in 555 01xx.
    """

    def __init__(self, chance: Chance) -> None:
        self.first = chance.choice(FIRST_NAMES)
        self.last = chance.choice(LAST_NAMES)
        self.town = chance.choice(TOWNS)
        self.domain = chance.choice(DOMAINS)
        self.word = chance.choice(COMMON)
        self.number = chance.randint(1, 99)
        self.day = _EPOCH + timedelta(minutes=chance.randint(0, 700 * 1440))
        self._tail = chance.choice(COMPANY_TAILS)
        self._street = chance.choice(STREETS)

    @property
    def name(self) -> str:
        """First and last name."""
        return f"{self.first} {self.last}"

    @property
    def user(self) -> str:
        """A user name."""
        return f"{self.first}.{self.last}".lower()

    @property
    def email(self) -> str:
        """A mail address."""
        return f"{self.user}@{self.domain}"

    @property
    def company(self) -> str:
        """The company's name."""
        return f"{self.word.title()} {self._tail}"

    @property
    def street(self) -> str:
        """House number and street."""
        return f"{self.number} {self._street}"

    @property
    def address(self) -> str:
        """The whole address on one line."""
        return f"{self.street}, {self.town.city}, {self.town.postal_code}, {self.town.country}"

    @property
    def phone(self) -> str:
        """A telephone number in E.164 form."""
        return f"{self.town.dialling}2025550{100 + self.number % 100}"

    @property
    def host(self) -> str:
        """A host name."""
        return f"{self.word}.{self.domain}"

    @property
    def url(self) -> str:
        """An address in the web."""
        return f"https://{self.domain}/{self.word}"

    def moment(self, names: tuple[str, ...]) -> datetime:
        """A point in time: the words of a property's name say whether early or late."""
        days = 0.0
        if not _LATE.isdisjoint(names):
            days = 14.25 + self.number
        elif not _MIDDLE.isdisjoint(names):
            days = 3.5
        elif not _BIRTH.isdisjoint(names):
            days = -9000.0 - 90 * self.number
        return self.day + timedelta(days=days)


_LATE = frozenset(
    [
        "end",
        "ends",
        "ending",
        "until",
        "due",
        "expires",
        "expiry",
        "expiration",
        "expire",
        "checkout",
        "out",
        "return",
        "closed",
        "close",
        "to",
    ]
)
_MIDDLE = frozenset(
    ["updated", "modified", "update", "last", "changed", "finished", "completed", "finish", "delivered", "resolved"]
)
_BIRTH = frozenset(["birth", "birthday", "born", "dob", "birthdate"])
