"""Which inferences somebody wants to see: filters and pages, as they come in a query."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias, TypeVar, get_args

import msgspec

from emulator.account.registry import fingerprint
from emulator.core import units
from emulator.core.errors import ErrorKind
from emulator.core.nearest import nearest
from emulator.core.units import Notation
from emulator.dialects.endpoints import ENDPOINTS
from emulator.inferences.inference import Inference, Outcome
from emulator.patterns import glob

T = TypeVar("T")
MOST = 1000
_OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
Filter: TypeAlias = Callable[[Inference], bool]


class SelectionError(ValueError):
    """A query that selects nothing sensible: `field` and what it was expected to be."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class Selection(msgspec.Struct, frozen=True):
    """What is wanted: inferences that pass all `tests`, at most `limit` of them, of those numbered above `after`."""

    tests: tuple[Filter, ...] = ()
    limit: int = 100
    after: int = 0

    def __contains__(self, inference: Inference) -> bool:
        return inference.number > self.after and all(test(inference) for test in self.tests)


def _key(text: str) -> Filter:
    namespace = fingerprint(text)
    return lambda each: each.namespace == namespace


def _model(text: str) -> Filter:
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
    seconds = re.fullmatch(units.NUMBER, text)
    told = "a time such as 2026-01-01T00:00:00Z, or Unix seconds"
    moment = float(text) if seconds else _read("since", text, units.moment, told)
    return lambda each: each.started >= moment


FILTERS: Mapping[str, Callable[[str], Filter]] = {
    "key": _key,
    "endpoint": _endpoint,
    "model": _model,
    "status": _status,
    "outcome": _outcome,
    "rule": _rule,
    "since": _since,
}
"""The filters by their names, each from the text of a query to a test. A model may be a glob."""


def selection(query: Mapping[str, str]) -> Selection:
    """What a query wants. Raises SelectionError for a field that is unknown or has no such value."""
    paging = {"limit", "after"}
    for name in query:
        if name not in FILTERS and name not in paging:
            near = nearest(name, [*FILTERS, *paging])
            hint = f"; did you mean {near}?" if near else ""
            raise SelectionError(name, f"there is no filter {name[:100]}{hint}")
    tests = tuple(FILTERS[name](text) for name, text in query.items() if name in FILTERS)
    limit = _read("limit", query.get("limit", "100"), units.whole(1, MOST), f"a number from 1 to {MOST}")
    after = _read("after", query.get("after", "0"), units.whole(0), "a whole number")
    return Selection(tests, limit, after)


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
