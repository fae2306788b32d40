"""The counter of calls: what it counts as one, and that it finds the same each time."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from support.walk import count, walk_all

from emulator.core import clock

HERE = Path(__file__)


async def numbers() -> AsyncIterator[int]:
    """Two numbers, and a pause before each."""
    for number in range(2):
        await asyncio.sleep(0)
        yield number


def letters() -> Iterator[str]:
    """Three letters."""
    yield from "abc"


def test_a_call_counts_once() -> None:
    """A coroutine or generator that goes on, or a comprehension, is no further call; each call is one of its own."""

    async def walk() -> None:
        assert [number async for number in numbers()] == [0, 1]
        assert [list(letters()) for _ in range(2)] == [["a", "b", "c"]] * 2

    assert asyncio.run(count(HERE.parent, walk)) == {HERE.name: 1 + 1 + 2}
    assert asyncio.run(count(HERE.parent / "elsewhere", walk)) == {}


def test_the_walks_are_the_same_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is counted depends on the source alone: a change of a figure is a change of the walk."""
    monkeypatch.setattr(clock, "_TURN", float("inf"))  # how often others have a turn depends on the machine
    walks = asyncio.run(walk_all())
    assert all(walks.values())
    assert walks == asyncio.run(walk_all())
