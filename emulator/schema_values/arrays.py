"""Builds arrays: the required items and a few more, with regard to `uniqueItems` and `contains`."""

from collections.abc import Iterator
from typing import Any

from emulator.schema_values import believable, phrases, related
from emulator.schema_values.errors import Malformed, Unsatisfiable
from emulator.schema_values.facts import Facts
from emulator.schema_values.field_context import Builder, FieldContext
from emulator.schema_values.item_plans import ItemPlan, Items, least, most, nodes, own_items, plans
from emulator.schema_values.validation import valid
from emulator.schema_values.values import distinct, identity

_TRIES = 3
_NONE = object()

_RETURNS = 20
"""How often an item is built in another way since a later one could not be built."""


def array(builder: Builder, facts: Facts, place: FieldContext) -> list[Any]:
    """Build an array that satisfies the facts. Raises Unsatisfiable."""
    problem: Exception | None = None
    for plan in plans(builder, facts, place):
        try:
            built = _in_sequence(builder, facts, place, plan, _ArrayBuilder(builder, facts, place, plan).made())
            if not facts.excludes(built) and _holds(facts, built):
                return built
        except (Unsatisfiable, Malformed) as error:
            problem = problem or error
    if (facts.contains or facts.repeated) and least(facts) <= most(facts):
        raise problem or facts.conflict("no array was found that contains what it must")
    raise problem or facts.conflict(f"no array has at least {least(facts)} and at most {most(facts)} items")


def _in_sequence(builder: Builder, facts: Facts, place: FieldContext, plan: ItemPlan, built: list[Any]) -> list[Any]:
    """The items with their numbers and times in order, where their schemas allow it and nobody gave them."""
    if builder.sparse or facts.contains or plan.same or (place.depth == 1 and place.name in builder.hinted):
        return built
    items = list(built)
    for at, change in related.in_sequence(built):
        item = items[at] | change
        if item != items[at] and all(valid(node, item) is wanted for node, wanted in plan.items[at]):
            items[at] = item
    return built if facts.unique and not distinct(items) else items


def _holds(facts: Facts, built: list[Any]) -> bool:
    """Whether the array satisfies every `contains`."""
    held = all(low <= sum(valid(part, item) for item in built) <= high for part, low, high in facts.contains)
    return held and not (facts.repeated and distinct(built))


class _ArrayBuilder:
    """Builds the items in order. If an item cannot be built, the one before it is built in another way."""

    def __init__(self, builder: Builder, facts: Facts, place: FieldContext, plan: ItemPlan) -> None:
        self.builder = builder
        self.facts = facts
        self.place = place
        self.plan = plan
        self.built: list[Any] = []
        self.seen: dict[str, Any] = {}
        self.counts = [[0] * len(facts.contains)]
        self.problem: Exception | None = None

    def made(self) -> list[Any]:
        """Build the array. Optional items at its end are omitted if they cannot be built."""
        ways = [self.ways(0)]
        returns = 0
        while len(self.built) < len(self.plan.items):
            item = next(ways[-1], _NONE)
            if item is not _NONE:
                self.append(item)
                ways.append(self.ways(len(self.built)))
            elif self.is_optional(len(self.built)):
                break
            elif not self.built or returns == _RETURNS:
                raise self.problem or self.facts.conflict("no array was found that contains what it must")
            else:
                returns += 1
                ways.pop()
                self.drop_last()
        return self.built

    def append(self, item: Any) -> None:
        self.built.append(item)
        self.seen[identity(item)] = item
        if self.facts.contains:
            held = [valid(part, item) for part, _, _ in self.facts.contains]
            self.counts.append([count + more for count, more in zip(self.counts[-1], held, strict=True)])

    def drop_last(self) -> None:
        self.built.pop()
        self.builder.budget.spend(len(self.built))
        self.seen = {identity(item): item for item in self.built}
        if self.facts.contains:
            self.counts.pop()

    def is_optional(self, at: int) -> bool:
        return at >= self.facts.min_items and not self.facts.contains

    def ways(self, at: int) -> Iterator[Any]:
        """The demands on the item at a position, one for each way in which it can count for a `contains`."""
        self.builder.budget.spend(2 + len(self.facts.rows) // 16 + len(self.facts.contains))
        items = self.plan.items[at] if at < len(self.plan.items) else ()
        if self.plan.same:
            first, second = self.plan.same
            if at == second:
                yield self.built[first]
                return
            if at == first:
                items += self.plan.items[second]
        optional = self.is_optional(at)
        new = self.facts.unique or (optional and at >= own_items(self.facts))
        for wishes in self.plan.wishes(self.facts, at, self.counts[-1]):
            try:
                item = self.build(items + wishes, new, optional and (self.place.optional or at > 0))
            except (Unsatisfiable, Malformed) as error:
                self.problem = self.problem or error
            else:
                yield item

    def build(self, items: Items, new: bool, optional: bool) -> Any:
        """Build an item; with `new`, it differs from those before it."""
        for _ in range(_TRIES):
            place = self.inside(items, optional)
            value = self.builder.build(items, place)
            if not new or identity(value) not in self.seen:
                return value
        if not self.facts.unique and any(map(phrases.offered, self.facts.notes)):
            raise self.facts.conflict("there are no other items")
        origin = items[0][0] if items else self.builder.document.root
        others = self.builder.document.derived({"enum": list(self.seen.values())}, origin)
        return self.builder.build((*items, (others, False)), place)

    def inside(self, items: Items, optional: bool) -> FieldContext:
        """The context of an item."""
        place, size = self.place, len(self.plan.items)
        room = max(0, (place.room - size) // size)
        name = believable.singular(place.name)
        persona = place.persona.another(self.builder.random, len(self.built))
        within, notes = place.inside(nodes(items)), self.facts.notes or place.notes
        return FieldContext(name, place.parent, persona, place.depth + 1, room, optional, within, notes)
