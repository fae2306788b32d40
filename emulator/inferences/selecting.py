"""Which inferences somebody wants to see: filters and pages, as they come in a query."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from difflib import get_close_matches
from typing import TypeAlias

import msgspec

from emulator.account.registry import fingerprint
from emulator.core.patterns import glob
from emulator.inferences.inference import Inference

MOST = 1000
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

    def page(self, inferences: Iterable[Inference]) -> tuple[list[Inference], bool]:
        """The page, oldest first, and whether there are more behind it."""
        found = [inference for inference in inferences if inference in self]
        return found[: self.limit], len(found) > self.limit


def _key(text: str) -> Filter:
    namespace = fingerprint(text)
    return lambda each: each.namespace == namespace


def _model(text: str) -> Filter:
    pattern = glob(text)
    return lambda each: pattern.match(each.model or "") is not None


def _status(text: str) -> Filter:
    if not text.isdigit():
        raise SelectionError("status", "status is an HTTP status such as 429, or 0 for no answer")
    return lambda each: each.status == int(text)


def _rule(text: str) -> Filter:
    return lambda each: text in (each.answered_by, each.rule)


def _outcome(text: str) -> Filter:
    return lambda each: text in (each.outcome, each.ending)


def _endpoint(text: str) -> Filter:
    if text not in ("chat", "completions", "messages"):
        raise SelectionError("endpoint", "endpoint is chat, completions or messages")
    return lambda each: each.endpoint == text


def _since(text: str) -> Filter:
    try:
        moment = float(text) if text.replace(".", "", 1).isdigit() else datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError):
        told = "since is a time such as 2026-01-01T00:00:00Z, or Unix seconds"
        raise SelectionError("since", told) from None
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
            near = get_close_matches(name, [*FILTERS, *paging], 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise SelectionError(name, f"there is no filter {name[:100]}{hint}")
    tests = tuple(FILTERS[name](text) for name, text in query.items() if name in FILTERS)
    limit, after = _number(query, "limit", 100), _number(query, "after", 0)
    if not 1 <= limit <= MOST:
        raise SelectionError("limit", f"limit is a number from 1 to {MOST}")
    return Selection(tests, limit, after)


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise SelectionError(name, f"{name} is a whole number")
    return int(text)
