"""Builds objects: the declared properties for which there is room, and invented ones if none are declared."""

from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import Any

from emulator.schema_values import believable, related
from emulator.schema_values.errors import Malformed, Unsatisfiable
from emulator.schema_values.facts import Declaration, Demand, Facts
from emulator.schema_values.field_context import Builder, FieldContext
from emulator.schema_values.nodes import SchemaNode
from emulator.schema_values.outline import DEEPEST, depth, is_plain, is_unknown
from emulator.schema_values.persona import Persona
from emulator.schema_values.validation import valid

_DEEP = 7
"""Objects and arrays that are deeper than this are left out where they may be."""

_LARGEST = 1_000
"""Larger objects are not built, whatever a schema asks for."""

_TRIES = 24
_FAILURES = 3


def object_(builder: Builder, facts: Facts, place: FieldContext) -> dict[str, Any]:
    """Build an object that satisfies the facts. Raises Unsatisfiable."""
    return _ObjectBuilder(builder, facts, place).made()


class _ObjectBuilder:
    """Builds one object. `around` is what it is called: by its members, its own name, and the title of its schema."""

    def __init__(self, builder: Builder, facts: Facts, place: FieldContext) -> None:
        self.builder = builder
        self.facts = facts
        self.place = place
        self.built: dict[str, Any] = {}
        self.failing: dict[str, None] = {}
        kind, titles = believable.kind(facts.properties.keys()), [node.title for node in place.within[-1:]]
        self.around = " ".join([kind, place.name or place.parent, *titles])
        self._schemas: dict[str, tuple[SchemaNode, ...]] = {}

    def made(self) -> dict[str, Any]:
        facts = self.facts
        if facts.min_properties > min(facts.max_properties, _LARGEST) or len(facts.required) > facts.max_properties:
            raise facts.conflict("it must have more properties than it may have")
        if self.place.is_too_small_for(facts):
            raise facts.conflict("there is no room for it")
        for node, keyword in facts.failing:
            self.fail(node, keyword)
        names = self.names()
        self.build_all(names)
        wanted = self.wanted()
        while (len(self.built) < wanted or facts.excludes(self.built)) and self.invented():
            pass
        self.drop_unsupported()
        self.relate()
        if len(self.built) < facts.min_properties:
            raise facts.conflict(f"no object with {facts.min_properties} properties was found")
        for name in reversed(names):
            if facts.excludes(self.built) and name not in self.needed():
                self.built.pop(name, None)
        return {name: self.built[name] for name in [*names, *self.built] if name in self.built}

    # ------------------------------------------------------------------------------------------ which

    def schemas_of(self, name: str) -> tuple[SchemaNode, ...]:
        """The demands on a property with this name."""
        found = self._schemas.get(name)
        if found is None:
            found = self._schemas[name] = self.facts.schemas_of(name)
        return found

    def allows(self, name: str) -> bool:
        """Whether a property with this name may exist, as far as this is known without building it."""
        return all(node.schema is not False for node in self.schemas_of(name))

    def names(self) -> list[str]:
        """The properties to build, in the order of their declaration."""
        facts = self.facts
        must = self.needed()
        if self.builder.sparse:
            return list(must)
        declared = [name for name in facts.properties if name in must or self.allows(name)]
        names = list(dict.fromkeys([*declared, *must]))
        surplus = len(names) - min(facts.max_properties, _LARGEST)
        kept = []
        for name in reversed(names):
            if surplus > 0 and name not in must:
                surplus -= 1
            else:
                kept.append(name)
        return kept[::-1]

    def needed(self) -> dict[str, None]:
        """The required properties, those that make a keyword fail, and those on which these depend."""
        self.builder.budget.spend(1 + len(self.facts.required) // 16 + len(self.facts.dependents) // 2)
        needed = self.facts.required | self.failing
        if self.facts.dependents:
            dependents: dict[str, list[str]] = {}
            for name, others in self.facts.dependents:
                dependents.setdefault(name, []).extend(others)
            todo = list(needed)
            for name in todo:
                others = [other for other in dependents.pop(name, ()) if other not in needed]
                needed |= dict.fromkeys(others)
                todo += others
        return needed

    # ------------------------------------------------------------------------------------------ building

    def build_all(self, names: list[str]) -> None:
        """Build the plain properties first, which are cheap; then share the remaining room among the others."""
        must = self.needed()
        schemas = {name: self.schemas_of(name) for name in sorted(names, key=lambda name: name not in must)}
        for name in must if self.builder.opposed else ():
            if self.builder.is_opposed(schemas[name]):
                raise self.facts.conflict(f"no text satisfies all parts of the schema of the property {name!r}")
        plain = {name for name, nodes in schemas.items() if nodes and all(map(is_plain, nodes))}
        for name, nodes in schemas.items():
            if name in plain:
                self.attempt(name, nodes, 0, name in must)
        others = [name for name in schemas if name not in plain]
        room = self.place.room - len(names)
        for rank, name in enumerate(others):
            before = self.builder.spent
            share = max(0, room) // (len(others) - rank)
            self.attempt(name, schemas[name], share, name in must)
            room -= self.builder.spent - before

    def fits(self, name: str, nodes: tuple[SchemaNode, ...], room: int) -> bool:
        """Whether to build an optional property: it is not omitted, its schema is known, and there is room for it."""
        self.builder.budget.spend(len(nodes) * (1 + len(self.place.within) // 32))
        if not self.place.depth and name in self.builder.omitted:
            return False
        if self.builder.sparse or any(map(is_unknown, nodes)) or self.place.holds(nodes):
            return False
        levels = max(map(depth, nodes), default=0)
        return room >= levels and levels <= DEEPEST and (self.place.depth < _DEEP or not levels)

    def attempt(self, name: str, nodes: tuple[SchemaNode, ...], room: int, must: bool) -> None:
        """Build a property. An optional one is omitted if it does not fit or cannot be built."""
        if name in self.built:
            return
        if must and not self.allows(name):
            raise self.facts.conflict(f"the property {name!r} is required and not allowed")
        if must and any(map(self.builder.is_endless, nodes)):
            raise Unsatisfiable(nodes[0].pointer, "values would nest without end")
        try:
            if must or self.fits(name, nodes, room):
                items = tuple((node, True) for node in nodes)
                self.built[name] = self.builder.build(items, self.inside(name, nodes, room, must))
        except (Unsatisfiable, Malformed):
            if must:
                raise

    def inside(self, name: str, nodes: tuple[SchemaNode, ...], room: int, must: bool) -> FieldContext:
        place = self.place
        persona = Persona(self.builder.random) if believable.is_someone(name) else place.persona
        return FieldContext(name, self.around, persona, place.depth + 1, room, not must, place.inside(nodes))

    def relate(self) -> None:
        """Make values agree that belong together, where their own schemas allow it and nobody gave them."""
        if self.builder.sparse or self.facts.risky or len(self.built) < 2:
            return
        for change in related.changes(self.built):
            if (self.place.depth or self.builder.hinted.isdisjoint(change)) and all(
                self.permits(*member) for member in change.items()
            ):
                self.built |= change

    def permits(self, name: str, value: Any) -> bool:
        return all(valid(node, value) for node in self.schemas_of(name))

    # ------------------------------------------------------------------------------------------ failing

    def fail(self, node: SchemaNode, keyword: str) -> None:
        """Build a property that makes the keyword of the node fail: a declared one if possible, otherwise another."""
        problem: Exception | None = None
        names = chain(self.facts.properties, self.facts.required, self.names_to_fail(node, keyword))
        for name in islice(names, len(self.facts.properties) + len(self.facts.required) + _TRIES):
            items = self.failing_items(node, keyword, name)
            if items is None or name in self.built or not self.allows(name):
                continue
            nodes = self.schemas_of(name)
            items += tuple((node, True) for node in nodes)
            try:
                room = max(0, self.place.room - 4) // 2
                self.built[name] = self.builder.build(items, self.inside(name, nodes, room, True))
            except (Unsatisfiable, Malformed) as error:
                problem = problem or error
            else:
                self.failing[name] = None
                return
        raise problem or self.facts.conflict(f"no property was found that {keyword} does not allow")

    def failing_items(self, node: SchemaNode, keyword: str, name: str) -> tuple[Demand, ...] | None:
        """The demands on a property that makes the keyword fail; None if the property with this name cannot."""
        if keyword == "propertyNames":
            return None if valid(node.child(keyword), name) else ()
        if keyword == "patternProperties":
            matches = node.document.matches
            parts = [part for pattern, part in node.members(keyword).items() if matches(pattern, name)]
        else:
            everything = keyword != "additionalProperties" and "additionalProperties" in node.schema
            parts = [] if Declaration(node, everything).covers(name) else [node.child(keyword)]
        return next((((part, False),) for part in parts if part.schema is not True), None)

    def names_to_fail(self, node: SchemaNode, keyword: str) -> Iterator[str]:
        """Invented property names that may make the keyword fail."""
        named = tuple(node.members(keyword)) if keyword == "patternProperties" else ()
        failing: tuple[Demand, ...] = ((node.child(keyword), False),) if keyword == "propertyNames" else ()
        while True:
            yield self.name(named, failing)

    # ------------------------------------------------------------------------------------------ inventing

    def wanted(self) -> int:
        """The number of properties to build: the minimum, or one or two if names can be invented freely."""
        facts = self.facts
        least = facts.min_properties
        if not self.built and not self.builder.sparse and self.place.room > 0:
            free = bool(facts.by_pattern or facts.names) or any(node.schema is not False for _, node in facts.closures)
            least = max(least, 2 if free and self.place.depth < _DEEP else 0)
        return int(min(least, facts.max_properties))

    def invented(self) -> bool:
        """Add a property with an undeclared name, if possible."""
        failed = 0
        for _ in range(_TRIES):
            try:
                name = self.name()
            except Unsatisfiable:
                return False
            if name in self.built or not self.allows(name):
                continue
            try:
                self.attempt(name, self.schemas_of(name), max(0, self.place.room - 4) // 2, True)
                return True
            except (Unsatisfiable, Malformed):
                failed += 1
                if failed == _FAILURES:
                    break
        return False

    def name(self, patterns: Sequence[str] = (), more: tuple[Demand, ...] = ()) -> str:
        """A name for an invented property: one that matches its pattern, or one that is usual for such a map."""
        facts, random = self.facts, self.builder.random
        self.builder.budget.spend(1 + len(facts.by_pattern) // 8)
        patterns = patterns or [pattern for pattern, node in facts.by_pattern if node.schema is not False]
        usual = random.choice(believable.keys(self.place.name))
        example = f"{usual}_{len(self.built)}" if usual in self.built else usual
        said: dict[str, Any] = {"type": "string", "examples": [example]}
        if patterns and random.random() < 0.8:
            said["pattern"] = random.choice(patterns)
        node = self.builder.document.derived(said, self.builder.document.root)
        items: tuple[Demand, ...] = ((node, True), *((part, True) for part in facts.names), *more)
        return str(self.builder.build(items, FieldContext("", "", self.place.persona, self.place.depth + 1, 0, False)))

    def drop_unsupported(self) -> None:
        """Remove optional properties whose dependents could not be built."""
        unsupported = True
        while unsupported:
            self.builder.budget.spend(len(self.facts.dependents) // 4)
            unsupported = False
            for name, others in self.facts.dependents:
                if name in self.built and any(other not in self.built for other in others):
                    if name in self.facts.required:
                        raise self.facts.conflict(f"the property {name!r} needs others that cannot be there")
                    del self.built[name]
                    unsupported = True
