"""Driving the real SDKs: one test for the sync and the async client, and live servers that answer as a test says."""

import asyncio
import contextlib
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, TypeAlias

from emulator import Emulator
from emulator.core.errors import ERRORS, ApiError, ErrorKind
from emulator.core.plan import Plan
from emulator.core.vocabulary import End, Event, Failure, Finish, InferenceRequest, Start, Step, Text, Usage

CONTRACT = (Path(__file__).parents[2] / "docs" / "contract.md").read_text(encoding="utf-8")
Ask: TypeAlias = Callable[[Any], Any]

START = Start("0" * 32, "m", 0, 3)
HELLO: tuple[Event, ...] = (START, Text(0, "Hello"), Text(0, " there"), Finish(0, "stop"), End(Usage(3, 2)))


class Sync:
    """A client that blocks. What is asked is a function of the client, so that it can be asked of the other kind."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __call__(self, ask: Ask) -> Any:
        """The result of one call."""
        return ask(self._client)

    def each(self, ask: Ask, into: list[Any] | None = None) -> list[Any]:
        """All that a stream or a paged list gives; `into` has what came also when an exception ends it."""
        items = [] if into is None else into
        for item in ask(self._client):
            items.append(item)
        return items

    def watch(self, ask: Ask, final: str) -> tuple[list[Any], Any]:
        """The events of a `.stream()` helper, and what its method `final` has accumulated."""
        with ask(self._client) as stream:
            return list(stream), getattr(stream, final)()

    def first(self, ask: Ask) -> Any:
        """The first item of a stream that is closed early."""
        with ask(self._client) as stream:
            return next(iter(stream))

    def close(self) -> None:
        """Close the client."""
        self._client.close()


class Async:
    """A client that is awaited; here each call is awaited to its end."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._runner = asyncio.Runner()

    def __call__(self, ask: Ask) -> Any:
        """The result of one call."""

        async def call() -> Any:
            return await ask(self._client)

        return self._runner.run(call())

    def each(self, ask: Ask, into: list[Any] | None = None) -> list[Any]:
        """All that a stream or a paged list gives; `into` has what came also when an exception ends it."""
        items = [] if into is None else into

        async def each() -> list[Any]:
            asked = ask(self._client)
            async for item in await asked if inspect.iscoroutine(asked) else asked:
                items.append(item)
            return items

        return self._runner.run(each())

    def watch(self, ask: Ask, final: str) -> tuple[list[Any], Any]:
        """The events of a `.stream()` helper, and what its method `final` has accumulated."""

        async def watch() -> tuple[list[Any], Any]:
            async with ask(self._client) as stream:
                return [event async for event in stream], await getattr(stream, final)()

        return self._runner.run(watch())

    def first(self, ask: Ask) -> Any:
        """The first item of a stream that is closed early."""

        async def first() -> Any:
            async with await ask(self._client) as stream:
                return await anext(aiter(stream))

        return self._runner.run(first())

    def close(self) -> None:
        """Close the client and its event loop."""
        with self._runner:
            self._runner.run(self._client.close())


Driver: TypeAlias = Sync | Async


def drive(client: Any) -> "contextlib.closing[Driver]":
    """The driver for a client; it closes the client at the end."""
    return contextlib.closing(Async(client) if inspect.iscoroutinefunction(client.close) else Sync(client))


@contextlib.contextmanager
def live(answer: Callable[[InferenceRequest], Plan], **settings: Any) -> Iterator[Emulator]:
    """An emulator on a real socket that answers each inference with the plan that this function makes of it."""
    with Emulator(**settings) as emulator:

        async def plan(request: InferenceRequest, length: int = 0) -> Plan:
            return answer(request)

        emulator.engine.plan = plan  # type: ignore[method-assign] # whatever the generator would say
        yield emulator


def plan_of(*events: Event, **more: Any) -> Plan:
    """A plan of these events, none of them delayed."""
    return Plan([Step(0.0, event) for event in events], "test", "inference", "request", **more)


def failing(kind: ErrorKind, **more: Any) -> Plan:
    """The plan of a request that fails before anything is sent."""
    return plan_of(Failure(ApiError(kind, f"This is {kind}.", **more)))


def exceptions(sdk: ModuleType) -> dict[ErrorKind, type[Exception]]:
    """The exception that an SDK raises for each kind of error, by the table in docs/contract.md."""
    heading, _, *rows = CONTRACT.partition("### Exceptions\n\n")[2].partition("\n\n")[0].splitlines()
    column = next(at for at, title in enumerate(heading.split("|")) if f"{sdk.__name__}-python" in title)
    named: dict[str, str] = {}
    for row in rows:
        cells = row.split("|")
        named |= dict.fromkeys(cells[1].strip().split(", "), cells[column].strip().partition(",")[0])
    return {kind: getattr(sdk, named.get(str(row.status), named["other 4xx"])) for kind, row in ERRORS.items()}
