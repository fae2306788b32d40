"""Values of one object that belong together: a start before an end, a minimum below a maximum, a total of its parts.

Everything here is a proposal: a changed value counts only where its own schema allows it.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from math import prod
from typing import Any, TypeAlias

from emulator.schema_values.believable import words_of
from emulator.schema_values.lexicon import Words

Change: TypeAlias = dict[str, Any]

_READ = 64
"""So many members of an object are looked at, and so many items of a list."""

_PAIRS = (
    "min max, minimum maximum, start end, starts ends, start finish, start stop, begin end, begins ends, from to, "
    "since until, lower upper, low high, created updated, created modified, created closed, created resolved, "
    "issued expires, issue expiry, issue due, invoice due, in out, departure return, departure arrival, depart return, "
    "depart arrive, outbound inbound, open close, opening closing, opens closes, opened closed, earliest latest, "
    "oldest newest, after before, hire termination, order delivery, ordered delivered, order ship, ordered shipped, "
    "shipped delivered, pickup dropoff, birth death, first last, published updated, started finished, "
    "started completed, checkin checkout, net gross, diastolic systolic, left right"
)
_LATER: dict[str, tuple[str, ...]] = {}
for _low, _high in (pair.split() for pair in _PAIRS.split(", ")):
    _LATER[_low] = (*_LATER.get(_low, ()), _high)

_LOOSE = frozenset(["date", "at", "time", "day", "on", "datetime", "value", "timestamp"])
"""Last words that one of two names may have and the other not."""

_ORDERED = re.compile(r"\d{4}-\d\d(?:-\d\d(?:[T ]\d\d:\d\d.{0,12})?)?|\d\d:\d\d(?::\d\d)?")
"""Texts that are in the order of what they mean."""

_ROLES = {
    "subtotal": "subtotal, sub total, net, net amount, net total, amount net, total net, base amount",
    "tax": "tax, taxes, vat, tax amount, vat amount, sales tax, total tax",
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
    if roles := _roles(names):
        yield from _summed(values, dict(roles))


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
    return tuple(found)


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
