"""Where in the answer a value stands, and what its builder offers to the builders of the types."""

from collections.abc import Iterable
from typing import Any, NamedTuple, Protocol

from emulator.schema_values.chance import Chance
from emulator.schema_values.facts import Facts, Item
from emulator.schema_values.nodes import Document, SchemaNode
from emulator.schema_values.outline import subject
from emulator.schema_values.persona import Persona


class FieldContext(NamedTuple):
    """A place in the answer: the property's name, that of the object around it, and who that is about.

    `room` is how many values may be spent below it; an `optional` one may fail instead of overspending.
    `within` are the schemas of the values around it, from which recursion is told.
    """

    name: str
    parent: str
    persona: Persona
    depth: int
    room: int
    optional: bool
    within: tuple[SchemaNode, ...] = ()

    def is_too_small_for(self, facts: Facts) -> bool:
        """Whether an object of these facts is better left out than built with few of its properties."""
        return self.optional and facts.values is None and len(facts.properties) > max(self.room, 3)

    def holds(self, nodes: Iterable[SchemaNode]) -> bool:
        """Whether values of one of these schemas are already nested in each other, twice."""
        return any(self.within.count(subject(node)) >= 2 for node in nodes)

    def inside(self, nodes: Iterable[SchemaNode]) -> tuple[SchemaNode, ...]:
        """What a member with these schemas is within."""
        return (*self.within, *map(subject, nodes))


class Builder(Protocol):
    """What the builders of arrays and objects build their members with."""

    chance: Chance
    document: Document
    hints: dict[str, str]
    hopeless: set[str]
    spent: int

    @property
    def sparse(self) -> bool:
        """Whether everything optional is left out."""
        ...

    def is_endless(self, node: SchemaNode) -> bool:
        """Whether values of the schema nest without end."""
        ...

    def build(self, items: tuple[Item, ...], place: FieldContext) -> Any:
        """A value that satisfies all items. Raises Unsatisfiable or Malformed."""
        ...
