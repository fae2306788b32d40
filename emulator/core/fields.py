"""Reading and validating a JSON object field by field, with clear errors.

Every reader treats null as absent, because AkashML's schema marks nearly every optional field nullable. Errors are
described by an `Invalid`; each surface words it as its clients expect.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Literal, NamedTuple, NoReturn, TypeAlias, TypeVar

import msgspec

from emulator.core.decimals import decimal
from emulator.core.errors import ApiError, Rejected
from emulator.core.malformed import why

Path: TypeAlias = tuple[str | int, ...]
T = TypeVar("T")

NOT_JSON = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What `msgspec.json.decode` raises for bytes that are no JSON, or nested too deeply for it."""
MAX_DEPTH = 128
"""How deep a body may be nested. Whatever looks at one level by level, schemas included, has room for this."""
_SHOWN = 80
_CONTAINERS = frozenset({dict, list})


class Invalid(msgspec.Struct, frozen=True):
    """An error in a field.

    `problem` is missing, type, low, high, choice or other; `expected` completes "expected ..."; `got` is the value;
    `bound` is the limit that was exceeded, `choices` are the allowed values.
    """

    path: Path
    problem: Literal["missing", "type", "low", "high", "choice", "other"]
    expected: str
    got: Any = None
    bound: float | None = None
    choices: tuple[str, ...] = ()


class Limits(NamedTuple):
    """The limits of a number: from `low` to `high`; with `above`, greater than `low`.

    Who reads a field, who types it and who describes it for clients share one of these.
    """

    low: float
    high: float
    above: bool = False

    @property
    def meta(self) -> msgspec.Meta:
        """The same limits, for the annotation of a type."""
        return msgspec.Meta(gt=self.low, le=self.high) if self.above else msgspec.Meta(ge=self.low, le=self.high)

    def __contains__(self, value: object) -> bool:
        return (
            isinstance(value, int | float) and self.low <= value <= self.high and not (self.above and value == self.low)
        )


INT64 = Limits(-(2**63), 2**63 - 1)
"""The limits of an integer without limits of its own."""


def at_least(low: int) -> Limits:
    """The integers of 64 bits from `low`."""
    return Limits(low, INT64.high)


Wording: TypeAlias = Callable[[Invalid], ApiError]


def converted(value: Any, kind: type[T]) -> T | None:
    """A JSON value as a value of a type, or None if it is not one, for which `Fields` finds the reason.

    Nothing is coerced, except that an integer is a number.
    """
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return None


def show(value: Any) -> str:
    """Format a JSON value for a message, shortened if it is long.

    >>> show("weather"), show(3), show({"a": 1})
    ("'weather'", '3', '{"a":1}')
    """
    text = repr(value) if isinstance(value, str) else msgspec.json.encode(value).decode()
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."


def type_name(value: Any) -> str:
    """The name of a value's JSON type, with its article."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int():
            return "an integer"
        case float():
            return "a decimal"
        case str():
            return "a string"
        case list():
            return "an array"
        case _:
            return "an object"


class Fields:
    """A JSON object in a request, and its path in the request. `data` is the object as the client sent it."""

    __slots__ = ("_path", "_wording", "data")

    def __init__(self, data: Mapping[str, Any], wording: Wording, path: Path = ()) -> None:
        self.data = data
        self._path = path
        self._wording = wording

    def has(self, name: str) -> bool:
        """Whether the field is present and not null."""
        return self.data.get(name) is not None

    def place(self, name: str) -> str:
        """The path of a field in the request, as the surface writes it for clients."""
        return self._wording(Invalid((*self._path, name), "missing", "")).param or name

    def reject(self, name: str | int, expected: str, *, got: Any = None) -> NoReturn:
        """Refuse the value of a field for the given reason. Raises `Rejected`."""
        self._refuse(Invalid((*self._path, name), "other", expected, self._value(name) if got is None else got))

    def missing(self, name: str, expected: str) -> NoReturn:
        """Refuse the object because a field is missing. Raises `Rejected`."""
        self._refuse(Invalid((*self._path, name), "missing", expected))

    def number(self, name: str, within: Limits, default: float) -> float:
        """A number within its limits, or the default when it is absent."""
        value = self.data.get(name)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float):
            self._refuse(Invalid((*self._path, name), "type", _number(within), value))
        if value not in within:
            self._exceeds(name, value, within, _number(within))
        return float(value)

    def integer(self, name: str, within: Limits = INT64) -> int | None:
        """An integer within its limits (64 bits by default), or None when it is absent."""
        value = self.data.get(name)
        if value is None or (type(value) is int and within.low <= value <= within.high):
            return value
        number = as_integer(value)
        if number is None:
            self._refuse(Invalid((*self._path, name), "type", _whole_number(within), value))
        if number not in within:
            wide = within.high == INT64.high and number not in INT64
            self._exceeds(name, number, within, "an integer of 64 bits" if wide else _whole_number(within))
        return number

    def string(self, name: str, default: str | None = None) -> str | None:
        """A string, or the default when it is absent."""
        value = self.data.get(name)
        if value is None:
            return default
        if not isinstance(value, str):
            self._refuse(Invalid((*self._path, name), "type", "a string", value))
        return value

    def required_string(self, name: str, *, empty: bool = False) -> str:
        """A required string, which must not be empty unless `empty` is set."""
        value = self.string(name)
        if value is None:
            self.missing(name, "a string")
        if not value and not empty:
            self.reject(name, "a string that is not empty")
        return value

    def boolean(self, name: str, default: bool) -> bool:
        """True or false, or the default when it is absent."""
        value = self.data.get(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            self._refuse(Invalid((*self._path, name), "type", "a boolean", value))
        return value

    def one_of(self, name: str, choices: Sequence[str], default: str | None = None) -> str | None:
        """One of these strings, or the default when it is absent."""
        value = self.string(name)
        if value is None:
            return default
        if value not in choices:
            self._refuse(Invalid((*self._path, name), "choice", "", value, choices=tuple(choices)))
        return value

    def strings(self, name: str, *, single: bool = False) -> tuple[str, ...]:
        """An array of strings (or, with `single`, one string); empty when it is absent."""
        value = self.data.get(name)
        if value is None:
            return ()
        if single and isinstance(value, str):
            return (value,)
        expected = "a string or an array of strings" if single else "an array of strings"
        for at, item in enumerate(self._array(name, expected)):
            if not isinstance(item, str):
                self._refuse(Invalid((*self._path, name, at), "type", "a string", item))
        return tuple(value)

    def integers(self, name: str) -> tuple[int, ...]:
        """An array of 64-bit integers; empty when it is absent."""
        items = self._array(name, "an array of integers")
        numbers = [as_integer(item) for item in items]
        for at, number in enumerate(numbers):
            if number is None or number not in INT64:
                self._refuse(Invalid((*self._path, name, at), "type", "an integer", items[at]))
        return tuple(number for number in numbers if number is not None)

    def object(self, name: str) -> "Fields | None":
        """An object, or None when it is absent."""
        value = self.data.get(name)
        if value is None:
            return None
        if not isinstance(value, dict):
            self._refuse(Invalid((*self._path, name), "type", "an object", value))
        return Fields(value, self._wording, (*self._path, name))

    def required_object(self, name: str) -> "Fields":
        """A required object."""
        found = self.object(name)
        if found is None:
            self.missing(name, "an object")
        return found

    def objects(self, name: str, expected: str = "an array of objects") -> Iterator["Fields"]:
        """The objects of an array; empty when it is absent."""
        for at, item in enumerate(self._array(name, expected)):
            if not isinstance(item, dict):
                self._refuse(Invalid((*self._path, name, at), "type", "an object", item))
            yield Fields(item, self._wording, (*self._path, name, at))

    def wrong_type(self, name: str, expected: str) -> NoReturn:
        """Refuse the type of a field's value. Raises `Rejected`."""
        self._refuse(Invalid((*self._path, name), "type", expected, self._value(name)))

    def _array(self, name: str, expected: str) -> list[Any]:
        value = self.data.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            self._refuse(Invalid((*self._path, name), "type", expected, value))
        return value

    def _exceeds(self, name: str, value: float, within: Limits, expected: str) -> NoReturn:
        path = (*self._path, name)
        if value > within.high:
            self._refuse(Invalid(path, "high", expected, value, bound=within.high))
        self._refuse(Invalid(path, "low", expected, value, bound=within.low))

    def _value(self, name: str | int) -> Any:
        return self.data.get(name) if isinstance(name, str) else None

    def _refuse(self, invalid: Invalid) -> NoReturn:
        raise Rejected(self._wording(invalid))


def as_integer(value: Any) -> int | None:
    """The integer that a JSON number is, with a fraction of zero or without; None if it is none.

    >>> as_integer(2), as_integer(2.0), as_integer(2.5), as_integer(True)
    (2, 2, None, None)
    """
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if type(value) is int else None


def _number(within: Limits) -> str:
    low, high = decimal(within.low), decimal(within.high)
    return f"a number greater than {low} and up to {high}" if within.above else f"a number from {low} to {high}"


def _whole_number(within: Limits) -> str:
    if within.high < INT64.high:
        return f"an integer from {within.low} to {within.high}"
    return f"an integer of at least {within.low}" if within.low > INT64.low else "an integer"


def decode(body: bytes) -> dict[str, Any]:
    """Decode a request's body as a JSON object. Raises `Rejected` for anything else."""
    try:
        value = msgspec.json.decode(body)
    except RecursionError:
        raise Rejected(_too_deep()) from None
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        reason = f"not valid JSON: {why(body, error)}" if body.strip() else "empty: expected a JSON object."
        raise Rejected(ApiError("bad_request", f"The request body is {reason}")) from None
    if not isinstance(value, dict):
        got = type_name(value)
        raise Rejected(ApiError("bad_request", f"The request body has to be a JSON object, but it is {got}."))
    if body.count(b"{") + body.count(b"[") > MAX_DEPTH and _is_deeper(value, MAX_DEPTH):
        raise Rejected(_too_deep())
    return value


def _too_deep() -> ApiError:
    return ApiError("bad_request", f"The request body is nested too deeply: {MAX_DEPTH} levels are the limit.")


def _is_deeper(value: Any, levels: int) -> bool:
    nodes = [value]
    for _ in range(levels):
        inner = chain.from_iterable([node.values() if type(node) is dict else node for node in nodes])
        nodes = [node for node in inner if type(node) in _CONTAINERS]
        if not nodes:
            return False
    return True
