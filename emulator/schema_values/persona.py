"""A consistent person, company, town and day for a generated object, so that its name, email, city and dates match."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from emulator.core.seeds import Random
from emulator.schema_values.words import (
    COMMON,
    COMPANY_TAILS,
    DOMAINS,
    FIRST_NAMES,
    LAST_NAMES,
    STREETS,
    TOWNS,
    Town,
)

T = TypeVar("T")

_EPOCH = datetime(2024, 1, 8, 9, 0, tzinfo=UTC)
_DAYS = 700


class Persona:
    """A made-up person at a made-up company in a real town, on some day.

    They live in a town that is one of the `words`, if any is, and travel to `goal`. Email and web addresses use the
    domains that RFC 2606 reserves, and telephone numbers end in 555 01xx.
    """

    def __init__(self, random: Random, words: Collection[object] = (), day: int | None = None) -> None:
        self._drawn = random.getrandbits(160)
        self._day = (self._drawn >> 128) % _DAYS if day is None else day % _DAYS
        self._home = next((town for town in TOWNS if town.city in words), None) if words else None

    def another(self, random: Random, later: int) -> "Persona":
        """Somebody else, so many days later."""
        return Persona(random, day=self._day + later)

    def _one_of(self, options: Sequence[T], at: int) -> T:
        """One of some options, decided by the bits at a place of the drawn number."""
        return options[(self._drawn >> 16 * at) % len(options)]

    @property
    def first(self) -> str:
        """The first name."""
        return self._one_of(FIRST_NAMES, 0)

    @property
    def last(self) -> str:
        """The last name."""
        return self._one_of(LAST_NAMES, 1)

    @property
    def town(self) -> Town:
        """Where they live."""
        return self._home or self._one_of(TOWNS, 2)

    @property
    def domain(self) -> str:
        """The domain of their company."""
        return self._one_of(DOMAINS, 3)

    @property
    def word(self) -> str:
        """A word for what is theirs."""
        return self._one_of(COMMON, 4)

    @property
    def number(self) -> int:
        """A number from 1 to 99."""
        return self._one_of(range(1, 100), 5)

    @property
    def day(self) -> datetime:
        """The day and the time of what they do, in the hours of work."""
        return _EPOCH + timedelta(days=self._day, minutes=15 * ((self._drawn >> 144) % 32))

    @property
    def goal(self) -> Town:
        """Another town."""
        return TOWNS[(TOWNS.index(self.town) + 1 + self.number % (len(TOWNS) - 1)) % len(TOWNS)]

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
        return f"{self.word.title()} {self._one_of(COMPANY_TAILS, 6)}"

    @property
    def street(self) -> str:
        """The house number and the street."""
        return f"{self.number} {self._one_of(STREETS, 7)}"

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

    def place(self, names: tuple[str, ...]) -> Town:
        """Where something is: the town to which they travel, or their own, according to the words of the name."""
        return self.town if _THERE.isdisjoint(names) else self.goal

    def span(self, names: tuple[str, ...]) -> datetime:
        """Less than an hour and a half since midnight, later according to the words of the property's name."""
        later = 0 if _LATE.isdisjoint(names) else 4
        return self.day.replace(hour=0, minute=2 + self.number // 2 + later, second=self.number * 7 % 60)

    def moment(self, names: tuple[str, ...]) -> datetime:
        """A point in time, early or late according to the words of the property's name."""
        days = 0.0
        if not _LATE.isdisjoint(names):
            days = 0.0625 if "time" in names else 14.25 + self.number
        elif not _MIDDLE.isdisjoint(names):
            days = 3.5
        elif not _BIRTH.isdisjoint(names):
            days = -9000.0 - 90 * self.number
        return self.day + timedelta(days=days)


_THERE = frozenset(["destination", "to", "arrival", "target", "dropoff", "end"])
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
        "termination",
        "sunset",
        "next",
        "upcoming",
        "follow",
        "renewal",
    ]
)
_MIDDLE = frozenset(
    ["updated", "modified", "update", "last", "changed", "finished", "completed", "finish", "delivered", "resolved"]
)
_BIRTH = frozenset(["birth", "birthday", "born", "dob", "birthdate"])
