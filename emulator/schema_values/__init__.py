"""Generates a believable value that is valid against a JSON Schema. The value depends on a seed.

A package of its own: of this project it imports only seeds and patterns. README.md shows its use, and docs/values.md
describes the values for their readers.

It promises that a value is valid by the draft that its schema declares (3 to 2020-12), or that an error says where no
value was found and why; that the same schema, seed and hints give the same value anywhere; that optional properties are
there where they fit; and that the work ends, since every step of it is counted.

How it searches, from the outside in:

- `nodes`, `resources`, `drafts`: the schema as a graph of nodes, with references resolved as its draft has it.
- `absorb`, `facts`, `negation`: all schemas of a place are merged into facts. Facts that contradict each other are an
  error at once, which keeps the search short; a choice (`anyOf`, `if` ...) is left open.
- `builder`: makes the choices, builds a value from the facts, and tests it (`validation`) where they do not guarantee
  that it is valid. Why a value was not is a demand of the next try. `value` has six manners of trying, from the most
  believable to the most careful.
- `objects`, `arrays`, `strings`, `numbers`: build one kind of value each, trying candidates from the most believable to
  the most certain: hints, examples, what descriptions say (`phrases`), formats, what names say (`believable` with its
  tables `lexicon`, `kinds`, `things`, `prose` and `measures`), and what patterns match (`regex`, `spelling`). Members
  of one object are about one `persona`, and agree with each other (`related`, `totals`).

The budgets: `budget.STEPS` for all work on a schema, of which an attempt takes two thirds of what is left; a number of
values, levels, items and properties in `builder`, `item_plans` and `objects`; `phrases.LONGEST` characters of a
description.
"""

from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from typing import Any

from emulator.core.seeds import Random, Seed
from emulator.schema_values.budget import Budget
from emulator.schema_values.builder import Building, BuildOptions
from emulator.schema_values.checking import check_document
from emulator.schema_values.errors import Malformed, TooComplex, Unsatisfiable
from emulator.schema_values.nodes import Document

__all__ = ["Budget", "Malformed", "TooComplex", "Unsatisfiable", "check", "value"]

_MANNERS = (
    BuildOptions(),
    BuildOptions(careful=True),
    BuildOptions(careful=True, exact=True),
    BuildOptions(careful=True, sparse=True),
    BuildOptions(careful=True, sparse=True, any_type=True),
    BuildOptions(careful=True, any_type=True, formats=True),
)
"""How to try, one after the other. The first nearly always does; `format` is only asserted where nothing else helps."""


def value(
    schema: Mapping[str, Any] | bool,
    seed: Seed,
    *,
    hints: Mapping[str, Any] | None = None,
    omitted: Collection[str] = (),
    sentences: Callable[[Random], str] | None = None,
    budget: Budget | None = None,
) -> Any:
    """Generate a value that is valid against the schema.

    The same schema, seed and hints give the same value. `hints` maps names of the properties of the value to values for
    them, such as words of the conversation; a hint that the schema does not allow is ignored. A text is also read as a
    number or a truth value. Optional properties of the value whose names are `omitted` are left out if they can be.
    `sentences` writes a sentence about the conversation, for texts such as summaries and reasons. All attempts share
    the `budget`, which is a new one unless it is given; each may take two thirds of what is left of it.

    Raises Unsatisfiable if no value satisfies the schema or none was found, Malformed if `schema` is not a JSON Schema,
    and TooComplex if the budget is spent.
    """
    root, budget = _root(schema), budget or Budget()
    problem: Exception | None = None
    for attempt, manner in enumerate(_MANNERS):
        with suppress(TooComplex, RecursionError), budget.most() as share:
            try:
                left_out = frozenset(omitted if attempt == 0 else ())
                return Building(root, seed.child(attempt), hints or {}, left_out, sentences, manner, share).whole()
            except (Unsatisfiable, Malformed) as error:
                problem = problem or error
    raise problem or TooComplex


def check(schema: Mapping[str, Any] | bool, *, budget: Budget | None = None) -> None:
    """Raise Malformed if this is not a JSON Schema: for invalid keywords, patterns or references.

    Raises TooComplex if the budget is spent.
    """
    check_document(Document(_root(schema), budget))


def _root(schema: Any) -> dict[str, Any] | bool:
    if isinstance(schema, bool):
        return schema
    if not isinstance(schema, Mapping):
        raise Malformed("#", "a schema must be an object or a boolean")
    return dict(schema)
