"""What tests wait for besides the tasks of their own event loop."""

from collections.abc import Awaitable, Callable
from weakref import WeakMethod

from emulator.core.clock import ALL_TASKS, Tasks


class _Elsewhere:
    """Functions that return once nothing is under way in another process; each is called as long as its owner lives."""

    def __init__(self) -> None:
        self._methods: list[WeakMethod[Callable[[Tasks], Awaitable[None]]]] = []

    def add(self, settled: Callable[[Tasks], Awaitable[None]]) -> None:
        """Wait for this, too."""
        self._methods = [each for each in self._methods if each() is not None]
        self._methods.append(WeakMethod(settled))

    async def settled(self) -> None:
        """Return once nothing is under way."""
        for each in self._methods:
            if (settled := each()) is not None:
                await settled(ALL_TASKS)


elsewhere = _Elsewhere()
