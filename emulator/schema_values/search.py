"""The patterns of a schema, with bounded work."""

from emulator.patterns import Budget, Pattern, TooCostly
from emulator.schema_values.errors import Unsatisfiable
from emulator.schema_values.regex import compiled

_CHARACTERS = 20_000
"""The patterns of one document have so many characters in all."""
_STEPS = 5_000_000
"""The searches for them take so many steps."""


class Searches:
    """The searches for the patterns of one document."""

    def __init__(self) -> None:
        self._characters = _CHARACTERS
        self._budget = Budget(_STEPS)
        self._patterns: dict[str, Pattern] = {}
        self._found: dict[tuple[str, str], bool] = {}

    def compiled(self, pattern: str) -> Pattern:
        """Compile a pattern. Raises ValueError for an invalid regular expression, and if the patterns are too long."""
        if pattern not in self._patterns:
            self._characters -= len(pattern)
            if self._characters < 0:
                raise ValueError(f"is too long: the patterns of a schema have at most {_CHARACTERS:,} characters")
            self._patterns[pattern] = compiled(pattern)
        return self._patterns[pattern]

    def matches(self, pattern: str, text: str) -> bool:
        """Whether the pattern matches anywhere in the text, which is found out once.

        Raises Unsatisfiable if the searches take too long, and ValueError for a pattern that `compiled` refuses.
        """
        found = self._found.get((pattern, text))
        if found is None:
            try:
                found = self._found[pattern, text] = self.compiled(pattern).matches_within(self._budget, text)
            except TooCostly:
                raise Unsatisfiable("#", "it takes too long to find out which texts its patterns match") from None
        return found
