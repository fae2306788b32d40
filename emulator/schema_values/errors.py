"""What can be wrong with a schema."""


class Unsatisfiable(ValueError):
    """No value satisfies the schema, or none was found within bounds.

    `where` is the JSON pointer of the part of the schema that cannot be satisfied, `why` a sentence for people.

    >>> str(Unsatisfiable("#/properties/age", "the minimum 9 is above the maximum 5"))
    '#/properties/age: the minimum 9 is above the maximum 5'
    """

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"{where}: {why}")
        self.where = where
        self.why = why


class Malformed(ValueError):
    """What was given is not a JSON Schema. `where` is the JSON pointer of the part at fault, `why` a sentence."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"{where}: {why}")
        self.where = where
        self.why = why
