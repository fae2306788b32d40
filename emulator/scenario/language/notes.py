"""What readers note while a scenario is read, for readers of later keys and for the checks at the end."""

from emulator.core.catalog import Catalog
from emulator.scenario.reading.readers import Cursor
from emulator.scenario.types import Criterion, Rule


class Notes:
    """The notes of one reading. A name that is noted with a cursor can be reported as a mistake later."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        """The catalogue, with the scenario's own models once these have been read."""
        self.groups: frozenset[str] = frozenset()
        """The named groups of the rule that is being read."""
        self.template_parts = 0
        """The parts of the templates that were read, as `sandbox.parts` counts them."""
        self.rules: list[tuple[Cursor, Rule]] = []
        self.rule_names: dict[str, Cursor] = {}
        self.expected_rules: list[tuple[Cursor, str]] = []
        self.criteria: dict[tuple[str, str], list[Criterion]] = {}
        """The criteria of each key of a condition, by the key and its value as JSON."""
        self.states_set: dict[str, list[str]] = {}
        self.states_matched: list[tuple[Cursor, str, tuple[str, ...]]] = []
        self.tools_offered: dict[str, None] = {}
        self.tools_called: list[tuple[Cursor, str]] = []
        self.tools_answered: list[tuple[Cursor, tuple[str, ...]]] = []


def notes(cursor: Cursor) -> Notes:
    """The notes of the reading that a cursor belongs to."""
    found: Notes = cursor.notes
    return found
