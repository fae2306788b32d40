"""Amounts of one object that make a sum or a product: the parts of a total, the items of an invoice, taxes and fees."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from math import prod
from typing import Any

from emulator.schema_values.believable import words_of

_READ = 64
"""So many items of a list, and members of each, are looked at."""

_SEVERAL = 2
_LARGEST = 1e15
_FULL = 100
"""Percent."""

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


def totals(values: Mapping[str, Any], names: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """Propose sums and products of the members of an object that have these names.

    >>> list(totals({"additions": 3, "deletions": 2, "changes": 90}, ("additions", "deletions", "changes")))
    [{'changes': 5}]
    """
    for whole, parts in _wholes(names):
        if all(is_number(values[name]) for name in (whole, *parts)):
            yield {whole: rounded(sum(values[name] for name in parts))}
    if roles := _roles(names):
        yield from _summed(values, dict(roles))


def has_totals(names: tuple[str, ...]) -> bool:
    """Whether one of the members with these names is what the items of another cost, and not how many they are."""
    return bool(_roles(names))


def is_number(value: Any) -> bool:
    """Whether a value is a number with which one can reckon: no truth value, and not too large."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _LARGEST


def rounded(value: float) -> float:
    """An amount of money: with two decimals, unless it is whole."""
    return value if isinstance(value, int) else round(value, 2)


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


def _summed(values: Mapping[str, Any], roles: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Propose the product of a quantity and a price, the sum of the items, and the total of all parts."""
    amounts = {role: values[name] for role, name in roles.items() if is_number(values[name])}
    base = amounts.get("subtotal")
    if "quantity" in amounts and "price" in amounts:
        base = rounded(amounts["quantity"] * amounts["price"])
        if "line" in amounts:
            yield {roles["line"]: base}
    elif "items" in roles and (sums := _sums(values[roles["items"]])):
        base = rounded(sum(sums))
    if base is None:
        return
    if "subtotal" in amounts:
        yield {roles["subtotal"]: base}
        base = values[roles["subtotal"]]
    if "tax" in amounts and 0 < (rate := amounts.get("rate", 0)) < _FULL:
        amounts["tax"] = rounded(base * (rate if rate < 1 else rate / 100))
        yield {roles["tax"]: amounts["tax"]}
    for role, part in (("tax", 0.1), ("less", 0.05)):
        if role in amounts and not base / 50 <= amounts[role] <= base / 3 and not isinstance(amounts[role], int):
            yield {roles[role]: round(base * part, 2)}
    amount = {role: values[roles[role]] for role in ("tax", "extra", "less") if role in amounts}
    if "total" in amounts:
        yield {roles["total"]: rounded(base + amount.get("tax", 0) + amount.get("extra", 0) - amount.get("less", 0))}


def _sums(items: Any) -> list[float]:
    """What each item of a list costs; empty unless it is known of all."""
    sums: list[float] = []
    for item in items[:_READ] if isinstance(items, list) else ():
        roles = dict(_costs(tuple(item)[:_READ])) if isinstance(item, dict) else {}
        amounts = {role: item[name] for role, name in roles.items() if is_number(item[name])}
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
