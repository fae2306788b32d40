"""Builds a value for a set of schemas: merges their demands, makes their choices, builds the value and tests it.

Every value is built from `Facts` that do not contradict each other. If the facts do not guarantee validity (`oneOf`,
`not`, `if` ...), the value is tested as soon as it is built. The cause of a failure, such as a second branch of a
`oneOf` that is also valid, becomes a demand of the next attempt. All work is counted in the budget of the schema.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, NamedTuple, TypeAlias

from emulator.core.seeds import Random, Seed
from emulator.schema_values import believable
from emulator.schema_values.absorb import absorb
from emulator.schema_values.arrays import array
from emulator.schema_values.budget import Budget
from emulator.schema_values.errors import Malformed, Unsatisfiable
from emulator.schema_values.facts import Alternatives, Demand, Demands, Facts
from emulator.schema_values.field_context import FieldContext
from emulator.schema_values.nodes import Document, SchemaNode
from emulator.schema_values.numbers import number
from emulator.schema_values.objects import object_
from emulator.schema_values.outline import DEEPEST, bare, depth, outline, subject
from emulator.schema_values.persona import Persona
from emulator.schema_values.preferences import NUMBERS, implied, is_any_text, keeps_formats, rank, usual_type
from emulator.schema_values.strings import opposed, string
from emulator.schema_values.validation import valid
from emulator.schema_values.values import TYPES, is_a, weight

_ROOM = 200
"""How many values an answer has, roughly, before optional parts of it are left out."""

_FRUGAL = 1_200
"""After so many values, everything optional is left out."""

_NESTED = 30
"""Values do not nest deeper."""

_BUILDING = 20
"""The steps that building a value takes, without the values in it."""

_ALTERNATIVES = 12
"""How many ways of choosing are tried at one place."""

_LESSONS = 4
"""How often what failed is learned from at one place."""


Lessons: TypeAlias = dict[Demands, tuple[Demand, ...]]
"""What to demand besides an option of a `oneOf`, if it is taken: that certain others are not valid too."""

BuildOutcome: TypeAlias = Facts | Unsatisfiable | Malformed
"""Facts, or why there are none."""


class BuildOptions(NamedTuple):
    """Options of an attempt.

    `careful` tests every value as it is built, `sparse` omits everything optional, `formats` makes `format` a demand,
    `any_type` also allows types that no keyword of the schema concerns, and `exact` tests only by the declared draft.
    """

    careful: bool = False
    sparse: bool = False
    formats: bool = False
    any_type: bool = False
    exact: bool = False


class Building:
    """One attempt at a value for a schema."""

    def __init__(
        self,
        schema: dict[str, Any] | bool,
        seed: Seed,
        hints: Mapping[str, Any],
        omitted: frozenset[str],
        sentences: Callable[[Random], str] | None,
        manner: BuildOptions,
        budget: Budget,
    ) -> None:
        self.document = Document(schema, budget, formats=manner.formats, exact=manner.exact)
        self.budget = budget
        self.random: Random = seed.random()
        self.hints = {name: hint for name, hint in hints.items() if isinstance(hint, str)}
        self.hinted = frozenset(hints)
        self.omitted = omitted
        self.sentences = sentences
        self.hopeless: set[str] = set()
        self.opposed: set[frozenset[str]] = set()
        self.spent = 0
        self._given = {name: hint for name, hint in hints.items() if not isinstance(hint, str)}
        self._manner = manner
        self._merged: dict[tuple[bool, Demands], BuildOutcome] = {}

    @property
    def sparse(self) -> bool:
        """Whether everything optional is omitted."""
        return self._manner.sparse or self.spent > _FRUGAL

    def hint(self, place: FieldContext) -> str | None:
        """The hint for a value. Only properties of the whole value have hints, not those of values in it."""
        return self.hints.get(place.name) if place.depth == 1 else None

    def is_endless(self, node: SchemaNode) -> bool:
        """Whether values of the schema nest without end."""
        return depth(node, any_type=self._manner.any_type) > DEEPEST

    def is_opposed(self, nodes: tuple[SchemaNode, ...]) -> bool:
        """Whether a value of these schemas must be a text that matches patterns which no text was found to match."""
        if not self.opposed:
            return False
        merged = self._merge(tuple((bare(node), True) for node in nodes), True)
        return isinstance(merged, Facts) and merged.types == {"string"} and opposed(merged.patterns, self.opposed)

    def whole(self) -> Any:
        """Build a valid value. Raises Unsatisfiable or Malformed."""
        root = self.document.root
        if self.is_endless(root):
            raise Unsatisfiable(root.pointer, "values would nest without end")
        title = root.schema["title"] if root.says("title") else ""
        name = title if isinstance(title, str) else ""
        place = FieldContext(
            "", name, Persona(self.random, list(self.hints.values())), 0, _ROOM, False, (subject(root),)
        )
        value = self.build(((root, True),), place)
        if not valid(root, value) or (self.document.mixed and not self._exactly_valid(value)):
            raise Unsatisfiable(root.pointer, "no value was found that satisfies all parts of the schema")
        return value

    def _exactly_valid(self, value: Any) -> bool:
        """Whether the value is also valid by the declared draft, which may not have all keywords of the schema."""
        document = Document(self.document.root.schema, self.budget, formats=self.document.formats, exact=True)
        return valid(document.root, value)

    def build(self, items: tuple[Demand, ...], place: FieldContext) -> Any:
        """Build a value that satisfies all items. Raises Unsatisfiable or Malformed."""
        self._spend(items, place)
        items = tuple([(bare(node), wanted) for node, wanted in items])
        problem: Exception | None = None
        lessons: Lessons = {}
        for _ in range(_LESSONS):
            learned = False
            for facts in self._alternatives(items, place, lessons):
                if isinstance(facts, Exception):
                    problem = problem or facts
                    continue
                try:
                    value = self._make(facts, place)
                    if not (facts.risky or self._manner.careful) or _satisfies(value, items):
                        return value
                except (Unsatisfiable, Malformed) as error:
                    problem = error
                    continue
                learned = _learn(lessons, facts, value)
                if learned:
                    break
            if not learned:
                break
        raise problem or Unsatisfiable(items[0][0].pointer, "no value was found that satisfies all parts of the schema")

    def _spend(self, items: tuple[Demand, ...], place: FieldContext) -> None:
        node = items[0][0] if items else self.document.root
        self.spent += 1
        self.budget.spend(_BUILDING + len(items) + min(len(place.name), believable.LONGEST) // 2)
        if place.depth > _NESTED:
            raise Unsatisfiable(node.pointer, "values would nest without end")

    # ------------------------------------------------------------------------------------------ choosing

    def _alternatives(self, items: tuple[Demand, ...], place: FieldContext, lessons: Lessons) -> Iterator[BuildOutcome]:
        """Yield the facts for each combination of choices, or the error if the combination is impossible."""
        for strict, meek in ((True, False), (True, True), (False, True)):
            merged = self._merge(items, strict)
            if isinstance(merged, Facts) and place.is_too_small_for(merged):
                merged = merged.conflict("there is no room for it")
            if meek and strict and not (isinstance(merged, Facts) and merged.choices):
                continue
            left = _ALTERNATIVES
            stack: list[Iterator[BuildOutcome]] = [iter((merged,))]
            while stack and left:
                facts = next(stack[-1], None)
                if facts is None:
                    stack.pop()
                elif isinstance(facts, Facts) and facts.choices and facts.values is None:
                    stack.append(self._choose(facts, place, lessons, meek))
                else:
                    left -= isinstance(facts, Facts)
                    yield facts

    def _merge(self, items: tuple[Demand, ...], strict: bool) -> BuildOutcome:
        key = strict, items
        found = self._merged.get(key)
        if found is None:
            found = self._merged[key] = _merged(Facts(self.budget, strict=strict), items, ())
        return found

    def _choose(self, facts: Facts, place: FieldContext, lessons: Lessons, meek: bool) -> Iterator[BuildOutcome]:
        """Yield the facts with one choice made in each way; with `meek`, the least demanding way comes first."""
        # Usually one of many conditions holds. The order is random, so that it is not always the same one.
        at = self.random.randint(0, len(facts.choices) - 1) if facts.choices[0].kind == "if" else 0
        choice = facts.choices[at]
        for option in self._ordered(choice, facts, place, meek):
            branch = facts.copy()
            branch.choices = facts.choices[:at] + facts.choices[at + 1 :]
            if choice.kind == "oneOf":
                branch.forks += ((choice.node, option),)
            yield _merged(branch, option + lessons.get(option, ()), choice.scopes)

    def _ordered(self, choice: Alternatives, facts: Facts, place: FieldContext, meek: bool) -> list[Demands]:
        options = list(choice.options)
        self.budget.spend(len(options) * (1 + len(place.within) // 8))
        if choice.kind in ("anyOf", "oneOf"):
            self.random.shuffle(options)
            tight = self.sparse or place.room <= 0 or place.depth > 6
            tight = tight or place.holds([choice.node, *(option[0][0] for option in options)])
            numeric = any(outline(option[0][0]).types <= NUMBERS for option in options)
            options.sort(key=lambda option: (numeric and is_any_text(option[0][0]), *rank(option, facts, tight)))
        elif choice.kind == "if":
            options = options[::-1] if meek or self.random.random() < 0.4 else options
        elif choice.kind == "dependency":
            options = options[::-1] if meek or self.sparse or choice.name not in facts.properties else options
        return options

    # ------------------------------------------------------------------------------------------ making

    def _make(self, facts: Facts, place: FieldContext) -> Any:
        if place.depth == 1 and place.name in self._given:
            given = self._given[place.name]
            self.budget.spend(weight(given))
            believed = believable.fits(place.name, place.parent, facts.notes, given)
            if believed and _complies(facts, given) and all(keeps_formats(node, given) for node, _ in facts.absorbed):
                return given
        if facts.values is not None:
            return self._listed(facts, place)
        if facts.types == TYPES and facts.samples:
            facts = facts.copy()
            facts.only(list(facts.samples))
            with suppress(Unsatisfiable):
                return self._listed(facts, place)
        problem: Exception | None = None
        for kind in self._kinds(facts, place):
            try:
                return self._of_kind(kind, facts, place)
            except (Unsatisfiable, Malformed) as error:
                problem = problem or error
        raise problem or facts.conflict("no type is left that all parts of the schema allow")

    def _listed(self, facts: Facts, place: FieldContext) -> Any:
        """Choose one of the listed values: that of the hint, or any, but null and empty values last."""
        hint = self.hint(place)
        self.budget.spend(len(facts.values or ()) if hint is None else weight(list(facts.values or ())))
        values = [value for value in facts.values or () if is_a(value, facts.types)]
        self.random.shuffle(values)
        values.sort(key=lambda value: (hint is None or str(value).lower() != hint.lower(), value in (None, "")))
        for value in values:
            if _complies(facts, value):
                return value
        raise facts.conflict("no listed value satisfies all parts of the schema")

    def _kinds(self, facts: Facts, place: FieldContext) -> list[str]:
        """The allowed types, the most likely first."""
        if len(facts.types) == 1:
            return list(facts.types)
        spoken_of = implied(facts)
        if facts.types == TYPES and not spoken_of:
            return [usual_type(place.name), "string", "integer", "boolean", "object", "array", "number", "null"]
        types = spoken_of if facts.types == TYPES and not self._manner.any_type else facts.types
        kinds = sorted(types - ({"integer"} if "number" in types else set()))
        self.random.shuffle(kinds)
        tight = place.optional and place.room <= 0
        texts = "string" if spoken_of.isdisjoint(NUMBERS | {"string"}) and not types.isdisjoint(NUMBERS) else ""
        return sorted(
            kinds,
            key=lambda kind: (kind in ("null", texts), tight and kind in ("array", "object"), kind not in spoken_of),
        )

    def _of_kind(self, kind: str, facts: Facts, place: FieldContext) -> Any:
        match kind:
            case "object":
                return object_(self, facts, place)
            case "array":
                return array(self, facts, place)
            case "string":
                return string(self, facts, place)
            case "number" | "integer":
                return number(self, facts, place)
            case "boolean":
                return self._boolean(facts, place)
            case _:
                return None

    def _boolean(self, facts: Facts, place: FieldContext) -> bool:
        options = [value for value in (True, False) if not facts.excludes(value)]
        if not options:
            raise facts.conflict("neither true nor false is allowed")
        hint = self.hint(place)
        hinted = hint is not None and hint.lower() == "true"
        return hinted if hint is not None and hinted in options else self.random.choice(options)


def _merged(facts: Facts, items: tuple[Demand, ...], scopes: Any) -> BuildOutcome:
    try:
        for item in items:
            absorb(facts, item, scopes)
    except (Unsatisfiable, Malformed) as error:
        return error
    return facts


def _satisfies(value: Any, items: tuple[Demand, ...]) -> bool:
    return all(valid(node, value) is (wanted is True) for node, wanted in items)


def _complies(facts: Facts, value: Any) -> bool:
    """Whether a listed value satisfies the merged schemas."""
    return all(valid(node, value) is (wanted is True) for node, wanted in facts.absorbed)


def _learn(lessons: Lessons, facts: Facts, value: Any) -> bool:
    """Add demands that exclude the cause of an invalid value: other branches of a `oneOf` that are also valid."""
    before = len(lessons), sum(map(len, lessons.values()))
    for node, option in facts.forks:
        known = lessons.get(option, ())
        held = [(part, False) for part in node.children("oneOf") if (part, True) not in option and valid(part, value)]
        lessons[option] = tuple(dict.fromkeys([*known, *held]))
    return before != (len(lessons), sum(map(len, lessons.values())))
