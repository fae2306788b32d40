"""The errors of a schema."""

_SHOWN = 80
"""Characters of a pattern in a message."""


class Unsatisfiable(ValueError):
    """No value satisfies the schema, or none was found within bounds.

    `where` is the JSON pointer of the part that cannot be satisfied; `why` is the reason, in a sentence.

    >>> str(Unsatisfiable("#/properties/age", "the minimum 9 is above the maximum 5"))
    '#/properties/age: the minimum 9 is above the maximum 5'
    """

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"{where}: {why}")
        self.where = where
        self.why = why


class TooComplex(Exception):
    """The work on a schema exceeds its budget. It ends all attempts, so it is neither of the other errors."""

    def __init__(self, why: str = "it takes too many steps to find out which values it allows") -> None:
        super().__init__(why)


class Malformed(ValueError):
    """A document is not a JSON Schema. `where` is the JSON pointer of the part at fault; `why` is the reason."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"{where}: {why}")
        self.where = where
        self.why = why


def malformed_pattern(where: str, pattern: object, why: Exception) -> Malformed:
    """The error for a pattern that is not a regular expression, of which a long one is shown in part."""
    shown = repr(pattern)
    return Malformed(where, f"{shown[:_SHOWN]}{'...' if len(shown) > _SHOWN else ''} {why}")
