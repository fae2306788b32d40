"""Asking all workers something, and waiting for what they answer."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Protocol

from emulator.core.seeds import Seed

_PATIENCE = 3.0
"""Seconds after which a worker that does not answer is taken for gone."""


class Others(Protocol):
    """What is needed of the store."""

    @property
    def worker(self) -> str:
        """The id of this worker."""
        ...

    async def tell(self, message: str) -> int:
        """Tell all workers, this one included, and return how many have heard it."""
        ...

    async def alive(self) -> set[str]:
        """The workers that are alive, this one included."""
        ...


class Questions:
    """Questions to all workers, this one included. `answers` has what answers a question of each kind."""

    def __init__(self, others: Others, answers: Mapping[str, Callable[[str], Awaitable[str]]]) -> None:
        self._others = others
        self._answers = answers
        self._open: dict[str, tuple[dict[str, str], asyncio.Event]] = {}

    async def ask(self, kind: str, about: str = "") -> list[str]:
        """Return the answers of all workers that are alive. Raises Lost.

        A worker that has died is not waited for: Redis notices at once that its connection is closed.
        """
        id = Seed.unpredictable().hex(16)
        answers, heard = self._open[id] = {}, asyncio.Event()
        try:
            alive = await self._others.alive()
            asked = await self._others.tell(f"ask {id} {kind} {about}")
            with suppress(TimeoutError):
                async with asyncio.timeout(_PATIENCE):
                    while len(answers) < asked and not alive <= answers.keys():
                        heard.clear()
                        await heard.wait()
        finally:
            del self._open[id]
        return list(answers.values())

    async def answer(self, message: str) -> None:
        """Answer a question."""
        id, kind, about = message.split(" ", 2)
        said = await self._answers[kind](about)
        await self._others.tell(f"answer {id} {self._others.worker} {said}")

    def hear(self, message: str) -> None:
        """Note the answer of a worker."""
        id, worker, said = message.split(" ", 2)
        if id in self._open:
            answers, heard = self._open[id]
            answers[worker] = said
            heard.set()
