"""A consistent person, company, town and day for a generated object, so that its name, email, city and dates match."""

from datetime import UTC, datetime, timedelta

from emulator.core.seeds import Random
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

    `goal` is another town, for journeys. Email and web addresses use the domains that RFC 2606 reserves, and telephone numbers end in 555 01xx.
    """

    def __init__(self, random: Random) -> None:
        self.first = random.choice(FIRST_NAMES)
        self.last = random.choice(LAST_NAMES)
        self.town, self.goal = random.sample(TOWNS, 2)
        self.domain = random.choice(DOMAINS)
        self.word = random.choice(COMMON)
        self.number = random.randint(1, 99)
        self.day = _EPOCH + timedelta(minutes=random.randint(0, 700 * 1440))
        self._tail = random.choice(COMPANY_TAILS)
        self._street = random.choice(STREETS)

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
        """An email address."""
        return f"{self.user}@{self.domain}"

    @property
    def company(self) -> str:
        """The company's name."""
        return f"{self.word.title()} {self._tail}"

    @property
    def street(self) -> str:
        """The house number and the street."""
        return f"{self.number} {self._street}"

    @property
    def address(self) -> str:
        """The full address on one line."""
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
        """A web address."""
        return f"https://{self.domain}/{self.word}"

    def moment(self, names: tuple[str, ...]) -> datetime:
        """A point in time, early or late according to the words of the property's name."""
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
        "arrival",
        "death",
        "latest",
        "before",
        "dropoff",
    ]
)
_MIDDLE = frozenset(
    ["updated", "modified", "update", "last", "changed", "finished", "completed", "finish", "delivered", "resolved"]
)
_BIRTH = frozenset(["birth", "birthday", "born", "dob", "birthdate"])
