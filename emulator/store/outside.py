"""Taking turns from code that is not asynchronous, such as a command or a test."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def at_once(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end and return its result, whatever its store waits for.

    Within a running event loop nothing else could run meanwhile, so there it may only give way to others, as
    `asyncio.sleep(0)` does. Raises RuntimeError if it waits for more.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        loop = asyncio.new_event_loop()  # unlike asyncio.run this leaves the thread's own loop alone
        try:
            return loop.run_until_complete(coroutine)
        finally:
            loop.run_until_complete(loop.shutdown_asyncgens())  # with which a store closes its connections
            loop.close()
    try:
        while coroutine.send(None) is None:
            pass
    except StopIteration as done:
        result: T = done.value
        return result
    coroutine.close()
    raise RuntimeError("this store waits: await the coroutine in the event loop that is running")
