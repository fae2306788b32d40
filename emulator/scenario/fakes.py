"""The variable `fake` of templates: Faker, with values that depend only on the seed."""

from collections.abc import Callable, Iterator
from functools import lru_cache
from threading import Lock
from typing import Any

from emulator.core.seeds import Seed
from emulator.scenario.budget import steps

MAX_SIZE = 1_000
"""The largest number that a method takes, except for limits of a value: most numbers are lengths."""

_LIMITS = frozenset(("min", "max", "min_value", "max_value", "step"))
_CLOCKS = (
    "credit_card_expire credit_card_full firefox passport_dates passport_dob passport_full passport_gender profile "
    "simple_profile user_agent uuid1 uuid7"
)
"""Methods that depend on the machine's date, as all of Faker's provider of dates do: their values change daily."""
_COSTS = {
    "domain_name": 150,
    "file_path": 20,
    "hostname": 150,
    "ipv4_public": 1_000,
    "nic_handles": 25,
    "paragraph": 30,
    "paragraphs": 60,
    "sentences": 20,
    "texts": 700,
}
"""The steps for a part of what these methods make; any other takes one for each."""
_FILES = "binary csv dsv enum fixed_width image json json_bytes psv tar tsv xml zip"
_OBJECTS = "pydict pyiterable pylist pyobject pyset pystruct pytuple"


class _Source:
    """A Faker. It is seeded for each value, so that no value depends on earlier ones."""

    def __init__(self) -> None:
        from faker import Faker  # noqa: PLC0415 (loading it takes a fifth of a second)

        self._faker: Any = Faker("en_US")
        self._lock = Lock()
        self.names = frozenset(self._offered()).difference(*map(str.split, (_CLOCKS, _FILES, _OBJECTS)))

    def _offered(self) -> Iterator[str]:
        for provider in self._faker.factories[0].providers:
            if not provider.__provider__.endswith("date_time"):
                yield from (name for name in dir(provider) if name[0] != "_" and callable(getattr(provider, name)))

    def value(self, name: str, seed: Seed, *args: Any, **kwargs: Any) -> Any:
        with self._lock:
            self._faker.seed_instance(int.from_bytes(seed.digest[:8]))
            return getattr(self._faker, name)(*args, **kwargs)


@lru_cache(maxsize=1)
def _source() -> _Source:
    return _Source()


def names() -> frozenset[str]:
    """The names of Faker's methods that templates can call."""
    return _source().names


class Method:
    """A method of Faker that a template can call."""

    def __init__(self, name: str, call: Callable[..., Any]) -> None:
        self._name = name
        self._call = call

    def price(self, left: int, *args: Any, **kwargs: Any) -> int:
        """The steps that a call costs, by the sizes and texts among its arguments."""
        count, length = 1, 0
        for name, value in (*((None, arg) for arg in args), *kwargs.items()):
            if not isinstance(value, int):
                length += steps(left, 1, value)
            elif name not in _LIMITS:
                count *= max(value, 1)
        return 250 + count * (_COSTS.get(self._name, 1) + length)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """A value. Raises ValueError for a size that is too large."""
        for name, value in (*((None, arg) for arg in args), *kwargs.items()):
            if isinstance(value, int) and value > MAX_SIZE and name not in _LIMITS:
                raise ValueError(f"{value} is too large; sizes are at most {MAX_SIZE}")
        return self._call(*args, **kwargs)


class Fake:
    """The variable `fake`. Each call has its own seed, so that two names in one text differ."""

    def __init__(self, seed: Seed) -> None:
        self._seed = seed
        self._calls = 0

    def __getattr__(self, name: str) -> Method:
        if name not in names():
            raise AttributeError(name)
        return Method(name, lambda *args, **kwargs: _source().value(name, self._next(), *args, **kwargs))

    def _next(self) -> Seed:
        self._calls += 1
        return self._seed.child("fake", self._calls)
