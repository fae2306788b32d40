"""The demands on one value, merged from all keywords of all schemas that apply to it.

Facts that contradict each other raise Unsatisfiable immediately, which keeps the search for a value short.
"""

import math
from collections.abc import Iterable
from typing import Any, NamedTuple, TypeAlias

from emulator.schema_values.assertions import divides
from emulator.schema_values.budget import Budget
from emulator.schema_values.errors import Unsatisfiable
from emulator.schema_values.nodes import SchemaNode
from emulator.schema_values.outline import Outline, any_left, both, outline
from emulator.schema_values.values import TYPES, common, equal, is_a, weight

Demand: TypeAlias = tuple[SchemaNode, bool | str]
"""A demand on a value: to be valid against a schema (True), not to be (False), or to fail the keyword of that name."""

Demands: TypeAlias = tuple[Demand, ...]
Scopes: TypeAlias = tuple[SchemaNode, ...]


_COUNTED = {
    "length": ("string", "characters"),
    "items": ("array", "items"),
    "properties": ("object", "properties"),
}


class Alternatives(NamedTuple):
    """A choice between options. `kind` is the keyword; `scopes` are the schemas that see what the option declares."""

    kind: str
    node: SchemaNode
    options: tuple[Demands, ...]
    scopes: Scopes
    name: str = ""


class Declaration(NamedTuple):
    """The property names that a schema declares by name or by pattern, or all names."""

    node: SchemaNode
    everything: bool = False

    def covers(self, name: str) -> bool:
        """Whether this name is declared."""
        if self.everything or name in self.node.members("properties"):
            return True
        matches = self.node.document.matches
        return any(matches(pattern, name) for pattern in self.node.members("patternProperties"))


class Facts:
    """The merged demands on one value. Bounds are inclusive unless `..._open`; counts are of characters or members.

    Work on them is counted in the budget of their schema.
    """

    strict: bool
    node: SchemaNode | None = None
    choices: tuple[Alternatives, ...] = ()
    forks: tuple[tuple[SchemaNode, Demands], ...] = ()
    risky: bool = False
    samples: tuple[Any, ...] = ()
    notes: tuple[str, ...] = ()
    types: frozenset[str] = TYPES
    values: tuple[Any, ...] | None = None
    excluded: tuple[Any, ...] = ()
    excluded_weight: int = 0
    low: float = -math.inf
    high: float = math.inf
    low_open: bool = False
    high_open: bool = False
    steps: tuple[float, ...] = ()
    not_steps: tuple[float, ...] = ()
    min_length: int = 0
    max_length: float = math.inf
    patterns: tuple[str, ...] = ()
    unlike: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    content: SchemaNode | None = None
    min_items: int = 0
    max_items: float = math.inf
    unique: bool = False
    repeated: bool = False
    rows: tuple[tuple[tuple[SchemaNode, ...], SchemaNode | None], ...] = ()
    contains: tuple[tuple[SchemaNode, int, float], ...] = ()
    by_pattern: tuple[tuple[str, SchemaNode], ...] = ()
    closures: tuple[tuple[Declaration, SchemaNode], ...] = ()
    names: tuple[SchemaNode, ...] = ()
    failing: tuple[tuple[SchemaNode, str], ...] = ()
    min_properties: int = 0
    max_properties: float = math.inf
    dependents: tuple[tuple[str, list[str]], ...] = ()

    def __init__(self, budget: Budget, *, strict: bool = True) -> None:
        self.budget = budget
        self.strict = strict
        self.absorbed: dict[Demand, None] = {}
        self.required: dict[str, None] = {}
        self.properties: dict[str, tuple[SchemaNode, ...]] = {}
        self.scopes: dict[SchemaNode, tuple[Declaration, ...]] = {}
        self.row_scopes: dict[SchemaNode, tuple[float, ...]] = {}
        self.outlines: dict[str, tuple[int, Outline, tuple[Any, ...]]] = {}

    def copy(self) -> "Facts":
        """Return a copy, which can be changed independently."""
        sizes = len(self.absorbed) + len(self.required) + len(self.properties) + len(self.choices)
        self.budget.spend(5 + sizes // 16)
        other = Facts(self.budget, strict=self.strict)
        for name, value in vars(self).items():
            setattr(other, name, value.copy() if isinstance(value, dict) else value)
        return other

    def conflict(self, why: str) -> Unsatisfiable:
        """Return the error for facts that contradict each other."""
        return Unsatisfiable(self.node.pointer if self.node else "#", why)

    def add_choice(self, choice: Alternatives) -> None:
        """Record a choice that is to be made."""
        self.budget.spend(1 + len(choice.options) // 8)
        self.choices += (choice,)

    def schemas_of(self, name: str) -> tuple[SchemaNode, ...]:
        """The demands on a property with this name."""
        nodes = self._declared(name)
        for scope, declared_here in self.scopes.items():
            self.budget.spend(1 + len(declared_here))
            if not any(declared.covers(name) for declared in declared_here):
                nodes += (scope.child("unevaluatedProperties"),)
        return nodes

    def _declared(self, name: str) -> tuple[SchemaNode, ...]:
        self.budget.spend(1 + len(self.by_pattern) + len(self.closures))
        nodes = self.properties.get(name, ())
        if self.by_pattern:
            nodes += tuple([node for pattern, node in self.by_pattern if node.document.matches(pattern, name)])
        if self.closures:
            nodes += tuple([node for declared, node in self.closures if not declared.covers(name)])
        return nodes

    def excludes(self, value: Any) -> bool:
        """Whether this value is excluded."""
        self.budget.spend(self.excluded_weight // 4)
        return any(equal(value, other) for other in self.excluded)

    def exclude(self, values: list[Any]) -> None:
        """Exclude these values."""
        self.excluded += tuple(values)
        self.excluded_weight += weight(values)
        self.budget.spend(self.excluded_weight // 16)

    def narrow(self, types: Iterable[str]) -> None:
        """Restrict the value to these types."""
        self.types &= frozenset(types)
        if not self.types:
            raise self.conflict("no type is left that all parts of the schema allow")

    def only(self, values: list[Any]) -> None:
        """Restrict the value to these values."""
        if self.values is None:
            self.values = tuple(values)
        else:
            self.budget.spend(weight(values) + weight(list(self.values)))
            self.values = tuple(common(self.values, values))
        if not self.values:
            raise self.conflict("no listed value satisfies all parts of the schema")

    def rule_out(self, types: set[str], why: str) -> None:
        """Exclude these types. Raises Unsatisfiable if none is left; if strict, also if there was none to exclude."""
        if self.types <= types or (self.strict and self.types == TYPES):
            raise self.conflict(why)
        self.types -= types

    def at_least(self, what: str, count: int) -> None:
        """Set a minimum for `length`, `items` or `properties`."""
        setattr(self, f"min_{what}", max(getattr(self, f"min_{what}"), count))
        self._check_count(what)

    def at_most(self, what: str, count: int) -> None:
        """Set a maximum for `length`, `items` or `properties`."""
        setattr(self, f"max_{what}", min(getattr(self, f"max_{what}"), count))
        self._check_count(what)

    def _check_count(self, what: str) -> None:
        low, high = getattr(self, f"min_{what}"), getattr(self, f"max_{what}")
        if low > high:
            kind, members = _COUNTED[what]
            self.rule_out({kind}, f"it must have at least {low} and at most {high} {members}")

    def differ(self) -> None:
        """Require different items, if the value is an array."""
        self.unique = True
        self._check_items()

    def repeat(self) -> None:
        """Require an array with two equal items."""
        self.narrow({"array"})
        self.repeated = True
        self.at_least("items", 2)
        self._check_items()

    def _check_items(self) -> None:
        if self.unique and self.repeated:
            self.rule_out({"array"}, "all of its items must differ, and two must be the same")

    def require(self, names: Iterable[str]) -> None:
        """Require these properties, if the value is an object."""
        for name in names:
            self.required[name] = None
            self._check_required(name)

    def _check_required(self, name: str) -> None:
        if any(node.schema is False for node in self._declared(name)):
            self.rule_out({"object"}, f"the property {name!r} is both required and forbidden")

    def declare(self, name: str, node: SchemaNode) -> None:
        """Add a schema for the property with this name, if it exists."""
        self.budget.spend()
        known = self.properties.get(name, ())
        self.properties[name] = (*known, node)
        if node.schema is False:
            if name in self.required:
                self._check_required(name)
        elif known and (self.strict or name in self.required) and not self._agree(name):
            raise self.conflict(f"no value of the property {name!r} satisfies all parts of the schema")

    def declare_by_pattern(self, pattern: str, node: SchemaNode) -> None:
        """Add a schema for the properties whose names match the pattern."""
        self.by_pattern += ((pattern, node),)
        self._check_all_required(node)

    def close(self, declared: Declaration, node: SchemaNode) -> None:
        """Add a schema for the properties that are not declared."""
        self.closures += ((declared, node),)
        self._check_all_required(node)

    def _check_all_required(self, node: SchemaNode) -> None:
        if node.schema is False:
            for name in self.required:
                self._check_required(name)

    def raise_low(self, bound: float, is_open: bool) -> None:
        """Set a minimum for a number; an open one is excluded."""
        self.low, self.low_open = max((self.low, self.low_open), (bound, is_open))
        self._check_span()

    def lower_high(self, bound: float, is_open: bool) -> None:
        """Set a maximum for a number; an open one is excluded."""
        high, is_closed = min((self.high, not self.high_open), (bound, not is_open))
        self.high, self.high_open = high, not is_closed
        self._check_span()

    def _check_span(self) -> None:
        if self.low > self.high or (self.low == self.high and (self.low_open or self.high_open)):
            self.rule_out({"integer", "number"}, f"no number is above {self.low} and below {self.high}")

    def add_step(self, step: float) -> None:
        """Require a multiple of `step`, if the value is a number."""
        self.steps += (step,)
        self._check_steps()

    def add_not_step(self, step: float) -> None:
        """Require a number that is not a multiple of `step`."""
        self.narrow({"number", "integer"})
        self.not_steps += (step,)
        self._check_steps()

    def _check_steps(self) -> None:
        for step in self.not_steps:
            if any(divides(step, other) for other in self.steps):
                self.rule_out({"integer", "number"}, f"a number must be a multiple of {step} and must not")

    def match(self, pattern: str) -> None:
        """Require that a string matches this pattern."""
        if pattern not in self.patterns:
            self.patterns += (pattern,)
            self._check_patterns()

    def differ_from(self, pattern: str) -> None:
        """Require a string that does not match this pattern."""
        self.narrow({"string"})
        self.unlike += (pattern,)
        self._check_patterns()

    def _check_patterns(self) -> None:
        if not set(self.patterns).isdisjoint(self.unlike):
            raise self.conflict("a text must match a pattern and must not")

    def _agree(self, name: str) -> bool:
        """Whether any value is left for a property, as far as outlines show."""
        nodes = self.properties[name]
        count, known, banned = self.outlines.get(name, (0, Outline(TYPES, None), ()))
        for node in nodes[count:]:
            known = both(known, outline(node))
            banned += _banned(node)
        self.outlines[name] = len(nodes), known, banned
        self.budget.spend(1 + len(nodes) // 64 + weight(list(known.values or ())) // 4 + weight(list(banned)) // 4)
        return any_left(known, banned)


def _banned(node: SchemaNode) -> tuple[Any, ...]:
    """The values that a schema excludes explicitly."""
    said = node.schema.get("not") if node.says("not") else None
    if not isinstance(said, dict) or not said.keys() <= {"const", "enum", "type"}:
        return ()
    types, values = outline(node.child("not"))
    return tuple(value for value in values or () if is_a(value, types))
