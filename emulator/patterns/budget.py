"""A number of steps, which the searches for several expressions share."""


class TooCostly(ValueError):
    """A search takes more steps than are left."""


class Budget:
    """A number of steps, each of about 20 nanoseconds."""

    def __init__(self, steps: float) -> None:
        self.left = steps

    def spend(self, steps: float) -> None:
        """Take steps away. Raises TooCostly if there are not enough left."""
        self.left -= steps
        if self.left < 0:
            raise TooCostly("it takes too long to find out which texts its patterns match")
