"""Values of one object that belong together: a start before an end, a minimum below a maximum, a total of its parts.

Everything here is a proposal: a changed value counts only where its own schema allows it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any, TypeAlias

from emulator.schema_values.believable import singular, words_of
from emulator.schema_values.lexicon import Words
from emulator.schema_values.totals import has_totals, is_number, rounded, totals

Change: TypeAlias = dict[str, Any]

_READ = 64
"""So many members of an object are looked at, and so many items of a list."""

_SEVERAL = 2
_P = re.compile(r"\b([pq]) (\d+)\b")
_P_WORDS = frozenset(["p", "q"])

_PAIRS = (
    "min max, minimum maximum, start end, starts ends, start finish, start stop, begin end, begins ends, from to, "
    "since until, lower upper, low high, created updated, created modified, created closed, created resolved, "
    "issued expires, issue expiry, issue due, invoice due, in out, departure return, departure arrival, depart return, "
    "depart arrive, outbound inbound, open close, opening closing, opens closes, opened closed, earliest latest, "
    "oldest newest, after before, hire termination, order delivery, ordered delivered, order ship, ordered shipped, "
    "shipped delivered, pickup dropoff, birth death, first last, published updated, started finished, "
    "effective termination, effective expiration, sunrise sunset, placed shipped, placed delivered, "
    "started completed, checkin checkout, net gross, diastolic systolic, left right"
)
_LATER: dict[str, tuple[str, ...]] = {}
for _low, _high in (pair.split() for pair in _PAIRS.split(", ")):
    _LATER[_low] = (*_LATER.get(_low, ()), _high)

_CHAINS = tuple(
    tuple(words.split())
    for words in (
        "low open high",
        "low close high",
        "min avg max",
        "min average max",
        "min mean max",
        "min median max",
        "minimum average maximum",
        "low average high",
        "p50 p90 p95 p99",
        "p50 p75 p95",
        "q1 median q3",
    )
)
"""Words of names of numbers that are in this order, as far as they are there."""
_LINKS = {
    word: tuple(number for number, words in enumerate(_CHAINS) if word in words)
    for word in chain.from_iterable(_CHAINS)
}
"""The chains that have a word."""

_LIMITS = frozenset(["max", "maximum", "total", "possible"])
_OPTIONS = frozenset(["options", "choices", "answers", "answer options", "alternatives"])
_CORRECT = frozenset(["correct answer", "correct option", "correct choice", "correct", "right answer", "answer"])
_COUNTS = frozenset(["count", "total count", "total results", "result count", "num results", "total", "total items"])
_SUCCESS = frozenset(["success", "succeeded", "ok", "passed", "is success", "is valid", "valid"])
_FAILURE = frozenset(["error", "error message", "failure reason", "errors"])
_FLAGGED = frozenset(["flagged", "is flagged"])
_NUMBERED = frozenset(
    ["day", "step", "number", "order", "rank", "step number", "day number", "question number", "week"]
)
_NUMBERED |= frozenset(["chapter", "sequence", "position", "priority rank", "no"])
_ON_TIME = frozenset(["date", "time", "start", "end", "start time", "end time", "timestamp", "starts at", "ends at"])

_BEFORE = frozenset(["depends on", "dependencies", "depends", "after"])
_NEAR = {
    "price": {"open": 0.992, "previous close": 0.987, "high": 1.012, "low": 0.981, "close": 1.004},
    "current price": {"open": 0.992, "previous close": 0.987, "high": 1.012, "low": 0.981},
    "open": {"high": 1.012, "low": 0.981, "close": 1.004},
    "temperature": {"feels like": 0.94},
}
"""What is close to another number, and how close."""

_CHANGES = frozenset(["change", "change percent", "change pct", "percent change"])

_LOOSE = frozenset(["date", "at", "time", "day", "on", "datetime", "value", "timestamp"])
"""Last words that one of two names may have and the other not."""

_ORDERED = re.compile(r"\d{4}-\d\d(?:-\d\d(?:[T ]\d\d:\d\d.{0,12})?)?|\d\d:\d\d(?::\d\d)?")
"""Texts that are in the order of what they mean."""


def changes(values: Mapping[str, Any]) -> Iterator[Change]:
    """Propose changes of the members of an object, one after the other; each is made or not before the next is asked.

    >>> list(changes({"min_age": 40, "max_age": 30}))[:1]
    [{'min_age': 30, 'max_age': 40}]
    """
    names = tuple(values)[:_READ]
    for low, high in _pairs(names):
        yield from _in_order(values, low, high)
    for ordered in _chains(names):
        yield from _sorted(values, ordered)
    yield from _nearby(values, _said(names))
    yield from totals(values, names)
    if lists := [name for name in names if isinstance(values[name], list)]:
        yield from _chosen(values, names, lists)
    yield from _consistent(values, _said(names))


def in_sequence(items: Sequence[Any]) -> Iterator[tuple[int, Change]]:
    """Propose changes of the objects of a list, by their position: what numbers them counts, and times ascend.

    >>> list(in_sequence([{"day": 27}, {"day": 4}]))
    [(0, {'day': 1}), (1, {'day': 2})]
    """
    rows = items[:_READ]
    if len(rows) < _SEVERAL or not all(isinstance(row, dict) for row in rows):
        return
    for name, words in _named(tuple(rows[0])[:_READ]):
        if words in _BEFORE and all(isinstance(row.get(name), list) for row in rows):
            yield from ((at, {name: [at] if at else []}) for at in range(len(rows)))
        found = [row.get(name) for row in rows]
        is_id = words == "id" and any(other.startswith("depends") for other in rows[0])
        if (words in _NUMBERED or is_id) and all(isinstance(value, int) and is_number(value) for value in found):
            yield from ((at, {name: at + 1}) for at in range(len(rows)))
        elif words in _ON_TIME and all(isinstance(value, str) and _ORDERED.fullmatch(value) for value in found):
            yield from ((at, {name: value}) for at, value in enumerate(sorted(found)))


@lru_cache(maxsize=1024)
def _named(names: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """The names, each with its words."""
    return tuple((name, " ".join(words_of(name))) for name in names)


@lru_cache(maxsize=1024)
def _said(names: tuple[str, ...]) -> Mapping[str, str]:
    """The names by their words."""
    return {words: name for name, words in reversed(_named(names))}


def _chosen(values: Mapping[str, Any], names: tuple[str, ...], lists: list[str]) -> Iterator[Change]:
    """Propose what is right among the options of a question, and how many items the only list has."""
    options = next((values[name] for name, words in _named(names) if words in _OPTIONS and name in lists), None)
    for name, words in _named(names):
        value = values[name]
        if options and words.endswith("index") and isinstance(value, int) and value >= len(options):
            yield {name: value % len(options)}
        elif options and words in _CORRECT and isinstance(value, str) and value not in options and len(value) > 1:
            yield {name: options[len(value) % len(options)]}
        elif (
            len(lists) == 1
            and words in _COUNTS
            and not has_totals(names)
            and isinstance(value, int)
            and is_number(value)
        ):
            yield {name: len(values[lists[0]])}


def _consistent(values: Mapping[str, Any], said: Mapping[str, str]) -> Iterator[Change]:
    """Propose no error for what succeeded, and a flag for what has one."""
    succeeded = any(values[said[words]] is True for words in _SUCCESS & said.keys())
    for words in sorted(_FAILURE & said.keys()) if succeeded else ():
        if isinstance(value := values[said[words]], str | list) and value:
            yield {said[words]: None}
            if values[said[words]]:
                yield {said[words]: type(value)()}
    kinds = values.get(said.get("categories", ""))
    if isinstance(kinds, dict) and kinds and all(isinstance(value, bool) for value in kinds.values()):
        for words in _FLAGGED & said.keys():
            yield {said[words]: any(kinds.values())}


@lru_cache(maxsize=1024)
def _chains(names: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """The names of numbers that are in order, the least first."""
    known: dict[tuple[int, Words], dict[str, str]] = {}
    for name in names:
        words = _percentiles(words_of(name))
        for at, word in enumerate(words):
            for number in _LINKS.get(word, ()):
                known.setdefault((number, (*words[:at], *words[at + 1 :])), {})[word] = name
    found = sorted(known.items(), key=lambda item: item[0][0])
    return tuple(
        tuple(each[word] for word in _CHAINS[number] if word in each)
        for (number, _), each in found
        if len(each) >= _SEVERAL
    )


def _percentiles(words: Words) -> Words:
    """The words, with `p` and a number together: p 95 -> p95."""
    return words if _P_WORDS.isdisjoint(words) else tuple(_P.sub(r"\1\2", " ".join(words)).split())


def _nearby(values: Mapping[str, Any], said: Mapping[str, str]) -> Iterator[Change]:
    """Propose numbers close to the one that they are compared with, and how much they changed."""
    for anchor, others in _NEAR.items():
        if anchor in said and is_number(value := values[said[anchor]]) and any(other in said for other in others):
            for other, factor in others.items():
                near = values.get(said.get(other, ""))
                if is_number(near) and abs(near - value) > abs(value) / 10:
                    yield {said[other]: round(value * factor) if isinstance(near, int) else round(value * factor, 2)}
            before = values.get(said.get("previous close", ""))
            if is_number(before) and before:
                change = values[said[anchor]] - before
                for words in _CHANGES & said.keys():
                    yield {said[words]: round(change if words == "change" else 100 * change / before, 2)}
            return


def _sorted(values: Mapping[str, Any], names: tuple[str, ...]) -> Iterator[Change]:
    found = [values[name] for name in names]
    if all(map(is_number, found)) and found != sorted(found):
        yield dict(zip(names, sorted(found), strict=True))


@lru_cache(maxsize=1024)
def _pairs(names: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """The names of which one is to be less than the other."""
    known = {_stem(words_of(name)): name for name in names}
    found = []
    for words, name in known.items():
        for at, word in enumerate(words):
            for later in _LATER.get(word, ()):
                other = known.get((*words[:at], later, *words[at + 1 :]))
                if other is not None:
                    found.append((name, other))
        if words[0:1] and words[0] in _LIMITS:
            part = next(
                (known[each] for each in (words[1:], ("current", *words[1:]), _one(words[1:])) if each in known), ""
            )
            if part:
                found.append((part, name))
    return tuple(found)


def _one(words: Words) -> Words:
    return (*words[:-1], singular(words[-1])) if words else words


def _stem(words: Words) -> Words:
    while len(words) > 1 and words[-1] in _LOOSE:
        words = words[:-1]
    return words


def _in_order(values: Mapping[str, Any], low: str, high: str) -> Iterator[Change]:
    if _is_less(values[high], values[low]):
        yield {low: values[high], high: values[low]}
    if is_number(values[low]) and is_number(values[high]):
        if values[low] >= values[high]:
            yield {high: rounded(values[low] + max(1, abs(values[low]) // 4))}
        if values[low] >= values[high]:
            yield {low: rounded(values[high] - max(1, abs(values[high]) // 4))}


def _is_less(left: Any, right: Any) -> bool:
    if is_number(left) and is_number(right):
        return bool(left < right)
    if isinstance(left, str) and isinstance(right, str):
        return left < right and len(left) == len(right) and bool(_ORDERED.fullmatch(left) and _ORDERED.fullmatch(right))
    return False
