"""Which inferences somebody wants to see: filters and pages, as they come in a query."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeAlias, TypeVar, get_args

import msgspec

from emulator.account.keys import fingerprint
from emulator.core import units
from emulator.core.errors import ErrorKind
from emulator.core.nearest import nearest
from emulator.core.units import Notation
from emulator.dialects.endpoints import ENDPOINTS, conversation
from emulator.inferences.inference import Inference, Outcome
from emulator.inferences.said import text_of

T = TypeVar("T")
MOST = 1000
_NO_END = 10**12
_SECONDS = Notation("Unix seconds", units.NUMBER, lambda found: float(found[0])).limited(
    "Unix seconds up to the year 9999", lambda seconds: seconds < 253402300800
)
_OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
Filter: TypeAlias = Callable[[Inference], bool]


class SelectionError(ValueError):
    """A query that selects nothing sensible: `field` and what it was expected to be."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class Selection(msgspec.Struct, frozen=True):
    """What is wanted: inferences that pass all tests, at most `limit` of them, the `newest` first or the oldest.

    They are numbered above `after` and below `before`. The `tests` need only what `readable.brief` tells of an
    inference, the `thorough` ones all of it.
    """

    tests: tuple[Filter, ...] = ()
    thorough: tuple[Filter, ...] = ()
    limit: int = 100
    after: int = 0
    before: int = _NO_END
    newest: bool = False

    def reaches(self, number: int) -> bool:
        """Whether a number is between `after` and `before`."""
        return self.after < number < self.before

    def __contains__(self, inference: Inference) -> bool:
        return self.reaches(inference.number) and all(test(inference) for test in (*self.tests, *self.thorough))


def _key(text: str) -> Filter:
    namespace = fingerprint(text)
    return lambda each: each.namespace == namespace


def _model(text: str) -> Filter:
    from emulator.patterns import glob  # noqa: PLC0415 (imported when somebody filters by model)

    try:
        pattern = glob(text)
    except ValueError as error:
        raise SelectionError("model", str(error)) from None
    return lambda each: pattern.matches(each.model or "")


def _status(text: str) -> Filter:
    status = _read("status", text, units.whole(0, 999), "an HTTP status such as 429, or 0 for no answer")
    return lambda each: each.status == status


def _rule(text: str) -> Filter:
    return lambda each: text in (each.answered_by, each.rule)


def _scenario(text: str) -> Filter:
    return lambda each: text == each.scenario


def _text(text: str) -> Filter:
    """Whether a text, in any case, is in what was asked, in what was answered, or in what is told of the inference."""
    wanted = text.casefold()
    return lambda each: any(wanted in part.casefold() for part in _texts(each))


def _texts(inference: Inference) -> Iterator[str]:
    """The texts of an inference: as they were sent, and as they are read, since JSON and streams divide them."""
    yield inference.line()
    yield inference.body
    yield inference.response
    yield from (message.text for message in conversation(inference.request))
    yield text_of(inference)


def _outcome(text: str) -> Filter:
    outcome, colon, kind = text.partition(": ")
    if colon and outcome == "failed":
        _known("outcome", kind, get_args(ErrorKind), "the kind of an error behind failed:")
    else:
        _known("outcome", text, _OUTCOMES, f"one of {', '.join(_OUTCOMES)}, or failed: and the kind of an error")
    return lambda each: text in (each.outcome, each.ending)


def _endpoint(text: str) -> Filter:
    _known("endpoint", text, ENDPOINTS, f"one of {', '.join(ENDPOINTS)}")
    return lambda each: each.endpoint == text


def _since(text: str) -> Filter:
    moment = time_in("since", text)
    return lambda each: each.started >= moment


def _until(text: str) -> Filter:
    moment = time_in("until", text)
    return lambda each: each.started < moment


ORDERS = ("oldest", "newest")
THOROUGH: Mapping[str, Callable[[str], Filter]] = {"scenario": _scenario, "text": _text}
"""The filters that need all of an inference."""
FILTERS: Mapping[str, Callable[[str], Filter]] = {
    "key": _key,
    "endpoint": _endpoint,
    "model": _model,
    "status": _status,
    "outcome": _outcome,
    "rule": _rule,
    "since": _since,
    "until": _until,
    "namespace": lambda text: lambda each: each.namespace == text,
    **THOROUGH,
}
"""The filters by their names, each from the text of a query to a test. A model may be a glob."""


def selection(query: Mapping[str, str]) -> Selection:
    """What a query wants. Raises SelectionError for a field that is unknown or has no such value."""
    paging = {"limit", "after", "before", "order"}
    for name in query:
        if name not in FILTERS and name not in paging:
            near = nearest(name, [*FILTERS, *paging])
            hint = f"; did you mean {near}?" if near else ""
            raise SelectionError(name, f"there is no filter {name[:100]}{hint}")
    tests = tuple(FILTERS[name](text) for name, text in query.items() if name in FILTERS and name not in THOROUGH)
    thorough = tuple(THOROUGH[name](text) for name, text in query.items() if name in THOROUGH)
    limit = _read("limit", query.get("limit", "100"), units.whole(1, MOST), f"a number from 1 to {MOST}")
    after = _read("after", query.get("after", "0"), units.whole(0), "a whole number")
    before = _read("before", query.get("before", str(_NO_END)), units.whole(0), "a whole number")
    order = query.get("order", ORDERS[0])
    _known("order", order, ORDERS, f"one of {', '.join(ORDERS)}")
    return Selection(tests, thorough, limit, after, before, order == "newest")


def time_in(field: str, text: str) -> float:
    """The Unix seconds of a time. Raises SelectionError for what is none."""
    told = "a time up to the year 9999, such as 2026-01-01T00:00:00Z, or Unix seconds"
    return _read(field, text, _SECONDS if re.fullmatch(units.NUMBER, text) else units.moment, told)


def _known(field: str, word: str, known: Iterable[str], expected: str) -> None:
    if word not in known:
        near = nearest(word, known)
        hint = f"; did you mean {near}?" if near else ""
        raise SelectionError(field, f"{field} is {expected}, not {word[:100]}{hint}")


def _read(field: str, text: str, notation: Notation[T], expected: str) -> T:
    try:
        return notation(text)
    except ValueError:
        raise SelectionError(field, f"{field} is {expected}") from None
