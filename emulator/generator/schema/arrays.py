"""Arrays: as many items as must be and a few more, different where they must be, containing what they must."""

import math
from typing import Any

from emulator.generator.schema import believable
from emulator.generator.schema.errors import Malformed, Unsatisfiable
from emulator.generator.schema.facts import Facts, Item
from emulator.generator.schema.outline import is_plain, is_unknown
from emulator.generator.schema.persona import Persona
from emulator.generator.schema.place import Builder, Place
from emulator.generator.schema.values import identity

LARGEST = 2_000
"""Longer arrays are not built, whatever a schema asks for."""

_DEEP = 7
"""From this depth on, arrays of arrays or objects stay as short as they may be."""

_TRIES = 24


def array(builder: Builder, facts: Facts, place: Place) -> list[Any]:
    """An array that satisfies the facts. Raises Unsatisfiable."""
    plan = _plan(builder, facts, place)
    built: list[Any] = []
    seen: set[str] = set()
    for at, items in enumerate(plan):
        optional = at >= facts.min_items and not _held(facts, at, len(plan))
        try:
            item = _item(builder, items, _inside(builder, place, items, len(plan), optional), seen, facts.unique)
        except (Unsatisfiable, Malformed):
            if optional:
                break
            raise
        built.append(item)
    return built


def _inside(builder: Builder, place: Place, items: tuple[Item, ...], size: int, optional: bool) -> Place:
    """The place of one of `size` items."""
    room = max(0, (place.room - size) // size)
    name = believable.singular(place.name)
    return Place(name, place.parent, Persona(builder.chance), place.depth + 1, room, optional, place.inside(items))


def _item(builder: Builder, items: tuple[Item, ...], place: Place, seen: set[str], unique: bool) -> Any:
    """An item; if it must or had better be another one than those seen, it is. Its identity is seen afterwards."""
    if unique:
        return _different(builder, items, place, seen)
    value = builder.build(items, place)
    key = identity(value)
    if place.optional and key in seen:
        raise Unsatisfiable("#", "it would only repeat another item")
    seen.add(key)
    return value


def _different(builder: Builder, items: tuple[Item, ...], place: Place, seen: set[str]) -> Any:
    """A value whose identity is not among those seen; puts it there."""
    plain = all(is_plain(node) for node, wanted in items if wanted)
    for _ in range(_TRIES if plain else _TRIES // 4):
        value = builder.build(items, place)
        key = identity(value)
        if key not in seen:
            seen.add(key)
            return value
    raise Unsatisfiable(items[0][0].pointer if items else "#", "there are not enough different values")


def _plan(builder: Builder, facts: Facts, place: Place) -> list[tuple[Item, ...]]:
    """What each item must satisfy."""
    most = min([facts.max_items, LARGEST, *_ends(facts)])
    held = sum(low for _, low, _ in facts.contains)
    first = max((len(prefix) for prefix, _ in facts.rows), default=0)
    least = max(facts.min_items, held)
    if least > most:
        raise facts.conflict(f"no array has at least {least} and at most {most} items")
    size = int(min(most, max(least, first, 0 if builder.sparse else _usual(builder, facts, place))))
    if builder.sparse:
        size = least
    plan = [_at(facts, at) for at in range(size)]
    return _holding(facts, plan, first)


def _ends(facts: Facts) -> list[float]:
    """Positions from which on there may be no item."""
    ends: list[float] = [len(prefix) for prefix, rest in facts.rows if rest is not None and rest.schema is False]
    for prefix, _ in facts.rows:
        ends += [at for at, part in enumerate(prefix) if part.schema is False]
    for scope, firsts in facts.row_scopes.items():
        if scope.schema["unevaluatedItems"] is False and not facts.contains:
            ends.append(max(firsts, default=0))
    return ends


def _usual(builder: Builder, facts: Facts, place: Place) -> int:
    """One to three plain items, one or two others; none if they are unknown."""
    rests = [rest for _, rest in facts.rows if rest is not None]
    if all(is_plain(rest) for rest in rests):
        return builder.chance.randint(1, 3)
    items = tuple((rest, True) for rest in rests)
    if place.room < 1 or place.depth >= _DEEP or any(map(is_unknown, rests)) or place.holds(items):
        return 0
    return 1 if place.room < 60 else builder.chance.randint(1, 2)


def _at(facts: Facts, at: int) -> tuple[Item, ...]:
    items: list[Item] = []
    for prefix, rest in facts.rows:
        part = prefix[at] if at < len(prefix) else rest
        if part is not None:
            items.append((part, True))
    for scope, firsts in facts.row_scopes.items():
        if at >= max(firsts, default=0) and not facts.contains:
            items.append((scope.child("unevaluatedItems"), True))
    return tuple(items)


def _holding(facts: Facts, plan: list[tuple[Item, ...]], first: int) -> list[tuple[Item, ...]]:
    """The plan with what must be contained in it; the last items have it, since the first may be spoken for."""
    position = len(plan)
    for part, low, high in facts.contains:
        start = max(0, position - low)
        for at in range(len(plan)):
            if start <= at < position:
                plan[at] = (*plan[at], (part, True))
            elif high < math.inf:
                plan[at] = (*plan[at], (part, False))
        position = start
    return plan


def _held(facts: Facts, at: int, size: int) -> bool:
    return at >= size - sum(low for _, low, _ in facts.contains)
