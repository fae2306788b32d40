"""The context of a value in the generated document, and the interface of the builder for arrays and objects."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, Protocol

from emulator.core.seeds import Random
from emulator.schema_values.budget import Budget
from emulator.schema_values.facts import Demand, Facts
from emulator.schema_values.nodes import Document, SchemaNode
from emulator.schema_values.outline import subject
from emulator.schema_values.persona import Persona


class FieldContext(NamedTuple):
    """The context of a value: its property's name, the name of the object around it, and the person it describes.

    `notes` are the descriptions of the array that it is an item of.
    `room` is the number of values that may be built inside; an `optional` value may be omitted instead of exceeding it.
    `within` has the schemas of the values around it, to recognise recursion.
    """

    name: str
    parent: str
    persona: Persona
    depth: int
    room: int
    optional: bool
    within: tuple[SchemaNode, ...] = ()
    notes: tuple[str, ...] = ()

    def is_too_small_for(self, facts: Facts) -> bool:
        """Whether an object with these facts should be omitted rather than built with few of its properties."""
        return self.optional and facts.values is None and len(facts.properties) > max(self.room, 3)

    def holds(self, nodes: Iterable[SchemaNode]) -> bool:
        """Whether a value of one of these schemas is already nested in another one of the same schema."""
        return len(self.within) >= 2 and any(self.within.count(subject(node)) >= 2 for node in nodes)

    def inside(self, nodes: Iterable[SchemaNode]) -> tuple[SchemaNode, ...]:
        """The `within` of a member with these schemas."""
        return (*self.within, *map(subject, nodes))


class Builder(Protocol):
    """The interface with which the builders of arrays and objects build their members."""

    random: Random
    document: Document
    budget: Budget
    hinted: frozenset[str]
    omitted: frozenset[str]
    sentences: Callable[[Random], str] | None
    hopeless: set[str]
    opposed: set[frozenset[str]]
    spent: int

    @property
    def sparse(self) -> bool:
        """Whether everything optional is omitted."""
        ...

    def hint(self, place: FieldContext) -> str | None:
        """The hint for a value."""
        ...

    def is_endless(self, node: SchemaNode) -> bool:
        """Whether values of the schema nest without end."""
        ...

    def is_opposed(self, nodes: tuple[SchemaNode, ...]) -> bool:
        """Whether a value of these schemas must be a text that matches patterns which no text was found to match."""
        ...

    def build(self, items: tuple[Demand, ...], place: FieldContext) -> Any:
        """Build a value that satisfies all items. Raises Unsatisfiable or Malformed."""
        ...
