"""Values of one object that belong together: a start before an end, a minimum below a maximum, a total of its parts.

Everything here is a proposal: a changed value counts only where its own schema allows it.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from math import prod
from typing import Any, TypeAlias

from emulator.schema_values.believable import singular, words_of
from emulator.schema_values.lexicon import Words

Change: TypeAlias = dict[str, Any]

_READ = 64
"""So many members of an object are looked at, and so many items of a list."""

_SEVERAL = 2
_FULL = 100
"""Percent."""

_P = re.compile(r"\b([pq]) (\d+)\b")

_PAIRS = (
    "min max, minimum maximum, start end, starts ends, start finish, start stop, begin end, begins ends, from to, "
    "since until, lower upper, low high, created updated, created modified, created closed, created resolved, "
    "issued expires, issue expiry, issue due, invoice due, in out, departure return, departure arrival, depart return, "
    "depart arrive, outbound inbound, open close, opening closing, opens closes, opened closed, earliest latest, "
    "oldest newest, after before, hire termination, order delivery, ordered delivered, order ship, ordered shipped, "
    "shipped delivered, pickup dropoff, birth death, first last, published updated, effective termination, effective expiration, sunrise sunset, placed shipped, placed delivered, started finished, "
    "started completed, checkin checkout, net gross, diastolic systolic, left right"
)
_LATER: dict[str, tuple[str, ...]] = {}
for _low, _high in (pair.split() for pair in _PAIRS.split(", ")):
    _LATER[_low] = (*_LATER.get(_low, ()), _high)

_CHAINS = tuple(
    tuple(chain.split())
    for chain in (
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

_PARTS = {
    "total time": "prep time, preparation time, cook time, cooking time, bake time, rest time",
    "total tokens": "prompt tokens, completion tokens, input tokens, output tokens",
    "total passengers": "adults, children, infants",
    "total guests": "adults, children, infants",
    "changes": "additions, deletions",
    "total changes": "additions, deletions",
    "total tests": "passed, failed, skipped",
    "total price": "base price, base fare, taxes",
    "total score": "home score, away score",
    "requests": "successful, failed",
    "total requests": "successful, failed, successful requests, failed requests",
    "games": "wins, losses, draws",
    "games played": "wins, losses, draws",
    "monthly payment": "principal, interest",
}
_WHOLE = {whole: tuple(parts.split(", ")) for whole, parts in _PARTS.items()}
"""What is the sum of at least two others."""

_MINUTES = frozenset(["minutes", "mins", "min", "ms", "seconds", "hours"])
"""Units at the end of names."""

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
_NUMBERED |= frozenset(["chapter", "sequence", "line number", "position", "priority rank", "no"])
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

_ROLES = {
    "subtotal": "subtotal, sub total, net, net amount, net total, amount net, total net, base amount",
    "tax": "tax, taxes, vat, tax amount, vat amount, sales tax, total tax",
    "rate": "tax rate, vat rate, sales tax rate, tax percent, vat percent, tax percentage",
    "extra": "shipping, shipping cost, shipping fee, delivery fee, service fee, fee, fees, tip, surcharge",
    "less": "discount, discount amount, deduction, total discount",
    "total": "total, grand total, total amount, amount due, gross, gross amount, total price, total cost, total due, "
    "invoice total, order total, amount total, total gross, sum",
    "line": "line total, amount, line amount, extended price, cost, item total",
    "quantity": "quantity, qty, count, units, hours, nights",
    "price": "unit price, price, price per unit, unit cost, hourly rate, rate, price each, price per night",
    "items": "items, line items, products, lines, positions, entries, expenses, order items, invoice items, charges",
}
_ROLE = {name: role for role, names in _ROLES.items() for name in names.split(", ")}
_CURRENCIES = frozenset(["eur", "usd", "gbp", "dollars", "euros"])


def changes(values: Mapping[str, Any]) -> Iterator[Change]:
    """Propose changes of the members of an object, one after the other; each is made or not before the next is asked.

    >>> list(changes({"min_age": 40, "max_age": 30}))[:1]
    [{'min_age': 30, 'max_age': 40}]
    """
    names = tuple(values)[:_READ]
    for low, high in _pairs(names):
        yield from _in_order(values, low, high)
    for chain in _chains(names):
        yield from _sorted(values, chain)
    for whole, parts in _wholes(names):
        if all(_is_number(values[name]) for name in (whole, *parts)):
            yield {whole: _rounded(sum(values[name] for name in parts))}
    yield from _nearby(values, _said(names))
    if roles := _roles(names):
        yield from _summed(values, dict(roles))
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
        if (words in _NUMBERED or is_id) and all(isinstance(value, int) and _is_number(value) for value in found):
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
            len(lists) == 1 and words in _COUNTS and not _roles(names) and isinstance(value, int) and _is_number(value)
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
    found = []
    for chain in _CHAINS:
        known: dict[Words, dict[str, str]] = {}
        for name in names:
            words = _percentiles(words_of(name))
            for at, word in enumerate(words):
                if word in chain:
                    known.setdefault((*words[:at], *words[at + 1 :]), {})[word] = name
        found += [tuple(each[word] for word in chain if word in each) for each in known.values()]
    return tuple(chain for chain in found if len(chain) >= _SEVERAL)


def _percentiles(words: Words) -> Words:
    """The words, with `p` and a number together: p 95 -> p95."""
    return words_together if (words_together := tuple(_P.sub(r"\1\2", " ".join(words)).split())) else words


def _nearby(values: Mapping[str, Any], said: Mapping[str, str]) -> Iterator[Change]:
    """Propose numbers close to the one that they are compared with, and how much they changed."""
    for anchor, others in _NEAR.items():
        if anchor in said and _is_number(value := values[said[anchor]]) and any(other in said for other in others):
            for other, factor in others.items():
                near = values.get(said.get(other, ""))
                if _is_number(near) and abs(near - value) > abs(value) / 10:
                    yield {said[other]: round(value * factor) if isinstance(near, int) else round(value * factor, 2)}
            before = values.get(said.get("previous close", ""))
            if _is_number(before) and before:
                change = values[said[anchor]] - before
                for words in _CHANGES & said.keys():
                    yield {said[words]: round(change if words == "change" else 100 * change / before, 2)}
            return


def _sorted(values: Mapping[str, Any], chain: tuple[str, ...]) -> Iterator[Change]:
    found = [values[name] for name in chain]
    if all(map(_is_number, found)) and found != sorted(found):
        yield dict(zip(chain, sorted(found), strict=True))


@lru_cache(maxsize=1024)
def _wholes(names: tuple[str, ...]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The names of sums, each with those of its parts."""
    known = {
        " ".join(words[:-1] if words[-1:] and words[-1] in _MINUTES else words): name
        for name, words in ((name, words_of(name)) for name in names)
    }
    sums = (
        (known[whole], tuple(known[part] for part in parts if part in known))
        for whole, parts in _WHOLE.items()
        if whole in known
    )
    return tuple((whole, parts) for whole, parts in sums if len(parts) >= _SEVERAL)


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
    if _is_number(values[low]) and _is_number(values[high]):
        if values[low] >= values[high]:
            yield {high: _rounded(values[low] + max(1, abs(values[low]) // 4))}
        if values[low] >= values[high]:
            yield {low: _rounded(values[high] - max(1, abs(values[high]) // 4))}


def _is_less(left: Any, right: Any) -> bool:
    if _is_number(left) and _is_number(right):
        return bool(left < right)
    if isinstance(left, str) and isinstance(right, str):
        return left < right and len(left) == len(right) and bool(_ORDERED.fullmatch(left) and _ORDERED.fullmatch(right))
    return False


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _rounded(value: float) -> float:
    return value if isinstance(value, int) else round(value, 2)


@lru_cache(maxsize=1024)
def _roles(names: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """The part that each member has in a sum or a product; none if nothing is to be summed up."""
    roles: dict[str, str] = {}
    for name in names:
        words = words_of(name)
        words = words[:-1] if words[-1:] and words[-1] in _CURRENCIES else words
        role = _ROLE.get(" ".join(words))
        if role is not None:
            roles.setdefault(role, name)
    is_product = {"quantity", "price"} <= roles.keys()
    if not is_product and not ({"subtotal", "items"} & roles.keys() and "total" in roles):
        roles = {}
    return tuple(roles.items())


def _summed(values: Mapping[str, Any], roles: dict[str, str]) -> Iterator[Change]:
    """Propose the product of a quantity and a price, the sum of the items, and the total of all parts."""
    amounts = {role: values[name] for role, name in roles.items() if _is_number(values[name])}
    base = amounts.get("subtotal")
    if "quantity" in amounts and "price" in amounts:
        base = _rounded(amounts["quantity"] * amounts["price"])
        if "line" in amounts:
            yield {roles["line"]: base}
    elif "items" in roles and (sums := _sums(values[roles["items"]])):
        base = _rounded(sum(sums))
    if base is None:
        return
    if "subtotal" in amounts:
        yield {roles["subtotal"]: base}
        base = values[roles["subtotal"]]
    if "tax" in amounts and 0 < (rate := amounts.get("rate", 0)) < _FULL:
        amounts["tax"] = _rounded(base * (rate if rate < 1 else rate / 100))
        yield {roles["tax"]: amounts["tax"]}
    for role, part in (("tax", 0.1), ("less", 0.05)):
        if role in amounts and not base / 50 <= amounts[role] <= base / 3 and not isinstance(amounts[role], int):
            yield {roles[role]: round(base * part, 2)}
    amount = {role: values[roles[role]] for role in ("tax", "extra", "less") if role in amounts}
    if "total" in amounts:
        yield {roles["total"]: _rounded(base + amount.get("tax", 0) + amount.get("extra", 0) - amount.get("less", 0))}


def _sums(items: Any) -> list[float]:
    """What each item of a list costs; empty unless it is known of all."""
    sums: list[float] = []
    for item in items[:_READ] if isinstance(items, list) else ():
        roles = dict(_costs(tuple(item)[:_READ])) if isinstance(item, dict) else {}
        amounts = {role: item[name] for role, name in roles.items() if _is_number(item[name])}
        whole = amounts.get("line", amounts.get("total"))
        if whole is None and "price" in amounts:
            whole = prod([amounts["price"], amounts.get("quantity", 1)])
        if whole is None:
            return []
        sums.append(whole)
    return sums if len(sums) == len(items or ()) else []


@lru_cache(maxsize=1024)
def _costs(names: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    return tuple((role, name) for name in names if (role := _ROLE.get(" ".join(words_of(name)))) is not None)
