"""Arrays: as many items as must be and a few more, different where they must be, containing what they must."""

import math
from collections.abc import Iterator
from itertools import combinations, islice
from typing import Any, TypeAlias

from emulator.schema_values import believable
from emulator.schema_values.errors import Malformed, Unsatisfiable
from emulator.schema_values.facts import Facts, Item
from emulator.schema_values.field_context import Builder, FieldContext
from emulator.schema_values.nodes import SchemaNode
from emulator.schema_values.outline import agree, is_plain, is_unknown
from emulator.schema_values.persona import Persona
from emulator.schema_values.validation import valid
from emulator.schema_values.values import distinct, identity

LARGEST = 2_000
"""Longer arrays are not built, whatever a schema asks for."""

_DEEP = 7
"""From this depth on, arrays of arrays or objects stay as short as they may be."""

_TRIES = 3

_PAIRS = 6
"""How many pairs of items are tried where two have to be the same."""

Items: TypeAlias = tuple[Item, ...]
ItemPlan: TypeAlias = list[Items]


def array(builder: Builder, facts: Facts, place: FieldContext) -> list[Any]:
    """An array that satisfies the facts. Raises Unsatisfiable."""
    problem: Exception | None = None
    for plan in _plans(builder, facts, place):
        for same in _same(facts, plan):
            try:
                built = _built(builder, facts, place, plan, same)
                if not facts.excludes(built) and _holds(facts, built):
                    return built
            except (Unsatisfiable, Malformed) as error:
                problem = problem or error
    if (facts.contains or facts.repeated) and _least(facts) <= _most(facts):
        raise problem or facts.conflict("no array was found that contains what it must")
    raise problem or facts.conflict(f"no array has at least {_least(facts)} and at most {_most(facts)} items")


def _holds(facts: Facts, built: list[Any]) -> bool:
    """Whether the array contains what it must."""
    held = all(low <= sum(valid(part, item) for item in built) <= high for part, low, high in facts.contains)
    return held and not (facts.repeated and distinct(built))


def _same(facts: Facts, plan: ItemPlan) -> Iterator[tuple[int, int] | None]:
    """Which two items are to be the same, where two must be: the last ones that can be, then others."""
    if not facts.repeated:
        yield None
        return
    pairs = combinations(reversed(range(len(plan))), 2)
    possible = ((one, other) for other, one in pairs if agree([*_wanted(plan[one]), *_wanted(plan[other])]))
    yield from islice(possible, _PAIRS)


def _built(
    builder: Builder, facts: Facts, place: FieldContext, plan: ItemPlan, same: tuple[int, int] | None
) -> list[Any]:
    built: list[Any] = []
    seen: dict[str, Any] = {}
    for at, items in enumerate(plan):
        if same and at == same[1]:
            built.append(built[same[0]])
            continue
        optional = at >= facts.min_items and not facts.contains
        new = facts.unique or (optional and at >= _first(facts))
        if same and at == same[0]:
            items = (*items, *plan[same[1]])
        try:
            inside = _inside(builder, place, items, len(plan), optional and (place.optional or at > 0))
            item = _item(builder, items, inside, seen, new)
        except (Unsatisfiable, Malformed):
            if optional:
                break
            raise
        built.append(item)
    return built


def _inside(builder: Builder, place: FieldContext, items: Items, size: int, optional: bool) -> FieldContext:
    """The place of one of `size` items."""
    room = max(0, (place.room - size) // size)
    name = believable.singular(place.name)
    return FieldContext(
        name, place.parent, Persona(builder.chance), place.depth + 1, room, optional, place.inside(_wanted(items))
    )


def _item(builder: Builder, items: Items, place: FieldContext, seen: dict[str, Any], new: bool) -> Any:
    """An item; a `new` one is another one than those seen. It is seen afterwards."""
    for _ in range(_TRIES):
        value = builder.build(items, place)
        key = identity(value)
        if key not in seen or not new:
            seen[key] = value
            return value
    origin = items[0][0] if items else builder.document.root
    others = builder.document.derived({"enum": list(seen.values())}, origin)
    value = builder.build((*items, (others, False)), place)
    seen[identity(value)] = value
    return value


def _plans(builder: Builder, facts: Facts, place: FieldContext) -> Iterator[ItemPlan]:
    """What each item must satisfy, in several ways, of which the first nearly always does.

    What must be contained stands towards the end, each in items of its own; if that fails, beyond all items that are
    spoken for; then in as few items as possible; and then nowhere in particular, since it may be there by itself.
    """
    first = _first(facts)
    held = [low for _, low, _ in facts.contains]
    size = _least(facts) if builder.sparse else max(_least(facts), first, _usual(builder, facts, place))
    for length, where in (
        (size, "apart"),
        (size + 1 if facts.excluded else first + sum(held) + 2 * facts.repeated, "apart"),
        (max(facts.min_items, *held, 0), "together"),
        (first, "together"),
        (first, "anywhere"),
    ):
        number = int(min(max(length, facts.min_items), _most(facts)))
        if number >= max(facts.min_items, sum(held) if where == "apart" else 0):
            yield _holding(facts, [_at(facts, at) for at in range(number)], where)


def _first(facts: Facts) -> int:
    """How many items have a schema of their own."""
    return max((len(prefix) for prefix, _ in facts.rows), default=0)


def _least(facts: Facts) -> int:
    return max(facts.min_items, sum(low for _, low, _ in facts.contains))


def _most(facts: Facts) -> float:
    return min([facts.max_items, LARGEST, *_ends(facts)])


def _ends(facts: Facts) -> list[float]:
    """Positions from which on there may be no item."""
    ends: list[float] = [len(prefix) for prefix, rest in facts.rows if rest is not None and rest.schema is False]
    for prefix, _ in facts.rows:
        ends += [at for at, part in enumerate(prefix) if part.schema is False]
    for scope, firsts in facts.row_scopes.items():
        if scope.schema["unevaluatedItems"] is False and not facts.contains:
            ends.append(max(firsts, default=0))
    return ends


def _usual(builder: Builder, facts: Facts, place: FieldContext) -> int:
    """One to three plain items, one or two others; none if they are unknown, or optional and there is no room."""
    rests = [rest for _, rest in facts.rows if rest is not None]
    if all(is_plain(rest) for rest in rests):
        return builder.chance.randint(1, 3)
    if place.depth >= _DEEP or any(map(is_unknown, rests)) or place.holds(rests):
        return 0
    if place.room < 1:
        return 0 if place.optional else 1
    return 1 if place.room < 60 else builder.chance.randint(1, 2)


def _at(facts: Facts, at: int) -> Items:
    items: list[Item] = []
    for prefix, rest in facts.rows:
        part = prefix[at] if at < len(prefix) else rest
        if part is not None:
            items.append((part, True))
    for scope, firsts in facts.row_scopes.items():
        if at >= max(firsts, default=0) and not facts.contains:
            items.append((scope.child("unevaluatedItems"), True))
    return tuple(items)


def _holding(facts: Facts, plan: ItemPlan, where: str) -> ItemPlan:
    """The plan with what must be contained put where it may be: items of its own, or the same for all, or none."""
    taken: set[int] = set()
    for part, low, high in facts.contains:
        spots = [at for at in reversed(range(len(plan))) if agree([part, *_wanted(plan[at])])]
        spots.sort(key=lambda at: (at in taken) is (where == "apart"))
        chosen = set(spots[:low] if where != "anywhere" else ())
        for at in range(len(plan)):
            if at in chosen:
                plan[at] = (*plan[at], (part, True))
            elif high < math.inf:
                plan[at] = (*plan[at], (part, False))
        taken |= chosen
    return plan


def _wanted(items: Items) -> list[SchemaNode]:
    return [node for node, wanted in items if wanted is True]
