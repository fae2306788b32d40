"""The key `when` of a rule: a condition. Each of its keys becomes criteria, all of which a request must meet."""

import json
from collections.abc import Mapping
from typing import Any

from emulator.scenario.language.criteria import PROPERTY_KEYS
from emulator.scenario.language.foreign import hints_at_keys
from emulator.scenario.language.notes import notes
from emulator.scenario.match import description, differences, groups, match
from emulator.scenario.reading.readers import Cursor, Reader, Section, SectionKey, listed
from emulator.scenario.subject import Subject
from emulator.scenario.types import Condition, Criterion

# ---------------------------------------------------------------------------------------------- combinations


def _not(cursor: Cursor) -> list[Criterion]:
    inner = CONDITION.reader.read(cursor)
    return [
        Criterion(
            "not",
            f"no match of: {description(inner)}",
            _cost(inner),
            lambda subject: match(inner, subject) is None,
            lambda subject: "a match",
        )
    ]


def _any(cursor: Cursor) -> list[Criterion]:
    options = _CONDITIONS.read(cursor)

    def found(subject: Subject) -> Mapping[str, str]:
        first = next(option for option in options if match(option, subject))
        return groups(first, subject)

    return [
        Criterion(
            "any",
            " or ".join(map(description, options)),
            sum(map(_cost, options)),
            lambda subject: any(match(option, subject) is not None for option in options),
            lambda subject: "; ".join(str(each) for option in options for each in differences(option, subject)),
            found,
            tuple(name for option in options for name in option.names),
        )
    ]


def _all(cursor: Cursor) -> list[Criterion]:
    return [criterion for condition in _CONDITIONS.read(cursor) for criterion in condition.criteria]


def _cost(condition: Condition) -> int:
    return sum(criterion.cost for criterion in condition.criteria)


# ---------------------------------------------------------------------------------------------- the table


def _condition(cursor: Cursor, values: Mapping[str, list[Criterion]]) -> Condition:
    written = cursor.node.plain()
    shared = [_shared(cursor, name, written.get(name), criteria) for name, criteria in values.items()]
    criteria = sorted((criterion for each in shared for criterion in each), key=lambda criterion: criterion.cost)
    names = dict.fromkeys(name for criterion in criteria for name in criterion.names)
    return Condition(tuple(criteria), tuple(names), written, frozenset(criteria))


def _shared(cursor: Cursor, name: str, written: Any, criteria: list[Criterion]) -> list[Criterion]:
    """The criteria that an earlier rule already has for the same key and value, so that each is checked only once."""
    key = (name, json.dumps(written, sort_keys=True, default=str))
    return notes(cursor).criteria.setdefault(key, criteria)


def _table() -> tuple[SectionKey, ...]:
    """All keys. Those of combinations contain conditions, so the table is made when it is first used."""
    return (
        *PROPERTY_KEYS,
        SectionKey("not", Reader(CONDITION.what, _not, CONDITION.reader.schema), "this condition does not hold"),
        SectionKey("any", Reader(_CONDITIONS.what, _any, _CONDITIONS.schema), "one of these conditions holds"),
        SectionKey("all", Reader(_CONDITIONS.what, _all, _CONDITIONS.schema), "all of these conditions hold"),
    )


CONDITION: Section[Condition] = Section(
    "condition",
    "a condition",
    "{last_user: {contains: weather}}",
    _table,
    _condition,
    hints=hints_at_keys("condition"),
)
_CONDITIONS = listed(CONDITION.reader, "a list of conditions", at_least=1)
