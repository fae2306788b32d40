"""Long work in an event loop, in slices, between which others have their turn."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import TypeVar

T = TypeVar("T")
_SLICE = 0.005
"""Seconds after which others have their turn."""


async def sliced(steps: Iterable[T]) -> AsyncIterator[T]:
    """The items of an iterable that takes long as a whole, but not for one item."""
    loop = asyncio.get_running_loop()
    end = loop.time() + _SLICE
    for each in steps:
        yield each
        if loop.time() >= end:
            await asyncio.sleep(0)
            end = loop.time() + _SLICE


async def listed(steps: Iterable[T | None]) -> list[T]:
    """The items that such an iterable finds. Where it found none, it has None, so that there are pauses meanwhile."""
    return [each async for each in sliced(steps) if each is not None]
