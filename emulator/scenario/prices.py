"""What the work of a template costs.

A step is about the time of one simple operation. Every part of a template costs a step each time it runs. Filters,
tests, methods and operators cost more if what they read or make is large; each has a price, which is paid before it
runs. The prices are those of the worst arguments.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, TypeAlias

from emulator.scenario.budget import steps

Price: TypeAlias = Callable[..., int]
"""The steps that a function costs. Its arguments are the number of steps that are left, and those of the function."""


def _each(characters: int) -> Price:
    """The price of what takes a step for so many characters of its arguments."""

    def price(left: int, value: Any = None, *args: Any, **kwargs: Any) -> int:
        if type(value) is str and not args and not kwargs:
            return len(value) // characters
        return steps(left, characters, value, *args, *kwargs.values())

    return price


READ = _each(500)
"""The price of comparing texts."""
COPY = _each(100)
"""The price of copying texts."""
CHANGE = _each(20)
"""The price of making texts character by character."""
SPLIT = _each(5)
"""The price of cutting texts into many."""
WORDS = _each(2)
"""The price of looking for words in texts."""


def free(left: int, *args: Any, **kwargs: Any) -> int:
    """The price of what takes the same time for all values."""
    return 0


def passage(left: int, owner: Any, *args: Any, **kwargs: Any) -> int:
    """The price of going through the items of a list."""
    return len(owner)


def operands(left: int, owner: Any, *args: Any, **kwargs: Any) -> int:
    """The price of a method that reads its arguments, and does not go through what it belongs to."""
    return READ(left, *args, **kwargs)


def search(left: int, text: Any, word: Any = None, *args: Any, **kwargs: Any) -> int:
    """The price of looking for a text in another one.

    CPython compares all of a short text with each place of a text that is not long; otherwise it has better algorithms.
    """
    if isinstance(text, str) and isinstance(word, str):
        return (len(text) * min(len(word), 6) + min(len(text), 30_000) * min(len(word), 100)) // 1000
    return READ(left, word) if isinstance(text, Mapping) else READ(left, text, word, *args, *kwargs.values())


def found(left: int, word: Any, text: Any) -> int:
    """The price of looking for a text in another one that is given after it."""
    return search(left, text, word)


def cut(left: int, text: Any, sep: Any = None, maxsplit: Any = -1) -> int:
    """The price of splitting a text."""
    return SPLIT(left, text) + (search(left, text, sep) if sep is not None else 0)


def strip(left: int, text: Any, chars: Any = None) -> int:
    """The price of removing characters at the ends of a text, each of which is looked for among those to remove."""
    return COPY(left, text) + (
        len(text) * len(chars) // 1000 if isinstance(text, str) and isinstance(chars, str) else 0
    )


def names(*args: Any, **kwargs: Any) -> int:
    """The steps that the names of attributes, filters and tests in these arguments take for an item."""
    words = [each for each in (*args, *kwargs.values()) if isinstance(each, str)]
    return sum(2 + 4 * word.count(".") + len(word) // 20 for word in words)


def keyed(left: int, items: Any, *args: Any, **kwargs: Any) -> int:
    """The price of reading the items of a list, or an attribute of each. The items of a text are its characters."""
    return CHANGE(left, items, *args, **kwargs) + len(items) * (2 + names(*args, **kwargs))


def order(left: int, items: Any, *args: Any, **kwargs: Any) -> int:
    """The price of sorting a list or a mapping."""
    return keyed(left, items, *args, **kwargs) + READ(left, items) * len(items).bit_length() // 4


def moment(left: int, owner: Any, *args: Any, **kwargs: Any) -> int:
    """The price of writing a time: the C library makes a buffer of 256 characters for each sign of the pattern."""
    return SPLIT(left, *args, **kwargs) * 10


def digits(left: int, number: Any, *args: Any, **kwargs: Any) -> int:
    """The price of reading or rounding a number, which for an integer grows with the square of its digits."""
    size = len(number) * 4 if isinstance(number, str) else number.bit_length() if isinstance(number, int) else 0
    return size * min(size, 20_000) // 1_000_000 + size // 100


def arithmetic(left: int, one: Any, other: Any) -> int:
    """The price of an operator: for integers it grows with the product of their digits."""
    if isinstance(one, int) and isinstance(other, int):
        return one.bit_length() * other.bit_length() // 1_000_000
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return (len(one) + len(other)) // 5
    return 0 if isinstance(one, float | Decimal) else COPY(left, one, other)


# ---------------------------------------------------------------------------------------------- the tables


def _table(*rows: tuple[str, Price]) -> Mapping[str, Price]:
    return {name: price for words, price in rows for name in words.split()}


FILTERS = _table(
    ("abs count d default first items last length", free),
    ("list reverse", COPY),
    ("capitalize lower truncate upper", CHANGE),
    ("max min sum unique", keyed),
    ("dictsort sort", order),
    ("title wordcount", WORDS),
    ("fromjson urlencode", SPLIT),
    ("float int round", digits),
    ("trim", strip),
    ("join", passage),
    ("replace", search),
    ("string tojson", free),
)
"""The filters that a template can use, with their prices. The last four pay for what they make when they know it."""
LAZY = ("map", "reject", "rejectattr", "select", "selectattr")
"""The filters that handle an item when the next one is asked for, and are paid for then."""
TESTS = _table(
    ("boolean callable defined escaped even false float integer iterable mapping none number odd", free),
    ("sameas sequence string true undefined", free),
    ("== eq equalto != ne > gt greaterthan >= ge < lt lessthan <= le divisibleby", READ),
    ("lower upper", CHANGE),
    ("in", found),
)
"""The tests that a template can use, with their prices."""
METHODS: Mapping[str, Mapping[str, Price]] = {
    "str": _table(
        ("capitalize casefold isalpha isdigit lower title upper", CHANGE),
        ("endswith removeprefix removesuffix startswith", COPY),
        ("lstrip rstrip strip", strip),
        ("count find", search),
        ("split", cut),
        ("splitlines", SPLIT),
    ),
    "dict": _table(("get items keys values", operands)),
    "list": _table(("count index", READ)),
    "datetime": _table(("date isoformat isoweekday time timestamp weekday", operands), ("strftime", moment)),
    "LoopContext": _table(("cycle", operands)),
}
"""The methods that a template can call, with their prices."""
