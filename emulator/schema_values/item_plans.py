"""Plans for the items of an array. The first plan nearly always gives a valid array."""

import math
from collections.abc import Iterator, Sequence
from itertools import chain, combinations, islice, product
from typing import NamedTuple, TypeAlias

from emulator.schema_values import phrases
from emulator.schema_values.facts import Demand, Facts
from emulator.schema_values.field_context import Builder, FieldContext
from emulator.schema_values.nodes import SchemaNode
from emulator.schema_values.outline import agree, is_plain, is_unknown

LARGEST = 2_000
"""Longer arrays are not built, whatever a schema asks for."""

_TOLD = 12
"""So many items are built at most because a description speaks of them."""

_DEEP = 7
"""From this depth on, arrays of arrays or objects stay as short as they may be."""

_PAIRS = 6
"""How many pairs of items are tried where two have to be the same."""

_CHOICES = 8
"""How many ways are tried for an item to be, or not to be, like the schemas of `contains`."""

Items: TypeAlias = tuple[Demand, ...]


class ItemPlan(NamedTuple):
    """The demands on each item, by its position.

    `spots` has, for each `contains`, the positions of the items for it; `same` has two positions whose items must be
    equal.
    """

    items: tuple[Items, ...]
    spots: tuple[frozenset[int], ...]
    same: tuple[int, int] | None = None

    def wishes(self, facts: Facts, at: int, counts: Sequence[int]) -> Iterator[Items]:
        """The `contains` that the item at a position may satisfy: as planned, or else as the counts allow.

        `counts` has, for each `contains`, the number of earlier items that satisfy it.
        """
        positions = set(self.same) if self.same and at == self.same[0] else {at}
        times = len(positions)
        left = len(self.items) - at - times
        planned = tuple(
            True if positions & spots else False if high < math.inf else None
            for (_, _, high), spots in zip(facts.contains, self.spots, strict=True)
        )
        others = islice(product((True, False), repeat=len(planned)), _CHOICES)
        for choice in chain([planned], (other for other in others if other != planned)):
            wishes = list(zip(facts.contains, choice, counts, strict=True))
            if all(
                low <= count + times * (held is not False) + left and count + times * (held is True) <= high
                for (_, low, high), held, count in wishes
            ):
                yield tuple((part, held) for (part, _, _), held, _ in wishes if held is not None)


def plans(builder: Builder, facts: Facts, place: FieldContext) -> Iterator[ItemPlan]:
    """Plans for an array, the most believable first.

    The plans for `contains` differ: each has its own items near the end; or after all items with a schema of their own;
    or as few items as possible; or no particular items, since other items may satisfy it.
    """
    first = own_items(facts)
    held = [low for _, low, _ in facts.contains]
    size = least(facts) if builder.sparse else max(least(facts), first, _usual(builder, facts, place))
    for length, where in (
        (size, "apart"),
        (size + 1 if facts.excluded else first + sum(held) + 2 * facts.repeated, "apart"),
        (max(facts.min_items, *held, 0), "together"),
        (first, "together"),
        (first, "anywhere"),
    ):
        number = int(min(max(length, facts.min_items), most(facts)))
        if number >= max(facts.min_items, sum(held) if where == "apart" else 0):
            items = tuple(_at(facts, at) for at in range(number))
            spots = _spots(facts, items, where)
            yield from (ItemPlan(items, spots, same) for same in _same(facts, items))


def own_items(facts: Facts) -> int:
    """The number of items with a schema of their own."""
    return max((len(prefix) for prefix, _ in facts.rows), default=0)


def least(facts: Facts) -> int:
    """The minimum number of items."""
    return max(facts.min_items, sum(low for _, low, _ in facts.contains))


def most(facts: Facts) -> float:
    """The maximum number of items."""
    return min([facts.max_items, LARGEST, *_ends(facts)])


def _ends(facts: Facts) -> list[float]:
    """The positions at which no item is allowed."""
    ends: list[float] = [len(prefix) for prefix, rest in facts.rows if rest is not None and rest.schema is False]
    for prefix, _ in facts.rows:
        ends += [at for at, part in enumerate(prefix) if part.schema is False]
    for scope, firsts in facts.row_scopes.items():
        if scope.schema["unevaluatedItems"] is False:
            ends.append(max(firsts, default=0))
    return ends


def _usual(builder: Builder, facts: Facts, place: FieldContext) -> int:
    """A usual number of items: one to three plain ones, or one or two others; none in a tuple or without room."""
    rests = [rest for _, rest in facts.rows if rest is not None]
    if len(rests) < len(facts.rows):  # a tuple: readers may refuse what follows it, though the schema does not
        return 0
    least, most = next((told for told in map(phrases.counts, facts.notes) if told != (None, None)), (None, None))
    if (least is not None or most is not None) and (least or 0) <= _TOLD and not place.holds(rests):
        return builder.random.randint(least or 1, max(least or 1, min(most or (least or 1) + 1, _TOLD)))
    if all(is_plain(rest) for rest in rests):
        return builder.random.randint(1, 3)
    if place.depth >= _DEEP or any(map(is_unknown, rests)) or place.holds(rests):
        return 0
    if place.room < 1:
        return 0 if place.optional else 1
    return 1 if place.room < 60 else builder.random.randint(1, 2)


def _at(facts: Facts, at: int) -> Items:
    items: list[Demand] = []
    facts.budget.spend(1 + len(facts.rows))
    for prefix, rest in facts.rows:
        part = prefix[at] if at < len(prefix) else rest
        if part is not None:
            items.append((part, True))
    for scope, firsts in facts.row_scopes.items():
        if at >= max(firsts, default=0):
            items.append((scope.child("unevaluatedItems"), True))
    return tuple(items)


def _spots(facts: Facts, plan: Sequence[Items], where: str) -> tuple[frozenset[int], ...]:
    """The positions for each `contains`: separate items, shared items, or none."""
    spots: list[frozenset[int]] = []
    taken: dict[int, list[SchemaNode]] = {}
    for part, low, _ in facts.contains:
        possible = [at for at in reversed(range(len(plan))) if agree([part, *nodes(plan[at]), *taken.get(at, ())])]
        possible.sort(key=lambda at: (at in taken) is (where == "apart"))
        chosen = possible[:low] if where != "anywhere" else []
        for at in chosen:
            taken.setdefault(at, []).append(part)
        spots.append(frozenset(chosen))
    return tuple(spots)


def _same(facts: Facts, plan: Sequence[Items]) -> Iterator[tuple[int, int] | None]:
    """The pairs of items that could be equal, if two must be: the last ones first."""
    if not facts.repeated:
        yield None
        return
    pairs = combinations(reversed(range(len(plan))), 2)
    possible = ((one, other) for other, one in pairs if agree(nodes(plan[one] + plan[other])))
    yield from islice(possible, _PAIRS)


def nodes(items: Items) -> list[SchemaNode]:
    """The schemas for which an item must be valid."""
    return [node for node, wanted in items if wanted is True]
